package signature

import "errors"

// The errors of Verify. All match [ErrRefused] under [errors.Is], and none
// contains a secret, a body or a signature. Every one is made before the first
// request, so that refusing a request allocates nothing. Some errors that are
// returned match one of these and add the name of the header.
var (
	// ErrRefused is the parent of every failed check.
	ErrRefused = errors.New("signature: refused")

	// ErrNoSignature means that the signature header is absent or empty.
	ErrNoSignature error = &checkError{"signature: no signature", ErrRefused}

	// ErrBadHeader means that a header is malformed: it does not follow the
	// scheme's grammar, it is missing beside a signature, or it is repeated
	// where two values would be ambiguous.
	ErrBadHeader error = &checkError{"signature: bad header", ErrRefused}

	// ErrUnsupported means that there are signatures, but none of an algorithm
	// or version that the scheme and its keys can check.
	ErrUnsupported error = &checkError{"signature: unsupported version or algorithm", ErrRefused}

	// ErrTooOld means that the timestamp is before the tolerated range.
	ErrTooOld error = &checkError{"signature: timestamp too old", ErrRefused}

	// ErrTooNew means that the timestamp is after the tolerated range.
	ErrTooNew error = &checkError{"signature: timestamp too far in the future", ErrRefused}

	// ErrNoKey means that no key that could check the signature is valid at
	// the time of verification, or that the scheme was not made with its
	// constructor.
	ErrNoKey error = &checkError{"signature: no key valid at that time", ErrRefused}

	// ErrMismatch means that the signature is well formed and no valid key
	// produced it: another secret, or a changed body, id or timestamp.
	ErrMismatch error = &checkError{"signature: mismatch", ErrRefused}
)

// ErrCannotSign is the parent of every error of Sign: an id outside the
// scheme's grammar, no key that can sign at that time, a time before 1970, a
// nil header.
var ErrCannotSign = errors.New("signature: cannot sign")

var (
	errNoSigningKey error = &checkError{"signature: cannot sign: no key that can sign is valid at that time", ErrCannotSign}
	errManyKeys     error = &checkError{"signature: cannot sign: more than ten keys are valid, and receivers try ten signatures", ErrCannotSign}
	errNilHeader    error = &checkError{"signature: cannot sign: the header map is nil", ErrCannotSign}
	errSignTime     error = &checkError{"signature: cannot sign: the time is outside the years 1970 to 33657", ErrCannotSign}
	errSignID       error = &checkError{"signature: cannot sign: the id must be 1 to 256 visible ASCII characters other than those the scheme reserves", ErrCannotSign}
)

// checkError is an error with a fixed text and a parent.
type checkError struct {
	text   string
	parent error
}

func (e *checkError) Error() string { return e.text }

func (e *checkError) Unwrap() error { return e.parent }

// under returns a static error below one of the sentinels.
func under(parent error, detail string) error {
	return &checkError{parent.Error() + ": " + detail, parent}
}
