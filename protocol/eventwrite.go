package protocol

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf8"
)

// MarshalJSON writes all eight keys, so that the strict readers among the
// protocol's implementations take it too, in the order of Kotlin's. Payload is
// written byte for byte; json.Marshal, which calls this, takes out its white
// space and escapes <, > and &, and keeps every digit. What is nil, and an
// identity, auth or metadata of null, is {}.
//
// It returns an error if Name is empty or not valid UTF-8, if one of the four
// is not JSON, or if one of the last three is not an object.
func (e Event) MarshalJSON() ([]byte, error) { return e.appendJSON(make([]byte, 0, e.size())) }

// fixedSize is about what the keys of an event take on the wire.
const fixedSize = 128

// size is about what the event takes on the wire.
func (e *Event) size() int {
	return fixedSize + len(e.Name) + len(e.ID) + len(e.FlowID) + len(e.Payload) + len(e.Identity) + len(e.Auth) + len(e.Metadata)
}

func (e *Event) appendJSON(dst []byte) ([]byte, error) {
	if e.Name == "" {
		return nil, fmt.Errorf("event: field %q: must not be empty", keyNames[keyName])
	}
	if !utf8.ValidString(e.Name) {
		return nil, fmt.Errorf("event: field %q: must be valid UTF-8", keyNames[keyName])
	}
	dst = appendString(append(dst, `{"name":`...), e.Name)
	dst = strconv.AppendInt(append(dst, `,"version":`...), int64(e.Version), 10)
	dst = appendString(append(dst, `,"id":`...), e.ID)
	dst = appendString(append(dst, `,"flowId":`...), e.FlowID)
	rest := [...]json.RawMessage{e.Payload, e.Identity, e.Auth, e.Metadata}
	for i, raw := range rest {
		key := keyPayload + i
		dst = append(append(append(dst, `,"`...), keyNames[key]...), `":`...)
		if raw == nil || key != keyPayload && string(raw) == "null" {
			dst = append(dst, emptyObject...)
			continue
		}
		if err := checkRaw(raw, key != keyPayload); err != nil {
			return nil, fmt.Errorf("event: field %q: %w", keyNames[key], err)
		}
		dst = append(dst, raw...)
	}
	return append(dst, '}'), nil
}

// checkRaw returns an error unless raw is JSON, and an object if it has to be.
func checkRaw(raw json.RawMessage, object bool) error {
	if string(raw) == emptyObject {
		return nil
	}
	if !json.Valid(raw) || !utf8.Valid(raw) {
		return errNotJSON
	}
	if object && firstByte(raw) != '{' {
		return errNotObject
	}
	return nil
}

// firstByte returns the first byte of valid JSON that is not white space.
func firstByte(raw json.RawMessage) byte {
	for _, c := range raw {
		if c > ' ' {
			return c
		}
	}
	return 0
}

// appendString writes a JSON string. What is not valid UTF-8 becomes U+FFFD.
func appendString(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c >= utf8.RuneSelf || c == '"' || c == '\\' {
			quoted, _ := json.Marshal(s) //nolint:errchkjson // a string always encodes
			return append(dst, quoted...)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}
