package stripe

import (
	"errors"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

// object is what a body says that it is, and a set of that.
type object uint8

const (
	thinObject     object = 1 << iota // "v2.core.event", or nothing
	snapshotObject                    // "event"
	nothing                           // null, "" or not there

	unnamed = thinObject | nothing
)

// parser reads events of the kinds that it takes. It does not change once
// newParser has made it, but for what version remembers.
type parser struct {
	takes   object
	named   bool     // the object must not be nothing
	version *version // nil: any
}

func newParser(name string, takes object, opts []Option) *parser {
	p := &parser{takes: takes}
	for _, opt := range opts {
		if opt == nil {
			panic("stripe: " + name + " was given a nil option")
		}
		opt(p)
	}
	return p
}

var (
	errSnapshot = errors.New(`field "object": this is a snapshot event: they need a destination, ` +
		"a secret and a source of their own")
	errThin = errors.New(`field "object": this is a thin event: they need a destination, ` +
		"a secret and a source of their own")
	errNotThin     = errors.New(`field "object": must be "v2.core.event"`)
	errNotSnapshot = errors.New(`field "object": must be "event"`)
	errNeither     = errors.New(`field "object": must be "event" or "v2.core.event"`)
)

func (p *parser) append(dst []cactus.Envelope, body []byte) ([]cactus.Envelope, error) {
	if p.takes == thinObject { // where both kinds come, trying this one first costs the other
		if env, ok := readThin(body); ok {
			return append(dst, env), nil
		}
	}
	return p.appendSlowly(dst, body)
}

// readThin reads a body in one walk if it is a thin event that says so and has
// nothing wrong with it, which nearly every body is.
func readThin(body []byte) (env cactus.Envelope, ok bool) {
	var f envelope.Fields
	if envelope.Scan(body, &f) != nil || f.Objects != 1 || string(f.Object) != `"v2.core.event"` {
		return env, false
	}
	t := f.Texts()
	env.ID, env.Type, env.Context, env.Created = t.ID, t.Type, t.Context, f.Created
	env.RelatedObject = cactus.ObjectRef{ID: t.ObjectID, Type: t.ObjectType, URL: t.ObjectURL}
	env.Data, env.Raw = f.Data, body
	return env, true
}

// appendSlowly is append for any body. It finds out what is wrong with one.
func (p *parser) appendSlowly(dst []cactus.Envelope, body []byte) ([]cactus.Envelope, error) {
	// The object comes first: what else is wrong with an event of the other kind,
	// such as a created that is a number, would say nothing to its reader.
	found, err := objectOf(body)
	switch {
	case err != nil:
		return dst, err
	case p.named && found == unnamed:
		return dst, p.refuse(0)
	case found&p.takes == 0:
		return dst, p.refuse(found)
	case found&thinObject != 0:
		return cactus.AppendEnvelope(dst, body)
	default:
		return p.appendSnapshot(dst, body)
	}
}

// refuse says what is wrong with an object that p does not take.
func (p *parser) refuse(found object) error {
	switch {
	case found == snapshotObject:
		return errSnapshot
	case found&thinObject != 0:
		return errThin
	case p.takes == thinObject:
		return errNotThin
	case p.takes == snapshotObject:
		return errNotSnapshot
	default:
		return errNeither
	}
}

var errObjectTwice = errors.New(`field "object": is there twice`)

// objectOf checks the whole body and returns what it says that it is, and zero if
// that is something else. A body without an object is unnamed: it is taken for a
// thin event, as Stripe's own library does, if Stripe has signed it.
func objectOf(body []byte) (object, error) {
	found, seen := unnamed, false
	err := envelope.Each(body, func(key, value []byte) error {
		if string(key) != "object" {
			return nil
		}
		if seen {
			return errObjectTwice
		}
		seen, found = true, objectIn(value)
		return nil
	})
	return found, err
}

func objectIn(value []byte) object {
	switch string(value) {
	case `"v2.core.event"`:
		return thinObject
	case "null", `""`:
		return unnamed
	}
	switch text, _ := unquote(value); text {
	case "v2.core.event":
		return thinObject
	case "event":
		return snapshotObject
	default:
		return 0
	}
}
