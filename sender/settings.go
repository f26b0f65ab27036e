package sender

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"reflect"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// DefaultMaxBody is how many bytes the body of a message may have, unless option
// [MaxBody] says otherwise: 256 KiB.
const DefaultMaxBody = 256 << 10

// Settings are what options have set. The call's win over the hook's. A sender
// reads them with [Call.Settings].
type Settings struct {
	// URL is where the message goes. Empty: it is for the sender to know.
	URL string
	// Header are the headers of the user's own, by their canonical names.
	Header http.Header
	// Encoding is how a payload becomes a body.
	Encoding Encoding
	// Marshal replaces the JSON encoder. Nil: encoding/json.
	Marshal func(any) ([]byte, error)
	// ID makes the id of a message. Nil: it has none.
	ID func() string
	// IDHeader is the header that has the id, by its canonical name. Empty: none
	// but a Signer's.
	IDHeader string
	// HashKey is the member of the body that holds the id. Empty: none.
	HashKey string
	// Timeout bounds each attempt. Zero: the [Client]'s default.
	Timeout time.Duration
	// MaxBody is how many bytes the body may have.
	MaxBody int
	// Retry is when to try again. Nil: the sender's default.
	Retry *Schedule
	// Signer and Authorizer are for each attempt. Nil: none.
	Signer     signature.Signer
	Authorizer Authorizer
	// Notify and Recorders are told of each attempt, in their order.
	Notify    []func(context.Context, Note)
	Recorders []Recorder

	values   *value
	err      error     // of the first option that was wrong
	fallback *Schedule // what a sender on the way has for a nil Retry

	stage   stage
	inType  reflect.Type
	in      any
	hasFrom bool
	idGiven bool // by an option, rather than by default
	fixedID bool
}

// Format writes where the message goes, whatever the verb: a header may have a
// secret.
func (s Settings) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "sender.Settings(to "+place(s.URL)+")")
}

// LogValue returns the host of the URL.
func (s Settings) LogValue() slog.Value { return slog.GroupValue(slog.String("to", place(s.URL))) }

// value is a list, so that a call can add to a hook's without changing them.
type value struct {
	key, value any
	next       *value
}

// stage says what option From has to go by.
type stage int

const (
	noInput stage = iota
	setUp         // the input's type
	calling       // the input
)

// outsideMessage are the options whose settings are not in a Message.
var outsideMessage = []string{"Authorize", "Notify", "Record", "Retry", "Sign", "Value"}

func newSettings() Settings {
	return Settings{ID: newID, IDHeader: DefaultIDHeader, MaxBody: DefaultMaxBody}
}

// Value returns what option [Value] has set for key, or nil.
func (s Settings) Value(key any) any { return s.values.of(key) }

func (v *value) of(key any) any {
	for ; v != nil; v = v.next {
		if v.key == key {
			return v.value
		}
	}
	return nil
}

func (s *Settings) has(option string) bool {
	return map[string]bool{
		"Authorize": s.Authorizer != nil, "Notify": len(s.Notify) > 0, "Record": len(s.Recorders) > 0,
		"Retry": s.Retry != nil, "Sign": s.Signer != nil, "Value": s.values != nil,
	}[option]
}

// apply runs the options; the first mistake stays in s.err.
func (s *Settings) apply(opts []Option) {
	for _, opt := range opts {
		if opt == nil {
			s.failf("an option is nil")
			continue
		}
		opt(s)
	}
}

// applySafely is for options that run when a call is made, and with it functions
// of the user's.
func (s *Settings) applySafely(opts []Option) error {
	if s.Retry != nil && len(opts) > 0 { // an option may change it in place
		own := *s.Retry
		s.Retry = &own
	}
	return catch("an option", func() error {
		s.apply(opts)
		return s.err
	})
}

func (s *Settings) failf(format string, args ...any) {
	if s.err == nil {
		s.err = fmt.Errorf(format, args...)
	}
}

// check refuses what is invalid or in conflict. It covers options that users
// write by hand, too.
func (s *Settings) check() error {
	if s.err != nil {
		return s.err
	}
	if s.URL != "" {
		if _, err := parseTarget(s.URL); err != nil {
			return err
		}
	}
	if err := checkHeaders(s.Header); err != nil {
		return err
	}
	if err := checkIDHeader(s.IDHeader, "", s.Header); err != nil {
		return fmt.Errorf("option IDHeader: %w", err)
	}
	if s.Retry != nil {
		if err := s.Retry.Validate(); err != nil {
			return err
		}
	}
	_, needsID := s.Signer.(*signature.StandardWebhooks)
	switch {
	case s.stage == setUp && s.fixedID:
		return errors.New("option MessageID: it would be the id of every message: give it to the call")
	case s.Encoding != EncodeJSON && s.Encoding != EncodeForm:
		return fmt.Errorf("encoding must be EncodeJSON or EncodeForm, got %d", int(s.Encoding))
	case s.Timeout < 0:
		return fmt.Errorf("option Timeout: must be positive, got %s", s.Timeout)
	case s.MaxBody <= 0:
		return fmt.Errorf("option MaxBody: must be positive, got %d", s.MaxBody)
	case s.ID == nil && s.HashKey != "":
		return errors.New("options NoID and HashKey: there is no id for the body")
	case s.ID == nil && needsID:
		return errors.New("option NoID: a Standard Webhooks signature needs an id")
	}
	return nil
}
