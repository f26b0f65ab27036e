package sqlstore

import (
	"context"
	"fmt"
	"strings"

	"github.com/cactuscorp/cactus/inbox"
)

// Add implements inbox.Store.
func (s *Inbox) Add(ctx context.Context, item *inbox.Item) error {
	head, err := item.MarshalHead()
	if err != nil {
		return err
	}
	room, err := s.rows.reserve(ctx)
	if err != nil {
		return err
	}
	if !room {
		return inbox.ErrFull
	}
	if err := s.adds.add(ctx, &added{item: item, head: string(head)}); err != nil {
		return fmt.Errorf("add item: %w", err)
	}
	return nil
}

// An item that is there already sets no synchronous_commit, and need not: it can
// be seen because its commit is on the disk.
const inboxAddSQL = `
	ON CONFLICT (id) DO NOTHING
PostgreSQL:RETURNING CASE WHEN current_setting('synchronous_commit') = 'off'
PostgreSQL:	THEN set_config('synchronous_commit', 'local', true) END`

// insert adds items in one statement.
func (s *Inbox) insert(ctx context.Context, items []*added) error {
	const columns = 4
	var query strings.Builder
	query.WriteString(`INSERT INTO {table} (id, source, head, body, added_at, queued_at, due_at) VALUES `)
	args := make([]any, 0, columns*len(items))
	for i, a := range items {
		if i > 0 {
			query.WriteString(", ")
		}
		n := columns * i
		fmt.Fprintf(&query, "(?%d, ?%d, ?%d, ?%d, {now}, {now}, {now})", n+1, n+2, n+3, n+4)
		body := a.item.Body
		if body == nil {
			body = []byte{}
		}
		args = append(args, a.item.ID[:], a.item.Source, a.head, body)
	}
	query.WriteString(inboxAddSQL)
	statement := s.expand(query.String())
	err := s.durably(ctx, func(c Execer) error {
		_, err := c.ExecContext(ctx, statement, args...)
		return err
	})
	if err != nil && (s.dialect.transient(err) || outage(err) || ctx.Err() != nil) {
		return busyError{err}
	}
	return err
}
