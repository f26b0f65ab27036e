// Command zen receives a webhook of GitHub's kind with nothing but net/http: a
// form whose field payload has JSON. A payload with zen is a test, which is
// answered with the webhook's own number. From the repository's root:
//
//	go run ./examples/sender/zen
//
// GitHub is played by sender.go. Example github receives more of its events.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

func main() {
	if err := run(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, "zen:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context) error {
	const secret = "not the secret of a real webhook"
	mux := http.NewServeMux()
	mux.Handle("POST /packages/github-webhook/", githubWebhook(signature.Must(signature.NewGitHub(signature.Key{Secret: secret}))))
	packages := httptest.NewServer(mux)
	defer packages.Close()

	return play(ctx, packages.URL+"/packages/github-webhook/", secret)
}

// githubWebhook is the receiver.
func githubWebhook(verifier signature.Verifier) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		// The signature is over the body as it came, so it is verified first, and
		// then read as a form.
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "the body is too large", http.StatusRequestEntityTooLarge)
			return
		}
		if _, err := verifier.Verify(r.Header, body, time.Now()); err != nil {
			http.Error(w, "the signature does not match", http.StatusUnauthorized)
			return
		}
		form, err := url.ParseQuery(string(body))
		if err != nil {
			http.Error(w, "want a form", http.StatusBadRequest)
			return
		}
		var data struct {
			Zen    string `json:"zen"`
			HookID int64  `json:"hook_id"`
		}
		if err := json.Unmarshal([]byte(form.Get("payload")), &data); err != nil {
			http.Error(w, "payload: want JSON", http.StatusBadRequest)
			return
		}
		// Webhook test.
		if data.Zen != "" {
			fmt.Println("  Received:", data.Zen)
			_, _ = fmt.Fprint(w, data.HookID) // the sender may have gone
			return
		}
		// More code after this.
		w.WriteHeader(http.StatusNoContent)
	}
}
