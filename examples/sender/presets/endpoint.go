package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// startEndpoint starts a server that says what comes, and whether it is signed.
func startEndpoint() *httptest.Server {
	verifier := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: secret}))
	return httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "want less", http.StatusBadRequest)
			return
		}
		signed := "unsigned"
		if _, err := verifier.Verify(r.Header, body, time.Now()); err == nil {
			signed = "signed"
		}
		fmt.Printf("  %s %s, %s: %s\n", r.URL.Path, r.Header.Get("X-Environment"), signed, body)
	}))
}
