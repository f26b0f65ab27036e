package sender

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"time"

	"github.com/cactuscorp/cactus/internal/backoff"
)

// Attempt sends m once, with a POST, and says what came of it: number is 1 for the
// first attempt and is only noted. It signs m at the time of the attempt, under the
// same id each time, and then authorizes it.
//
// All of it, including the answer's body, is over within the message's Timeout, or
// else the client's, however slowly the endpoint answers. Once a status has come it
// decides; the body may be truncated. Redirects are not followed. If ctx ends
// first, for whatever reason, its own deadline among them, the attempt is
// Cancelled.
//
// Attempt does not panic, not even if m's Signer or Authorizer does, and logs
// nothing. (Package net/http does, to the standard logger, if an endpoint answers
// what it was not asked.)
func (c *Client) Attempt(ctx context.Context, m *Message, number int) (a Attempt) {
	a = Attempt{Number: number, Start: time.Now()}
	step := "attempt"
	defer func() {
		if v := recover(); v != nil {
			a.recovered(step, v)
		}
		a.Duration = time.Since(a.Start)
	}()
	u, err := m.target()
	if err == nil {
		err = c.checkCredentials(m, u)
	}
	if err != nil {
		a.fail(Refused, err.Error(), err)
		return a
	}
	timeout := m.Timeout
	if timeout == 0 {
		timeout = c.timeout
	}
	ctx, cancel := context.WithDeadlineCause(ctx, a.Start.Add(timeout), errAttemptTime)
	defer cancel()
	h, err := m.header(ctx, a.Start, &step)
	if err != nil {
		outcome, reason := Refused, "the message could not be prepared: "+step+" failed"
		if ctx.Err() != nil {
			outcome, reason = classify(ctx, err)
		}
		a.fail(outcome, reason, err)
		return a
	}
	step = stepTransport
	res, err := c.send(ctx, http.MethodPost, u, h, m.Body)
	if err != nil {
		outcome, reason := classify(ctx, err)
		a.fail(outcome, reason, withoutAnswer(err, reason))
		return a
	}
	a.answered(res)
	return a
}

const stepTransport = "transport"

// checkCredentials refuses what would send a message without its signature or its
// credentials, or with credentials that others can read.
func (c *Client) checkCredentials(m *Message, u *url.URL) error {
	_, own := m.Header["Authorization"]
	_, cookie := m.Header["Cookie"]
	switch {
	case c.transport == nil:
		return errNotMade
	case m.Signer == nil && m.SignedBy != "":
		return errors.New("signer: the message was signed, but has no Signer any more: give it back after loading")
	case m.Authorizer == nil && m.AuthorizedBy != "":
		return errors.New("authorizer: the message was authorized, but has no Authorizer any more: give it back after loading")
	case (m.Authorizer != nil || own || cookie) && !c.mayCarryCredentials(u):
		return errors.New("url: scheme must be https, because the message carries credentials")
	}
	return nil
}

// header returns all of the request's header. Step is set to what is being done.
func (m *Message) header(ctx context.Context, at time.Time, step *string) (http.Header, error) {
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	h := make(http.Header, len(m.Header)+6)
	for name, values := range m.Header {
		if len(values) > 0 {
			h[name] = slices.Clip(values) // so that no append writes into the message
		}
	}
	if _, ok := h["User-Agent"]; !ok {
		h["User-Agent"] = agents
	}
	m.setID(h)
	if m.Signer != nil {
		*step = "signer"
		if err := m.Signer.Sign(h, m.ID, m.Body, at); err != nil {
			return nil, fmt.Errorf("signer: %w", err)
		}
		if err := m.unchanged(h); err != nil {
			return nil, fmt.Errorf("signer: %w", err)
		}
	}
	if m.Authorizer != nil {
		*step = "authorizer"
		if err := m.Authorizer.Authorize(ctx, h); err != nil {
			return nil, fmt.Errorf("authorizer: %w", err)
		}
		if err := m.unchanged(h); err != nil {
			return nil, fmt.Errorf("authorizer: %w", err)
		}
	}
	hideIdempotency(h)
	return h, nil
}

var agents = []string{userAgent}

// unchanged returns an error if h no longer has what the message put there.
func (m *Message) unchanged(h http.Header) error {
	for name, own := range m.Header {
		if values := h[name]; len(own) > 0 && (len(values) != len(own) || &values[0] != &own[0]) {
			return fmt.Errorf("header %s: is set by the message too", name)
		}
	}
	if !m.hasID(h) {
		return fmt.Errorf("header %s: must have the message's id", m.IDHeader)
	}
	return nil
}

// hideIdempotency keeps net/http from sending a POST again by itself, which it does
// for the canonical spelling of these. A receiver sees no difference.
func hideIdempotency(h http.Header) {
	for i, name := range [...]string{"Idempotency-Key", "X-Idempotency-Key"} {
		if values, ok := h[name]; ok {
			delete(h, name)
			h[[...]string{"idempotency-key", "x-idempotency-key"}[i]] = values
		}
	}
}

var errSentOnce = errors.New("the connection was lost after the message was sent")

// setBody makes body that of req. With GetBody, net/http takes another connection
// if the one that it took from its pool turns out to be closed before anything was
// written. HTTP/2 would also repeat some requests that were sent, so for these it
// is refused.
func setBody(req *http.Request, body []byte) {
	reader := bytes.NewReader(body)
	req.ContentLength = int64(len(body))
	req.Body = io.NopCloser(reader) // net/http knows these two, and writes header and body at once
	mayBeHTTP2 := req.URL.Scheme == "https"
	req.GetBody = func() (io.ReadCloser, error) {
		if mayBeHTTP2 && reader.Len() != len(body) {
			return nil, errSentOnce
		}
		return io.NopCloser(bytes.NewReader(body)), nil
	}
}

// answered takes what res says, and closes it.
func (a *Attempt) answered(res *http.Response) {
	a.Status, a.Outcome = res.StatusCode, Rejected
	a.Header, a.Truncated = keepHeader(res.Header)
	switch {
	case a.Status >= 200 && a.Status <= 299:
		a.Outcome = Delivered
	case a.Status >= 300 && a.Status <= 399:
		a.Reason = "answered " + strconv.Itoa(a.Status) + ": redirects are not followed"
	default:
		a.Reason = "answered " + strconv.Itoa(a.Status)
	}
	a.RetryAfter, _ = backoff.RetryAfter(res.Header, time.Now())
	if a.Status == http.StatusSwitchingProtocols {
		_ = res.Body.Close() // it is the connection itself
		return
	}
	body, truncated := readAnswer(res.Body, res.ContentLength)
	a.Body, a.Truncated = body, a.Truncated || truncated
}

func (a *Attempt) fail(outcome Outcome, reason string, err error) {
	a.Outcome, a.Reason, a.Err = outcome, reason, err
}

// recovered makes of a panic in step what it means. A status that has come still
// decides. Of the value only what the runtime says is kept: another might have a
// secret in it.
func (a *Attempt) recovered(step string, v any) {
	if a.Status != 0 {
		a.Truncated = true
		return
	}
	err := fmt.Errorf("%s panicked (%T)", step, v)
	if fault, ok := v.(runtime.Error); ok {
		err = fmt.Errorf("%s panicked: %w", step, fault)
	}
	if step == stepTransport {
		a.fail(Unreachable, "no valid answer", err)
		return
	}
	a.fail(Refused, "the message could not be prepared: "+step+" failed", err)
}
