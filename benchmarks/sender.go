package benchmarks

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"time"

	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/signature"
)

// attempting delivers by [sender.Client.Attempt].
type attempting struct {
	client *sender.Client
	scheme signature.Signer
	url    string
}

func newAttempting(scheme signature.Signer) func(url string) client {
	return func(url string) client {
		guard := &sender.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
		return &attempting{sender.NewClient(sender.Config{Guard: guard}), scheme, url}
	}
}

var jsonHeader = http.Header{"Content-Type": {"application/json"}}

func (a *attempting) send(r *request) error {
	m := &sender.Message{ID: r.id, URL: a.url, Header: jsonHeader, Body: r.body.content, Signer: a.scheme}
	attempt := a.client.Attempt(context.Background(), m, 1)
	if attempt.Outcome != sender.Delivered {
		return fmt.Errorf("%s: %s (%v)", attempt.Outcome, attempt.Reason, attempt.Err) //nolint:errorlint // nil if an answer came
	}
	return answered(attempt.Status, attempt.Body)
}

func (a *attempting) close() { a.client.CloseIdleConnections() }

// answered checks what a sender was answered.
func answered(status int, body []byte) error {
	if status != http.StatusOK || string(body) != answerBody {
		return fmt.Errorf("answered with status %d and %q", status, body)
	}
	return nil
}

// signing delivers nothing: it only signs, into a header as a sender's.
type signing struct{ scheme *signature.StandardWebhooks }

func (s signing) send(r *request) error {
	return s.scheme.Sign(make(http.Header, 8), r.id, r.body.content, time.Now())
}

func (signing) close() {}

// delivering is the Start of delivering thin events by one sender, so many at a
// time. It keeps as many connections.
func delivering(receive func(*tally) receiver, newSender func(url string) client) func() (Work, func()) {
	return func() (Work, func()) {
		seen := new(tally)
		to := receive(seen)
		by := newSender(to.url)
		ring := thinRing(standardScheme(secretKey))
		work := func(n int) error {
			before := seen.sum.Load()
			if err := exchange(slices.Repeat([]client{by}, connections), ring, n); err != nil {
				return err
			}
			if got, want := seen.sum.Load()-before, int64(n)*thinSize; got != want {
				return fmt.Errorf("%d bytes have been received, want %d", got, want)
			}
			return nil
		}
		return work, func() {
			by.close()
			to.stop()
		}
	}
}

// onlySigning is the Start of signing what delivering delivers, so many at a time.
func onlySigning() (Work, func()) {
	ring := thinRing(standardScheme(secretKey))
	signers := slices.Repeat([]client{signing{standardScheme(secretKey)}}, connections)
	return func(n int) error { return exchange(signers, ring, n) }, func() {}
}
