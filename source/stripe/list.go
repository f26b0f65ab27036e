package stripe

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

// ThinEvents returns Stripe's list of thin events, GET /v2/core/events, for
// [cactus.Registry.Backfill]:
//
//	progress, err := r.Backfill(ctx, client.ThinEvents(), since)
//
// Stripe answers with at most the last 30 days and in an order that it does not
// document, so the list is read in parts, by the time of creation, and each is
// sorted. Events come the oldest first, to the millisecond. A part has about a
// thousand events; it has more if more were created within a second, or within the
// last minute.
//
// An EventQuery's Since is taken down to the millisecond. After is the id of an
// event that Stripe still has: it is asked for first. Other events created at the
// same time come once more, because one that Stripe has listed late may be among
// them. Type is one type. A Limit of zero leaves the size of a page to Stripe.
//
// The list is whole or ends with an error: an answer that is no list, pages that go
// round in circles, an event of another kind, and one that was created outside of
// the time that was asked for, as an API version that does not know that filter
// would answer, are errors. The filter, created[gte] and created[lt], is that of
// versions since 2025-12-15.clover. What Stripe lists only after a part was read is
// not in that walk: let the next one begin a little earlier.
//
// It is the list of one account, which is the key's. For that of a connected
// account, let a client have a [cactus.WithHeader] that sets Stripe-Context; the
// events may come without a Context then. Of next_page_url the query alone is used,
// so that the key goes to no other host.
func (c *Client) ThinEvents() cactus.Lister {
	return &list{
		api: c.api, path: thinPath, parser: pulledThin, typeKey: "types[0]",
		unit:  time.Millisecond,
		stamp: func(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z07:00") },
		next:  nextURL,
	}
}

// SnapshotEvents returns Stripe's list of snapshot events, GET /v1/events, under
// the rules of [Client.ThinEvents]. What differs:
//
//   - Events come the oldest first to the second, which is all that Stripe says,
//     and Since is taken down to it. Those of one second come in the reverse order
//     of Stripe's list, which has the newest first.
//   - Type may be a group, such as "invoice.*".
//   - A Limit of zero is 100, the most that Stripe allows. A page that is longer
//     than [cactus.WithMaxResponse] allows ends the walk with an error.
//   - Any API version will do.
//
// The events are in the API version that the account had when they were made, not
// in that of a destination.
func (c *Client) SnapshotEvents() cactus.Lister {
	return &list{
		api: c.api, path: snapshotPath, parser: pulledSnapshot, typeKey: "type",
		unit:  time.Second,
		stamp: func(t time.Time) string { return strconv.FormatInt(t.Unix(), 10) },
		limit: 100,
		next:  nextAfter,
	}
}

// list is one of the two lists of events. Parameters and answers are those of
// Stripe's OpenAPI description, 2026-09-30.endive.
type list struct {
	api     cactus.Getter
	path    string
	parser  *pulled
	typeKey string                 // of the parameter with the type
	unit    time.Duration          // what created is filtered by
	stamp   func(time.Time) string // encodes a time for that
	limit   int                    // events a page; 0: Stripe's default
	// next returns the query of the page behind p, which query has asked for and
	// whose last event is last: noQuery if there is none.
	next func(query url.Values, p *page, last string) (url.Values, error)
}

// Events implements [cactus.Lister].
func (l *list) Events(ctx context.Context, q cactus.EventQuery) iter.Seq2[*cactus.Envelope, error] {
	return func(yield func(*cactus.Envelope, error) bool) {
		from, err := l.begin(ctx, q)
		if err != nil {
			yield(nil, fmt.Errorf("list of events: %w", err))
			return
		}
		for parts := newParts(from, time.Now()); ; {
			w, most := parts.next(time.Now())
			events, err := l.read(ctx, q, w, most)
			if errors.Is(err, errTooMany) {
				parts.shrink()
				continue
			}
			if err != nil {
				yield(nil, fmt.Errorf("list of events: %w", err))
				return
			}
			for i := range events {
				if events[i].ID != q.After && !yield(&events[i], nil) {
					return
				}
			}
			if w.to.IsZero() {
				return
			}
			parts.done(w.to, len(events))
		}
	}
}

// begin returns the time from which on events are listed: the later one of Since
// and when After's event was created.
func (l *list) begin(ctx context.Context, q cactus.EventQuery) (time.Time, error) {
	from := q.Since
	if q.After != "" {
		if err := envelope.CheckID(q.After); err != nil {
			return from, fmt.Errorf("the event to begin behind: its id %w", err)
		}
		body, err := l.api.Get(ctx, l.path+"/"+url.PathEscape(q.After))
		if err != nil {
			return from, fmt.Errorf("event %s, to begin behind: %w", q.After, err)
		}
		env, err := l.parser.one(body)
		switch {
		case err != nil:
			return from, fmt.Errorf("event %s, to begin behind: %w", q.After, err)
		case env.ID != q.After || env.Created.IsZero():
			return from, fmt.Errorf("event %s, to begin behind: the answer has another id, or no created", q.After)
		case env.Created.After(from):
			from = env.Created
		}
	}
	return from.Truncate(l.unit), nil
}

var (
	errTooMany = errors.New("the part has too many events")
	errCircle  = errors.New("the pages go round in circles")
)

// read returns the events of a part, the oldest first, and errTooMany if there is
// more to read behind most.
func (l *list) read(ctx context.Context, q cactus.EventQuery, w window, most int) ([]cactus.Envelope, error) {
	var events []cactus.Envelope
	asked := make(map[string]bool)
	for query := l.query(q, w); query != nil; {
		text := query.Encode()
		if asked[text] {
			return nil, errCircle
		}
		asked[text] = true
		body, err := l.api.Get(ctx, l.path+"?"+text)
		if err != nil {
			return nil, err
		}
		p, err := readPage(body)
		if err != nil {
			return nil, err
		}
		last := ""
		for i, item := range p.items {
			env, err := l.parser.one(item)
			if err != nil {
				return nil, fmt.Errorf("event %d of a page: %w", i+1, err)
			}
			if err := w.check(env); err != nil {
				return nil, err
			}
			last, events = env.ID, append(events, *env)
		}
		if query, err = l.next(query, p, last); err != nil {
			return nil, err
		}
		if len(events) > most && query != nil {
			return nil, errTooMany
		}
	}
	slices.Reverse(events)
	slices.SortStableFunc(events, func(a, b cactus.Envelope) int { return a.Created.Compare(b.Created) })
	return events, nil
}

// query returns the query of a part's first page.
func (l *list) query(q cactus.EventQuery, w window) url.Values {
	query := url.Values{}
	if !w.from.IsZero() {
		query.Set("created[gte]", l.stamp(w.from))
	}
	if !w.to.IsZero() {
		query.Set("created[lt]", l.stamp(w.to))
	}
	if q.Type != "" {
		query.Set(l.typeKey, q.Type)
	}
	if limit := cmp.Or(max(q.Limit, 0), l.limit); limit > 0 {
		query.Set("limit", strconv.Itoa(limit))
	}
	return query
}
