package sender

import (
	"context"
	"errors"
	"fmt"
)

// Simple returns a sender for one URL. Option [URL] is an error there, and so is
// never ignored. Without option [Retry] the schedule is [WebhooksSimple]. It panics
// if next is nil or the URL is not one.
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

func (s simple) Send(ctx context.Context, call *Call) (*Result, error) {
	if call.settings.URL != "" {
		return failed(call, errors.New("option URL: this sender has a URL of its own"))
	}
	one, err := call.With(URL(s.url), func(settings *Settings) {
		schedule := WebhooksSimple() // not as Retry, which the user has not given
		settings.fallback = &schedule
	})
	if err != nil {
		return failed(call, err)
	}
	return send(ctx, s.next, one)
}
