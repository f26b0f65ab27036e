package signature

import (
	"net/http"
	"strings"
)

// maxID bounds the id of a request, in bytes.
const maxID = 256

// header is the canonical name of a header, and the errors that concern it.
type header struct {
	name        string
	missing     error
	repeated    error
	malformed   error
	unsupported error
}

// newHeader returns the header with the given canonical name. Its absence is
// an error below absent.
func newHeader(name string, absent error) *header {
	return &header{
		name:        name,
		missing:     under(absent, "no "+name),
		repeated:    under(ErrBadHeader, name+" is repeated"),
		malformed:   under(ErrBadHeader, name+" is malformed"),
		unsupported: under(ErrUnsupported, name),
	}
}

// only returns the header's one value. Two values are ambiguous: another
// program might read the other.
func (x *header) only(h http.Header) (string, error) {
	values := h[x.name]
	switch {
	case len(values) > 1:
		return "", x.repeated
	case len(values) == 0 || values[0] == "":
		return "", x.missing
	default:
		return values[0], nil
	}
}

// lines returns the header's values, which the caller reads as one list.
func (x *header) lines(h http.Header) ([]string, error) {
	values := h[x.name]
	for _, v := range values {
		if v != "" {
			return values, nil
		}
	}
	return nil, x.missing
}

// outcome refuses signatures that were collected from the header if none is
// well formed.
func (x *header) outcome(sc *scratch) error {
	switch {
	case sc.seen == 0:
		return x.unsupported
	case sc.empty():
		return x.malformed
	default:
		return nil
	}
}

// validID reports whether id is 1 to 256 visible ASCII characters, none of
// them in reserved.
func validID(id, reserved string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		if id[i]-'!' > '~'-'!' { // wraps round below it
			return false
		}
	}
	for i := range len(reserved) {
		if strings.IndexByte(id, reserved[i]) >= 0 {
			return false
		}
	}
	return true
}
