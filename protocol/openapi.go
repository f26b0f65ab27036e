package protocol

import (
	"encoding/json"
	"reflect"
	"regexp"
	"strconv"
)

// eventSchemas returns the schemas of all requests and of all responses, as
// references into s, and examples of the requests by the names of their schemas.
func (s *schemas) eventSchemas(handlers []*handler) (requests, responses []any, examples map[string]any) {
	examples = map[string]any{}
	for _, h := range handlers {
		in, out := s.payloads(h)
		request := s.event(h.key.name, h.key.version, in)
		if h.page.text != "" {
			request["description"] = h.page.text
		}
		name := s.free(defName(h.key.name) + "_v" + strconv.Itoa(h.key.version))
		examples[name] = object("value", requestExample(h))
		requests = append(requests, s.define(name, request))
		responses = append(responses, s.define(name+"_response",
			s.event(h.key.name+":"+TypeResponse, h.key.version, out)))
	}
	return requests, responses, examples
}

// payloads returns the schemas of a handler's payloads. That of a raw one may be
// anything.
func (s *schemas) payloads(h *handler) (in, out map[string]any) {
	switch {
	case h.typed != nil:
		in, out = s.of(h.typed.in, false), s.of(h.typed.out, true)
		if len(out) == 0 {
			out = object("type", "object") // Handle sees to that
		}
		return in, out
	case h.key.name == BatchName:
		events := object("type", "array", "maxItems", MaxBatch, "items", object("type", "object"))
		answers := object("type", "array", "items", object("type", "object"))
		return object("type", "object", "required", []string{"events"},
			"properties", object("parallel", object("type", "boolean"), "events", events)), answers
	default:
		return object(), object()
	}
}

// define puts a schema under a name and returns the reference to it.
func (s *schemas) define(name string, schema map[string]any) map[string]any {
	name = s.free(name)
	s.defs[name] = schema
	return object("$ref", s.prefix+name)
}

// event returns the schema of an event. All eight keys are required, for the
// sake of strict readers.
func (s *schemas) event(name string, version int, payload map[string]any) map[string]any {
	return envelopeSchema(object("const", name), object("const", version), payload)
}

func envelopeSchema(name, version, payload map[string]any) map[string]any {
	return object("type", "object",
		"required", []string{"name", "version", "id", "flowId", "payload", "identity", "auth", "metadata"},
		"properties", object(
			"name", name, "version", version, "payload", payload,
			"id", object("type", "string"), "flowId", object("type", "string"),
			"identity", object("type", "object"), "auth", object("type", "object"), "metadata", object("type", "object")))
}

// errorSchema is that of every answer that is an error.
func errorSchema() map[string]any {
	parameters := object("type", "object", "properties", object(
		"fields", object("type", "array", "items", object("type", "object", "properties", object(
			"name", object("type", "string"), "errorType", object("type", "string"), "message", object("type", "string"))))))
	return envelopeSchema(object("type", "string"), object("type", "integer"), object(
		"type", "object", "required", []string{"code", "parameters"},
		"properties", object("code", object("type", "string"), "parameters", parameters)))
}

// redirectSchema is that of every answer that is a redirect.
func redirectSchema() map[string]any {
	return envelopeSchema(object("type", "string", "pattern", ":"+TypeRedirect+"$"), object("type", "integer"), object(
		"type", "object", "required", []string{"url", "queryParameters"},
		"properties", object("url", object("type", "string"), "queryParameters", object("type", "object"))))
}

// jsonSchema returns the schema of the requests that handlers take.
func jsonSchema(handlers []*handler, title string) map[string]any {
	s := newSchemas("#/$defs/")
	requests, _, _ := s.eventSchemas(handlers)
	schema := object("$schema", "https://json-schema.org/draft/2020-12/schema", "title", title, "$defs", s.defs)
	if len(requests) > 0 {
		schema["oneOf"] = requests
	}
	return schema
}

// openAPI returns an OpenAPI 3.1 document. Events have one path and one method
// for all, so that it has a single operation, with one schema an event.
func openAPI(handlers []*handler, d *docs) map[string]any {
	s := newSchemas("#/components/schemas/")
	requests, responses, examples := s.eventSchemas(handlers)
	responses = append(responses, s.define("redirect", redirectSchema()), s.define("error", errorSchema()))
	body := object("examples", examples)
	if len(requests) > 0 {
		body["schema"] = object("oneOf", requests)
	}
	path := object("post", object(
		"operationId", "processEvent",
		"summary", "Process an event",
		"requestBody", object("required", true, "content", object("application/json", body)),
		"responses", object("200", object(
			"description", "The response event. Errors are events too.",
			"content", object("application/json", object("schema", object("anyOf", responses)))))))
	if parameters := pathParameters(d.path); len(parameters) > 0 {
		path["parameters"] = parameters
	}
	return object(
		"openapi", "3.1.0",
		"info", object("title", d.title, "version", "1"),
		"paths", object(d.path, path),
		"components", object("schemas", s.defs))
}

var parameterName = regexp.MustCompile(`\{([^{}/]+)\}`)

// pathParameters returns the parameters that a path such as /t/{tenant}/events has:
// OpenAPI wants each of them described. A name that stands twice is one.
func pathParameters(path string) (list []any) {
	seen := map[string]bool{}
	for _, match := range parameterName.FindAllStringSubmatch(path, -1) {
		name := match[1]
		if seen[name] {
			continue
		}
		seen[name] = true
		list = append(list, object("name", name, "in", "path", "required", true, "schema", object("type", "string")))
	}
	return list
}

// requestExample returns an example of a request, and responseExample one of the
// response to it.
func requestExample(h *handler) json.RawMessage { return h.example(h.page.in, false) }

func responseExample(h *handler) json.RawMessage { return h.example(h.page.out, true) }

// example wraps a payload, if there is none a made-up one, into an event.
func (h *handler) example(payload json.RawMessage, output bool) json.RawMessage {
	event := &Event{
		Name: h.key.name, Version: h.key.version, Payload: payload,
		ID: "9230c47c-3bcf-11ea-b77f-2e728ce88125", FlowID: "a47830ca-3bcf-11ea-a232-2e728ce88125",
	}
	var t reflect.Type
	if h.typed != nil {
		t = h.typed.in
	}
	if output {
		event.Name += ":" + TypeResponse
		if h.typed != nil {
			t = h.typed.out
		}
	}
	switch {
	case payload != nil:
	case t != nil:
		event.Payload = exampleOf(t, output)
	case h.key.name == BatchName && output:
		event.Payload = json.RawMessage(`[]`)
	case h.key.name == BatchName:
		event.Payload = json.RawMessage(`{"parallel":true,"events":[]}`)
	}
	text, err := json.Marshal(event)
	if err != nil {
		return json.RawMessage("{}") // examples are valid JSON
	}
	return text
}
