package sender

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/cactuscorp/cactus/internal/memo"
)

// Sender sends what a call of a [Hook] asks for. Implementations are called
// concurrently.
type Sender interface {
	// Send returns a Result that is never nil. A nil error means Sent or Queued.
	// A Sender refuses settings that it cannot keep, for which it has
	// [Call.Accept], and never ignores them.
	Send(ctx context.Context, call *Call) (*Result, error)
}

// ErrNotKept means that a call has settings that its sender cannot keep.
var ErrNotKept = errors.New("sender: setting not supported by this sender")

// Call is one call of a hook, for a [Sender]. It is safe for concurrent use, and
// may be kept until the message is made.
type Call struct {
	settings Settings
	id       string
	payload  *payload // shared by all that With has made of the call

	mu      sync.Mutex
	message *Message
	err     error
}

// payload runs the payload function once.
type payload struct {
	load   func(context.Context) (any, error)
	result memo.Memo[loaded]
}

type loaded struct {
	value any
	err   error
}

func newCall(s *Settings, load func(context.Context) (any, error)) (*Call, error) {
	c := &Call{settings: *s, payload: &payload{load: load}}
	c.payload.result.Init()
	return c, c.identify()
}

// identify gives c the id that its settings ask for.
func (c *Call) identify() error {
	if c.settings.ID == nil {
		c.id = ""
		return nil
	}
	return catch("the function of option ID", func() error {
		c.id = c.settings.ID()
		return nil
	})
}

// Format writes the id and where the message goes, whatever the verb.
func (c *Call) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "call"+spaced(c.id)+" to "+place(c.settings.URL))
}

// LogValue returns the id and the host of the URL.
func (c *Call) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", c.id), slog.String("to", place(c.settings.URL)))
}

// ID returns the id of the message, which is known before the message is made.
// It is empty after [NoID].
func (c *Call) ID() string { return c.id }

// Settings returns what the options have set, the call's over the hook's. It is
// the caller's to change.
func (c *Call) Settings() Settings {
	s := c.settings
	s.Header = s.Header.Clone()
	s.Notify = slices.Clone(s.Notify)
	s.Recorders = slices.Clone(s.Recorders)
	if s.Retry != nil {
		schedule := s.Retry.clone()
		s.Retry = &schedule
	}
	return s
}

// Value returns what option [Value] has set for key, or nil.
func (c *Call) Value(key any) any { return c.settings.Value(key) }

// With returns a call with other settings. Both share the payload, so that a
// sender with several targets runs the payload function once, and the id, unless
// the options set one. The error says which option is wrong.
func (c *Call) With(opts ...Option) (*Call, error) {
	s := c.settings
	s.idGiven = false
	if err := s.applySafely(opts); err != nil {
		return nil, err
	}
	if err := s.check(); err != nil {
		return nil, err
	}
	other := &Call{settings: s, id: c.id, payload: c.payload}
	if !s.idGiven {
		return other, nil
	}
	return other, other.identify()
}

// Accept returns an error that matches [ErrNotKept] if the call has settings that
// its Message does not hold, other than those of the named options. There are
// "Authorize", "Notify", "Record", "Retry", "Sign" and "Value". A durable sender
// that makes its own attempts from a stored Message begins with it. It panics at
// a name that is none of them.
func (c *Call) Accept(options ...string) error {
	for _, name := range options {
		if !slices.Contains(outsideMessage, name) {
			panic(fmt.Sprintf("sender: Accept: option must be one of %s, got %q", strings.Join(outsideMessage, ", "), name))
		}
	}
	for _, name := range outsideMessage {
		if c.settings.has(name) && !slices.Contains(options, name) {
			return fmt.Errorf("option %s: %w", name, ErrNotKept)
		}
	}
	return nil
}

// Message runs the payload function and encodes what it returns, the first time,
// and returns the same message, or the same error, every time after that and to
// concurrent callers. Only when ctx ended meanwhile is the failure not remembered,
// and the next caller tries again; it matches ctx's cause. A panic of the payload
// function is a [*PanicError]. Without a URL the error is [ErrNoURL], and nothing
// runs: a sender that knows the URL gives it by With first.
func (c *Call) Message(ctx context.Context) (*Message, error) {
	if c.settings.URL == "" {
		return nil, ErrNoURL
	}
	p, err := c.payload.get(ctx)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.message == nil && c.err == nil {
		c.err = catch("the encoding of the payload", func() (err error) {
			c.message, err = newMessage(&c.settings, c.id, p)
			return err
		})
	}
	return c.message, c.err
}

func (p *payload) get(ctx context.Context) (any, error) {
	got, err := p.result.Get(ctx, func(ctx context.Context) (loaded, error) {
		var l loaded
		l.err = catch("the payload function", func() (err error) {
			l.value, err = p.load(ctx)
			return err
		})
		if l.err != nil && ctx.Err() != nil {
			if cause := context.Cause(ctx); !errors.Is(l.err, cause) {
				l.err = fmt.Errorf("%w: %w", cause, l.err)
			}
			return l, l.err
		}
		return l, nil
	})
	if err != nil {
		return nil, fmt.Errorf("make the payload: %w", err)
	}
	if got.err != nil {
		return nil, fmt.Errorf("make the payload: %w", got.err)
	}
	return got.value, nil
}

// isNil reports whether v is nil or holds a nil pointer, function or the like.
func isNil(v any) bool {
	if v == nil {
		return true
	}
	r := reflect.ValueOf(v)
	return slices.Contains([]reflect.Kind{reflect.Pointer, reflect.Func, reflect.Map, reflect.Slice, reflect.Chan}, r.Kind()) && r.IsNil()
}
