package inbox_test

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/types"
)

// nowhere is a ResponseWriter that costs nothing.
type nowhere struct {
	header http.Header
	status int
}

func (w *nowhere) Header() http.Header         { return w.header }
func (w *nowhere) Write(b []byte) (int, error) { return len(b), nil }
func (w *nowhere) WriteHeader(status int)      { w.status = status }

const benchID = "evt_849"

// benchHeader is what a sender sends.
func benchHeader(b *testing.B) http.Header {
	b.Helper()
	req := signed(b, benchID, lostBody(benchID))
	req.Header.Set("User-Agent", "Cactus-Webhooks/1.0")
	req.Header.Set("Accept", "*/*")
	req.Header.Set("Accept-Encoding", "gzip")
	req.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
	return req.Header
}

// accepting gives each way to take a request to f: the synchronous one, and an
// Inbox whose workers run meanwhile. Both verify, parse and call the same typed
// handler, and all that was accepted is handled before the time is up.
func accepting(b *testing.B, f func(b *testing.B, h http.Handler)) {
	b.Helper()
	var handled atomic.Int64
	registry := func() *cactus.Registry {
		return lostRegistry(func(context.Context, *types.OrderLostPushed) error {
			handled.Add(1)
			return nil
		})
	}
	b.Run("synchronous", func(b *testing.B) {
		f(b, cactus.NewHandler(registry(), cactustest.Source()))
	})
	b.Run("inbox", func(b *testing.B) {
		in := inbox.New(inbox.NewMemory(), inbox.Config{})
		in.Register("shop", registry(), cactustest.Source())
		done := make(chan error, 1)
		go func() { done <- in.Run(b.Context()) }()
		handled.Store(0)
		f(b, drained{in.Handler("shop"), func() int {
			s, _ := in.Stats(b.Context())
			return s.Left()
		}})
		if _, err := in.Shutdown(b.Context()); err != nil || <-done != nil {
			b.Fatal("not drained")
		}
		if handled.Load() < int64(b.N) {
			b.Fatalf("%d of %d handled", handled.Load(), b.N)
		}
	})
}

// drained is a handler that has work left when it has answered.
type drained struct {
	http.Handler

	left func() int
}

// settle waits, within the time that is measured, until nothing is left.
func settle(b *testing.B, h http.Handler) {
	b.Helper()
	b.ReportMetric(0, "left")
	if d, ok := h.(drained); ok {
		b.ReportMetric(float64(d.left()), "left")
		for d.left() > 0 {
			time.Sleep(50 * time.Microsecond)
		}
	}
}

// BenchmarkAccept calls ServeHTTP from one goroutine a core, as fast as it will go:
// until the store is full, and then as fast as the workers. "left" is how much they
// were behind when the last request was answered.
func BenchmarkAccept(b *testing.B) {
	accepting(b, func(b *testing.B, h http.Handler) {
		b.Helper()
		header, body := benchHeader(b), lostBody(benchID)
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			req := httptest.NewRequestWithContext(b.Context(), http.MethodPost, "/hooks", nil)
			reader := strings.NewReader(body)
			req.Header, req.Body, req.ContentLength = header, io.NopCloser(reader), int64(len(body))
			w := &nowhere{header: http.Header{}}
			for pb.Next() {
				reader.Reset(body)
				h.ServeHTTP(w, req)
				for w.status == http.StatusServiceUnavailable { // full: come back
					time.Sleep(time.Millisecond)
					reader.Reset(body)
					h.ServeHTTP(w, req)
				}
				if w.status >= 300 {
					b.Errorf("answered with %d", w.status)
					return
				}
			}
		})
		settle(b, h)
	})
}

// BenchmarkLoopback is BenchmarkAccept over HTTP/1.1 on the loopback, with eight
// connections a core.
func BenchmarkLoopback(b *testing.B) {
	accepting(b, func(b *testing.B, h http.Handler) {
		b.Helper()
		server := httptest.NewServer(h)
		defer server.Close()
		transport := &http.Transport{MaxIdleConnsPerHost: 64}
		defer transport.CloseIdleConnections()
		header, body := benchHeader(b), lostBody(benchID)
		b.SetParallelism(8)
		b.ReportAllocs()
		b.ResetTimer()
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodPost, server.URL, strings.NewReader(body))
				if err != nil {
					b.Error(err)
					return
				}
				req.Header = header.Clone()
				res, err := transport.RoundTrip(req)
				if err != nil || res.StatusCode >= 300 {
					b.Errorf("not accepted: %v", err)
					return
				}
				_, _ = io.Copy(io.Discard, res.Body)
				res.Body.Close()
			}
		})
		settle(b, h)
	})
}
