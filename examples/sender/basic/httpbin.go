package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
)

// startHTTPBin starts an endpoint whose /post answers with what it was sent.
func startHTTPBin() *httptest.Server {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /post", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || !json.Valid(body) {
			http.Error(w, "want JSON", http.StatusBadRequest)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		_, _ = w.Write([]byte(`{"json":` + string(body) + `}`)) // the sender may have gone
	})
	return httptest.NewServer(mux)
}
