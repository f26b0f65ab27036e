package protocol_test

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
	"github.com/cactuscorp/cactus/protocol/protocoltest"
)

func batch(t *testing.T, r *protocol.Registry, payload string) *protocol.Event {
	t.Helper()
	return protocoltest.Send(t, r, protocoltest.New(t, protocol.BatchName, 1, json.RawMessage(payload)))
}

func manyEvents(n int) string {
	events := make([]string, n)
	for i := range events {
		events[i] = fmt.Sprintf(`{"name":"get:event","version":1,"payload":%d}`, i)
	}
	return strings.Join(events, ",")
}

func TestHandleBatch_AnswersInOrder(t *testing.T) {
	for _, tt := range []struct {
		parallel string
		most     int32
		took     time.Duration
	}{
		{"true", protocol.MaxBatchParallel, 5 * time.Second},
		{"false", 1, 40 * time.Second},
	} {
		synctest.Test(t, func(t *testing.T) {
			var running, most atomic.Int32
			r := handling(func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
				if n := running.Add(1); n > most.Load() {
					most.Store(n)
				}
				time.Sleep(time.Second)
				running.Add(-1)
				return e.Response(e.Payload)
			})
			protocol.HandleBatch(r, 1)
			start := time.Now()
			answers := protocoltest.Payload[[]protocol.Event](t, batch(t, r, `{"parallel":`+tt.parallel+`,"events":[`+manyEvents(40)+`]}`))
			require.Equal(t, tt.took, time.Since(start))
			require.Equal(t, tt.most, most.Load())
			require.Len(t, answers, 40)
			for i, answer := range answers {
				require.Equal(t, strconv.Itoa(i), string(answer.Payload))
				require.Equal(t, "test-flow", answer.FlowID)
			}
		})
	}
}

func TestHandleBatch_AnswersEachEventForItself(t *testing.T) {
	r := handling(echo)
	protocol.HandleEvent(r, "raise:panic", 1, func(context.Context, *protocol.Event) (*protocol.Event, error) { panic("boom") })
	protocol.HandleBatch(r, 1)
	answers := protocoltest.Payload[[]protocol.Event](t, batch(t, r, `{"parallel":true,"events":[
		{"name":"raise:panic","version":1}, {"name":"no:such","version":1}, 7, {"version":1},
		{"name":"batch","version":1,"payload":{"events":[]}}, {"name":"get:event","version":1}]}`))
	names := make([]string, 0, len(answers))
	for _, answer := range answers {
		names = append(names, answer.Name)
	}
	require.Equal(t, []string{"raise:panic:error", "no:such:notFound", "badProtocol", "badProtocol", "batch:badRequest", "get:event:response"}, names)
	require.Equal(t, "NESTED_BATCH", protocoltest.Code(t, &answers[4]))
	require.Empty(t, protocoltest.Payload[[]protocol.Event](t, batch(t, r, `{"events":[]}`)))
}

// Kotlin's reader takes no event without its ids, in a batch too.
func TestHandleBatch_AsksOfItsEventsWhatTheDialectAsks(t *testing.T) {
	r := handling(echo)
	protocol.HandleBatch(r, 1)
	request := protocoltest.New(t, protocol.BatchName, 1, json.RawMessage(`{"events":[{"name":"get:event","version":1},
		{"name":"get:event","version":1,"id":"i","flowId":"f","payload":{},"identity":{},"auth":{},"metadata":{}}]}`))
	answer := protocoltest.Send(t, r, request, protocol.WithDialect(protocol.Kotlin))
	answers := protocoltest.Payload[[]protocol.Event](t, answer)
	require.Equal(t, "badProtocol", answers[0].Name)
	require.Contains(t, string(answers[0].Payload), `{"propertyName":"id"}`)
	require.Equal(t, "get:event:response", answers[1].Name)
}

// Every event of a batch passes the middleware, and so does the batch itself.
func TestHandleBatch_RunsMiddlewareForEachEvent(t *testing.T) {
	var r protocol.Registry
	var names []string
	r.Use(func(next protocol.HandlerFunc) protocol.HandlerFunc {
		return func(ctx context.Context, e *protocol.Event) (*protocol.Event, error) {
			require.Same(t, e, protocol.EventFromContext(ctx))
			names = append(names, e.Name)
			return next(ctx, e)
		}
	})
	protocol.HandleEvent(&r, "get:event", 1, echo)
	protocol.HandleBatch(&r, 1)
	batch(t, &r, `{"events":[`+manyEvents(2)+`,{"name":"no:such","version":1}]}`)
	require.Equal(t, []string{"batch", "get:event", "get:event"}, names)
}

