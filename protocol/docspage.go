package protocol

import (
	"bytes"
	"encoding/json"
	"fmt"
	"html/template"
	"reflect"
)

// docsView is what the page is made of.
type docsView struct {
	Title  string
	Style  template.CSS
	Events []eventView
}

type eventView struct {
	Name, Anchor, Doc string
	Version           int
	Tables            []tableView
	Request, Response string // examples
}

// tableView is the input or the output.
type tableView struct {
	Title, Schema string
	Fields        []fieldView
}

type fieldView struct {
	Name, Type, Required, Rules, Doc string
}

func viewOf(h *handler) eventView {
	v := eventView{
		Name: h.key.name, Version: h.key.version, Doc: h.page.text,
		Anchor:  fmt.Sprintf("%s:v%d", h.key.name, h.key.version),
		Request: indented(requestExample(h)), Response: indented(responseExample(h)),
	}
	if h.typed != nil {
		v.Tables = []tableView{tableOf("Input", h.typed.in, false), tableOf("Output", h.typed.out, true)}
	}
	return v
}

func indented(raw json.RawMessage) string {
	var b bytes.Buffer
	if json.Indent(&b, raw, "", "  ") != nil {
		return string(raw)
	}
	return b.String()
}

func tableOf(title string, t reflect.Type, output bool) tableView {
	s := newSchemas("#/$defs/")
	schema := s.of(t, output)
	if len(s.defs) > 0 {
		schema["$defs"] = s.defs
	}
	text, err := json.Marshal(schema)
	if err != nil {
		text = nil // a schema of maps and strings always can be
	}
	v := tableView{Title: title, Schema: indented(text)}
	v.add("", shapeOf(t), output, map[*shape]bool{})
	return v
}

// add adds the fields of sh and of the structs below it, each named by its path.
func (v *tableView) add(path string, sh *shape, output bool, within map[*shape]bool) {
	for sh.elem != nil && !sh.endless && (!output || !writesItself(sh)) {
		suffix := "[]"
		if sh.kind == dictShape {
			suffix = "{}"
		}
		path, sh = path+suffix, sh.elem
	}
	if within[sh] || output && writesItself(sh) {
		return
	}
	within[sh] = true
	defer delete(within, sh)
	demanded := sh.demanded()
	for i := range sh.fields {
		f := &sh.fields[i]
		name := f.name
		if path != "" {
			name = path + "." + name
		}
		required := "yes"
		if output && f.omitted() || !output && !demanded[f.report] {
			required = "no"
		}
		v.Fields = append(v.Fields, fieldView{
			Name: name, Type: typeName(f.shape, output), Required: required, Rules: f.tags.Get("validate"), Doc: f.doc,
		})
		v.add(name, f.shape, output, within)
	}
}

// typeName says in JSON's words what a type is.
func typeName(sh *shape, output bool) string {
	if output && writesItself(sh) {
		return leafName(writtenSchema(sh))
	}
	switch sh.kind {
	case objectShape, dictShape:
		return "object"
	case listShape:
		if sh.endless {
			return "array"
		}
		return "array of " + typeName(sh.elem, output)
	case leafShape:
	}
	return leafName(leafSchema(sh))
}

func leafName(schema map[string]any) string {
	typ, ok := schema["type"].(string)
	if !ok {
		return "any"
	}
	if format, ok := schema["format"].(string); ok {
		typ += " (" + format + ")"
	}
	return typ
}

const docsStyle = `body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem}
pre{background:#8881;padding:.7rem;overflow-x:auto}td,th{text-align:left;padding:.2rem .8rem .2rem 0;vertical-align:top}
section{border-top:1px solid #8884;margin-top:2rem}.doc{white-space:pre-line}`

const docsPage = `<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{{.Title}}</title>
<style>{{.Style}}</style>
</head>
<body>
<h1>{{.Title}}</h1>
<p><a href="?format=schema">JSON Schema</a> · <a href="?format=openapi">OpenAPI</a></p>
<ul>
{{- range .Events}}
<li><a href="#{{.Anchor}}">{{.Name}} v{{.Version}}</a></li>
{{- else}}
<li>No events are registered.</li>
{{- end}}
</ul>
{{- range .Events}}
<section id="{{.Anchor}}">
<h2>{{.Name}} v{{.Version}}</h2>
{{- with .Doc}}
<p class="doc">{{.}}</p>
{{- end}}
{{- range .Tables}}
<h3>{{.Title}}</h3>
{{- with .Fields}}
<table>
<tr><th>Field</th><th>Type</th><th>Required</th><th>Rules</th><th>Meaning</th></tr>
{{- range .}}
<tr><td><code>{{.Name}}</code></td><td>{{.Type}}</td><td>{{.Required}}</td><td>{{.Rules}}</td><td>{{.Doc}}</td></tr>
{{- end}}
</table>
{{- end}}
<details><summary>Schema</summary><pre>{{.Schema}}</pre></details>
{{- end}}
<h3>Example</h3>
<pre>{{.Request}}</pre>
<pre>{{.Response}}</pre>
</section>
{{- end}}
</body>
</html>
`
