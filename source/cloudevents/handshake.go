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
// delivery. The permission is in the headers: no sender goes by the status.
func (s *source) Respond(req *cactus.Request, _ bool) *cactus.Response {
	if req.Method != http.MethodOptions {
		return nil
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
