package signature_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

func TestSchemes_PrintNoSecret(t *testing.T) {
	const secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
	key := func(prefix string) signature.Key { return signature.Key{Name: "main", Secret: prefix + secret} }
	standard := signature.Must(signature.NewStandardWebhooks(key("whsec_"), signature.Key{Name: "old", Secret: "whsec_" + secret[1:] + "A"}))
	schemes := map[string]any{
		`signature.StandardWebhooks("main", "old")`: standard,
		`signature.Stripe("main")`:                  signature.Must(signature.NewStripe(key("whsec_"))),
		`signature.GitHub("main")`:                  signature.Must(signature.NewGitHub(key(""))),
		`signature.Slack("main")`:                   signature.Must(signature.NewSlack(key(""))),
		`signature.Template("main")`: signature.Must(signature.NewTemplate(signature.Format{
			Header: "X-Signature", Signed: "{body}",
		}, key(""))),
		`signature.Token("main")`: signature.Must(signature.NewToken("X-Token", key(""))),
		`signature.Token()`:       &signature.Token{},
		`signature.GitHub()`:      signature.GitHub{},
	}
	for want, scheme := range schemes {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d", "%x"} {
			require.Equal(t, want, fmt.Sprintf(verb, scheme), verb)
		}
	}
	require.Equal(t, `signature.StandardWebhooks("main", "old")`, fmt.Sprintf("%s", *standard))
}
