package protocol_test

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/cactuscorp/cactus/protocol"
)

const benchRequest = `{"name":"get:event:example","version":1,"id":"9230c47c-3bcf-11ea-b77f-2e728ce88125",` +
	`"flowId":"a47830ca-3bcf-11ea-a232-2e728ce88125","payload":{"example":"example"},` +
	`"identity":{"userId":"USER_ID"},"auth":{},"metadata":{"date":"00-00-0000"}}`

type benchIn struct {
	Example string `json:"example"`
}

type benchOut struct {
	MyEventPayload string `json:"MyEventPayload"` //nolint:tagliatelle // the wire's case
}

func benchServe(b *testing.B, h http.Handler) {
	b.Helper()
	b.ReportAllocs()
	body := bytes.NewReader(nil)
	r := httptest.NewRequest(http.MethodPost, "/events", nil)
	for b.Loop() {
		body.Reset([]byte(benchRequest))
		r.Body = io.NopCloser(body)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			b.Fatal(w.Code)
		}
	}
}

func BenchmarkProcessor_RawHandler(b *testing.B) {
	r := new(protocol.Registry)
	protocol.HandleEvent(r, "get:event:example", 1, func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
		var in benchIn
		if err := json.Unmarshal(e.Payload, &in); err != nil {
			return nil, err
		}
		return e.Response(benchOut{in.Example})
	})
	benchServe(b, protocol.NewProcessor(r))
}

// BenchmarkByHand is what the processor is compared with: the same event with
// encoding/json alone.
func BenchmarkByHand(b *testing.B) {
	type event struct {
		Name     string          `json:"name"`
		Version  int             `json:"version"`
		ID       string          `json:"id"`
		FlowID   string          `json:"flowId"` //nolint:tagliatelle // the wire's case
		Payload  json.RawMessage `json:"payload"`
		Identity json.RawMessage `json:"identity"`
		Auth     json.RawMessage `json:"auth"`
		Metadata json.RawMessage `json:"metadata"`
	}
	benchServe(b, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "bad", http.StatusBadRequest)
			return
		}
		var e event
		var in benchIn
		if json.Unmarshal(body, &e) != nil || json.Unmarshal(e.Payload, &in) != nil || e.Name != "get:event:example" || e.Version != 1 {
			http.Error(w, "bad", http.StatusBadRequest)
			return
		}
		payload, err := json.Marshal(benchOut{in.Example})
		if err != nil {
			http.Error(w, "bad", http.StatusInternalServerError)
			return
		}
		e.Name, e.Payload, e.Auth = e.Name+":response", payload, json.RawMessage("{}")
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
		if err := json.NewEncoder(w).Encode(&e); err != nil {
			panic(err)
		}
	}))
}