func TestHandleBatch_RefusesWhatIsNoBatch(t *testing.T) {
	r := handling(echo)
	protocol.HandleBatch(r, 1)
	for payload, field := range map[string]string{
		`{}`: "events", `{"events":{}}`: "events", `{"events":null}`: "events", `7`: "payload", `null`: "payload",
		`{"events":[],"events":[{}]}`: "events", `{"parallel":true,"parallel":false,"events":[]}`: "parallel",
		`{"parallel":"x","events":[]}`:         "parallel",
		`{"events":[` + manyEvents(101) + `]}`: "events",
	} {
		answer := batch(t, r, payload)
		require.Equal(t, "batch:badRequest", answer.Name)
		require.Equal(t, "MISSING_FIELDS", protocoltest.Code(t, answer))
		require.Contains(t, string(answer.Payload), `"name":"`+field+`"`)
	}
}

func TestHandleBatch_RefusesIDsThatWouldBeRepeatedInEachAnswer(t *testing.T) {
	r := handling(echo)
	protocol.HandleBatch(r, 1)
	long := strings.Repeat("<", 256)
	for field, change := range map[string]func(*protocol.Event){
		"id":     func(e *protocol.Event) { e.ID = long },
		"flowId": func(e *protocol.Event) { e.FlowID = long },
	} {
		request := protocoltest.New(t, protocol.BatchName, 1, json.RawMessage(`{"events":[`+manyEvents(1)+`]}`))
		change(request)
		answer := protocoltest.Send(t, r, request)
		require.Equal(t, "MISSING_FIELDS", protocoltest.Code(t, answer))
		require.Contains(t, string(answer.Payload), `"name":"`+field+`"`)
	}
}

func TestHandleBatch_AnswersForAHandlerThatEndsItsGoroutine(t *testing.T) {
	r := handling(echo)
	protocol.HandleEvent(r, "raise:exit", 1, func(context.Context, *protocol.Event) (*protocol.Event, error) {
		runtime.Goexit()
		return nil, nil //nolint:nilnil // never reached
	})
	protocol.HandleBatch(r, 1)
	one := `{"name":"raise:exit","version":1,"id":"own"},`
	answers := protocoltest.Payload[[]protocol.Event](t, batch(t, r, `{"parallel":true,"events":[`+strings.Repeat(one, 20)+manyEvents(1)+`]}`))
	require.Len(t, answers, 21)
	for _, answer := range answers[:20] {
		require.Equal(t, "raise:exit:error", answer.Name)
		require.Equal(t, "own", answer.ID)
		require.Equal(t, "UNHANDLED_ERROR", protocoltest.Code(t, &answer))
	}
	require.True(t, answers[20].IsSuccess())
}

func TestHandleBatch_StartsNoEventAfterItsContextHasEnded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		started := 0
		r := handling(func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
			started++
			time.Sleep(time.Second)
			return e.Response(nil)
		})
		protocol.HandleBatch(r, 1, protocol.WithMiddleware(protocol.Timeout(1500*time.Millisecond)))
		answers := protocoltest.Payload[[]protocol.Event](t, batch(t, r, `{"events":[`+manyEvents(4)+`,7]}`))
		require.Equal(t, 2, started)
		require.Len(t, answers, 5)
		require.True(t, answers[1].IsSuccess())
		require.Equal(t, "get:event:error", answers[2].Name)
		require.Equal(t, "EVENT_TIMEOUT", protocoltest.Code(t, &answers[3]))
		require.Equal(t, "badProtocol", answers[4].Name)
	})
}

func TestHandleBatch_WritesAnswersAsTheyAre(t *testing.T) {
	r := handling(func(_ context.Context, e *protocol.Event) (*protocol.Event, error) {
		return &protocol.Event{Name: "get:event:response", Payload: e.Payload}, nil
	})
	protocol.HandleBatch(r, 1)
	answer := protocol.NewProcessor(r).Process(t.Context(), []byte(
		`{"name":"batch","version":1,"payload":{"events":[{"name":"get:event","version":1,"payload":[1.50, "<&>"]}]}}`))
	require.Contains(t, string(answer), `"payload":[1.50, "<&>"]`)
}
