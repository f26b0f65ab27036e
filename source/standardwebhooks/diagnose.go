package standardwebhooks

import (
	"context"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

var _ cactus.Diagnoser = source{}

// Diagnose implements [cactus.Diagnoser].
func (s source) Diagnose(_ context.Context, req *cactus.Request) signature.Diagnosis {
	return s.verifier.Diagnose(req.Header, req.Body, req.ReceivedAt)
}
