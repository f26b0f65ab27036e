package eventgrid

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

// Option changes a [New].
type Option func(*source)

// WithInner has parse read the data of each event, and what it appends take the
// place of the event. Parsers are [cactus.AppendEnvelope], for Cactus Corp's
// events, and what [github.com/cactuscorp/cactus/source/stripe.Inner] returns. A
// parser may keep the bytes, and is called concurrently. It panics if parse is
// nil.
func WithInner(parse func(dst []cactus.Envelope, data []byte) ([]cactus.Envelope, error)) Option {
	if parse == nil {
		panic("eventgrid: WithInner: the function is nil")
	}
	return func(s *source) { s.inner = parse }
}

// WithOrigins sets the origins that an OPTIONS handshake is granted to, as
// [cloudevents.WithOrigins] has it. The default is eventgrid.azure.net. It panics
// without an origin and if one is empty.
//
// [cloudevents.WithOrigins]: https://pkg.go.dev/github.com/cactuscorp/cactus/source/cloudevents#WithOrigins
func WithOrigins(origins ...string) Option {
	if len(origins) == 0 || slices.Contains(origins, "") {
		panic(`eventgrid: WithOrigins needs the names of origins, or "*"`)
	}
	origins = slices.Clone(origins)
	return func(s *source) { s.origins = origins }
}

// WithQueryParameter looks for the token in this parameter of the URL, which must
// be there once, and not in a header. The verifier of [New] must be a
// [signature.Token], whose header is not looked at: any name will do. It panics if
// name is empty.
//
// URLs are written down in more places than headers: by proxies, load balancers
// and whatever measures requests. Cactus logs no query, and package inbox does not
// store the parameter. Prefer delivery properties.
func WithQueryParameter(name string) Option {
	if name == "" {
		panic("eventgrid: WithQueryParameter: the name is empty")
	}
	missing := fmt.Errorf("%w: no query parameter %q", signature.ErrNoSignature, name)
	return func(s *source) { s.parameter, s.missing = name, missing }
}

var (
	errParameterTwice  = fmt.Errorf("%w: the query parameter is repeated", signature.ErrRefused)
	errParameterEscape = fmt.Errorf("%w: the query parameter has a bad escape, or a semicolon", signature.ErrRefused)
)

func (s *source) verifyQuery(req *cactus.Request) (string, error) {
	if req.URL == nil {
		return "", s.missing
	}
	token, err := parameter(req.URL.RawQuery, s.parameter)
	switch {
	case err != nil:
		return "", err
	case token == "":
		return "", s.missing
	default:
		return s.token.Check(token, req.ReceivedAt)
	}
}

// parameter returns the one value that name has in a query, and "" if it is not
// there. It makes no map of the others, because nobody knows yet who sent them.
func parameter(query, name string) (value string, err error) {
	for found := false; query != ""; {
		var pair string
		pair, query, _ = strings.Cut(query, "&")
		key, escaped, _ := strings.Cut(pair, "=")
		if !means(key, name) {
			continue
		}
		if found {
			return "", errParameterTwice
		}
		found = true
		if value, err = url.QueryUnescape(escaped); err != nil || strings.Contains(escaped, ";") {
			return "", errParameterEscape
		}
	}
	return value, nil
}

// without returns a query without the parameter.
func without(query, name string) string {
	pairs := slices.DeleteFunc(strings.Split(query, "&"), func(pair string) bool {
		key, _, _ := strings.Cut(pair, "=")
		return means(key, name)
	})
	return strings.Join(pairs, "&")
}

// means reports whether key, which may have escapes, is name.
func means(key, name string) bool {
	if !strings.ContainsAny(key, "%+") {
		return key == name
	}
	if len(key) < len(name) || len(key) > 3*len(name) {
		return false
	}
	text, err := url.QueryUnescape(key)
	return err == nil && text == name
}
