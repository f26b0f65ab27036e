package docs_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/cactuscorp/cactus/protocol"
)

//nolint:tagliatelle // the answer's case is that of the other implementations
func Example_protocol() {
	mux := http.NewServeMux()

	type Example struct {
		Example string `json:"example" validate:"max=80"`
	}

	type Answer struct {
		MyEventPayload string `json:"myEventPayload"`
	}

	var r protocol.Registry
	protocol.Handle(&r, "get:event:example", 1, func(_ context.Context, in Example) (Answer, error) {
		if in.Example == "" {
			return Answer{}, protocol.NotFound("NO_EXAMPLE", nil)
		}
		return Answer{MyEventPayload: in.Example}, nil
	})
	protocol.NewProcessor(&r).Mount(mux) // /events, /events/ and /health

	server := httptest.NewServer(mux)
	defer server.Close()
	ask := func(ctx context.Context, url string) error {
		client, err := protocol.NewClient(url)
		if err != nil {
			return err
		}
		answer, err := protocol.Send[Answer](ctx, client, "get:event:example", 1, Example{Example: "example"})
		if err != nil {
			return err
		}
		fmt.Println(answer.MyEventPayload)
		return nil
	}
	fmt.Println(ask(context.Background(), server.URL+"/events/"))
	// Output:
	// example
	// <nil>
}
