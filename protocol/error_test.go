package protocol_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
	"github.com/cactuscorp/cactus/protocol/protocoltest"
)

func TestError_HasAConstructorForEachType(t *testing.T) {
	for typ, of := range map[string]func(string, any) error{
		"error": protocol.Generic, "badRequest": protocol.BadRequest, "unauthorized": protocol.Unauthorized,
		"forbidden": protocol.Forbidden, "userDenied": protocol.UserDenied, "resourceDenied": protocol.ResourceDenied,
		"expired": protocol.Expired, "notFound": protocol.NotFound, "unprocessable": protocol.Unprocessable, "gone": protocol.Gone,
	} {
		err := of("CODE", nil)
		require.EqualError(t, err, "protocol: "+typ+" CODE")
		answer := protocoltest.Send(t, handling(func(context.Context, *protocol.Event) (*protocol.Event, error) {
			return nil, err
		}), protocoltest.New(t, "get:event", 1, nil))
		require.Equal(t, "get:event:"+typ, answer.Name)
		require.JSONEq(t, `{"code":"CODE","parameters":{}}`, string(answer.Payload))
	}
}

func TestError_TellsTheCauseToLogsAlone(t *testing.T) {
	cause := errors.New("s3cret")
	err := &protocol.Error{Type: protocol.TypeGone, Code: "CODE", Cause: cause}
	require.EqualError(t, err, "protocol: gone CODE: s3cret")
	require.ErrorIs(t, err, cause)
	answer := protocoltest.Send(t, handling(func(context.Context, *protocol.Event) (*protocol.Event, error) {
		return nil, err
	}), protocoltest.New(t, "get:event", 1, nil))
	require.NotContains(t, string(answer.Payload), "s3cret")

	var none *protocol.Error
	require.EqualError(t, none, "protocol: nil error")
	require.NoError(t, none.Unwrap())
	require.EqualError(t, protocol.Redirect("https://x?token=s3cret", nil), "protocol: redirect")
}

func TestDialect_HasAName(t *testing.T) {
	require.Equal(t, "Python Kotlin Dialect(7)", protocol.Python.String()+" "+protocol.Kotlin.String()+" "+protocol.Dialect(7).String())
}
