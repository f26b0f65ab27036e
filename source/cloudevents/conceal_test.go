package cloudevents_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

func TestConceal_LeavesOutTheTokenOfAKeptRequest(t *testing.T) {
	const secret = "b52e8a01d8c94f6e8b77"
	token := signature.Must(signature.NewToken("Authorization", signature.Key{Secret: "Bearer " + secret}))
	came := map[string][]string{"Authorization": {"Bearer " + secret}, "Content-Type": {"application/cloudevents+json"}}
	for v, want := range map[signature.Verifier]http.Header{
		token:    {"Content-Type": {"application/cloudevents+json"}},
		scheme(): came, // which has no secret in it
	} {
		req := cactus.NewRequest(came, nil, time.Time{})
		concealer, ok := cloudevents.New(v).(cactus.Concealer)
		require.True(t, ok)
		concealer.Conceal(req)
		require.Equal(t, want, req.Header)
	}
}
