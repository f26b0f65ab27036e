package sender

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
)

// HandshakeRequest asks an endpoint for permission to send to it.
type HandshakeRequest struct {
	// Origin is a DNS name that stands for the whole sending system, such as
	// "events.example.com". It is required. Deliveries to who has granted it carry
	// it as WebHook-Request-Origin.
	Origin string
	// Rate is how many requests a minute are wanted. Zero: any.
	Rate int
	// Callback is an https URL at which the endpoint's owner may grant permission
	// later, with GET or POST; it should be impossible to guess. Empty: none.
	Callback string
}

// Format writes the origin, whatever the verb: who knows the Callback can grant
// permission.
func (r HandshakeRequest) Format(f fmt.State, _ rune) {
	_, _ = io.WriteString(f, "sender.HandshakeRequest("+r.Origin+")")
}

// LogValue returns what Format writes.
func (r HandshakeRequest) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(r)) }

// Permission is an endpoint's answer to a handshake. It is data.
type Permission struct {
	// Granted says that events may be sent. No status says so, only headers do.
	Granted bool `json:"granted"`
	// Pending says that nothing was granted yet, but may be through the Callback.
	Pending bool `json:"pending,omitempty"`
	// AnyOrigin says that permission was given to everybody, not to Origin alone.
	AnyOrigin bool `json:"any_origin,omitempty"`
	// Rate is how many requests a minute are allowed. Zero: no limit if Unlimited
	// is set, and else none was named, where a low rate is wise.
	Rate      int  `json:"rate,omitempty"`
	Unlimited bool `json:"unlimited,omitempty"`
	Status    int  `json:"status"` // of the answer
	// Reason says in words why it is not granted. It may be shown to the
	// endpoint's owner.
	Reason string `json:"reason,omitempty"`
}

const (
	requestOrigin   = "Webhook-Request-Origin"
	requestRate     = "Webhook-Request-Rate"
	requestCallback = "Webhook-Request-Callback"
	allowedOrigin   = "Webhook-Allowed-Origin"
	allowedRate     = "Webhook-Allowed-Rate"
)

// Handshake asks the endpoint at rawURL whether it expects events, as section 4 of
// CloudEvents' "HTTP 1.1 Web Hooks for Event Delivery" 1.0.2 has it: with OPTIONS,
// through the guard and within the time of an attempt. An endpoint that answers,
// but not with permission, is no error: see [Permission]. The error's text may be
// shown to the endpoint's owner.
//
// Permission needs WebHook-Allowed-Origin, and WebHook-Allowed-Rate too if a Rate
// was asked for.
func (c *Client) Handshake(ctx context.Context, rawURL string, request HandshakeRequest) (Permission, error) {
	u, err := parseTarget(rawURL)
	if err == nil && c.transport == nil {
		err = errNotMade
	}
	if err != nil {
		return Permission{}, fmt.Errorf("handshake: %w", err)
	}
	h, err := request.header()
	if err != nil {
		return Permission{}, fmt.Errorf("handshake: %w", err)
	}
	ctx, cancel := context.WithTimeoutCause(ctx, c.timeout, errAttemptTime)
	defer cancel()
	res, err := c.send(ctx, http.MethodOptions, u, h, nil)
	if err != nil {
		_, reason := classify(ctx, err)
		return Permission{}, &shownError{"handshake: " + reason, err}
	}
	if res.StatusCode == http.StatusSwitchingProtocols {
		_ = res.Body.Close()
	} else {
		readAnswer(res.Body, res.ContentLength)
	}
	return readPermission(res, &request), nil
}

// header returns the header that asks.
func (r *HandshakeRequest) header() (http.Header, error) {
	switch {
	case r.Origin == "" || strings.ContainsFunc(r.Origin, notHostname) || checkName(r.Origin) != nil:
		return nil, errors.New("origin: must be a DNS name such as events.example.com")
	case r.Rate < 0:
		return nil, errors.New("rate: must not be negative")
	}
	h := http.Header{"User-Agent": agents, requestOrigin: {r.Origin}}
	if r.Rate > 0 {
		h[requestRate] = []string{strconv.Itoa(r.Rate)}
	}
	if r.Callback != "" {
		u, err := parseTarget(r.Callback)
		if err != nil || u.Scheme != "https" {
			return nil, errors.New("callback: must be an https URL, as one that is sent to")
		}
		h[requestCallback] = []string{u.String()}
	}
	return h, nil
}

// readPermission reads sections 4.2.1 and 4.2.2.
func readPermission(res *http.Response, request *HandshakeRequest) Permission {
	p := Permission{Status: res.StatusCode}
	origins, rates := res.Header[allowedOrigin], res.Header[allowedRate]
	switch {
	case len(origins) == 0:
		p.Pending = request.Callback != ""
		p.Reason = fmt.Sprintf("answered %d without WebHook-Allowed-Origin", p.Status)
		return p
	case len(origins) > 1 || origins[0] != "*" && !sameName(origins[0], request.Origin):
		p.Reason = "WebHook-Allowed-Origin is neither " + request.Origin + " nor *"
		return p
	case len(rates) == 0 && request.Rate > 0:
		p.Reason = "WebHook-Allowed-Rate is missing, although a rate was asked for"
		return p
	}
	if len(rates) > 0 {
		rate, ok := readRate(rates)
		if !ok {
			p.Reason = "WebHook-Allowed-Rate is neither a positive number nor *"
			return p
		}
		p.Rate, p.Unlimited = rate, rate == 0
	}
	p.Granted, p.AnyOrigin = true, origins[0] == "*"
	return p
}

// readRate returns 0 for no limit.
func readRate(values []string) (rate int, ok bool) {
	if len(values) != 1 {
		return 0, false
	}
	if values[0] == "*" {
		return 0, true
	}
	if strings.Trim(values[0], "0123456789") != "" {
		return 0, false // strconv takes a sign
	}
	n, err := strconv.ParseInt(values[0], 10, 32)
	return int(n), err == nil && n > 0
}

// sameName compares names of DNS. Without the lengths, letters that are not ASCII
// would fold to some that are.
func sameName(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }
