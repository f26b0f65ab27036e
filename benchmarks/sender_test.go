package benchmarks

import (
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// TestSendersSendTheSame makes sure that all do the same job: the same body and
// id, a signature that verifies, and nothing that a server would have to undo.
func TestSendersSendTheSame(t *testing.T) {
	for name, newSender := range map[string]func(url string) client{
		"cactus":                        newAttempting(standardScheme(secretKey)),
		"by hand":                       newByHand(standardScheme(secretKey).Sign),
		"by hand, standard-webhooks":    newByHand(standardSign()),
		"go-retryablehttp":              newRetryable(tunedTransport),
		"go-retryablehttp, as it comes": newRetryable(nil),
		"resty":                         newRested(tunedTransport),
		"resty, as it comes":            newRested(nil),
		"RoundTrip":                     newOnlyTrip,
	} {
		t.Run(name, func(t *testing.T) {
			var came []*http.Request
			var bodies []string
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				body, err := io.ReadAll(r.Body)
				if err == nil {
					_, err = standardScheme(secretKey).Verify(r.Header, body, time.Now())
				}
				if err != nil {
					http.Error(w, err.Error(), http.StatusUnauthorized)
					return
				}
				came, bodies = append(came, r), append(bodies, string(body))
				_, _ = io.WriteString(w, answerBody)
			}))
			defer server.Close()
			c := newSender(server.URL)
			defer c.close()
			ring := thinRing(standardScheme(secretKey))
			for _, r := range ring[:3] {
				require.NoError(t, c.send(r))
			}
			require.Len(t, came, 3)
			for i, r := range came {
				require.Equal(t, string(ring[i].body.content), bodies[i])
				require.Equal(t, ring[i].id, r.Header.Get("Webhook-Id"))
				require.Equal(t, "application/json", r.Header.Get("Content-Type"))
				require.Equal(t, http.MethodPost, r.Method)
				require.Equal(t, int64(thinSize), r.ContentLength)
				require.Equal(t, came[0].RemoteAddr, r.RemoteAddr, "another connection")
			}
		})
	}
}

func TestSendersNoticeAWrongAnswer(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	defer server.Close()
	for name, newSender := range map[string]func(url string) client{
		"cactus":           newAttempting(standardScheme(secretKey)),
		"by hand":          newByHand(standardScheme(secretKey).Sign),
		"go-retryablehttp": newRetryable(tunedTransport),
		"resty":            newRested(tunedTransport),
	} {
		t.Run(name, func(t *testing.T) {
			c := newSender(server.URL)
			defer c.close()
			require.ErrorContains(t, c.send(thinRing(standardScheme(secretKey))[0]), "404")
		})
	}
}

// TestAttemptAllocatesNoMoreThanByHand holds the aim for memory, which does not
// depend on the machine.
func TestAttemptAllocatesNoMoreThanByHand(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes pools forget")
	}
	scheme := standardScheme(secretKey)
	weigh := func(newSender func(url string) client) figures {
		work, stop := delivering(bareReceiver, newSender)()
		defer stop()
		require.NoError(t, work(connections*20))
		r := &runner{work: work, batch: 2000}
		require.NoError(t, r.weigh())
		return r.figures
	}
	ours, byHand := weigh(newAttempting(scheme)), weigh(newByHand(scheme.Sign))
	require.LessOrEqual(t, ours.allocs, byHand.allocs)
	require.LessOrEqual(t, ours.bytes, byHand.bytes)
}
