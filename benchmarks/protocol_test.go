package benchmarks

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestQuoteIsAnsweredAlikeByHand(t *testing.T) {
	answers := make([]string, 0, 2)
	for _, newHandler := range []func(*tally) http.Handler{quoteProcessor, newQuotePeer} {
		w := httptest.NewRecorder()
		newHandler(new(tally)).ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/events", bytes.NewReader(quoteBody("1"))))
		require.Equal(t, http.StatusOK, w.Code)
		require.Equal(t, "application/json; charset=utf-8", w.Header().Get("Content-Type"))
		answers = append(answers, w.Body.String())
	}
	require.JSONEq(t, answers[0], answers[1])
	require.Contains(t, answers[0], `"count":3`)
}

func BenchmarkProtocol(b *testing.B) { bench(b, quoteCactus, quoteByHand) }
