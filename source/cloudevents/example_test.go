package cloudevents_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

// greeted is the user's own event type.
type greeted struct {
	cactus.Full[struct {
		Message string `json:"message"`
	}]

	Source  string `json:"source"`
	Subject string `json:"subject"`
}

func (greeted) EventType() string { return "com.example.someevent" }

// photographed has data that is not JSON: encoding/json reads base64 into bytes.
type photographed struct {
	cactus.Full[[]byte]

	ContentType string `json:"datacontenttype"`
}

func (photographed) EventType() string { return "com.example.photographed" }

func ExampleNew() {
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *greeted) error {
		fmt.Println(e.ID, "from", e.Source, "on", e.Created.Format(time.DateOnly), "says", e.Data.Message)
		return nil
	})
	verifier := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}))
	handler := cactus.NewHandler(&r, cloudevents.New(verifier))

	// What the sender does:
	body := `{"specversion": "1.0", "id": "1234", "source": "/mycontext", "type": "com.example.someevent",
		"time": "2018-04-05T17:31:00Z", "datacontenttype": "application/json", "data": {"message": "Hello World!"}}`
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	_ = verifier.Sign(req.Header, "msg_1", []byte(body), time.Now())
	w := httptest.NewRecorder()
	handler.ServeHTTP(w, req)
	fmt.Println(w.Code)
	// Output:
	// 1234 from /mycontext on 2018-04-05 says Hello World!
	// 204
}

func ExampleNew_batch() {
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *greeted) error {
		fmt.Println(e.DedupeID, "says", e.Data.Message)
		return nil
	})
	cactus.On(&r, func(_ context.Context, e *photographed) error {
		fmt.Printf("%s says % x\n", e.DedupeID, e.Data)
		return nil
	})
	handler := cactus.NewHandler(&r, cloudevents.New(scheme()))

	w := serve(handler, delivery("application/cloudevents-batch+json", `[
		{"specversion": "1.0", "id": "1", "source": "/a", "type": "com.example.someevent", "data": {"message": "Hello"}},
		{"specversion": "1.0", "id": "1", "source": "/b", "type": "com.example.photographed",
			"datacontenttype": "image/png", "data_base64": "iVBORw=="}
	]`))
	fmt.Println(w.Code)

	// One bad event, and none of the batch is handled.
	w = serve(handler, delivery("application/cloudevents-batch+json", `[
		{"specversion": "1.0", "id": "2", "source": "/a", "type": "com.example.someevent", "data": {"message": "Hello"}},
		{"specversion": "0.3", "id": "3", "source": "/a", "type": "com.example.someevent"}
	]`))
	fmt.Print(w.Code, " ", w.Body)
	// Output:
	// 2 /a 1 says Hello
	// 2 /b 1 says 89 50 4e 47
	// 204
	// 400 cactus: malformed event: event 1: attribute "specversion": must be "1.0"
}

// This scheme signs the event's id along with the body. The source and the type
// are still anybody's word.
func ExampleWithBinary() {
	verifier := signature.Must(signature.NewTemplate(
		signature.Format{Header: "X-Signature", IDHeader: "ce-id", Signed: "{id}.{body}"},
		signature.Key{Secret: "a secret of at least 16 bytes"},
	))
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *photographed) error {
		fmt.Printf("%s: % x is %s\n", e.ID, e.Data, e.ContentType)
		return nil
	})
	handler := cactus.NewHandler(&r, cloudevents.New(verifier, cloudevents.WithBinary()))

	// What the sender does:
	body := "\x89PNG"
	req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
	req.Header.Set("Content-Type", "image/png")
	req.Header.Set("Ce-Specversion", "1.0")
	req.Header.Set("Ce-Source", "/camera/%C3%A9t%C3%A9")
	req.Header.Set("Ce-Type", "com.example.photographed")
	_ = verifier.Sign(req.Header, "1234", []byte(body), time.Now()) // sets ce-id
	handler.ServeHTTP(httptest.NewRecorder(), req)
	// Output: 1234: 89 50 4e 47 is image/png
}

func ExampleWithOrigins() {
	var r cactus.Registry
	handler := cactus.NewHandler(&r, cloudevents.New(scheme(),
		cloudevents.WithOrigins("eventemitter.example.com"), cloudevents.WithRate(100)))

	// What a sender does before it delivers:
	for _, origin := range []string{"eventemitter.example.com", "elsewhere.example.com"} {
		req := httptest.NewRequest(http.MethodOptions, "/", nil)
		req.Header.Set("Webhook-Request-Origin", origin)
		req.Header.Set("Webhook-Request-Rate", "120")
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		fmt.Printf("%d %q %q\n", w.Code, w.Header().Get("Webhook-Allowed-Origin"), w.Header().Get("Webhook-Allowed-Rate"))
	}
	// Output:
	// 200 "eventemitter.example.com" "100"
	// 403 "" ""
}
