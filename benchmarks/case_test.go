package benchmarks

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

func TestBodiesHaveTheirSizes(t *testing.T) {
	for _, i := range []int{0, 1, 999_999} {
		require.Len(t, string(thinBody(eventID(i))), thinSize)
		require.Len(t, string(fullBody(eventID(i))), fullSize)
		require.Len(t, string(pushBody(eventID(i))), pushSize)
		require.Len(t, string(smallCloudBody(eventID(i))), smallCloudSize)
	}
	require.NotEqual(t, fullBody(eventID(1)), fullBody(eventID(2)))
	require.NotEqual(t, pushBody(eventID(1)), pushBody(eventID(2)))
}

// TestEveryCaseWorks runs each case a few times; the work checks itself.
func TestEveryCaseWorks(t *testing.T) {
	for _, c := range Comparisons() {
		for _, one := range slices.Concat([]Case{c.Ours}, c.Peers) {
			t.Run(c.Rows[0].Name+"/"+one.Name, func(t *testing.T) {
				work, stop := one.Start()
				defer stop()
				require.NoError(t, work(20))
			})
		}
	}
}

// countingSource counts the calls of Parse.
type countingSource struct {
	cactus.Source

	parsed int
}

func (s *countingSource) Parse(dst []cactus.Envelope, req *cactus.Request) ([]cactus.Envelope, error) {
	s.parsed++
	return s.Source.Parse(dst, req)
}

func TestBadSignatureNeverReachesTheJSON(t *testing.T) {
	notJSON := func(string) []byte { return []byte(`{"id":`) }
	send := func(signer signature.Signer, status int) *countingSource {
		src := &countingSource{Source: cactus.Thin(standardScheme(secretKey))}
		ring := newRing(notJSON, signer)[:3]
		work := serving(ring, status, noGain, func(seen *tally) http.Handler {
			return cactus.NewHandler(thinRegistry(seen), src)
		})
		require.NoError(t, work(3))
		return src
	}
	require.Zero(t, send(standardScheme(forgersKey), http.StatusUnauthorized).parsed)
	require.Equal(t, 3, send(standardScheme(secretKey), http.StatusBadRequest).parsed)
}

func TestWorkNoticesWhatIsWrong(t *testing.T) {
	ring := thinRing(standardScheme(forgersKey))[:1]
	refused := serving(ring, http.StatusOK, thinGain, newPeer(standardVerify()))
	require.ErrorContains(t, refused(1), "answered with status 401, want 200")

	unhandled := serving(ring, http.StatusOK, thinGain, nothing)
	require.ErrorContains(t, unhandled(1), "handlers have seen 0, want")

	require.ErrorIs(t, verifying(ring, standardScheme(secretKey), nil)(1), errVerified)
	require.Error(t, verifyingPeer(ring, standardVerify())(1))

	other := hashing(ring, func() hash.Hash { return hmac.New(sha256.New, forgersKey) })
	require.ErrorIs(t, other(1), errSum)
}

// TestPeersRefuseForgeries makes sure that the peers do verify.
func TestPeersRefuseForgeries(t *testing.T) {
	for name, one := range map[string]struct {
		signer  signature.Signer
		handler func(*tally) http.Handler
	}{
		"svix":              {svixNames{standardScheme(forgersKey)}, newPeer(svixVerify())},
		"svix by type":      {svixNames{standardScheme(forgersKey)}, newTypedPeer(svixVerify())},
		"standard-webhooks": {standardScheme(forgersKey), newPeer(standardVerify())},
		"slack-go":          {slackScheme(forgersKey), newPeer(slackVerify())},
		"stripe-go":         {stripeScheme(forgersKey), newStripePeer},
		"sdk-go":            {structuredHeaders{standardScheme(forgersKey)}, newSDKPeer(oursVerify())},
		"go-github":         {gitHubHeaders{gitHubScheme(forgersKey)}, newGoGitHub},
		"go-github by hand": {gitHubHeaders{gitHubScheme(forgersKey)}, newSmallGitHub},
	} {
		t.Run(name, func(t *testing.T) {
			work := serving(thinRing(one.signer)[:3], http.StatusUnauthorized, noGain, one.handler)
			require.NoError(t, work(3))
		})
	}
}
