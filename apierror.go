package cactus

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"
	"unicode"

	"github.com/cactuscorp/cactus/internal/backoff"
)

// What an [APIError] is, for callers that branch on it.
var (
	// ErrNotFound means that the API knows no such event or object: 404.
	ErrNotFound = errors.New("cactus: not found")
	// ErrUnauthorized means that the API refuses the key: 401 or 403.
	ErrUnauthorized = errors.New("cactus: unauthorized")
	// ErrRateLimited means that the API was asked too often: 429.
	ErrRateLimited = errors.New("cactus: rate limited")
	// ErrExpired means that the event or object is no longer kept: 410. It is
	// not ErrGone: the sender's endpoint has nothing to do with it.
	ErrExpired = errors.New("cactus: no longer kept")
)

// APIError is an answer of the API other than 2xx. It is one of [ErrNotFound],
// [ErrUnauthorized], [ErrRateLimited] and [ErrExpired], or none of them.
//
// As the result of a handler, an expired event is permanent, a rate limit asks
// the sender to come back when the API lets us, and all else is a failure.
type APIError struct {
	Status  int
	Code    string        // of the body {"error":{"code","message"}}; may be empty
	Message string        // likewise; at most 200 bytes
	After   time.Duration // what Retry-After asked for, at most a day; zero: nothing
}

// Error returns the status, the code and the message.
func (e *APIError) Error() string {
	text := fmt.Sprintf("the API answered %d", e.Status)
	if e.Code != "" {
		text += " " + e.Code
	}
	if e.Message != "" {
		text += ": " + e.Message
	}
	return text
}

// Is reports whether e is the target, one of the sentinels above.
func (e *APIError) Is(target error) bool {
	switch e.Status {
	case http.StatusNotFound:
		return target == ErrNotFound
	case http.StatusUnauthorized, http.StatusForbidden:
		return target == ErrUnauthorized
	case http.StatusTooManyRequests:
		return target == ErrRateLimited
	case http.StatusGone:
		return target == ErrExpired
	}
	return false
}

// outcome says what an APIError means for the event whose handler returns it.
func (e *APIError) outcome() Outcome {
	switch e.Status {
	case http.StatusGone:
		return OutcomePermanent
	case http.StatusTooManyRequests:
		return OutcomeRetry
	default:
		return OutcomeFailed
	}
}

// noAnswer makes an error of net/http fit to be shown. That error has the URL,
// and what the other side wrote, where the key or parts of an event may be.
func (c *Client) noAnswer(err error) error {
	cause := err
	if u := (*url.Error)(nil); errors.As(err, &u) {
		cause = u.Err
	}
	return &redactedError{"no answer from the API: " + c.clean(cause.Error()), cause}
}

const (
	maxMessage    = 200
	maxRetryAfter = 24 * time.Hour // of an API that asks for years
)

func (c *Client) apiError(resp *http.Response, body []byte) error {
	e := &APIError{Status: resp.StatusCode}
	after, _ := backoff.RetryAfter(resp.Header, time.Now())
	e.After = min(after, maxRetryAfter)
	var answer struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if json.Unmarshal(body, &answer) == nil { // otherwise the status has to do
		e.Code, e.Message = c.clean(answer.Error.Code), c.clean(answer.Error.Message)
	}
	return e
}

// clean makes a text of the API fit for an error: one short line, without our
// key should the API have echoed it.
func (c *Client) clean(text string) string {
	text = strings.ReplaceAll(text, c.key, "[API key]")
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "")
	}
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) { // controls, and what changes the direction
			return ' '
		}
		return r
	}, text)
}
