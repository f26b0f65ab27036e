package cactus

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// Marshal writes an event in Cactus Corp's wire format, with the data that it
// has. It refuses an event that [ParseEnvelope] would refuse. To be signed by
// the Standard Webhooks scheme an id must also be free of dots.
func Marshal(e Event) ([]byte, error) { return marshal(e, true) }

// MarshalThin is Marshal without the data.
func MarshalThin(e Event) ([]byte, error) { return marshal(e, false) }

func marshal(e Event, withData bool) ([]byte, error) {
	if err := checkMade(e); err != nil {
		return nil, fmt.Errorf("marshal event: %w", err)
	}
	all, err := json.Marshal(e)
	if err != nil {
		return nil, fmt.Errorf("marshal event: %w", err)
	}
	// encoding/json writes the fields in the order in which they are embedded.
	// The wire's order is the envelope's, with the data last.
	var head, data bytes.Buffer
	err = envelope.Each(all, func(key, value []byte) error {
		if string(key) != "data" {
			fmt.Fprintf(&head, ",%q:%s", key, value)
		} else if withData {
			fmt.Fprintf(&data, `,"data":%s`, value)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("marshal event: %w", err)
	}
	return slices.Concat([]byte("{"), bytes.TrimPrefix(head.Bytes(), []byte(",")), data.Bytes(), []byte("}")), nil
}

// checkMade holds a made event against the grammar that receivers apply.
func checkMade(e Event) error {
	if v := reflect.ValueOf(e); !v.IsValid() || v.IsNil() {
		return malformed(&envelope.Error{Problem: "there is no event"})
	}
	m := e.Metadata()
	if err := envelope.CheckID(m.ID); err != nil {
		return malformed(fmt.Errorf("id: %w", err))
	}
	if err := envelope.CheckType(m.Type); err != nil {
		return malformed(fmt.Errorf("type: %w", err))
	}
	if err := envelope.CheckContext(m.Context); err != nil {
		return malformed(fmt.Errorf("context: %w", err))
	}
	r, ok := e.(relater)
	if !ok || r.objectRef().IsZero() {
		return nil
	}
	ref := r.objectRef()
	if err := envelope.CheckID(ref.ID); err != nil {
		return malformed(fmt.Errorf("related_object.id: %w", err))
	}
	if err := envelope.CheckType(ref.Type); err != nil {
		return malformed(fmt.Errorf("related_object.type: %w", err))
	}
	if ref.URL != "" {
		if err := envelope.CheckPath(ref.URL); err != nil {
			return malformed(fmt.Errorf("related_object.url: %w", err))
		}
	}
	return nil
}
