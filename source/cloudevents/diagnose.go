package cloudevents

import (
	"context"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

var _ cactus.Diagnoser = (*source)(nil)

// Diagnose implements [cactus.Diagnoser]. Of a verifier that is no
// [signature.Diagnoser] it knows only the error.
func (s *source) Diagnose(_ context.Context, req *cactus.Request) signature.Diagnosis {
	return signature.Diagnose(s.verifier, req.Header, req.Body, req.ReceivedAt)
}
