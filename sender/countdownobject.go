package sender

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"unicode/utf8"
)

// object is a JSON object, read strictly.
type object struct {
	path   string
	fields map[string]json.RawMessage
}

// readObject reads the object at path, which may have the given names and no
// others. It returns nil if there is none.
func readObject(path string, data []byte, names []string, list *fieldErrors) *object {
	dec := json.NewDecoder(bytes.NewReader(data))
	open, err := dec.Token()
	if err == nil && open != json.Delim('{') {
		list.addf(path, "is %s, want an object", kindOfJSON(data))
		return nil
	}
	o := &object{path: path, fields: map[string]json.RawMessage{}}
	for err == nil && dec.More() {
		err = o.readField(dec, names, list)
	}
	if err == nil {
		_, err = dec.Token() // the end of the object
	}
	if err == nil && !atEnd(dec) {
		err = errors.New("there is more after its end")
	}
	if errors.Is(err, io.EOF) {
		err = io.ErrUnexpectedEOF
	}
	if err != nil {
		list.addf(path, "is not JSON: %v", err)
		return nil
	}
	return o
}

func (o *object) readField(dec *json.Decoder, names []string, list *fieldErrors) error {
	token, err := dec.Token()
	if err != nil {
		return err
	}
	name, _ := token.(string) // the decoder sees to it
	var raw json.RawMessage
	if err := dec.Decode(&raw); err != nil {
		return err
	}
	at := join(o.path, shorten(name))
	switch {
	case !slices.Contains(names, name):
		list.addf(at, "is unknown, want %s", oneOf(names))
	case o.fields[name] != nil:
		list.addf(at, "is there twice")
	default:
		o.fields[name] = raw
	}
	return nil
}

// required returns a field that must be there, or nil.
func (o *object) required(name, want string, list *fieldErrors) json.RawMessage {
	raw, ok := o.fields[name]
	switch {
	case !ok:
		list.addf(join(o.path, name), "is missing, want %s", want)
		return nil
	case isNull(raw):
		list.addf(join(o.path, name), "is null, want %s", want)
		return nil
	}
	return raw
}

// hasMember reports whether an object, which has been read, has a field.
func hasMember(data []byte, name string) bool {
	var fields map[string]json.RawMessage
	return json.Unmarshal(data, &fields) == nil && fields[name] != nil
}

func oneOf(names []string) string {
	if len(names) == 0 {
		return "none"
	}
	return "one of " + strings.Join(names, ", ")
}

func isNull(raw []byte) bool { return string(raw) == "null" }

// kindOfJSON names what is there: a number or a word itself, of others the kind.
func kindOfJSON(raw []byte) string {
	raw = bytes.TrimSpace(raw)
	if len(raw) == 0 {
		return "nothing"
	}
	switch raw[0] {
	case '{':
		return "an object"
	case '[':
		return "an array"
	case '"':
		return "a string"
	}
	return shorten(string(raw))
}

// maxQuoted bounds what an error repeats of its input, in bytes.
const maxQuoted = 40

func shorten(text string) string {
	if len(text) <= maxQuoted {
		return text
	}
	end := maxQuoted
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "..."
}

// quoted returns a JSON string.
func quoted(text string) []byte {
	out, err := json.Marshal(text)
	if err != nil {
		panic("sender: " + err.Error()) // strings can always be marshalled
	}
	return out
}

// strictly reads one JSON value. It refuses unknown fields and what follows.
func strictly(raw []byte, target any) error {
	dec := json.NewDecoder(bytes.NewReader(raw))
	dec.DisallowUnknownFields()
	if err := dec.Decode(target); err != nil {
		return err
	}
	if !atEnd(dec) {
		return errors.New("there is more after its end")
	}
	return nil
}

func atEnd(dec *json.Decoder) bool {
	_, err := dec.Token()
	return errors.Is(err, io.EOF)
}
