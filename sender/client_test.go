package sender_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/sender"
)

func TestClient_NamesTheLibrarysVersion(t *testing.T) {
	t.Parallel()

	agent := ""
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { agent = r.UserAgent() }))
	defer server.Close()
	client := sender.NewClient(sender.Config{Guard: loopback()})
	defer client.CloseIdleConnections()
	require.Equal(t, sender.Delivered, client.Attempt(t.Context(), &sender.Message{URL: server.URL}, 1).Outcome)
	require.Equal(t, "cactus-go/"+cactus.Version, agent)
}
