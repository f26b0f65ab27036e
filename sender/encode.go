package sender

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
)

// ErrTooLarge means that the body is larger than option [MaxBody] allows.
var ErrTooLarge = errors.New("sender: body too large")

// Encoding is how a payload becomes a body. The zero value is EncodeJSON.
//
// A payload that is a string, a []byte or a [json.RawMessage] is ready: it is sent
// as it is, byte for byte, but must be what the encoding says.
type Encoding int

// Every Encoding.
const (
	// EncodeJSON is application/json, by encoding/json, but with nothing escaped
	// for HTML: & is &. Option [Marshal] replaces that. A payload that becomes null
	// is an error; one that is meant is json.RawMessage("null").
	EncodeJSON Encoding = iota
	// EncodeForm is application/x-www-form-urlencoded. [url.Values] are written
	// as they are. Everything else must become a flat JSON object, by its json
	// tags: strings, numbers and booleans are fields, a list of them is a field
	// for each, null is left out, and an object or a list within is an error. The
	// fields are sorted by name.
	EncodeForm
)

// contentType returns the header of a body in e.
func (e Encoding) contentType() string {
	if e == EncodeForm {
		return "application/x-www-form-urlencoded"
	}
	return "application/json"
}

func (s *Settings) encode(id string, payload any) ([]byte, error) {
	body, ready, err := s.ready(payload)
	switch {
	case err != nil:
		return nil, err
	case ready && s.HashKey != "" && id != "":
		return nil, errors.New("option HashKey: the payload is ready and is sent as it is")
	case ready:
		return body, s.checkSize(len(body))
	}
	if s.Encoding == EncodeForm {
		body, err = s.encodeForm(id, payload)
	} else {
		body, err = s.encodeJSON(id, payload)
	}
	if err != nil {
		return nil, err
	}
	return body, s.checkSize(len(body))
}

func (s *Settings) checkSize(size int) error {
	if size <= s.MaxBody {
		return nil
	}
	return fmt.Errorf("%w: %d bytes, option MaxBody allows %d", ErrTooLarge, size, s.MaxBody)
}

// ready returns a copy of a payload that is sent as it is.
func (s *Settings) ready(payload any) (body []byte, ready bool, err error) {
	switch p := payload.(type) {
	case string:
		body = []byte(p)
	case []byte:
		body = bytes.Clone(p)
	case json.RawMessage:
		if s.Encoding == EncodeForm {
			return nil, true, errors.New("ready payload: json.RawMessage is not a form")
		}
		body = bytes.Clone(p)
	default:
		return nil, false, nil
	}
	if s.Encoding == EncodeForm {
		if _, err := url.ParseQuery(string(body)); err != nil {
			return nil, true, errors.New("ready payload: not a valid form")
		}
		return body, true, nil
	}
	if !json.Valid(body) {
		return nil, true, errors.New("ready payload: a string or []byte is sent as it is, but this one is not valid JSON")
	}
	return body, true, nil
}

func (s *Settings) encodeJSON(id string, payload any) ([]byte, error) {
	body, err := s.marshal(payload)
	if err != nil || s.HashKey == "" || id == "" {
		return body, err
	}
	return withMember(body, s.HashKey, id)
}

// marshal returns the payload as JSON.
func (s *Settings) marshal(payload any) ([]byte, error) {
	var body []byte
	var err error
	if s.Marshal == nil {
		body, err = marshalJSON(payload)
	} else if body, err = s.Marshal(payload); err == nil && !json.Valid(body) {
		err = errors.New("option Marshal: it returned invalid JSON")
	}
	if err != nil {
		return nil, fmt.Errorf("encode the payload: %w", err)
	}
	if string(bytes.TrimSpace(body)) == "null" {
		return nil, errors.New(`encode the payload: it is null, want a value, or json.RawMessage("null") if that is meant`)
	}
	return body, nil
}

// encoder is reused: encoding/json remembers only errors of writing, and a buffer
// has none.
type encoder struct {
	buffer bytes.Buffer
	json   *json.Encoder
}

var encoders = sync.Pool{New: func() any {
	e := &encoder{}
	e.json = json.NewEncoder(&e.buffer)
	e.json.SetEscapeHTML(false)
	return e
}}

// maxKept is the largest buffer that goes back to the pool.
const maxKept = 64 << 10

func marshalJSON(v any) ([]byte, error) {
	e, _ := encoders.Get().(*encoder)
	e.buffer.Reset()
	err := e.json.Encode(v)
	body := bytes.Clone(bytes.TrimSuffix(e.buffer.Bytes(), []byte("\n")))
	if e.buffer.Cap() <= maxKept { // after a panic it is not reused
		encoders.Put(e)
	}
	return body, err
}

// withMember puts a member in front of those of an object.
func withMember(object []byte, name, text string) ([]byte, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(object, &members); err != nil {
		return nil, errors.New("option HashKey: the payload must be an object")
	}
	if _, taken := members[name]; taken {
		return nil, fmt.Errorf("option HashKey: the payload has a member %q already", name)
	}
	key, err := marshalJSON(name)
	if err != nil {
		return nil, err
	}
	val, err := marshalJSON(text)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.Grow(len(object) + len(key) + len(val) + 2)
	out.WriteByte('{')
	out.Write(key)
	out.WriteByte(':')
	out.Write(val)
	if len(members) > 0 {
		out.WriteByte(',')
	}
	out.Write(bytes.TrimLeft(object, " \t\r\n")[1:])
	return out.Bytes(), nil
}
