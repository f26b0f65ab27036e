package cloudevents

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

// appendBatch appends the events of a JSON array. Errors count them from zero.
func appendBatch(dst []cactus.Envelope, array []byte) ([]cactus.Envelope, error) {
	index := 0
	err := eachElement(array, func(element []byte, offset int) error {
		var err error
		if dst, err = appendEvent(dst, element); err != nil {
			return inBatch(index, offset, err)
		}
		index++
		return nil
	})
	return dst, err
}

// inBatch says where in the whole body a fault of syntax is.
func inBatch(index, offset int, err error) error {
	if syntax := (*envelope.Error)(nil); errors.As(err, &syntax) {
		return fmt.Errorf("event %d: %s at byte %d", index, syntax.Problem, offset+syntax.Offset)
	}
	return fmt.Errorf("event %d: %w", index, err)
}

var (
	errNoArray    = errors.New("body: a batch must be a JSON array")
	errArrayEnd   = errors.New("body: the array does not end")
	errAfterArray = errors.New("body: data after the array")
)

// eachElement calls fn with each element of a JSON array and where it begins. It
// knows no more of JSON than where elements end if they are objects: fn must
// check that each is one.
func eachElement(array []byte, fn func(element []byte, offset int) error) error {
	i := skipSpace(array, 0)
	if i == len(array) || array[i] != '[' {
		return errNoArray
	}
	i = skipSpace(array, i+1)
	if i < len(array) && array[i] == ']' {
		return checkAfter(array, i+1)
	}
	for {
		i = skipSpace(array, i)
		end := elementEnd(array, i)
		if end == len(array) {
			return errArrayEnd
		}
		if err := fn(bytes.TrimRight(array[i:end:end], " \t\r\n"), i); err != nil {
			return err
		}
		if array[end] == ']' {
			return checkAfter(array, end+1)
		}
		i = end + 1
	}
}

// elementEnd returns the index of the comma or bracket after the element at
// b[i], or the end.
func elementEnd(b []byte, i int) int {
	for depth := 0; i < len(b); i++ {
		switch b[i] {
		case '"':
			i = stringEnd(b, i)
		case '{', '[':
			depth++
		case '}', ']':
			if depth == 0 && b[i] == ']' {
				return i
			}
			depth--
		case ',':
			if depth == 0 {
				return i
			}
		}
	}
	return len(b)
}

// stringEnd returns the index of the quote that ends the string at b[i], or the
// end.
func stringEnd(b []byte, i int) int {
	for i++; i < len(b) && b[i] != '"'; i++ {
		if b[i] == '\\' {
			i++
		}
	}
	return i
}

func checkAfter(b []byte, i int) error {
	if skipSpace(b, i) < len(b) {
		return errAfterArray
	}
	return nil
}

func skipSpace(b []byte, i int) int {
	for i < len(b) && (b[i] == ' ' || b[i] == '\n' || b[i] == '\r' || b[i] == '\t') {
		i++
	}
	return i
}
