package cloudevents

import (
	"errors"
	"mime"
	"strings"
)

type mode uint8

const (
	structured mode = iota
	batched
	binary
)

// content is what a Content-Type says.
type content struct {
	mode mode
	json bool // in binary mode, the body is JSON
}

var (
	errNoContentType = errors.New("header Content-Type: must be there, once")
	errContentType   = errors.New("header Content-Type: must be a media type")
	errFormat        = errors.New("header Content-Type: must be " + structuredType + " or " + batchType)
	errBinary        = errors.New("header Content-Type: must be an event format's, as binary mode is off")
	errCharset       = errors.New("header Content-Type: charset must be utf-8")
)

// contentOf reads a Content-Type header. A handler has had the type checked
// against the source's limits, a request from a queue has not.
func (s *source) contentOf(header []string) (content, error) {
	if len(header) != 1 {
		return content{}, errNoContentType
	}
	if header[0] == structuredType {
		return content{mode: structured}, nil
	}
	media, params, err := mime.ParseMediaType(header[0])
	if err != nil {
		return content{}, errContentType
	}
	var c content
	switch {
	case media == structuredType:
		c.mode = structured
	case media == batchType:
		c.mode = batched
	case isEventFormat(media):
		return c, errFormat
	case !s.binary:
		return c, errBinary
	default:
		c = content{mode: binary, json: isJSON(media)}
	}
	if charset := params["charset"]; charset != "" && !strings.EqualFold(charset, "utf-8") && (c.mode != binary || c.json) {
		return content{}, errCharset
	}
	return c, nil
}

// isEventFormat reports whether a Content-Type is reserved for event formats,
// even ones that nobody here knows: the binding goes by the prefix.
func isEventFormat(contentType string) bool {
	const prefix = "application/cloudevents"
	return len(contentType) >= len(prefix) && strings.EqualFold(contentType[:len(prefix)], prefix)
}

// isJSON goes by the subtype, as the JSON event format does.
func isJSON(media string) bool {
	_, subtype, _ := strings.Cut(media, "/")
	return subtype == "json" || strings.HasSuffix(subtype, "+json")
}
