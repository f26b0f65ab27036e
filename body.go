package cactus

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strings"
)

// refusal is a request that HTTP itself has a status for.
type refusal struct {
	status int
	text   string
	allow  []string
}

func (e *refusal) Error() string { return e.text }

var (
	errCompressed = &refusal{status: http.StatusUnsupportedMediaType, text: "compressed bodies are not supported"}
	errMediaType  = &refusal{status: http.StatusUnsupportedMediaType, text: "content type not supported"}
	errTooLarge   = &refusal{status: http.StatusRequestEntityTooLarge, text: "body too large"}
	errCutShort   = &refusal{status: http.StatusBadRequest, text: "body ended early"}
)

// read checks the content's headers and reads the body, into no more memory than
// it says it needs if it is going to be kept.
func (d *delivery) read(r *http.Request, limits *Limits, kept bool) error {
	if encoding := r.Header["Content-Encoding"]; len(encoding) > 0 && !strings.EqualFold(encoding[0], "identity") {
		return errCompressed
	}
	if !acceptable(r.Header["Content-Type"], limits.ContentTypes) {
		return errMediaType
	}
	if r.ContentLength > limits.MaxBody {
		return errTooLarge
	}
	want := min(r.ContentLength+1, maxPooledBody)
	if want < 1 || !kept {
		want = max(want, minBody)
	}
	buf := d.body
	if kept || int64(cap(buf)) < want {
		buf = make([]byte, 0, want)
	}
	for r.Body != nil {
		n, err := r.Body.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		if int64(len(buf)) > limits.MaxBody {
			return errTooLarge
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
				return errTooLarge
			}
			return errCutShort
		}
		if len(buf) == cap(buf) {
			buf = slices.Grow(buf, len(buf))
		}
	}
	if d.req.Body = buf; !kept {
		d.body = buf
	}
	return nil
}

// acceptable reports whether a Content-Type is among the allowed ones. One of
// JSON must be in UTF-8, if it says in what it is.
func acceptable(header, allowed []string) bool {
	if len(header) == 1 && slices.Contains(allowed, header[0]) || slices.Contains(allowed, "*/*") {
		return true
	}
	if len(header) != 1 {
		return false
	}
	media, params, err := mime.ParseMediaType(header[0])
	if err != nil || !slices.Contains(allowed, media) {
		return false
	}
	charset := params["charset"]
	return charset == "" || strings.EqualFold(charset, "utf-8") || !strings.HasSuffix(media, "json")
}
