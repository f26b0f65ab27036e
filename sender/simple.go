package sender

import (
	"context"
	"errors"
	"fmt"
	"io"
)

// Simple returns a sender for one URL. Option [URL] is an error there, and so is
// never ignored. Without option [Retry] a [Client] behind it goes by
// [WebhooksSimple] with a MaxRetryAfter of 10 seconds; the sender of another may
// have a default of its own. It panics if next is nil or the URL is not one.
func Simple(next Sender, url string) Sender {
	if isNil(next) {
		panic("sender: Simple: the sender is nil")
	}
	if _, err := parseTarget(url); err != nil {
		panic(fmt.Sprintf("sender: Simple: %v", err))
	}
	return simple{next, url}
}

type simple struct {
	next Sender
	url  string
}

// Format writes where it sends to, whatever the verb.
func (s simple) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "sender.Simple(to "+place(s.url)+")")
}

func (s simple) Send(ctx context.Context, call *Call) (*Result, error) {
	if call.settings.URL != "" {
		return failed(call, errors.New("option URL: this sender has a URL of its own"))
	}
	one, err := call.With(URL(s.url), func(settings *Settings) {
		schedule := WebhooksSimple() // not as Retry, which the user has not given
		schedule.MaxRetryAfter = defaultMaxRetryAfter
		settings.fallback = &schedule
	})
	if err != nil {
		return failed(call, err)
	}
	return send(ctx, s.next, one)
}
