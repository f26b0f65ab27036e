package protocol

import "bytes"

// scanner walks over JSON that json.Unmarshal has read before: it trusts its
// input to be valid. It allocates nothing for structs of up to 32 fields.
type scanner struct {
	data []byte
	pos  int
}

// agrees steps over a value and reports whether there is no doubt about how
// json.Unmarshal read it: every required field is there and not null, none is
// there twice, and no key is left over that is a field's in another spelling.
func (s *scanner) agrees(sh *shape) bool {
	s.space()
	switch {
	case !sh.scan:
		s.skip()
		return true
	case s.data[s.pos] == '{' && sh.kind == objectShape:
		return s.object(sh)
	case s.data[s.pos] == '{' || s.data[s.pos] == '[':
		return s.elements(sh)
	default: // null, where a nil is welcome
		s.skip()
		return true
	}
}

func (s *scanner) object(sh *shape) bool {
	var few [32]bool
	seen := few[:]
	if len(sh.fields) > len(few) {
		seen = make([]bool, len(sh.fields))
	}
	next := 0
	for s.pos++; s.more('}'); {
		key, plain := s.key()
		if !plain {
			return false
		}
		i, rank := sh.find(key, next)
		switch {
		case i < 0:
			s.skip()
			continue
		case rank == 2, seen[i]: // of a key that stands twice, encoding/json mixes the values
			return false
		}
		f := &sh.fields[i]
		if s.data[s.pos] == 'n' {
			if !f.nullable {
				return false
			}
			s.skip()
		} else if !s.agrees(f.shape) {
			return false
		}
		seen[i] = true
		next = i + 1
	}
	for i := range sh.fields {
		if sh.fields[i].required && !seen[i] {
			return false
		}
	}
	return true
}

// elements steps over a list or a dict.
func (s *scanner) elements(sh *shape) bool {
	closing := s.data[s.pos] + 2 // ']' follows '[' by two, as '}' does '{'
	for s.pos++; s.more(closing); {
		if closing == '}' {
			s.key()
		}
		if s.data[s.pos] == 'n' && !sh.nilElem || !s.agrees(sh.elem) {
			return false
		}
	}
	return true
}

// more steps to the next member or element and reports whether there is one. If
// not, it steps over the closing bracket.
func (s *scanner) more(closing byte) bool {
	s.space()
	if s.data[s.pos] == ',' {
		s.pos++
		s.space()
	}
	if s.data[s.pos] != closing {
		return true
	}
	s.pos++
	return false
}

// key steps over a member's key and colon to its value. It returns the key
// without its quotes, and whether it is free of escapes.
func (s *scanner) key() (key []byte, plain bool) {
	start := s.pos + 1
	s.skip()
	key = s.data[start : s.pos-1]
	s.space()
	s.pos++
	s.space()
	return key, bytes.IndexByte(key, '\\') < 0
}

func (s *scanner) space() {
	for s.pos < len(s.data) && s.data[s.pos] <= ' ' {
		s.pos++
	}
}

// value returns the value that comes next and steps over it.
func (s *scanner) value() []byte {
	s.space()
	start := s.pos
	s.skip()
	return s.data[start:s.pos]
}

// skip steps over the value that begins here.
func (s *scanner) skip() {
	for depth := 0; ; {
		switch s.data[s.pos] {
		case '"':
			s.string()
		case '{', '[':
			depth++
			s.pos++
		case '}', ']':
			depth--
			s.pos++
		case ',', ':', ' ', '\t', '\r', '\n':
			s.pos++
		default:
			s.literal()
		}
		if depth == 0 {
			return
		}
	}
}

// string steps over a string.
func (s *scanner) string() {
	start := s.pos + 1
	for end := start; ; end++ {
		end += bytes.IndexByte(s.data[end:], '"')
		escapes := 0
		for end-escapes > start && s.data[end-escapes-1] == '\\' {
			escapes++
		}
		if escapes%2 == 0 {
			s.pos = end + 1
			return
		}
	}
}

// literal steps over a number, true, false or null.
func (s *scanner) literal() {
	for s.pos < len(s.data) {
		switch s.data[s.pos] {
		case ',', ']', '}', ' ', '\t', '\r', '\n':
			return
		}
		s.pos++
	}
}
