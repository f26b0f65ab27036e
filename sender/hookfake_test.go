package sender

import (
	"context"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// scripted is a sender that makes no requests: it answers its attempts with a
// list of outcomes, the last of them for ever.
type scripted struct {
	takes   time.Duration
	answers []Attempt

	mu       sync.Mutex
	messages []*Message
	times    []time.Time
}

func (s *scripted) Send(ctx context.Context, call *Call) (*Result, error) {
	return attemptAll(ctx, s, call)
}

func (s *scripted) Attempt(ctx context.Context, m *Message, number int) Attempt {
	start := time.Now()
	s.mu.Lock()
	s.messages, s.times = append(s.messages, m), append(s.times, start)
	s.mu.Unlock()
	a := Attempt{Outcome: Delivered, Status: 200, Body: []byte("ok")}
	if len(s.answers) > 0 {
		a = s.answers[min(number, len(s.answers))-1]
	}
	if s.takes > 0 {
		select {
		case <-time.After(s.takes):
		case <-ctx.Done():
			a = Attempt{Outcome: Cancelled, Reason: "cancelled", Err: context.Cause(ctx)}
		}
	}
	a.Number, a.Start, a.Duration = number, start, time.Since(start)
	return a
}

// waits returns the time between the attempts.
func (s *scripted) waits() []time.Duration {
	waits := make([]time.Duration, 0, len(s.times))
	for i := range s.times[1:] {
		waits = append(waits, s.times[i+1].Sub(s.times[i]))
	}
	return waits
}

func (s *scripted) sent() []*Message {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.messages)
}

func rejected(status int) Attempt {
	return Attempt{Outcome: Rejected, Status: status, Body: []byte("no"), Reason: "the endpoint answered otherwise"}
}

const where = "https://example.com/hooks/token?key=hidden"

type wedding struct {
	Husband string `json:"husband"`
	Wife    string `json:"wife"`
}

var greenfelds = wedding{Husband: "Daniel Roy Greenfeld", Wife: "Audrey Roy Greenfeld"}

func same(_ context.Context, w wedding) (wedding, error) { return w, nil }

// mustPanic returns what f panics with, which must be a text.
func mustPanic(t *testing.T, f func()) (text string) {
	t.Helper()
	defer func() {
		var ok bool
		text, ok = recover().(string)
		require.True(t, ok, "it panics with a text")
	}()
	f()
	return ""
}
