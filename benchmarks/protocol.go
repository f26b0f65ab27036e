package benchmarks

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/go-playground/validator/v10"

	"github.com/cactuscorp/cactus/protocol"
)

// Quote is the payload of the request event.
type Quote struct {
	Product  string  `json:"product"  validate:"required"`
	Currency string  `json:"currency" validate:"len=3"`
	Cents    int64   `json:"cents"    validate:"min=1"`
	IDs      []int64 `json:"ids"      validate:"max=10"`
	Buyer    struct {
		Email string `json:"email" validate:"email"`
		Age   int    `json:"age"   validate:"min=18"`
	} `json:"buyer"`
}

// Quoted is the payload of its response.
type Quoted struct {
	Product string `json:"product"`
	Cents   int64  `json:"cents"`
	Count   int    `json:"count"`
}

const quoteEvent = "get:quote"

// quoteGain is what a tally gains with each request event.
const quoteGain = len("evt_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM000000") + len("saguaro") + 3

func quoteBody(id string) []byte {
	return fmt.Appendf(nil, `{"name":%q,"version":1,"id":%q,"flowId":"a47830ca-3bcf-11ea-a232-2e728ce88125",`+
		`"payload":{"product":"saguaro","currency":"EUR","cents":1999,"ids":[1,2,3],`+
		`"buyer":{"email":"ada@cactuscorp.example","age":36}},`+
		`"identity":{"userId":"USER_ID"},"auth":{"token":"none"},"metadata":{"origin":"shop","date":"00-00-0000"}}`, quoteEvent, id)
}

// plain signs nothing.
type plain struct{}

func (plain) Sign(http.Header, string, []byte, time.Time) error { return nil }

var (
	quoteCactus = Case{Name: "cactus", Start: working(func() Work {
		return serving(newRing(quoteBody, plain{}), http.StatusOK, quoteGain, quoteProcessor)
	})}
	quoteByHand = Case{Name: "net/http + encoding/json", Start: working(func() Work {
		return serving(newRing(quoteBody, plain{}), http.StatusOK, quoteGain, newQuotePeer)
	})}
)

func quoteProcessor(seen *tally) http.Handler {
	var r protocol.Registry
	protocol.Handle(&r, quoteEvent, 1, func(ctx context.Context, q Quote) (Quoted, error) {
		seen.note(protocol.IDFromContext(ctx), q.Product, len(q.IDs))
		return Quoted{Product: q.Product, Cents: q.Cents, Count: len(q.IDs)}, nil
	})
	return protocol.NewProcessor(&r)
}

// wireEvent is an event as somebody writes it down who needs no more than this.
type wireEvent struct {
	Name     string          `json:"name"`
	Version  int             `json:"version"`
	ID       string          `json:"id"`
	FlowID   string          `json:"flowId"` //nolint:tagliatelle // the wire's case
	Payload  json.RawMessage `json:"payload"`
	Identity json.RawMessage `json:"identity"`
	Auth     json.RawMessage `json:"auth"`
	Metadata json.RawMessage `json:"metadata"`
}

// quotePeer is a hand-written handler that decodes, validates and encodes what the
// processor does, and answers nothing but good events.
type quotePeer struct {
	seen     *tally
	validate *validator.Validate
}

func newQuotePeer(seen *tally) http.Handler {
	return &quotePeer{seen, validator.New(validator.WithRequiredStructEnabled())}
}

func (p *quotePeer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	answer, err := p.answer(body)
	if err != nil {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_, _ = w.Write(answer)
}

func (p *quotePeer) answer(body []byte) ([]byte, error) {
	var e wireEvent
	if err := json.Unmarshal(body, &e); err != nil {
		return nil, err
	}
	if e.Name != quoteEvent || e.Version != 1 {
		return nil, fmt.Errorf("no handler of %s", e.Name)
	}
	var q Quote
	if err := json.Unmarshal(e.Payload, &q); err != nil {
		return nil, err
	}
	if err := p.validate.Struct(&q); err != nil {
		return nil, err
	}
	p.seen.note(e.ID, q.Product, len(q.IDs))
	payload, err := json.Marshal(Quoted{Product: q.Product, Cents: q.Cents, Count: len(q.IDs)})
	if err != nil {
		return nil, err
	}
	e.Name += ":response"
	e.Payload = payload
	e.Auth = json.RawMessage("{}")
	return json.Marshal(&e)
}

func protocolComparisons() []Comparison {
	const name = "events-protocol request"
	return []Comparison{
		against(name, quoteCactus, quoteByHand, atMost(1.25)).memory(name, Aim{}, Aim{}),
	}
}
