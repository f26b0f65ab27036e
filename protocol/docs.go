package protocol

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"strings"
)

// page is what a registration says about itself for [Docs].
type page struct {
	text    string
	in, out json.RawMessage // examples; nil: made up
}

// WithDoc describes the event on the pages of [Docs], in plain text.
func WithDoc(text string) HandleOption {
	return func(o *handleOptions) { o.page.text = text }
}

// WithExample shows these payloads on the pages of [Docs] instead of made-up
// ones. A nil is made up. It panics on what encoding/json cannot encode.
func WithExample(request, response any) HandleOption {
	in, out := mustExample(request), mustExample(response)
	return func(o *handleOptions) { o.page.in, o.page.out = in, out }
}

func mustExample(v any) json.RawMessage {
	if v == nil {
		return nil
	}
	text, err := json.Marshal(v)
	if err != nil {
		panic(fmt.Sprintf("protocol: WithExample: %v", err))
	}
	return text
}

// DocsOption changes what [Docs] serves.
type DocsOption func(*docs)

// DocsTitle is the title of the pages. The default is "Events".
func DocsTitle(title string) DocsOption {
	return func(d *docs) { d.title = title }
}

// DocsPath is the path that the OpenAPI document says events are posted to. The
// default is that of [Processor.Mount], "/events". A part in braces, as in
// "/t/{tenant}/events", is a parameter of the document, a string.
func DocsPath(path string) DocsOption {
	return func(d *docs) { d.path = path }
}

// docs serves the pages.
type docs struct {
	registry    *Registry
	title, path string
	html        *template.Template
	policy      string // Content-Security-Policy
}

// Docs returns a handler for pages about all events of r: names, versions, what
// [WithDoc] says, the fields of inputs and outputs, examples. A field's doc tag
// describes it. Mount it where you like:
//
//	mux.Handle("/docs", protocol.Docs(&registry))
//
// It serves HTML, for ?format=schema a JSON Schema (draft 2020-12) of all
// requests and for ?format=openapi an OpenAPI 3.1 document. The pages show what is
// registered when they are asked for. They have no scripts, and tell whoever may
// read them what the service can do: guard the path as that deserves.
//
// Docs panics if r is nil or the path of [DocsPath] has no slash in front.
func Docs(r *Registry, opts ...DocsOption) http.Handler {
	if r == nil {
		panic("protocol: Docs: the registry is nil")
	}
	style := sha256.Sum256([]byte(docsStyle))
	d := &docs{
		registry: r, title: "Events", path: "/events",
		// Parsed here, so that programs without Docs do not link the engine.
		html: template.Must(template.New("docs").Parse(docsPage)),
		policy: "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(style[:]) +
			"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	}
	for _, opt := range opts {
		if opt == nil {
			panic("protocol: Docs: it was given a nil option")
		}
		opt(d)
	}
	if !strings.HasPrefix(d.path, "/") {
		panic(fmt.Sprintf("protocol: Docs: DocsPath %q must begin with a slash", d.path))
	}
	return d
}

// ServeHTTP answers GET and HEAD.
func (d *docs) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Security-Policy", d.policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "use GET", http.StatusMethodNotAllowed)
		return
	}
	handlers := d.registry.sorted()
	var body []byte
	var err error
	contentType := "application/json; charset=utf-8"
	switch r.URL.Query().Get("format") {
	case "", "html":
		contentType = "text/html; charset=utf-8"
		body, err = d.render(handlers)
	case "schema":
		body, err = json.MarshalIndent(jsonSchema(handlers, d.title), "", "  ")
	case "openapi":
		body, err = json.MarshalIndent(openAPI(handlers, d), "", "  ")
	default:
		http.Error(w, "format must be html, schema or openapi", http.StatusBadRequest)
		return
	}
	if err != nil {
		http.Error(w, "the page could not be made", http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", contentType)
	_, _ = w.Write(body) // a reader who has left needs no answer
}

func (d *docs) render(handlers []*handler) ([]byte, error) {
	view := docsView{Title: d.title, Style: docsStyle}
	for _, h := range handlers {
		view.Events = append(view.Events, viewOf(h))
	}
	var b bytes.Buffer
	err := d.html.Execute(&b, view)
	return b.Bytes(), err
}
