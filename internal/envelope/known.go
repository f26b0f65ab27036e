package envelope

// Known says which members of a JSON value somebody reads. Nil stands for all
// of it.
type Known struct {
	// Members are those of an object by their names, in lower case: case does
	// not matter, as it does not to encoding/json. Nil: all, or no object.
	Members map[string]*Known
	// Items is what is read of each item of an array.
	Items *Known
}

// maxKnown is the longest name, in bytes, that Known may have.
const maxKnown = 64

// CanKnow reports whether Known may have a member of that name: one of ASCII,
// to which nothing outside ASCII but what AppendKnown keeps is equal.
func CanKnow(name string) bool {
	for i := range len(name) {
		if name[i] >= 0x80 {
			return false
		}
	}
	return len(name) <= maxKnown
}

// AppendKnown adds a JSON value to dst without the members that nobody reads.
// It reports false if the value is not as strict as [Scan] wants it, and then
// dst is of no use.
//
// What is left decodes as the whole does. A member stays if its key is known in
// any case or is not ASCII: some letters outside it are equal to ones in it.
func AppendKnown(dst, value []byte, k *Known) ([]byte, bool) {
	dst, i, err := appendKnown(dst, value, skipSpace(value, 0), 0, k)
	return dst, err == nil && skipSpace(value, i) == len(value)
}

func appendKnown(dst, b []byte, i int, depth uint, k *Known) ([]byte, int, *Error) {
	switch {
	case k != nil && i < len(b) && b[i] == '{' && k.Members != nil && depth < maxDepth:
		return appendMembers(dst, b, i, depth, k)
	case k != nil && i < len(b) && b[i] == '[' && k.Items != nil && depth < maxDepth:
		return appendItems(dst, b, i, depth, k)
	}
	end, err := skipValue(b, i, depth)
	if err != nil {
		return dst, end, err
	}
	return append(dst, b[i:end]...), end, nil
}

func appendMembers(dst, b []byte, i int, depth uint, k *Known) ([]byte, int, *Error) {
	dst = append(dst, '{')
	i++
	for begun, first := false, true; ; begun = true {
		start := skipSpace(b, i)
		key, value, err := readKey(b, i, begun)
		if err != nil {
			return dst, value, err
		}
		if i = value; key == nil {
			return append(dst, '}'), i, nil
		}
		below, known := k.member(key)
		if !known {
			if i, err = skipValue(b, i, depth+1); err != nil {
				return dst, i, err
			}
			continue
		}
		if begun { // start is the comma
			start = skipSpace(b, start+1)
		}
		if !first {
			dst = append(dst, ',')
		}
		first = false
		dst = append(dst, b[start:value]...)
		if dst, i, err = appendKnown(dst, b, value, depth+1, below); err != nil {
			return dst, i, err
		}
	}
}

func appendItems(dst, b []byte, i int, depth uint, k *Known) ([]byte, int, *Error) {
	dst = append(dst, '[')
	if i = skipSpace(b, i+1); i < len(b) && b[i] == ']' {
		return append(dst, ']'), i + 1, nil
	}
	for {
		var err *Error
		if dst, i, err = appendKnown(dst, b, skipSpace(b, i), depth+1, k.Items); err != nil {
			return dst, i, err
		}
		if i = skipSpace(b, i); i >= len(b) {
			return dst, i, unexpectedEnd(b)
		}
		switch c := b[i]; c {
		case ']':
			return append(dst, ']'), i + 1, nil
		case ',':
			dst = append(dst, ',')
			i++
		default:
			return dst, i, syntaxError("expected a comma or a closing bracket", i)
		}
	}
}

// member returns what is read of the member with that key.
func (k *Known) member(key []byte) (*Known, bool) {
	if len(key) > maxKnown {
		return nil, !isASCII(key)
	}
	var lower [maxKnown]byte
	for i, c := range key {
		switch {
		case c >= 0x80:
			return nil, true
		case 'A' <= c && c <= 'Z':
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	below, known := k.Members[string(lower[:len(key)])]
	return below, known
}

func isASCII(text []byte) bool {
	for _, c := range text {
		if c >= 0x80 {
			return false
		}
	}
	return true
}
