package sender

import (
	"bytes"
	"errors"
	"io"
	"sync"
)

const (
	maxAnswer = 16 << 10 // what is kept of an answer's body
	maxDrain  = 16 << 10 // what more is read, so that the connection can be used again
)

var answers = sync.Pool{New: func() any { return new([maxAnswer]byte) }}

// readAnswer reads and closes the body of an answer of the given length, which is
// negative if it is not known. It returns up to 16 KiB of it, and whether there was
// more or it broke off. The body must end with the attempt's context.
func readAnswer(body io.ReadCloser, length int64) (kept []byte, truncated bool) {
	defer body.Close()
	if length == 0 {
		return nil, false
	}
	buffer, ok := answers.Get().(*[maxAnswer]byte)
	if !ok {
		buffer = new([maxAnswer]byte)
	}
	defer answers.Put(buffer)
	n, err := fill(body, buffer[:])
	if n > 0 {
		kept = bytes.Clone(buffer[:n])
	}
	switch {
	case err != nil:
		return kept, !errors.Is(err, io.EOF)
	case length > maxAnswer+maxDrain:
		return kept, true
	}
	more, err := io.CopyN(io.Discard, body, maxDrain)
	return kept, more > 0 || !errors.Is(err, io.EOF)
}

// fill is io.ReadFull without its io.ErrUnexpectedEOF, which is also what a body
// returns that breaks off.
func fill(r io.Reader, buffer []byte) (n int, err error) {
	for n < len(buffer) && err == nil {
		var read int
		read, err = r.Read(buffer[n:])
		n += read
	}
	return n, err
}
