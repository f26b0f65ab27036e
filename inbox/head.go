package inbox

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// head is the JSON of all that a store has no column for.
type head struct {
	Method     text      `json:"method,omitzero"`
	URL        text      `json:"url,omitzero"`
	Header     [][]text  `json:"header,omitempty"` // a name and its values; sorted by name
	Path       [][2]text `json:"path,omitempty"`   // name, value; sorted by name
	Tenant     text      `json:"tenant,omitzero"`
	Key        text      `json:"key,omitzero"`
	ReceivedAt time.Time `json:"received_at"`
}

// text is a string that JSON, or a database's text, may have no form for. What is
// not valid UTF-8 or has a NUL is {"base64": "..."}.
type text string

type encodedText struct {
	Base64 []byte `json:"base64"`
}

// MarshalJSON implements json.Marshaler.
func (t text) MarshalJSON() ([]byte, error) {
	if s := string(t); !utf8.ValidString(s) || strings.Contains(s, "\x00") {
		return json.Marshal(encodedText{[]byte(s)})
	}
	return json.Marshal(string(t))
}

// UnmarshalJSON implements json.Unmarshaler.
func (t *text) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '{' {
		var encoded encodedText
		err := json.Unmarshal(b, &encoded)
		*t = text(encoded.Base64)
		return err
	}
	return json.Unmarshal(b, (*string)(t))
}

// MarshalHead returns all of the item but its ID, Source and Body as JSON: valid
// UTF-8 without a NUL, in whatever bytes the request came, so that columns of
// type text, json and jsonb can hold it.
func (it *Item) MarshalHead() ([]byte, error) {
	h := head{Method: text(it.Method), Tenant: text(it.Tenant), Key: text(it.Key), ReceivedAt: it.ReceivedAt}
	if it.URL != nil {
		address := it.URL.String()
		if _, err := parseURL(address); err != nil { // its text has the URL
			return nil, fmt.Errorf("encode item %s: field \"url\" must be one that package url reads", it.ID)
		}
		h.URL = text(address)
	}
	for _, name := range slices.Sorted(maps.Keys(it.Header)) {
		line := make([]text, 0, 1+len(it.Header[name]))
		line = append(line, text(name))
		for _, value := range it.Header[name] {
			line = append(line, text(value))
		}
		h.Header = append(h.Header, line)
	}
	for _, name := range slices.Sorted(maps.Keys(it.Path)) {
		h.Path = append(h.Path, [2]text{text(name), text(it.Path[name])})
	}
	b, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode item %s: %w", it.ID, err)
	}
	return b, nil
}

// UnmarshalHead reads what [Item.MarshalHead] returns. It leaves ID, Source and
// Body as they are. A map that was empty is nil.
func (it *Item) UnmarshalHead(b []byte) error {
	var h head
	if err := json.Unmarshal(b, &h); err != nil { // its text may have a part of b
		return fmt.Errorf("decode item %s: its head must be the JSON of MarshalHead", it.ID)
	}
	u, err := parseURL(string(h.URL))
	if err != nil { // likewise
		return fmt.Errorf("decode item %s: field \"url\" must be a URL", it.ID)
	}
	it.Method, it.URL, it.Tenant, it.Key, it.ReceivedAt = string(h.Method), u, string(h.Tenant), string(h.Key), h.ReceivedAt
	it.Header, it.Path = nil, nil
	for _, line := range h.Header {
		if len(line) == 0 {
			return fmt.Errorf("decode item %s: field \"header\" must have a name in each line", it.ID)
		}
		if it.Header == nil {
			it.Header = make(map[string][]string, len(h.Header))
		}
		values := make([]string, 0, len(line)-1)
		for _, value := range line[1:] {
			values = append(values, string(value))
		}
		it.Header[string(line[0])] = values
	}
	for _, pair := range h.Path {
		if it.Path == nil {
			it.Path = make(map[string]string, len(h.Path))
		}
		it.Path[string(pair[0])] = string(pair[1])
	}
	return nil
}

// parseURL reads a URL as net/http reads that of a request: two slashes at its
// beginning are a path's, not a host's.
func parseURL(address string) (*url.URL, error) {
	if strings.HasPrefix(address, "/") && !strings.Contains(address, "#") {
		return url.ParseRequestURI(address)
	}
	return url.Parse(address)
}
