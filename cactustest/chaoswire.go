package cactustest

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httptrace"
	"strconv"
	"sync"
	"time"

	"github.com/cactuscorp/cactus/internal/backoff"
)

// parcel is one request, ready to be sent.
type parcel struct {
	target string
	header http.Header
	body   []byte
	cut    bool // the connection ends halfway
	hangUp bool // the sender is gone once the body is sent
}

// reply is what came back.
type reply struct {
	status int           // 0: nothing did
	after  time.Duration // zero: nothing was said
	err    error         // why nothing came
}

func (r reply) String() string {
	if r.err != nil {
		return r.err.Error()
	}
	return strconv.Itoa(r.status)
}

func replyOf(resp *http.Response) reply {
	after, _ := backoff.RetryAfter(resp.Header, time.Now())
	return reply{status: resp.StatusCode, after: after}
}

// wire is a way to a receiver.
type wire interface {
	send(ctx context.Context, p *parcel) reply
}

var (
	errCut    = fmt.Errorf("the connection was cut: %w", io.ErrUnexpectedEOF)
	errHungUp = errors.New("the sender hung up")
	errBroken = errors.New("the handler ended without an answer")
)

// parcelBody is the body of a request on its way. Of one that is cut off half
// arrives.
type parcelBody struct {
	rest []byte
	end  error
	sent chan struct{} // closed when there is no more
}

func (p *parcel) reader() *parcelBody {
	b := &parcelBody{rest: p.body, end: io.EOF, sent: make(chan struct{})}
	if p.cut {
		b.rest, b.end = p.body[:len(p.body)/2], errCut
	}
	return b
}

// Read implements [io.Reader]. It says with the last bytes that they are the
// last.
func (b *parcelBody) Read(to []byte) (int, error) {
	n := copy(to, b.rest)
	b.rest = b.rest[n:]
	if len(b.rest) > 0 {
		return n, nil
	}
	select {
	case <-b.sent:
	default:
		close(b.sent)
	}
	return n, b.end
}

// Close implements [io.Closer].
func (b *parcelBody) Close() error { return nil }

// handlerWire leads to a handler of this process.
type handlerWire struct {
	handler http.Handler
	running sync.WaitGroup // handlers
}

func (w *handlerWire) send(ctx context.Context, p *parcel) reply {
	// As over a network, a handler knows that its sender is gone, and not when
	// the sender will lose patience.
	here, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	body := p.reader()
	req := httptest.NewRequestWithContext(here, http.MethodPost, p.target, body)
	req.Header, req.ContentLength = p.header, int64(len(p.body))

	done := make(chan reply, 1)
	w.running.Go(func() {
		r := reply{err: errBroken} // if the handler ends its goroutine
		defer func() {
			if v := recover(); v != nil { // what net/http would log
				r.err = fmt.Errorf("the handler panicked: %v", v)
			}
			done <- r
		}()
		rec := httptest.NewRecorder()
		w.handler.ServeHTTP(rec, req)
		r = replyOf(rec.Result())
	})
	var sent <-chan struct{}
	if p.hangUp {
		sent = body.sent
	}
	select {
	case r := <-done:
		return r
	case <-sent:
		return reply{err: errHungUp}
	case <-ctx.Done():
		return reply{err: context.Cause(ctx)}
	}
}

// urlWire leads over HTTP.
type urlWire struct {
	url       string
	transport *http.Transport
}

// longestAnswer is how much of an answer is read.
const longestAnswer = 1 << 20

func (w *urlWire) send(ctx context.Context, p *parcel) reply {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	if p.hangUp {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
			WroteRequest: func(httptrace.WroteRequestInfo) { cancel(errHungUp) },
		})
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, p.reader())
	if err != nil {
		return reply{err: err}
	}
	req.Header, req.ContentLength = p.header, int64(len(p.body))
	resp, err := w.transport.RoundTrip(req)
	if err != nil {
		return reply{err: err}
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, io.LimitReader(resp.Body, longestAnswer)); err != nil {
		return reply{err: err}
	}
	return replyOf(resp)
}
