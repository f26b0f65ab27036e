package protocol

import (
	"bytes"
	"context"
	"io"
	"net/http"
	"net/http/httptrace"
	"slices"
	"sync"
	"sync/atomic"
)

// Transport sends a request event's JSON and returns the JSON of its answer. It is
// what is below a [Client] that was made with [NewTransportClient]: a queue, or a
// test's own [Processor]. It may be called concurrently, must heed ctx, must not
// change or keep body, and must not use what it has returned any more.
//
// An error of its own becomes a [*FailedDependencyError]; if it says that it is a
// timeout, as a [net.Error] does, a [*TimeoutError].
type Transport func(ctx context.Context, body []byte) ([]byte, error)

// exchange is a Transport that knows of headers and of a limit.
type exchange func(ctx context.Context, header http.Header, body []byte) ([]byte, error)

const (
	userAgent = "cactus-go"
	// maxKept is how much of an answer is kept that is no event's.
	maxKept = 64 << 10
)

// httpTransport posts to one URL.
type httpTransport struct {
	url     string
	http    http.Client
	max     int64
	retried bool // whoever calls wants to know whether an answer has begun
}

func (t *httpTransport) exchange(ctx context.Context, header http.Header, body []byte) ([]byte, error) {
	var begun atomic.Bool
	if t.retried {
		ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotFirstResponseByte: func() { begun.Store(true) }})
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, t.url, bytes.NewReader(body))
	if err != nil {
		return nil, &FailedDependencyError{Err: err, reason: "the request could not be made"}
	}
	req.Header = http.Header{
		"Content-Type": {"application/json"}, "Accept": {"application/json"}, "User-Agent": {userAgent},
	}
	for name, values := range header {
		req.Header[name] = slices.Clone(values)
	}
	res, err := t.http.Do(req)
	if err != nil {
		failed := unanswered(err)
		if broken, ok := failed.(*FailedDependencyError); ok { //nolint:errorlint // made a line above, unwrapped
			broken.begun = begun.Load()
		}
		return nil, failed
	}
	defer func() { _ = res.Body.Close() }()
	if res.StatusCode < 200 || res.StatusCode > 299 {
		if res.StatusCode == http.StatusSwitchingProtocols {
			return nil, &FailedDependencyError{Status: res.StatusCode} // its body is the connection itself
		}
		kept, _ := io.ReadAll(io.LimitReader(res.Body, maxKept)) // the status says enough
		return nil, &FailedDependencyError{Status: res.StatusCode, Body: kept}
	}
	answer, err := io.ReadAll(io.LimitReader(res.Body, t.max+1))
	if err != nil {
		failed := unanswered(err)
		if broken, ok := failed.(*FailedDependencyError); ok { //nolint:errorlint // made a line above, unwrapped
			broken.Status, broken.Body = res.StatusCode, answer[:min(len(answer), maxKept)]
			broken.reason = "the answer broke off"
		}
		return nil, failed
	}
	return answer, nil
}

// pooled is shared by all clients that were not given an http.Client. The default
// transport keeps two idle connections a host, too few for concurrent senders.
var pooled = sync.OnceValue(func() http.RoundTripper {
	t, ok := http.DefaultTransport.(*http.Transport)
	if !ok {
		return http.DefaultTransport // the program has put its own there
	}
	t = t.Clone()
	t.MaxIdleConns = 1024
	t.MaxIdleConnsPerHost = 64
	t.MaxResponseHeaderBytes = 64 << 10
	return t
})

// unredirected hides where an answer redirects to, so that nothing follows: an
// event's redirect is an answer of its own, and identity and auth must not go where
// an HTTP redirect leads. A CheckRedirect is not enough: before it is asked, an
// unreadable Location has become an error that tells no answer from a lost one.
type unredirected struct{ http.RoundTripper }

func (u unredirected) RoundTrip(req *http.Request) (*http.Response, error) {
	res, err := u.RoundTripper.RoundTrip(req)
	if res != nil && len(res.Header.Values("Location")) > 0 {
		res.Header = res.Header.Clone()
		res.Header.Del("Location")
	}
	return res, err
}
