package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
)

// startEndpoints starts what the targets' owners run: one that works, one that is
// out of order for a moment, and one that wants no more of it.
func startEndpoints() *httptest.Server {
	var asked atomic.Int32
	mux := http.NewServeMux()
	mux.HandleFunc("POST /docs", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "want less", http.StatusBadRequest)
			return
		}
		fmt.Printf("/docs is told: %s\n", body)
		_, _ = io.WriteString(w, "thanks") // the sender may have gone
	})
	mux.HandleFunc("POST /chat", func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 1 {
			w.WriteHeader(http.StatusServiceUnavailable)
			_, _ = io.WriteString(w, "restarting")
			return
		}
		_, _ = io.WriteString(w, "posted")
	})
	mux.HandleFunc("POST /gone", func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusGone)
		_, _ = io.WriteString(w, "closed")
	})
	return httptest.NewServer(mux)
}
