package cactus

import (
	"io"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Values of headers that every refusal has; nobody writes to them.
var (
	plainText = []string{"text/plain; charset=utf-8"}
	noSniff   = []string{"nosniff"}
	closeIt   = []string{"close"}
)

// answer is the one place where an error becomes a status code.
func (h *handler) answer(w http.ResponseWriter, success int, err error) {
	v := classify(err)
	outcome, after := v.outcome, v.after
	status, text := outcome.Status(), outcome.String()
	header := w.Header()
	switch outcome { //nolint:exhaustive // the rest is answered by the status alone
	case OutcomeUnhandled:
		if h.strict {
			status = http.StatusNotFound
		}
	case OutcomeBusy, OutcomeRetry:
		header.Set("Retry-After", strconv.FormatInt(seconds(after), 10))
	case OutcomeMalformed:
		if m, ok := err.(*malformedError); ok { //nolint:errorlint // as parse made it
			text = m.Error() // the sender has proved who it is
		}
	default:
		if e, ok := err.(*refusal); ok { //nolint:errorlint // never wrapped
			status, text = e.status, e.text
			if e.allow != nil {
				header.Set("Allow", strings.Join(e.allow, ", "))
			}
			if status == http.StatusRequestEntityTooLarge {
				header["Connection"] = closeIt
			}
		}
	}
	if status == http.StatusOK {
		w.WriteHeader(max(success, status)) // a Resolver's error comes before the limits
		return
	}
	header["Content-Type"], header["X-Content-Type-Options"] = plainText, noSniff
	w.WriteHeader(status)
	_, _ = io.WriteString(w, text) //nolint:gosec // plain text, and no part of the request
	_, _ = io.WriteString(w, "\n")
}

// seconds rounds up to whole seconds, at least one.
func seconds(d time.Duration) int64 {
	s := int64(d / time.Second)
	if d%time.Second > 0 {
		s++
	}
	return max(s, 1)
}

func (r *Response) write(w http.ResponseWriter) {
	for name, values := range r.Header {
		w.Header()[http.CanonicalHeaderKey(name)] = values
	}
	w.WriteHeader(max(r.Status, http.StatusOK))
	_, _ = w.Write(r.Body) //nolint:gosec // a verified challenge, in the source's own content type
}
