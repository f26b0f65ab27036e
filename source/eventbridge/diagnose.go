package eventbridge

import (
	"context"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

var _ cactus.Diagnoser = (*source)(nil)

// Diagnose implements [cactus.Diagnoser]. Of a verifier that is no
// [signature.Diagnoser] it knows only the error.
func (s *source) Diagnose(_ context.Context, req *cactus.Request) signature.Diagnosis {
	if d, ok := s.verifier.(signature.Diagnoser); ok {
		return d.Diagnose(req.Header, req.Body, req.ReceivedAt)
	}
	_, err := s.verifier.Verify(req.Header, req.Body, req.ReceivedAt)
	d := signature.Diagnosis{Err: err}
	if err != nil {
		d.Findings = []signature.Finding{{Cause: signature.CauseUnexplained, Detail: "its verifier does not say why"}}
	}
	return d
}
