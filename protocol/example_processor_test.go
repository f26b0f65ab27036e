package protocol_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/protocol"
)

func ExampleProcessor() {
	var r protocol.Registry
	protocol.HandleEvent(&r, "get:event:example", 1, func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
		return e.Response(map[string]string{"user": e.UserID()})
	})
	p := protocol.NewProcessor(&r)
	answer := p.Process(context.Background(), []byte(`{
		"name": "get:event:example", "version": 1, "id": "1", "flowId": "2",
		"payload": {}, "identity": {"userId": 7}, "auth": {"token": "t"}, "metadata": {}
	}`))
	fmt.Println(string(answer))
	// Output: {"name":"get:event:example:response","version":1,"id":"1","flowId":"2","payload":{"user":"7"},"identity":{"userId": 7},"auth":{},"metadata":{}}
}

func ExampleProcessor_Mount() {
	var r protocol.Registry
	mux := http.NewServeMux()
	protocol.NewProcessor(&r, protocol.WithDialect(protocol.Kotlin)).Mount(mux)

	body := `{"name":"no:such","version":1,"id":"1","flowId":"2","payload":{},"identity":{},"auth":{},"metadata":{}}`
	w := httptest.NewRecorder()
	mux.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/events", strings.NewReader(body)))
	fmt.Println(w.Code, w.Body)
	// Output: 200 {"name":"eventNotFound","version":1,"id":"1","flowId":"2","payload":{"code":"NO_EVENT_HANDLER_FOUND","parameters":{"event":"no:such","version":1}},"identity":{},"auth":{},"metadata":{}}
}

func ExampleNotFound() {
	var r protocol.Registry
	protocol.HandleEvent(&r, "get:offer", 1, func(context.Context, *protocol.Event) (*protocol.Event, error) {
		return nil, protocol.NotFound("NO_OFFERS", map[string]int{"offer": 3})
	})
	answer := protocol.NewProcessor(&r).Process(context.Background(), []byte(`{"name":"get:offer","version":1,"id":"1","flowId":"2"}`))
	fmt.Println(string(answer))
	// Output: {"name":"get:offer:notFound","version":1,"id":"1","flowId":"2","payload":{"code":"NO_OFFERS","parameters":{"offer":3}},"identity":{},"auth":{},"metadata":{}}
}

func ExampleRedirect() {
	var r protocol.Registry
	protocol.HandleEvent(&r, "get:page", 1, func(context.Context, *protocol.Event) (*protocol.Event, error) {
		return nil, protocol.Redirect("https://example.com/page", map[string]any{"n": 2})
	})
	answer := protocol.NewProcessor(&r).Process(context.Background(), []byte(`{"name":"get:page","version":1,"id":"1","flowId":"2"}`))
	fmt.Println(string(answer))
	// Output: {"name":"get:page:redirect","version":1,"id":"1","flowId":"2","payload":{"queryParameters":{"n":2},"url":"https://example.com/page"},"identity":{},"auth":{},"metadata":{}}
}

func ExampleHandleBatch() {
	var r protocol.Registry
	protocol.HandleEvent(&r, "get:echo", 1, func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
		return e.Response(e.Payload)
	})
	protocol.HandleBatch(&r, 1)
	answer := protocol.NewProcessor(&r).Process(context.Background(), []byte(`{"name":"batch","version":1,"id":"1","flowId":"2",
		"payload":{"parallel":true,"events":[{"name":"get:echo","version":1,"payload":"a"},{"name":"get:echo","version":1,"payload":"b"}]}}`))
	fmt.Println(strings.ReplaceAll(string(answer), `{"name"`, "\n"+`{"name"`))
	// Output:
	// {"name":"batch:response","version":1,"id":"1","flowId":"2","payload":[
	// {"name":"get:echo:response","version":1,"id":"1","flowId":"2","payload":"a","identity":{},"auth":{},"metadata":{}},
	// {"name":"get:echo:response","version":1,"id":"1","flowId":"2","payload":"b","identity":{},"auth":{},"metadata":{}}],"identity":{},"auth":{},"metadata":{}}
}

func ExampleRegistry_Use() {
	var r protocol.Registry
	around := func(name string) protocol.Middleware {
		return func(next protocol.HandlerFunc) protocol.HandlerFunc {
			return func(ctx context.Context, e *protocol.Event) (*protocol.Event, error) {
				fmt.Println(name, "before")
				defer fmt.Println(name, "after")
				return next(ctx, e)
			}
		}
	}
	r.Use(around("outer"), around("inner"))
	protocol.HandleEvent(&r, "get:event", 1, func(ctx context.Context, e *protocol.Event) (*protocol.Event, error) {
		fmt.Println("handler, flow", protocol.FlowIDFromContext(ctx))
		return e.Response(nil)
	})
	protocol.NewProcessor(&r).Process(context.Background(), []byte(`{"name":"get:event","version":1,"flowId":"2"}`))
	// Output:
	// outer before
	// inner before
	// handler, flow 2
	// inner after
	// outer after
}

func ExampleEvent() {
	var e protocol.Event
	if err := json.Unmarshal([]byte(`{"name":"get:offer","version":"1","id":7,"flow_id":"2","payload":{"n":65484548474984654}}`), &e); err != nil {
		panic(err)
	}
	raw, err := json.Marshal(e)
	fmt.Println(string(raw), err)
	fmt.Println(json.Unmarshal([]byte(`{"version":"one"}`), &e))
	// Output:
	// {"name":"get:offer","version":1,"id":"7","flowId":"2","payload":{"n":65484548474984654},"identity":{},"auth":{},"metadata":{}} <nil>
	// event: field "name": field required; field "version": value is not a valid integer
}

func ExampleLogging() {
	log := slog.New(slog.NewTextHandler(os.Stdout, &slog.HandlerOptions{ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		if a.Key == slog.TimeKey || a.Key == "duration" {
			return slog.Attr{}
		}
		return a
	}}))
	var r protocol.Registry
	r.Use(protocol.Logging(log), protocol.Timeout(time.Millisecond))
	protocol.HandleEvent(&r, "get:offer", 1, func(ctx context.Context, _ *protocol.Event) (*protocol.Event, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
	protocol.NewProcessor(&r).Process(context.Background(), []byte(`{"name":"get:offer","version":1,"id":"1","flowId":"2"}`))
	// Output: level=ERROR msg="event processed" event.EventID=1 event.FlowID=2 event.Operation=get:offer:v1 type=error code=EVENT_TIMEOUT error="context deadline exceeded"
}

func ExampleRegistry_Events() {
	var r protocol.Registry
	for version := range 2 {
		protocol.HandleEvent(&r, "get:offer", version+1, func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
			return e.Response(nil)
		})
	}
	fmt.Println(r.Events(), r.Handles("get:offer", 3))
	// Output: [{get:offer 1} {get:offer 2}] false
}
