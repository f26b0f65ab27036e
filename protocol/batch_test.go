package protocol_test

import (
	"context"
	"encoding/json"
	"fmt"
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

func TestHandleBatch_RefusesWhatIsNoBatch(t *testing.T) {
	r := handling(echo)
	protocol.HandleBatch(r, 1)
	for payload, field := range map[string]string{
		`{}`: "events", `{"events":{}}`: "events", `{"events":null}`: "events", `7`: "payload", `null`: "payload",
		`{"parallel":"x","events":[]}`:         "parallel",
		`{"events":[` + manyEvents(101) + `]}`: "events",
	} {
		answer := batch(t, r, payload)
		require.Equal(t, "batch:badRequest", answer.Name)
		require.Equal(t, "MISSING_FIELDS", protocoltest.Code(t, answer))
		require.Contains(t, string(answer.Payload), `"name":"`+field+`"`)
	}
}
