package sender

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"
	"strconv"
)

func (s *Settings) encodeForm(id string, payload any) ([]byte, error) {
	values, err := s.form(payload)
	if err != nil {
		return nil, err
	}
	if s.HashKey != "" && id != "" {
		if values.Has(s.HashKey) {
			return nil, fmt.Errorf("option HashKey: the payload has a field %q already", s.HashKey)
		}
		values = maps.Clone(values) // the payload's own stays as it is
		values.Set(s.HashKey, id)
	}
	return []byte(values.Encode()), nil
}

func (s *Settings) form(payload any) (url.Values, error) {
	if values, ok := payload.(url.Values); ok {
		if values == nil {
			return nil, errors.New("encode the payload: it is nil")
		}
		return values, nil
	}
	body, err := s.marshal(payload)
	if err != nil {
		return nil, err
	}
	var members map[string]any
	d := json.NewDecoder(bytes.NewReader(body))
	d.UseNumber() // a number stays as it was written
	if err := d.Decode(&members); err != nil {
		return nil, errors.New("encode the payload: a form must be an object")
	}
	values := make(url.Values, len(members))
	for name, member := range members {
		texts, err := fieldOf(member)
		if err != nil {
			return nil, fmt.Errorf("encode the payload: field %q: %w", name, err)
		}
		if len(texts) > 0 {
			values[name] = texts
		}
	}
	return values, nil
}

// fieldOf returns the values of one field: none for null.
func fieldOf(member any) ([]string, error) {
	list, ok := member.([]any)
	if !ok {
		list = []any{member}
	}
	var texts []string
	for _, item := range list {
		switch v := item.(type) {
		case nil:
		case string:
			texts = append(texts, v)
		case bool:
			texts = append(texts, strconv.FormatBool(v))
		case json.Number:
			texts = append(texts, v.String())
		default:
			return nil, errors.New("a form is flat: a string, a number, a boolean or a list of them was expected")
		}
	}
	return texts, nil
}
