package envelope

import "errors"

// Lengths in bytes. An id is part of a path, a context is a header.
const (
	maxName = 256 // id, type, context
	maxPath = 2048
)

// CheckID returns an error unless id can be the id of an event or an object:
// 1 to 256 letters, digits, underscores, dots, colons and hyphens, and no dot
// segment, so that it can be an element of a path. The error says what is wrong
// and does not contain the id.
func CheckID(id string) error { return problemError(idProblem([]byte(id))) }

// CheckType returns an error unless typ can be the type of an event or an
// object: 1 to 256 letters, digits and any of _ . : / [ ] -, of which the
// first is a letter or a digit, and no dot segment between slashes. The error
// does not contain the type.
func CheckType(typ string) error { return problemError(typeProblem([]byte(typ))) }

// CheckPath returns an error unless url can be the URL of a related object: 1
// to 2048 bytes of printable ASCII that begin with one slash, so that they name
// a resource of the API's own host, with a query or none. A space, a backslash,
// any of " # < > and a percent sign in the path that does not begin an escape
// are refused, and so are dot segments, escaped ones too, and an escaped percent
// sign. The error does not contain the URL.
func CheckPath(url string) error { return problemError(pathProblem([]byte(url))) }

// CheckContext returns an error unless context is up to 256 bytes of printable
// ASCII without spaces. The empty context stands for none. The error does not
// contain it.
func CheckContext(context string) error { return problemError(contextProblem([]byte(context))) }

func problemError(problem string) error {
	if problem == "" {
		return nil
	}

	return errors.New(problem)
}

// class is a set of the grammars in which a byte may stand.
type class uint8

const (
	inID class = 1 << iota
	inType
	inContext
	inPath
	inPlainPath // a path without escapes, dots and a query
	letterOrDigit
	noSlash
)

// classes has the grammars of each byte.
//
//nolint:gochecknoglobals // a table that nobody writes to
var classes = makeClasses()

func makeClasses() (table [256]class) {
	for c := '!'; c <= '~'; c++ {
		table[c] = inContext | inPath | inPlainPath
	}
	for _, c := range `"#<>\` {
		table[c] &^= inPath | inPlainPath
	}
	for _, c := range "%.?;" {
		table[c] &^= inPlainPath
	}
	for _, c := range "_.:-" {
		table[c] |= inID | inType
	}
	for _, c := range "/[]" {
		table[c] |= inType
	}
	for c := range table {
		table[c] |= noSlash
	}
	table['/'] &^= noSlash
	for _, c := range "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz" {
		table[c] |= inID | inType | letterOrDigit
	}

	return table
}

// common returns those of the classes that every byte of s is in.
func common(s []byte, in class) class {
	for len(s) >= 8 {
		in &= classes[s[0]] & classes[s[1]] & classes[s[2]] & classes[s[3]] &
			classes[s[4]] & classes[s[5]] & classes[s[6]] & classes[s[7]]
		s = s[8:]
	}
	for _, c := range s {
		in &= classes[c]
	}

	return in
}

func idProblem(s []byte) string {
	switch {
	case len(s) == 0:
		return "is empty"
	case len(s) > maxName:
		return "is longer than 256 bytes"
	case common(s, inID) == 0:
		return "has a byte that is none of A-Z a-z 0-9 _ . : -"
	case string(s) == "." || string(s) == "..":
		return "must not be a dot segment"
	default:
		return ""
	}
}

func typeProblem(s []byte) string {
	switch {
	case len(s) == 0:
		return "is empty"
	case len(s) > maxName:
		return "is longer than 256 bytes"
	}

	switch in := common(s, inType|noSlash); {
	case in&inType == 0:
		return "has a byte that is none of A-Z a-z 0-9 _ . : / [ ] -"
	case classes[s[0]]&letterOrDigit == 0:
		return "must begin with a letter or a digit"
	case in&noSlash == 0:
		return segmentProblem(s)
	default:
		return ""
	}
}

// contextProblem accepts the empty context, which stands for none.
func contextProblem(s []byte) string {
	switch {
	case len(s) > maxName:
		return "is longer than 256 bytes"
	case common(s, inContext) == 0:
		return "has a byte that is not printable ASCII"
	default:
		return ""
	}
}

func pathProblem(s []byte) string {
	switch {
	case len(s) == 0:
		return "is empty"
	case len(s) > maxPath:
		return "is longer than 2048 bytes"
	case s[0] != '/' || len(s) > 1 && s[1] == '/':
		return "must begin with exactly one slash"
	}

	switch in := common(s, inPath|inPlainPath); {
	case in == 0:
		return "has a byte that a path must escape"
	case in&inPlainPath != 0:
		return ""
	default:
		return segmentProblem(s)
	}
}

// segmentProblem looks for dot segments in a path as the most careless server
// would: it decodes escapes first, a slash of either direction ends a segment,
// and so does a semicolon. A query ends the path. An escaped percent sign is
// refused, because somebody may decode twice.
func segmentProblem(path []byte) string {
	dots, other := 0, false
	for i := 0; i < len(path) && path[i] != '?'; i++ {
		c := path[i]
		if c == '%' {
			if i+2 >= len(path) || !isHex(path[i+1]) || !isHex(path[i+2]) {
				return "has a percent sign that does not begin an escape"
			}
			c = hex(path[i+1])<<4 | hex(path[i+2])
			i += 2
			if c == '%' {
				return "has an escaped percent sign"
			}
		}

		switch c {
		case '.':
			dots++
		case '/', '\\', ';':
			if dotSegment(dots, other) {
				return "must not have a dot segment"
			}
			dots, other = 0, false
		default:
			other = true
		}
	}
	if dotSegment(dots, other) {
		return "must not have a dot segment"
	}

	return ""
}

func dotSegment(dots int, other bool) bool {
	return !other && (dots == 1 || dots == 2)
}

func isDigit(c byte) bool { return c-'0' <= 9 }

func isHex(c byte) bool { return isDigit(c) || (c|0x20)-'a' <= 'f'-'a' }

// hex returns the value of a hexadecimal digit of either case.
func hex(c byte) byte {
	if isDigit(c) {
		return c - '0'
	}

	return (c | 0x20) - 'a' + 10
}
