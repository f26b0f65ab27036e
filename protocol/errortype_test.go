package protocol_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
)

func TestAnswerType_IsThatOfTheProcessorsAnswer(t *testing.T) {
	for _, tt := range []struct {
		answer *protocol.Event
		err    error
		want   string
	}{
		{&protocol.Event{Name: "a:b:response"}, nil, "response"},
		{&protocol.Event{Name: "eventNotFound"}, nil, "eventNotFound"},
		{nil, nil, "error"},
		{nil, protocol.Redirect("https://x", nil), "redirect"},
		{nil, fmt.Errorf("wrapped: %w", protocol.Gone("OVER", nil)), "gone"},
		{nil, protocol.Generic("BROKEN", nil), "error"},
		{nil, errors.New("no"), "error"},
		{nil, (*nilUpstreamError)(nil), "error"},
		{nil, &protocol.ResponseError{Type: "notFound"}, "error"},
		{&protocol.Event{Name: "a:b:response"}, errors.New("no"), "error"},
	} {
		require.Equal(t, tt.want, protocol.AnswerType(tt.answer, tt.err))
	}
}
