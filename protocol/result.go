package protocol

import (
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// ResponseError means that the answer is an error event. It is not an [*Error],
// because it is somebody else's: a handler that returns it answers that a dependency
// failed.
type ResponseError struct {
	Event *Event // the whole answer
	// Type is the suffix of the answer's name, in camel case: badRequest, notFound,
	// eventNotFound, error, or whatever it is.
	Type string
	// Code is UPPER_SNAKE by custom. Empty: there is none.
	Code string
	// Parameters is an object by custom. It is {} if there are none. An answer that
	// has a message beside the code in their place, as some of Python's and Go's
	// do, has {"message": ...}.
	Parameters json.RawMessage
}

// Error returns the type and the code, if they look like such.
func (e *ResponseError) Error() string {
	text := "answered " + shown(e.Type)
	if e.Code != "" {
		text += " " + shown(e.Code)
	}
	return text
}

// FailedDependency reports true.
func (*ResponseError) FailedDependency() bool { return true }

// RedirectedError means that the answer is a redirect event. It is for whoever shows
// pages to a person; nothing follows it.
type RedirectedError struct {
	URL   string
	Query json.RawMessage // an object; {} if there is none
}

// Error leaves out where to, which may have a secret in it.
func (*RedirectedError) Error() string { return "answered redirect" }

// FailedDependency reports true.
func (*RedirectedError) FailedDependency() bool { return true }

// FailedDependencyError means that there is no answer of events-protocol, because
// the other side could not be reached or answered another HTTP status than 2xx.
type FailedDependencyError struct {
	Status int    // of HTTP; 0: there was no answer
	Body   []byte // of that answer, its first 64 KiB; not in Error
	Err    error  // why there was none, for logs of one's own; may name addresses
	reason string
	begun  bool // something came that is no answer of HTTP
}

// Error returns the status, or in few words why there is none.
func (e *FailedDependencyError) Error() string {
	switch {
	case e.reason != "":
		return "failed dependency: " + e.reason
	case e.Status != 0:
		text := "failed dependency: answered HTTP " + strconv.Itoa(e.Status)
		if e.Status >= 300 && e.Status <= 399 && e.Status != http.StatusNotModified {
			text += ": redirects are not followed"
		}
		return text
	}
	return "failed dependency: no valid answer"
}

// Unwrap returns Err.
func (e *FailedDependencyError) Unwrap() error { return e.Err }

// FailedDependency reports true.
func (*FailedDependencyError) FailedDependency() bool { return true }

// TimeoutError means that there was no answer in time. The event may have been
// handled nevertheless. It is not what is returned if the caller's own context ends.
type TimeoutError struct {
	After time.Duration // the send's timeout; 0: a shorter one of the transport
	Err   error         // what the transport said; nil: the send's timeout was over
}

// Error returns that the time was over, and which.
func (e *TimeoutError) Error() string {
	if e.After == 0 {
		return "timeout: the transport waited for too long"
	}
	return "timeout: no answer within " + e.After.String()
}

// Unwrap returns Err.
func (e *TimeoutError) Unwrap() error { return e.Err }

// Timeout reports true.
func (*TimeoutError) Timeout() bool { return true }

// BadProtocolError means that the answer is no event, is too long, or does not fit
// the type that it should be decoded into.
type BadProtocolError struct {
	Body   []byte // what came, or the payload that does not fit; not in Error
	Err    error  // the decoder's word, for logs of one's own: it may quote Body
	reason string
}

// Error returns what is wrong and nothing of the body.
func (e *BadProtocolError) Error() string {
	if e.reason == "" {
		return "bad protocol: the answer is not an event"
	}
	return "bad protocol: " + e.reason
}

// Unwrap returns Err.
func (e *BadProtocolError) Unwrap() error { return e.Err }

// FailedDependency reports true.
func (*BadProtocolError) FailedDependency() bool { return true }

// shown returns what a peer calls something, if it is a name.
func shown(name string) string {
	const most = 64
	if name == "" || len(name) > most || strings.ContainsFunc(name, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune("_:.-", r)
	}) {
		return "(no name)"
	}
	return name
}
