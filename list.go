package cactus

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// EventQuery selects events of the API's list. The zero value selects all.
type EventQuery struct {
	Type  string    // only this type
	Since time.Time // only events created at or after this time
	After string    // begin behind the event with this id, or at a page's next
	Limit int       // events a page; 0 leaves it to the API
}

func (q EventQuery) encode() string {
	v := url.Values{}
	if q.Type != "" {
		v.Set("type", q.Type)
	}
	if !q.Since.IsZero() {
		v.Set("since", q.Since.UTC().Format(time.RFC3339Nano))
	}
	if q.After != "" {
		v.Set("after", q.After)
	}
	if q.Limit > 0 {
		v.Set("limit", strconv.Itoa(q.Limit))
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

var (
	// errNoList keeps what is no list at all from passing for an empty one, and
	// errOtherList a list of Stripe's kind from ending behind its first page.
	errNoList    = errors.New(`list of events: field "data": is missing, want an array`)
	errOtherList = errors.New(`list of events: field "has_more" or "next_page_url": says that there is more, ` +
		`want the cursor of the next page in "next": the provider needs a Lister of its own`)
)

// Events walks Cactus Corp's list of events from page to page: GET /v1/events,
// or where [WithEventPath] has events, without the id. The answer has the events
// in data and the cursor of the next page in next. An error ends the walk. A list
// that goes on in another way is refused where Stripe's has_more or next_page_url
// tells of it, and ends early where something else does: write a [Lister] for it.
func (c *Client) Events(ctx context.Context, q EventQuery) iter.Seq2[*Envelope, error] {
	path := strings.TrimSuffix(c.eventPath, "/{id}")
	return func(yield func(*Envelope, error) bool) {
		q := q          // each walk begins at the beginning
		seen := q.After // a cursor that comes back to it goes round in circles
		for page, power := 1, 1; ; page++ {
			if page == power { // Brent's way to find a circle of any length
				seen, power = q.After, 2*power
			}
			body, err := c.Get(ctx, path+q.encode())
			if err != nil {
				yield(nil, err)
				return
			}
			var list struct {
				Data []json.RawMessage `json:"data"`
				Next string            `json:"next"`
				More any               `json:"has_more"`
				URL  any               `json:"next_page_url"`
			}
			list.Data = []json.RawMessage{nil} // stays if there is no data
			if err := json.Unmarshal(body, &list); err != nil {
				yield(nil, fmt.Errorf("list of events: %w", redact("", body, reflect.TypeOf(list), err)))
				return
			}
			if len(list.Data) == 1 && list.Data[0] == nil {
				yield(nil, errNoList)
				return
			}
			if list.Next == "" && (list.More == true || list.URL != nil && list.URL != "") {
				yield(nil, errOtherList)
				return
			}
			for _, item := range list.Data {
				env, err := ParseEnvelope(item)
				if err != nil {
					err = fmt.Errorf("list of events: %w", errors.Unwrap(err))
				}
				if !yield(env, err) || err != nil {
					return
				}
			}
			if list.Next == "" {
				return
			}
			if list.Next == q.After || list.Next == seen {
				yield(nil, errors.New("list of events: the pages go round in circles"))
				return
			}
			q.After = list.Next
		}
	}
}
