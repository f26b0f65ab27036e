package protocol

import (
	"errors"
	"io"
	"net/http"
)

// Mount registers the processor at /events and /events/, and the health route
// of Python's server, GET /health.
func (p *Processor) Mount(mux *http.ServeMux) {
	mux.Handle("/events", p)
	mux.Handle("/events/{$}", p)
	mux.Handle("GET /health", Health())
}

// ServeHTTP answers the event that was posted, at any path. Every answer of the
// protocol has the status 200, errors too; only what is not a POST is 405. The
// content type of a request is not looked at: it is read as JSON in UTF-8. A
// page of another site can therefore post events in a browser's name: if cookies
// open the way to p, wrap it in [http.CrossOriginProtection].
//
// The handler's context is the request's: it ends when the caller hangs up.
func (p *Processor) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodPost {
		w.Header().Set("Allow", http.MethodPost)
		w.WriteHeader(http.StatusMethodNotAllowed)
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, p.maxBody))
	if err != nil {
		problem := &malformedError{text: "the body ended early"}
		if tooLarge := (*http.MaxBytesError)(nil); errors.As(err, &tooLarge) {
			problem.text = "the body is too large"
		}
		writeJSON(w, p.malformed(r.Context(), &Event{}, problem))
		return
	}
	writeJSON(w, p.Process(r.Context(), body))
}

// contentType is shared by all answers. Nobody writes to it.
var contentType = []string{"application/json; charset=utf-8"}

func writeJSON(w http.ResponseWriter, body []byte) {
	w.Header()["Content-Type"] = contentType
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(body)
}
