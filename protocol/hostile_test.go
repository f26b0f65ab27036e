package protocol_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
	"github.com/cactuscorp/cactus/protocol/protocoltest"
)

// What is absent of an event is {}, and each event's own: a handler that breaks
// its own does no harm to the next.
func TestProcessor_GivesEachEventItsOwnEmptyObjects(t *testing.T) {
	p := protocol.NewProcessor(handling(func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
		for _, raw := range []json.RawMessage{e.Payload, e.Identity, e.Auth, e.Metadata} {
			clear(raw)
		}
		return &protocol.Event{Name: "get:event:response"}, nil
	}))
	request := []byte(`{"name":"get:event","version":1,"id":"i","flowId":"f"}`)
	for range 2 {
		p.Process(t.Context(), request)
		require.JSONEq(t, `{"name":"no:such:notFound","version":1,"id":"i","flowId":"f",`+
			`"payload":{"code":"EVENT_NOT_FOUND","parameters":{"message":"Event Name no:such of version 1 was not found"}},`+
			`"identity":{},"auth":{},"metadata":{}}`,
			string(p.Process(t.Context(), bytes.Replace(request, []byte("get:event"), []byte("no:such"), 1))))
	}
	answer, err := protocol.NewTransportClient(func(context.Context, []byte) ([]byte, error) {
		return []byte(`{"name":"a:b:response","version":1}`), nil
	}).SendEvent(t.Context(), &protocol.Event{Name: "a:b", Version: 1})
	require.NoError(t, err)
	require.JSONEq(t, `{}`, string(answer.Payload))
}

func TestProcessor_AnswersHostileEvents(t *testing.T) {
	p := protocol.NewProcessor(handling(echo))
	deep := func(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }
	event := func(payload string) string { return `{"name":"get:event","version":1,"payload":` + payload + `}` }
	for name, tt := range map[string]struct{ request, answer string }{
		"as deep as may be":          {event(deep(511)), "get:event:response"},
		"too deep":                   {event(deep(512)), "badProtocol"},
		"a bomb":                     {event(deep(400_000)), "badProtocol"},
		"a bomb without end":         {strings.Repeat(`{"payload":`, 80_000), "badProtocol"},
		"a huge number":              {event("1" + strings.Repeat("0", 500_000)), "get:event:response"},
		"a huge version":             {`{"name":"get:event","version":` + strings.Repeat("9", 500_000) + `}`, "badProtocol"},
		"a huge exponent":            {`{"name":"get:event","version":1e999999999}`, "badProtocol"},
		"a version between":          {`{"name":"get:event","version":9007199254740993}`, "get:event:notFound"},
		"half a surrogate":           {event(`"\ud800"`), "get:event:response"},
		"half a surrogate in a name": {`{"name":"get:event\ud800","version":1}`, "get:event\ufffd:notFound"},
		"half a surrogate in a key":  {`{"name":"get:event","version":1,"\udfff":1}`, "badProtocol"},
		"no UTF-8":                   {event("\"\xff\""), "badProtocol"},
		"too long for UTF-8":         {event("\"\xc0\xaf\""), "badProtocol"},
		"a byte order mark":          {"\ufeff" + event("1"), "badProtocol"},
		"a null byte":                {event("\"\x00\""), "badProtocol"},
		"a name twice":               {`{"name":"get:event","n\u0061me":"no:such","version":1}`, "badProtocol"},
		"an auth twice":              {`{"name":"get:event","version":1,"auth":{},"\u0061uth":{}}`, "badProtocol"},
		"another case is no key":     {`{"name":"get:event","NAME":"no:such","version":1}`, "get:event:response"},
		"two events":                 {event("1") + event("2"), "badProtocol"},
		"no name":                    {`{"name":"","version":1}`, ":notFound"},
		"a name with a quote":        {`{"name":"\"},\u0000","version":1}`, "\"},\x00:notFound"},
		"huge metadata":              {`{"name":"get:event","version":1,"metadata":{"a":"` + strings.Repeat("<", 500_000) + `"}}`, "get:event:response"},
		"many keys":                  {`{"name":"get:event","version":1` + strings.Repeat(`,"a":1`, 100_000) + `}`, "get:event:response"},
	} {
		var answer protocol.Event
		raw := p.Process(t.Context(), []byte(tt.request))
		require.NoError(t, json.Unmarshal(raw, &answer), name)
		require.Equal(t, tt.answer, answer.Name, name)
		require.LessOrEqual(t, len(raw), 2*len(tt.request)+1000, name)
	}
}

// Parameters that cannot be sent are a failure that the caller is not told of.
func TestProcessor_LogsAnErrorThatCannotBeSent(t *testing.T) {
	for _, params := range []any{make(chan int), panicking{}} {
		var buf bytes.Buffer
		p := protocol.NewProcessor(handling(func(context.Context, *protocol.Event) (*protocol.Event, error) {
			return nil, protocol.NotFound("NO_OFFERS", params)
		}), protocol.WithLogger(slog.New(slog.NewTextHandler(&buf, nil))))
		require.Contains(t, string(p.Process(t.Context(), []byte(`{"name":"get:event","version":1}`))), "UNHANDLED_ERROR")
		require.Contains(t, buf.String(), `level=ERROR msg="event failed"`)
		require.NotContains(t, buf.String(), "s3cret")
	}
}

func TestProcessor_LogsNoHalfCharacters(t *testing.T) {
	var buf bytes.Buffer
	p := protocol.NewProcessor(new(protocol.Registry), protocol.WithLogger(slog.New(slog.NewTextHandler(&buf, nil))))
	p.Process(t.Context(), []byte(`{"name":"n","version":1,"id":"x`+strings.Repeat("é", 1000)+`"}`))
	require.Contains(t, buf.String(), "EventID=x"+strings.Repeat("é", 99)+" ")
}

// Whether a registration comes before the first event or too late, is nobody's
// data race.
func TestRegistry_IsSafeToFillWhileItServes(t *testing.T) {
	r := handling(echo)
	p := protocol.NewProcessor(r)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			defer func() {
				if v := recover(); v != nil && !strings.Contains(fmt.Sprint(v), "after the first event") {
					t.Errorf("panic: %v", v)
				}
			}()
			protocol.HandleEvent(r, "get:event", i+2, echo)
		})
		all.Go(func() {
			if got := p.Process(t.Context(), []byte(`{"name":"get:event","version":1}`)); !bytes.Contains(got, []byte(":response")) {
				t.Errorf("got %s", got)
			}
			r.Events()
		})
	}
	all.Wait()
}

func TestHandle_TellsTheHandlerWhatItHandles(t *testing.T) {
	var r protocol.Registry
	protocol.Handle(&r, "get:event", 1, func(ctx context.Context, _ struct{}) (map[string]any, error) {
		e := protocol.EventFromContext(ctx)
		return map[string]any{
			"name": e.Name, "version": e.Version, "id": e.ID, "flowId": e.FlowID,
			"identity": e.Identity, "token": len(e.Auth) > 2, "metadata": e.Metadata,
		}, nil
	})
	request := protocoltest.New(t, "get:event", 1, nil)
	request.Identity, request.Auth, request.Metadata = json.RawMessage(`{"userId":7}`), json.RawMessage(`{"token":"t"}`), json.RawMessage(`{"origin":"o"}`)
	answer := protocoltest.Send(t, &r, request)
	require.JSONEq(t, `{"name":"get:event","version":1,"id":"test-id","flowId":"test-flow","identity":{"userId":7},"token":true,"metadata":{"origin":"o"}}`,
		string(answer.Payload))
}
