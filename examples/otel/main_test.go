package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

// printed is what the exporters print, as far as it is looked at: a span, or
// the metrics.
type printed struct {
	Name                string
	SpanContext, Parent ids
	Links               []struct{ SpanContext ids }
	Status              struct{ Code string }
	ScopeMetrics        []struct {
		Metrics []struct {
			Name string
			Data struct {
				DataPoints []struct {
					Count, Value json.Number
					Attributes   []struct {
						Key   string
						Value struct{ Value any }
					}
				}
			}
		}
	}
}

type ids struct{ TraceID, SpanID string }

func TestOtel_PrintsOneTraceAndItsMetrics(t *testing.T) {
	spans, metrics := make(map[string]printed), make(map[string]int)
	lines := json.NewDecoder(strings.NewReader(exampletest.Run(t)))
	for {
		var p printed
		err := lines.Decode(&p) //nolint:musttag // the names are the exporters' own
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		if p.Name != "" {
			spans[p.Name] = p
		}
		for _, scope := range p.ScopeMetrics {
			for _, m := range scope.Metrics {
				metrics[m.Name] += len(m.Data.DataPoints)
				for _, a := range m.Data.DataPoints[0].Attributes {
					require.NotEqual(t, "evt_441", a.Value.Value, "a label must not have the id")
				}
			}
		}
	}

	receive, process, pull := spans["receive /webhooks"], spans["process order.shipped"], spans["pull object"]
	require.Len(t, spans, 3)
	require.Equal(t, receive.SpanContext.TraceID, process.SpanContext.TraceID)
	require.Equal(t, receive.SpanContext.TraceID, pull.SpanContext.TraceID)
	require.Equal(t, receive.SpanContext.SpanID, process.Parent.SpanID)
	require.Equal(t, process.SpanContext.SpanID, pull.Parent.SpanID)

	sender := strings.Split(traceparent, "-")
	require.NotEqual(t, sender[1], receive.SpanContext.TraceID)
	for _, span := range []printed{receive, process} {
		require.Equal(t, "Unset", span.Status.Code)
		require.Len(t, span.Links, 1)
		require.Equal(t, ids{sender[1], sender[2]}, span.Links[0].SpanContext)
	}
	require.Equal(t, map[string]int{
		"messaging.process.duration":         1,
		"messaging.client.consumed.messages": 1,
		"cactus.receive.duration":            1,
		"cactus.pull.duration":               1,
	}, metrics)
}
