package github

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// header is one of the headers that GitHub does not sign.
type header struct {
	name      string // as GitHub spells it
	canonical string
	check     func(string) error
}

var (
	eventHeader    = header{"X-GitHub-Event", http.CanonicalHeaderKey("X-GitHub-Event"), checkEvent}
	deliveryHeader = header{"X-GitHub-Delivery", http.CanonicalHeaderKey("X-GitHub-Delivery"), envelope.CheckID}
)

// read returns the header's one value.
func (x *header) read(h http.Header) (string, error) {
	values := h[x.canonical]
	switch {
	case len(values) == 0 || values[0] == "":
		return "", fmt.Errorf("header %s: is missing", x.name)
	case len(values) > 1:
		return "", fmt.Errorf("header %s: is there twice", x.name)
	}
	if err := x.check(values[0]); err != nil {
		return "", fmt.Errorf("header %s: %w", x.name, err)
	}
	return values[0], nil
}

var errDot = errors.New("must not contain a dot")

// checkEvent refuses a dot, so that what follows one in a type was signed.
func checkEvent(event string) error {
	if strings.IndexByte(event, '.') >= 0 {
		return errDot
	}
	return envelope.CheckType(event)
}

var (
	errActionTwice = errors.New(`field "action": is there twice`)
	errActionEmpty = errors.New(`field "action": is empty`)
)

// actionOf returns the payload's action without its escapes, and nil if it has
// none that is a string. It checks the whole payload.
func actionOf(payload []byte) ([]byte, error) {
	var action []byte
	seen := false
	err := envelope.Each(payload, func(key, value []byte) error {
		if string(key) != "action" {
			return nil
		}
		if seen {
			return errActionTwice
		}
		seen = true
		if value[0] == '"' {
			action = unquote(value)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return action, nil
}

// unquote returns what a JSON string that was checked stands for.
func unquote(value []byte) []byte {
	if bytes.IndexByte(value, '\\') < 0 {
		return value[1 : len(value)-1]
	}
	var text string
	if err := json.Unmarshal(value, &text); err != nil {
		panic("github: a checked string is none: " + err.Error())
	}
	return []byte(text)
}

// dispatch is the one event whose action is free text, the event_type of
// GitHub's API. One that cannot be part of a type is left to the data.
const dispatch = "repository_dispatch"

// typeOf returns the event's type; a nil action is none.
func typeOf(event string, action []byte) (string, error) {
	if action == nil {
		return event, nil
	}
	typ := event + "." + string(action)
	err := envelope.CheckType(typ)
	switch {
	case err == nil && len(action) > 0:
		return typ, nil
	case event == dispatch:
		return event, nil
	case len(action) == 0:
		return "", errActionEmpty
	default:
		return "", fmt.Errorf(`field "action": %w`, err)
	}
}
