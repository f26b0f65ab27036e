package benchmarks

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
)

// typedPeer is a hand-written endpoint with a struct for each event type, as
// ours and stripe-go have: the type must be known before the event is decoded,
// so that encoding/json reads the body twice.
type typedPeer struct {
	verify   func(header http.Header, body []byte) error
	handlers map[string]func(ctx context.Context, body []byte) error
}

func newTypedPeer(verify func(http.Header, []byte) error) func(*tally) http.Handler {
	return func(seen *tally) http.Handler {
		return &typedPeer{verify: verify, handlers: map[string]func(context.Context, []byte) error{
			thinType: func(_ context.Context, body []byte) error {
				var e event
				if err := json.Unmarshal(body, &e); err != nil {
					return err
				}
				seen.note(e.ID, e.RelatedObject.ID, 0)
				return nil
			},
		}}
	}
}

func (p *typedPeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if err := p.verify(r.Header, body); err != nil {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	var e struct {
		Type string `json:"type"`
	}
	if err := json.Unmarshal(body, &e); err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	if handle := p.handlers[e.Type]; handle != nil {
		if err := handle(r.Context(), body); err != nil {
			w.WriteHeader(http.StatusInternalServerError)
			return
		}
	}
	w.WriteHeader(http.StatusOK)
}
