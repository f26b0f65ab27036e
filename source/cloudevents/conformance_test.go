package cloudevents_test

import (
	"encoding/json"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/source/cloudevents"
)

// These are the behaviours of the public conformance suite's HTTP features, of
// https://github.com/cloudevents/conformance, and those of the sections of the
// specification that the suite leaves out. Each is received end to end.
func TestConformance_HTTPProtocolBinding(t *testing.T) {
	const event = `{"specversion":"1.0","type":"com.example.someevent","time":"2018-04-05T03:56:24Z","id":"1234-1234-1234",` +
		`"source":"/mycontext/subcontext","datacontenttype":"application/json","data":{"message":"Hello World!"}}`
	const message = `{"message": "Hello World!"}`
	headers := []string{
		"ce-specversion", "1.0", "ce-type", "com.example.someevent", "ce-time", "2018-04-05T03:56:24Z",
		"ce-id", "1234-1234-1234", "ce-source", "/mycontext/subcontext",
	}
	for name, row := range map[string]struct {
		contentType string
		body        string
		headers     []string
		contents    []string // the datacontenttype of each event
	}{
		"an event is read from headers and a JSON body": {
			"application/json", message, headers, []string{"application/json"},
		},
		"a binary event's content type keeps its parameters": {
			"application/json; charset=utf-8", message, headers, []string{"application/json; charset=utf-8"},
		},
		"a structured event is read from the body": {
			structuredType, event, nil, []string{"application/json"},
		},
		"a structured event's content type may have a charset": {
			structuredType + "; charset=utf-8", event, nil, []string{"application/json"},
		},
		"a content type is compared without regard to case": {
			"Application/CloudEvents+JSON;CHARSET=UTF-8", event, nil, []string{"application/json"},
		},
		"a structured event is read from the body even if headers say otherwise": {
			structuredType, event, []string{"ce-id", "another", "ce-specversion", "0.3"}, []string{"application/json"},
		},
		"a batch is a JSON array of structured events": {
			batchType + "; charset=UTF-8", " [" + event + " ,\n" + event + "] ", nil, []string{"application/json", "application/json"},
		},
		"a batch may be empty": {
			batchType, "[ ]", nil, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, w := receive(t, delivery(row.contentType, row.body, row.headers...), cloudevents.WithBinary())
			requireStatus(t, http.StatusNoContent, w)
			require.Len(t, got, len(row.contents))
			for i, e := range got {
				require.Equal(t, "1234-1234-1234", e.ID)
				require.Equal(t, "com.example.someevent", e.Type)
				require.Equal(t, "21 /mycontext/subcontext 1234-1234-1234", e.DedupeID[:len("21 /mycontext/subcontext 1234-1234-1234")])
				require.Equal(t, time.Date(2018, 4, 5, 3, 56, 24, 0, time.UTC), e.Created)
				require.JSONEq(t, message, string(e.Data))
				var attributes map[string]any
				require.NoError(t, json.Unmarshal(e.Raw, &attributes))
				delete(attributes, "data")
				require.Equal(t, map[string]any{
					"specversion": "1.0", "type": "com.example.someevent", "time": "2018-04-05T03:56:24Z",
					"id": "1234-1234-1234", "source": "/mycontext/subcontext", "datacontenttype": row.contents[i],
				}, attributes)
			}
		})
	}
}

func TestConformance_WhatIsNotACloudEventIsRefused(t *testing.T) {
	const event = `{"specversion":"1.0","id":"1","source":"/a","type":"t"}`
	headers := []string{"ce-specversion", "1.0", "ce-id", "1", "ce-source", "/a", "ce-type", "t"}
	binary := []cloudevents.Option{cloudevents.WithBinary()}
	for name, row := range map[string]struct {
		contentType, body string
		headers           []string
		opts              []cloudevents.Option
		want              int
	}{
		"an event format that is not understood is 415":              {"application/cloudevents+xml", "<e/>", nil, nil, 415},
		"and is not taken for binary mode":                           {"Application/CloudEvents+avro", "x", headers, binary, 415},
		"nor is a batch of it":                                       {"application/cloudevents-batch+avro", "x", headers, binary, 415},
		"binary mode is off unless asked for":                        {"application/json", "{}", headers, nil, 415},
		"binary mode without the attributes is no event":             {"application/json", event, nil, binary, 400},
		"a request without a content type is refused":                {"", event, headers, binary, 415},
		"JSON is in UTF-8":                                           {structuredType + "; charset=iso-8859-1", event, nil, nil, 415},
		"and so it is with binary mode on":                           {structuredType + "; charset=iso-8859-1", event, nil, binary, 415},
		"a batch is not a structured event":                          {structuredType, "[" + event + "]", nil, nil, 400},
		"a structured event is not a batch":                          {batchType, event, nil, nil, 400},
		"a type that is listed is taken in binary mode":              {"text/plain; charset=iso-8859-1", "x", headers, binary, 204},
		"and so it is by name":                                       {"text/plain; charset=iso-8859-1", "x", headers, []cloudevents.Option{cloudevents.WithBinary("text/plain")}, 204},
		"only the types that are listed are taken, if there are any": {"text/plain", "x", headers, []cloudevents.Option{cloudevents.WithBinary("text/xml")}, 415},
	} {
		t.Run(name, func(t *testing.T) {
			got, w := receive(t, delivery(row.contentType, row.body, row.headers...), row.opts...)
			requireStatus(t, row.want, w)
			require.Equal(t, row.want == http.StatusNoContent, len(got) == 1)
		})
	}
}
