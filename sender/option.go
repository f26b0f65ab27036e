package sender

import (
	"fmt"
	"maps"
	"net/http"
	"reflect"
	"slices"
	"strings"
	"time"
)

// Option changes one setting of a hook or of a call. The call's win over the
// hook's, and of two that set the same the later one wins, but headers are set one
// by one, and [Notify] and [Record] add. An option is safe for concurrent use.
//
// One that is written by hand replaces maps and slices and does not change them:
// those of a hook are shared by its calls.
type Option func(*Settings)

// Options makes one option of several: a preset, which is kept in a variable and
// given to many hooks.
func Options(opts ...Option) Option {
	opts = slices.Clone(opts)
	return func(s *Settings) { s.apply(opts) }
}

// From makes an option of the input of each call, such as the URL that belongs to
// it. Nil is no option. It takes its place among the hook's options: a later one
// wins over it.
//
// In is the hook's input, or an interface that the input implements.
func From[In any](f func(in In) Option) Option {
	if f == nil {
		return func(s *Settings) { s.failf("option From: the function is nil") }
	}
	return func(s *Settings) {
		s.from(reflect.TypeFor[In](), func(in any) Option {
			typed, _ := in.(In) // from has checked it; a nil interface is nil
			return f(typed)
		})
	}
}

func (s *Settings) from(t reflect.Type, f func(any) Option) {
	switch {
	case s.stage == noInput:
		s.failf("option From: there is no input outside a hook")
	case !s.inType.AssignableTo(t):
		s.failf("option From: it takes %s, but the input is %s", t, s.inType)
	case s.stage == setUp:
		s.hasFrom = true
	default:
		if opt := f(s.in); opt != nil {
			opt(s)
		}
	}
}

// URL is where the message goes: http or https, without user and password. Empty
// leaves it to the sender.
func URL(url string) Option { return func(s *Settings) { s.URL = url } }

// Header sets a header of the message. Those of the connection, of signatures and
// of credentials cannot be set: the message is stored with its header, so give
// credentials to [Authorize]. Content-Type wins over the encoding's.
func Header(name, value string) Option {
	return func(s *Settings) {
		h := maps.Clone(s.Header)
		if h == nil {
			h = http.Header{}
		}
		h[http.CanonicalHeaderKey(name)] = []string{strings.TrimSpace(value)}
		s.Header = h
	}
}

// JSON encodes the payload as JSON, which is the default: see [EncodeJSON].
func JSON() Option { return func(s *Settings) { s.Encoding = EncodeJSON } }

// Form encodes the payload as a form: see [EncodeForm].
func Form() Option { return func(s *Settings) { s.Encoding = EncodeForm } }

// Marshal replaces encoding/json. What it returns must be JSON. Ready payloads do
// not go through it.
func Marshal(marshal func(any) ([]byte, error)) Option {
	return func(s *Settings) {
		if marshal == nil {
			s.failf("option Marshal: the function is nil")
		}
		s.Marshal = marshal
	}
}

// ID is what makes the ids of messages. The default is UUID version 7, which
// begins with the time. The function is called once a send, concurrently. Empty is
// no id. In a hook it must not return the same id twice.
func ID(next func() string) Option {
	return func(s *Settings) {
		if next == nil {
			s.failf("option ID: the function is nil")
		}
		s.ID, s.idGiven, s.fixedID = next, true, false
	}
}

// MessageID is the id of one message, such as the id of the event that it tells
// of: receivers take another message with that id for the same one. So it is for a
// call or for [From], not for a hook.
func MessageID(id string) Option {
	return func(s *Settings) {
		if id == "" {
			s.failf("option MessageID: the id is empty: use NoID")
		}
		s.ID, s.idGiven, s.fixedID = func() string { return id }, true, true
	}
}

// NoID leaves the message without an id, and so without its header. A receiver then
// cannot tell a repeated message from a second one.
func NoID() Option {
	return func(s *Settings) { s.ID, s.idGiven, s.fixedID = nil, true, false }
}

// IDHeader is the header that has the id, so that a receiver can tell a repeated
// message from a second one. The default is [DefaultIDHeader]; receivers that know
// another name may want Idempotency-Key or the like. Empty is none, but a Standard
// Webhooks signature always has the default's. Only such a signature covers the id:
// under a legacy one, or none, whoever sees a request can send it again by another.
func IDHeader(name string) Option {
	return func(s *Settings) { s.IDHeader = http.CanonicalHeaderKey(name) }
}

// HashKey writes the id into the body as well: as the first member of an object,
// or a field of a form. The payload must not have that member, and must not be
// ready. Empty is none, which is the default.
func HashKey(name string) Option { return func(s *Settings) { s.HashKey = name } }

// Timeout bounds each attempt as a whole. The default is the [Client]'s.
func Timeout(d time.Duration) Option {
	return func(s *Settings) {
		if d <= 0 {
			s.failf("option Timeout: must be positive, got %s", d)
		}
		s.Timeout = d
	}
}

// MaxBody is how many bytes the body may have. The default is [DefaultMaxBody]. A
// larger one is an error that matches [ErrTooLarge].
func MaxBody(bytes int) Option { return func(s *Settings) { s.MaxBody = bytes } }

// Value sets a value for a [Sender] or [Recorder] that knows the key, such as the
// owner of an endpoint or the name of an event. Use a type of one's own for the
// key, as with [context.WithValue].
func Value(key, val any) Option {
	return func(s *Settings) {
		if key == nil || !reflect.TypeOf(key).Comparable() {
			s.failf("option Value: the key must be comparable, got %s", typeName(key))
			return
		}
		s.values = &value{key, val, s.values}
	}
}

func typeName(v any) string {
	if v == nil {
		return "nil"
	}
	return fmt.Sprintf("%T", v)
}
