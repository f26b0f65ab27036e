package protocol

import (
	"bytes"
	"unicode/utf8"
)

// find returns the index of the field that key names and how well: 0 to the
// letter, 1 but for case, 2 but for case and underscores. The first two are the
// rules of encoding/json. It guesses next first, and allocates nothing.
func (s *shape) find(key []byte, next int) (index, rank int) {
	if next < len(s.fields) && string(key) == s.fields[next].name {
		return next, 0
	}
	if i, ok := s.exact[string(key)]; ok {
		return i, 0
	}
	if !s.mayKnow(key) {
		return -1, 0
	}
	for i := range s.fields {
		if bytes.EqualFold(s.fields[i].key, key) {
			return i, 1
		}
	}
	for i := range s.fields {
		if equalLoosely(s.fields[i].key, key) {
			return i, 2
		}
	}
	return -1, 0
}

// maxLoose is how long names are, without underscores, that are found by loose.
const maxLoose = 64

// loosely writes key into buf in lower case and without underscores. It reports
// whether key is ASCII and fits.
func loosely(buf *[maxLoose]byte, key []byte) (short []byte, ok bool) {
	n := 0
	for _, c := range key {
		switch {
		case c == '_':
			continue
		case c >= utf8.RuneSelf || n == len(buf):
			return nil, false
		}
		buf[n] = lower(c)
		n++
	}
	return buf[:n], true
}

// mayKnow reports whether key may be a field's name in any spelling. It is for
// payloads with very many keys that are none.
func (s *shape) mayKnow(key []byte) bool {
	var buf [maxLoose]byte
	short, ok := loosely(&buf, key)
	return !ok || s.loose == nil || s.loose[string(short)]
}

// equalLoosely reports whether a and b are equal but for underscores and the
// case of ASCII letters: someCount and some_count.
func equalLoosely(a, b []byte) bool {
	i, j := 0, 0
	for {
		for i < len(a) && a[i] == '_' {
			i++
		}
		for j < len(b) && b[j] == '_' {
			j++
		}
		if i == len(a) || j == len(b) {
			return i == len(a) && j == len(b)
		}
		if lower(a[i]) != lower(b[j]) {
			return false
		}
		i++
		j++
	}
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// looseNames returns the names of fields as loosely writes them, or nil if it
// cannot.
func looseNames(fields []field) map[string]bool {
	names := make(map[string]bool, len(fields))
	for i := range fields {
		var buf [maxLoose]byte
		short, ok := loosely(&buf, fields[i].key)
		if !ok {
			return nil
		}
		names[string(short)] = true
	}
	return names
}
