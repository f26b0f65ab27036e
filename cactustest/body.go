package cactustest

import (
	"testing"
	"time"

	"github.com/cactuscorp/cactus"
)

// Body returns e as [cactus.Marshal] writes it, with its data.
func Body(tb testing.TB, e cactus.Event) []byte {
	tb.Helper()
	body, err := cactus.Marshal(e)
	if err != nil {
		tb.Fatalf("cactustest: %v", err)
	}
	return body
}

// ThinBody returns e as [cactus.MarshalThin] writes it.
func ThinBody(tb testing.TB, e cactus.Event) []byte {
	tb.Helper()
	body, err := cactus.MarshalThin(e)
	if err != nil {
		tb.Fatalf("cactustest: %v", err)
	}
	return body
}

// Envelope returns what [cactus.Registry.Dispatch] takes for a body, as if it
// had just been received and verified.
func Envelope(tb testing.TB, body []byte) *cactus.Envelope {
	tb.Helper()
	env, err := cactus.ParseEnvelope(body)
	if err != nil {
		tb.Fatalf("cactustest: %v", err)
	}
	env.Key, env.ReceivedAt = KeyName, time.Now()
	return env
}
