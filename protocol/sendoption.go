package protocol

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"
)

// SendOption changes one send, or every send of a client: see [WithDefaults]. What
// it cannot use is an error of the send.
type SendOption func(*call)

// WithID sets the event's id. The default is that of the event that is being
// handled, by the context, and without one a fresh UUID.
func WithID(id string) SendOption {
	return func(k *call) { k.event.ID = id }
}

// WithFlowID sets the event's flow id. The default is as that of [WithID].
func WithFlowID(id string) SendOption {
	return func(k *call) { k.event.FlowID = id }
}

// WithIdentity sets the event's identity, which must be an object in JSON. The
// default is {}.
func WithIdentity(identity any) SendOption {
	raw, err := encodeObject("identity", identity)
	return func(k *call) { k.set(&k.event.Identity, raw, err) }
}

// WithAuth sets the event's auth, which must be an object in JSON. The default is
// {}: unlike the ids it is never taken from the event that is being handled.
func WithAuth(auth any) SendOption {
	raw, err := encodeObject("auth", auth)
	return func(k *call) { k.set(&k.event.Auth, raw, err) }
}

// WithMetadata sets the event's metadata, which must be an object in JSON. The
// default is {}.
func WithMetadata(metadata any) SendOption {
	raw, err := encodeObject("metadata", metadata)
	return func(k *call) { k.set(&k.event.Metadata, raw, err) }
}

// WithTimeout sets how long the send may take, with all its tries. The default is
// [DefaultTimeout]. It must be positive.
func WithTimeout(d time.Duration) SendOption {
	return func(k *call) {
		if d <= 0 {
			k.fail(errors.New("timeout: must be positive"))
			return
		}
		k.timeout = d
	}
}

// WithHeader sets a header of the HTTP request; called again with the same name, it
// replaces the value. A client of [NewTransportClient] refuses it.
func WithHeader(name, value string) SendOption {
	var err error
	if !isToken(name) || strings.ContainsFunc(value, func(r rune) bool { return (r < ' ' && r != '\t') || r == 0x7f }) {
		err = errors.New("header: the name must be a token and the value without control characters")
	}
	key := http.CanonicalHeaderKey(name)
	switch key {
	case "Idempotency-Key", "X-Idempotency-Key":
		key = strings.ToLower(key) // with this spelling, net/http does not send a POST again by itself
	case "Host", "Content-Length", "Transfer-Encoding":
		err = errors.New("header: " + key + " is the client's own")
	}
	return func(k *call) {
		if err != nil {
			k.fail(err)
			return
		}
		if k.header == nil {
			k.header = make(http.Header)
		}
		k.header[key] = []string{value}
	}
}

// isToken is RFC 9110, section 5.6.2.
func isToken(name string) bool {
	return name != "" && !strings.ContainsFunc(name, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') &&
			!strings.ContainsRune("!#$%&'*+-.^_`|~", r)
	})
}

// set sets one of the objects, unless it could not be encoded.
func (k *call) set(field *json.RawMessage, raw json.RawMessage, err error) {
	if err != nil {
		k.fail(err)
		return
	}
	*field = raw
}

// encodeObject returns v's JSON, which must be an object, and nil if it is null.
func encodeObject(name string, v any) (json.RawMessage, error) {
	raw, err := encode(name, v)
	if err != nil || raw == nil || string(raw) == "null" {
		return nil, err
	}
	if firstByte(raw) != '{' {
		return nil, fmt.Errorf("%s: must be an object in JSON", name)
	}
	return raw, nil
}

// encode returns v's JSON, and nil if that is null. JSON that is ready is returned as
// it is, unchecked. The encoder's own error is left out, because it can quote what
// it stumbled over.
func encode(name string, v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	if ready, ok := v.(json.RawMessage); ok {
		if len(ready) == 0 {
			ready = nil
		}
		return ready, nil
	}
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("%s: a %T cannot be encoded as JSON", name, v)
	}
	if string(raw) == "null" {
		return nil, nil
	}
	return raw, nil
}
