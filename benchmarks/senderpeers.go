package benchmarks

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/go-resty/resty/v2"
	"github.com/hashicorp/go-retryablehttp"
	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/signature"
)

// deadline is what each delivery may take as a whole, and longestAnswer how much
// of an answer is kept.
const (
	deadline      = sender.DefaultTimeout
	longestAnswer = 16 << 10
)

// sign is how senders other than ours sign: with ours, so that no sender has the
// advantage of another's hash.
type sign func(h http.Header, id string, body []byte, at time.Time) error

// standardSign signs by Standard Webhooks' own library.
func standardSign() sign {
	webhook := signature.Must(standardwebhooks.NewWebhook(standardSecret(secretKey)))
	return func(h http.Header, id string, body []byte, at time.Time) error {
		text, err := webhook.Sign(id, at, body)
		if err != nil {
			return err
		}
		h.Set(standardwebhooks.HeaderWebhookID, id)
		h.Set(standardwebhooks.HeaderWebhookTimestamp, strconv.FormatInt(at.Unix(), 10))
		h.Set(standardwebhooks.HeaderWebhookSignature, text)
		return nil
	}
}

// tunedTransport has the pool of a [sender.Client].
func tunedTransport() *http.Transport {
	return &http.Transport{
		DialContext:         (&net.Dialer{Timeout: sender.DefaultConnectTimeout}).DialContext,
		MaxIdleConns:        1024,
		MaxIdleConnsPerHost: 64,
		IdleConnTimeout:     55 * time.Second,
		DisableCompression:  true,
	}
}

// byHand delivers as one does without a library.
type byHand struct {
	do   func(*http.Request) (*http.Response, error)
	stop func()
	sign sign
	url  string
}

func newByHand(s sign) func(url string) client {
	return func(url string) client {
		c := &http.Client{Transport: tunedTransport(), CheckRedirect: noRedirects}
		return &byHand{c.Do, c.CloseIdleConnections, s, url}
	}
}

func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

func (b *byHand) send(r *request) error {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, b.url, bytes.NewReader(r.body.content))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if err := b.sign(req.Header, r.id, r.body.content, time.Now()); err != nil {
		return err
	}
	return readAnswer(b.do(req))
}

func (b *byHand) close() { b.stop() }

// readAnswer keeps the beginning of an answer and reads the rest.
func readAnswer(res *http.Response, err error) error {
	if err != nil {
		return err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(io.LimitReader(res.Body, longestAnswer))
	if err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, res.Body); err != nil {
		return err
	}
	return answered(res.StatusCode, body)
}

// onlyTrip is the floor under all of them: what net/http's transport takes for a
// request that is signed and has a deadline, with nothing around it. The URL is
// parsed already, and the answer is thrown away.
type onlyTrip struct {
	transport *http.Transport
	sign      sign
	url       *url.URL
}

func newOnlyTrip(address string) client {
	return &onlyTrip{tunedTransport(), standardScheme(secretKey).Sign, signature.Must(url.Parse(address))}
}

func (o *onlyTrip) send(r *request) error {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	header := http.Header{"Content-Type": jsonHeader["Content-Type"]}
	if err := o.sign(header, r.id, r.body.content, time.Now()); err != nil {
		return err
	}
	req := (&http.Request{
		Method: http.MethodPost, URL: o.url, Header: header,
		Body: io.NopCloser(bytes.NewReader(r.body.content)), ContentLength: int64(len(r.body.content)),
	}).WithContext(ctx)
	res, err := o.transport.RoundTrip(req)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	_, err = io.Copy(io.Discard, res.Body)
	return err
}

func (o *onlyTrip) close() { o.transport.CloseIdleConnections() }

// retryable delivers by go-retryablehttp.
type retryable struct {
	client *retryablehttp.Client
	sign   sign
	url    string
}

// newRetryable takes nil for the transport that the library comes with.
func newRetryable(transport func() *http.Transport) func(url string) client {
	return func(url string) client {
		c := retryablehttp.NewClient()
		c.Logger = nil
		if transport != nil {
			c.HTTPClient = &http.Client{Transport: transport(), CheckRedirect: noRedirects}
		}
		return &retryable{c, standardScheme(secretKey).Sign, url}
	}
}

func (p *retryable) send(r *request) error {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	req, err := retryablehttp.NewRequestWithContext(ctx, http.MethodPost, p.url, r.body.content)
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if err := p.sign(req.Header, r.id, r.body.content, time.Now()); err != nil {
		return err
	}
	return readAnswer(p.client.Do(req))
}

func (p *retryable) close() { p.client.HTTPClient.CloseIdleConnections() }

// rested delivers by resty, which reads the answer itself.
type rested struct {
	client *resty.Client
	sign   sign
	url    string
}

// newRested takes nil for the transport that the library comes with.
func newRested(transport func() *http.Transport) func(url string) client {
	return func(url string) client {
		c := resty.New()
		if transport != nil {
			c.SetTransport(transport()).SetRedirectPolicy(resty.NoRedirectPolicy())
		}
		return &rested{c, standardScheme(secretKey).Sign, url}
	}
}

func (p *rested) send(r *request) error {
	ctx, cancel := context.WithTimeout(context.Background(), deadline)
	defer cancel()
	req := p.client.R().SetContext(ctx).SetHeader("Content-Type", "application/json").SetBody(r.body.content)
	if err := p.sign(req.Header, r.id, r.body.content, time.Now()); err != nil {
		return err
	}
	res, err := req.Post(p.url)
	if err != nil {
		return err
	}
	return answered(res.StatusCode(), res.Body())
}

func (p *rested) close() { p.client.GetClient().CloseIdleConnections() }
