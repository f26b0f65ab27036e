package benchmarks

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// ringSize is how many requests a case sends round and round.
const ringSize = 1024

// secretKey is the key of every scheme, and forgersKey the one of requests that
// are to be refused.
var (
	secretKey  = bytes.Repeat([]byte("0123456789abcdef"), 2)
	forgersKey = bytes.Repeat([]byte("fedcba9876543210"), 2)
)

// standardSecret writes a key as a secret of Standard Webhooks.
func standardSecret(key []byte) string {
	return "whsec_" + base64.StdEncoding.EncodeToString(key)
}

func standardScheme(key []byte) *signature.StandardWebhooks {
	return signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: standardSecret(key)}))
}

func stripeScheme(key []byte) *signature.Stripe {
	return signature.Must(signature.NewStripe(signature.Key{Secret: string(key)}))
}

func slackScheme(key []byte) *signature.Slack {
	return signature.Must(signature.NewSlack(signature.Key{Secret: string(key)}))
}

// svixNames signs with the header names that svix looks for first, so that it
// is not charged for the search.
type svixNames struct{ *signature.StandardWebhooks }

func (s svixNames) Sign(h http.Header, id string, body []byte, at time.Time) error {
	if err := s.StandardWebhooks.Sign(h, id, body, at); err != nil {
		return err
	}
	for _, name := range []string{"Id", "Timestamp", "Signature"} {
		h["Svix-"+name] = h["Webhook-"+name]
		delete(h, "Webhook-"+name)
	}
	return nil
}

// request is a request that can be sent again.
type request struct {
	http.Request

	id   string
	body rewindable
}

// rewindable is a request's body. Like that of net/http's server it returns
// io.EOF together with the last bytes.
type rewindable struct {
	content []byte
	read    int
}

func (r *rewindable) Read(p []byte) (int, error) {
	n := copy(p, r.content[r.read:])
	r.read += n
	if r.read == len(r.content) {
		return n, io.EOF
	}
	return n, nil
}

func (r *rewindable) Close() error { return nil }

// newRing returns requests with ids of their own, signed just now. Their
// headers are those that net/http's server finds in a webhook.
func newRing(body func(id string) []byte, signer signature.Signer) []*request {
	ring := make([]*request, ringSize)
	target := &url.URL{Path: "/webhooks"}
	now := time.Now()
	for i := range ring {
		r := &request{id: eventID(i)}
		r.body.content = body(r.id)
		header := http.Header{
			"Accept-Encoding": {"gzip"},
			"Content-Length":  {strconv.Itoa(len(r.body.content))},
			"Content-Type":    {"application/json"},
			"User-Agent":      {"Webhooks/1.0"},
		}
		if err := signer.Sign(header, r.id, r.body.content, now); err != nil {
			panic(err)
		}
		r.Request = http.Request{
			Method: http.MethodPost, URL: target, Header: header, Host: "localhost",
			Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
			Body: &r.body, ContentLength: int64(len(r.body.content)),
		}
		ring[i] = r
	}
	return ring
}

func thinRing(signer signature.Signer) []*request { return newRing(thinBody, signer) }

func fullRing(signer signature.Signer) []*request { return newRing(fullBody, signer) }

// signedContent is what Standard Webhooks signs of a request, and its HMAC.
type signedContent struct {
	text []byte
	sum  [sha256.Size]byte
}

func signedContents(ring []*request) []signedContent {
	contents := make([]signedContent, len(ring))
	for i, r := range ring {
		c := &contents[i]
		c.text = append(c.text, r.id+"."+r.Header.Get("Webhook-Timestamp")+"."...)
		c.text = append(c.text, r.body.content...)
		mac := hmac.New(sha256.New, secretKey)
		mac.Write(c.text)
		mac.Sum(c.sum[:0])
	}
	return contents
}
