package inbox

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/cactuscorp/cactus"
)

// Item is a verified request as data, so that another process can work on it. Once
// it is in a store nobody changes it, nor what it points to.
//
// A store keeps ID, Source and Body in columns of their own and the rest as
// [Item.MarshalHead] has it.
type Item struct {
	ID     ID
	Source string // the name given to Register: valid UTF-8 without NUL
	Body   []byte // exactly what was signed; may be nil

	Method     string
	URL        *url.URL          // nil is empty
	Header     http.Header       // without what Config.DropHeader names
	Path       map[string]string // the path's wildcards
	Tenant     string            // what the Resolver chose
	Key        string            // the name of the signature key
	ReceivedAt time.Time
}

// newItem keeps req. It shares the body, and the header unless some of it is not
// to be kept.
func newItem(id ID, source string, req *cactus.Request, drop func(name string) bool) *Item {
	item := &Item{
		ID: id, Source: source, Body: req.Body,
		Method: req.Method, URL: req.URL, Header: kept(req.Header, drop), Path: req.PathValues(),
		Tenant: req.Tenant, Key: req.Key, ReceivedAt: req.ReceivedAt,
	}
	if item.ReceivedAt.IsZero() {
		item.ReceivedAt = time.Now()
	}
	return item
}

// kept returns header without the names to drop, which are credentials if drop is
// nil. It is header itself if it has none of them.
func kept(header http.Header, drop func(name string) bool) http.Header {
	if drop == nil {
		if !hasCredentials(header) {
			return header
		}
		drop = isCredential
	}
	for name := range header {
		if !drop(name) {
			continue
		}
		rest := make(http.Header, len(header))
		for name, values := range header {
			if !drop(name) {
				rest[name] = values
			}
		}
		return rest
	}
	return header
}

// Credentials are not stored unless the Config says so.
var credentials = []string{"Authorization", "Proxy-Authorization", "Cookie"}

func hasCredentials(header http.Header) bool {
	for _, name := range credentials {
		if _, ok := header[name]; ok {
			return true
		}
	}
	return false
}

func isCredential(name string) bool { return slices.Contains(credentials, name) }

// request fills req with what was received.
func (it *Item) request(req *cactus.Request) {
	*req = cactus.Request{
		Method: it.Method, URL: it.URL, Header: it.Header, Body: it.Body,
		Tenant: it.Tenant, Key: it.Key, ReceivedAt: it.ReceivedAt,
	}
	if req.URL == nil {
		req.URL = new(url.URL)
	}
	if req.Header == nil {
		req.Header = http.Header{}
	}
	for name, value := range it.Path {
		req.SetPathValue(name, value)
	}
}
