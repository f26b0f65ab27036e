package protocol

// redirectError is an answer in the clothes of an error, so that a typed
// handler can return it.
type redirectError struct {
	url   string
	query map[string]any
}

func (e *redirectError) Error() string { return "protocol: redirect" }

// Redirect returns what a handler returns to send its caller elsewhere: the
// answer "{name}:redirect" with the payload {"url": url, "queryParameters":
// query}. A nil query is {}. The caller decides whether to follow.
func Redirect(url string, query map[string]any) error {
	return &redirectError{url: url, query: query}
}

// payload is the answer's.
func (e *redirectError) payload() any {
	query := e.query
	if query == nil {
		query = map[string]any{}
	}
	return map[string]any{"url": e.url, "queryParameters": query}
}
