package protocol

import "strings"

// The types of answers: what stands behind the last colon of an answer's name.
// Others exist; they are kept as they came and count as errors.
const (
	TypeResponse         = "response" // success
	TypeRedirect         = "redirect" // see [Redirect]
	TypeError            = "error"    // a failure without a type of its own
	TypeBadProtocol      = "badProtocol"
	TypeBadRequest       = "badRequest"
	TypeUnauthorized     = "unauthorized"
	TypeForbidden        = "forbidden"
	TypeUserDenied       = "userDenied"
	TypeResourceDenied   = "resourceDenied"
	TypeExpired          = "expired"
	TypeNotFound         = "notFound"
	TypeEventNotFound    = "eventNotFound" // Kotlin's word for an event without a handler
	TypeUnprocessable    = "unprocessable"
	TypeGone             = "gone"
	codeInvalidProtocol  = "INVALID_COMMUNICATION_PROTOCOL"
	codeUnhandled        = "UNHANDLED_ERROR"
	codeFailedDependency = "FAILED_DEPENDENCY"
	codeTimeout          = "EVENT_TIMEOUT"
)

// snakeTypes has the spellings that the protocol's documents show and no known
// implementation sends.
var snakeTypes = map[string]string{
	"bad_protocol":    TypeBadProtocol,
	"bad_request":     TypeBadRequest,
	"user_denied":     TypeUserDenied,
	"resource_denied": TypeResourceDenied,
	"not_found":       TypeNotFound,
	"event_not_found": TypeEventNotFound,
}

// Type returns the type of an answer: what stands behind the last colon of its
// name, or the whole name if it has none, such as "badProtocol". The snake_case
// spellings of known types are read as those types; anything else stays as it
// is. The type of a request means nothing.
func (e *Event) Type() string {
	suffix := e.Name[strings.LastIndexByte(e.Name, ':')+1:]
	if known, ok := snakeTypes[suffix]; ok {
		return known
	}
	return suffix
}

// IsSuccess reports whether an answer is a response.
func (e *Event) IsSuccess() bool { return e.Type() == TypeResponse }

// IsRedirect reports whether an answer sends its reader elsewhere.
func (e *Event) IsRedirect() bool { return e.Type() == TypeRedirect }

// IsError reports whether an answer is neither a response nor a redirect.
func (e *Event) IsError() bool { return !e.IsSuccess() && !e.IsRedirect() }
