package stripe

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/url"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// page is an answer of a list: {"data": [...], "has_more": ...} of /v1, and
// {"data": [...], "next_page_url": ...} of /v2.
type page struct {
	items []json.RawMessage
	more  *bool   // nil: the answer does not say
	url   *string // nil: the answer does not say; "": null
}

var (
	errNoPage  = errors.New(`field "data": is missing, want an array`)
	errItems   = errors.New(`field "data": must be an array`)
	errMore    = errors.New(`field "has_more": must be true or false`)
	errNoMore  = errors.New(`field "has_more": is missing, want true or false`)
	errURL     = errors.New(`field "next_page_url": must be a string or null`)
	errNoURL   = errors.New(`field "next_page_url": is missing, want a string or null`)
	errBadURL  = errors.New(`field "next_page_url": must be a URL of the same list`)
	errNothing = errors.New(`field "has_more": is true behind a page without events`)
)

// readPage reads what both lists may answer. Each item is a copy.
func readPage(body []byte) (*page, error) {
	p := new(page)
	err := envelope.Each(body, func(key, value []byte) error {
		switch string(key) {
		case "data":
			if p.items != nil {
				return fmt.Errorf("field %q: is there twice", key)
			}
			if value[0] != '[' || json.Unmarshal(value, &p.items) != nil {
				return errItems
			}
		case "has_more":
			if p.more != nil {
				return fmt.Errorf("field %q: is there twice", key)
			}
			more := string(value) == "true"
			if p.more = &more; !more && string(value) != "false" {
				return errMore
			}
		case "next_page_url":
			if p.url != nil {
				return fmt.Errorf("field %q: is there twice", key)
			}
			text, ok := unquote(value)
			if p.url = &text; !ok && string(value) != "null" {
				return errURL
			}
		}
		return nil
	})
	if err == nil && p.items == nil {
		err = errNoPage
	}
	return p, err
}

// noQuery is the query of the page behind the last one.
var noQuery url.Values

// nextAfter goes on behind the last event of a page of /v1.
func nextAfter(query url.Values, p *page, last string) (url.Values, error) {
	switch {
	case p.more == nil:
		return nil, errNoMore
	case !*p.more:
		return noQuery, nil
	case last == "":
		return nil, errNothing
	}
	query = maps.Clone(query)
	query.Set("starting_after", last)
	return query, nil
}

// nextURL takes the query of a page's next_page_url of /v2, which has the filters
// in it. A host in that URL is left out, so that it cannot lead astray.
func nextURL(_ url.Values, p *page, _ string) (url.Values, error) {
	if p.url == nil {
		return nil, errNoURL
	}
	if *p.url == "" {
		return noQuery, nil
	}
	u, err := url.Parse(*p.url)
	if err != nil || u.Path != thinPath {
		return nil, errBadURL
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil || len(query) == 0 {
		return nil, errBadURL
	}
	return query, nil
}
