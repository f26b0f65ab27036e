package protocol_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"

	"github.com/cactuscorp/cactus/protocol"
)

func ExampleDocs() {
	type Order struct {
		Customer string `doc:"Who orders." json:"customer"`
		Quantity int    `json:"quantity"   validate:"gte=1"`
	}
	type Answer struct {
		ID string `json:"id"`
	}

	var r protocol.Registry
	protocol.Handle(&r, "create:order", 1, func(context.Context, Order) (Answer, error) { return Answer{ID: "o_1"}, nil },
		protocol.WithDoc("Creates an order."),
		protocol.WithExample(Order{Customer: "c_1", Quantity: 2}, Answer{ID: "o_1"}),
	)
	var mux http.ServeMux
	mux.Handle("/docs", protocol.Docs(&r, protocol.DocsTitle("Orders")))

	page, schema := httptest.NewRecorder(), httptest.NewRecorder()
	mux.ServeHTTP(page, httptest.NewRequest(http.MethodGet, "/docs", nil))
	mux.ServeHTTP(schema, httptest.NewRequest(http.MethodGet, "/docs?format=schema", nil))
	fmt.Println(page.Code, page.Header().Get("Content-Type"))

	var doc struct {
		Defs map[string]struct {
			Properties map[string]map[string]any `json:"properties"`
		} `json:"$defs"`
	}
	if err := json.Unmarshal(schema.Body.Bytes(), &doc); err != nil {
		fmt.Println(err)
	}
	fmt.Println("the least quantity is", doc.Defs["Order"].Properties["quantity"]["minimum"])
	// Output:
	// 200 text/html; charset=utf-8
	// the least quantity is 1
}
