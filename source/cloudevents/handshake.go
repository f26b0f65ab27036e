package cloudevents

import (
	"net/http"
	"slices"
	"strings"

	"github.com/cactuscorp/cactus"
)

// Names of headers as a header map has them.
const (
	requestOrigin = "Webhook-Request-Origin"
	allowedOrigin = "Webhook-Allowed-Origin"
	allowedRate   = "Webhook-Allowed-Rate"
)

// Respond answers every OPTIONS request, so that none is ever taken for a
// delivery. The permission is in the headers: no sender goes by the status. It
// also refuses the event formats that are not understood, where the limits let
// any content type through.
func (s *source) Respond(req *cactus.Request, verified bool) *cactus.Response {
	if req.Method != http.MethodOptions {
		if verified || s.types[0] != anyType {
			return nil
		}
		return s.unsupported(req)
	}
	response := &cactus.Response{Header: http.Header{"Allow": {http.MethodPost}}}
	origin, asked := req.Header[requestOrigin]
	if !asked {
		return response
	}
	granted := s.grant(origin)
	if granted == "" {
		response.Status = http.StatusForbidden
		return response
	}
	response.Header[allowedOrigin] = []string{granted}
	response.Header[allowedRate] = []string{s.rate}
	return response
}

func (s *source) unsupported(req *cactus.Request) *cactus.Response {
	_, err := s.contentOf(req.Header["Content-Type"])
	if err == nil {
		return nil
	}
	return &cactus.Response{
		Status: http.StatusUnsupportedMediaType,
		Header: http.Header{"Content-Type": {"text/plain; charset=utf-8"}, "X-Content-Type-Options": {"nosniff"}},
		Body:   []byte(err.Error() + "\n"),
	}
}

// grant returns the origin to allow, or "".
func (s *source) grant(origin []string) string {
	switch {
	case len(origin) != 1 || origin[0] == "":
		return ""
	case slices.Contains(s.origins, "*"):
		return "*"
	}
	for _, allowed := range s.origins {
		if len(allowed) == len(origin[0]) && strings.EqualFold(allowed, origin[0]) {
			return origin[0]
		}
	}
	return ""
}
