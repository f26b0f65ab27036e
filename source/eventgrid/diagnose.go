package eventgrid

import (
	"context"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

// Diagnose implements [cactus.Diagnoser]. Of a token in the query, and of a
// verifier that is no [signature.Diagnoser], it knows only the error.
func (s *source) Diagnose(_ context.Context, req *cactus.Request) signature.Diagnosis {
	v := s.verifier
	if s.token != nil {
		v = inQuery{s, req}
	}
	return signature.Diagnose(v, req.Header, req.Body, req.ReceivedAt)
}

// inQuery is the verifier of one request that has its token in the query.
type inQuery struct {
	source *source
	req    *cactus.Request
}

// Verify implements [signature.Verifier].
func (q inQuery) Verify(http.Header, []byte, time.Time) (string, error) {
	return q.source.verifyQuery(q.req)
}
