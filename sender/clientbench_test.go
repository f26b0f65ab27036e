package sender

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

// serveFixed answers every request of an equal size, without an allocation.
func serveFixed(tb testing.TB) string {
	tb.Helper()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(tb, err)
	answer := []byte("HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok")
	serveConns(tb, listener, func(conn net.Conn) {
		buffer := make([]byte, 64<<10)
		for {
			if n, err := conn.Read(buffer); err != nil || n == 0 {
				return
			}
			if _, err := conn.Write(answer); err != nil {
				return
			}
		}
	})
	return "http://" + listener.Addr().String()
}

var benchBody = bytes.Repeat([]byte(`{"a":1},`), 64)

func benchScheme() *signature.StandardWebhooks {
	return signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}))
}

func benchAttempt(tb testing.TB) func() {
	tb.Helper()

	c := loopbackClient(tb, Config{})
	m := &Message{
		ID: "msg_" + rand.Text(), URL: serveFixed(tb) + "/hooks", Body: benchBody, Signer: benchScheme(),
		Header: http.Header{"Content-Type": {"application/json"}},
	}
	return func() {
		if a := c.Attempt(context.Background(), m, 1); a.Outcome != Delivered {
			panic(a.Err)
		}
	}
}

// benchPlain is what one writes by hand: a tuned http.Client that signs and has a
// deadline for each request.
func benchPlain(tb testing.TB) func() {
	tb.Helper()

	c := &http.Client{
		Transport:     &http.Transport{MaxIdleConnsPerHost: 64, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	tb.Cleanup(c.CloseIdleConnections)
	rawURL, scheme, id := serveFixed(tb)+"/hooks", benchScheme(), "msg_"+rand.Text()
	return func() {
		ctx, cancel := context.WithTimeout(context.Background(), 15*time.Second)
		defer cancel()
		req, err := http.NewRequestWithContext(ctx, http.MethodPost, rawURL, bytes.NewReader(benchBody))
		if err != nil {
			panic(err)
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("User-Agent", userAgent)
		if err := scheme.Sign(req.Header, id, benchBody, time.Now()); err != nil {
			panic(err)
		}
		res, err := c.Do(req)
		if err != nil {
			panic(err)
		}
		_, _ = io.ReadAll(io.LimitReader(res.Body, maxAnswer))
		_ = res.Body.Close()
	}
}

func BenchmarkAttempt(b *testing.B) {
	for name, setup := range map[string]func(testing.TB) func(){"client": benchAttempt, "plain": benchPlain} {
		b.Run(name, func(b *testing.B) {
			send := setup(b)
			b.ReportAllocs()
			for b.Loop() {
				send()
			}
		})
		b.Run(name+"/parallel", func(b *testing.B) {
			send := setup(b)
			b.SetParallelism(4) // of each processor
			b.ReportAllocs()
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					send()
				}
			})
		})
	}
}

func TestAttempt_AllocatesNoMoreThanAPlainClient(t *testing.T) {
	if testing.CoverMode() != "" {
		t.Skip("coverage counts too")
	}
	ours, plain := benchAttempt(t), benchPlain(t)
	ours()
	plain()
	attempt, byHand := testing.AllocsPerRun(200, ours), testing.AllocsPerRun(200, plain)
	t.Logf("an attempt: %v allocations, by hand: %v", attempt, byHand)
	require.LessOrEqual(t, attempt, byHand)
}
