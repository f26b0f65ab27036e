package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/inbox"
)

// Inbox is an inbox.Store in a SQL database: an answered request survives the
// death of the process and, as far as the package comment says, a loss of power.
// Several processes may share it. It must be made with [NewInbox], and its tables
// by [Inbox.Migrate]. It is safe for concurrent use. On SQLite it takes version
// 3.35.
//
// Adds that meet in one process are one statement and one commit: while one is
// written to the disk, the next gather. Nothing waits for more of them to come.
//
// Time is the database's, in milliseconds; leases and waits are rounded up to the
// next. A lease that ran out but was not taken over can still be renewed and
// settled. [WithMaxRows] counts all items, dead letters among them; where it is
// set and the table is full, Add returns inbox.ErrFull.
type Inbox struct {
	*table

	adds adds

	claimSQL, retrySQL, burySQL, deadSQL, statsSQL string
}

var _ inbox.Store = (*Inbox)(nil)

// An item is held while it has an owner and due_at is not over, ready when due_at
// is over, and a dead letter when it has none.
const (
	inboxClaimSQL = `
	UPDATE {table} SET
		owner = CAST(?1 AS {blob}),
		ready_at = due_at,
		lost = lost + CASE WHEN owner IS NULL THEN 0 ELSE 1 END,
		due_at = {now} + CAST(?2 AS bigint)
SQLite:	WHERE id IN (SELECT id FROM {table} WHERE due_at <= (SELECT {now}) ORDER BY due_at, id LIMIT ?3)
PostgreSQL:	WHERE id = ANY (ARRAY(SELECT id FROM {table} WHERE due_at <= (SELECT {now}) ORDER BY due_at, id LIMIT ?3 FOR UPDATE SKIP LOCKED))
	RETURNING id, source, head, body, attempts, lost, {now} - queued_at, ready_at`

	inboxRetrySQL = `
	UPDATE {table} SET
		owner = NULL, due_at = {now} + CAST(?3 AS bigint), attempts = attempts + CAST(?4 AS bigint), lost = 0, reason = ?5
	WHERE id = ?1 AND owner = ?2`

	inboxBurySQL = `
	UPDATE {table} SET
		owner = NULL, due_at = NULL, buried_at = {now}, attempts = attempts + CAST(?3 AS bigint), lost = 0,
		reason = ?4, event_type = ?5, event_id = ?6
	WHERE id = ?1 AND owner = ?2`

	inboxDeadSQL = `
	SELECT id, source, head, body, reason, event_type, event_id, attempts, added_at, buried_at
	FROM {table} WHERE buried_at IS NOT NULL AND id > ?1 ORDER BY id LIMIT ?2`

	inboxStatsSQL = `
	SELECT
		COALESCE(SUM(CASE WHEN due_at <= now THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN due_at > now AND owner IS NULL THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN due_at > now AND owner IS NOT NULL THEN 1 ELSE 0 END), 0),
		COALESCE(SUM(CASE WHEN due_at IS NULL THEN 1 ELSE 0 END), 0),
		COALESCE(MAX(CASE WHEN due_at IS NOT NULL THEN now - queued_at END), 0)
	FROM {table}, (SELECT {now} AS now) AS clock`
)

// NewInbox makes a store in db. It does not touch the database.
//
// It panics if db is nil or dialect is not a [Dialect].
func NewInbox(db *sql.DB, dialect Dialect, opts ...Option) *Inbox {
	s := &Inbox{table: newTable("NewInbox", inboxKind, db, dialect, opts)}
	s.adds.write = s.insert
	s.claimSQL, s.retrySQL, s.burySQL = s.expand(inboxClaimSQL), s.expand(inboxRetrySQL), s.expand(inboxBurySQL)
	s.deadSQL, s.statsSQL = s.expand(inboxDeadSQL), s.expand(inboxStatsSQL)
	return s
}

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
	err = s.adds.add(ctx, &added{item: item, head: head})
	s.rows.settle(true, err == nil)
	if err != nil {
		return fmt.Errorf("add item: %w", err)
	}
	return nil
}

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
		args = append(args, a.item.ID[:], a.item.Source, string(a.head), body)
	}
	query.WriteString(`
	ON CONFLICT (id) DO NOTHING
PostgreSQL:RETURNING CASE WHEN current_setting('synchronous_commit') = 'off'
PostgreSQL:	THEN set_config('synchronous_commit', 'local', true) END`)
	statement := s.expand(query.String())
	return s.durably(ctx, func(c Execer) error {
		_, err := c.ExecContext(ctx, statement, args...)
		return err
	})
}

// Claim implements inbox.Store.
func (s *Inbox) Claim(ctx context.Context, req inbox.ClaimRequest) (claimed []inbox.Claimed, err error) {
	type row struct {
		inbox.Claimed
		ready int64
	}
	var got []row
	err = s.query(ctx, func() { got = nil }, func(rows *sql.Rows) error {
		var r row
		var age int64
		item := new(inbox.Item)
		err := scanItem(rows, item, &r.Attempts, &r.Lost, &age, &r.ready)
		r.Item, r.Age = item, max(0, time.Duration(age)*time.Millisecond)
		got = append(got, r)
		return err
	}, s.claimSQL, req.Owner[:], millis(req.Lease), req.Max)
	if err != nil {
		return nil, fmt.Errorf("claim items: %w", err)
	}
	slices.SortFunc(got, func(a, b row) int { // RETURNING has no order
		if a.ready != b.ready {
			return int(min(max(a.ready-b.ready, -1), 1))
		}
		return slices.Compare(a.Item.ID[:], b.Item.ID[:])
	})
	for _, r := range got {
		claimed = append(claimed, r.Claimed)
	}
	return claimed, nil
}

// scanItem scans an item's columns, and those behind them into more.
func scanItem(rows *sql.Rows, item *inbox.Item, more ...any) error {
	var id, head []byte
	if err := rows.Scan(append([]any{&id, &item.Source, &head, &item.Body}, more...)...); err != nil {
		return err
	}
	if copy(item.ID[:], id) != len(id) || len(id) != len(item.ID) {
		return fmt.Errorf("an item's id has %d bytes, not %d", len(id), len(item.ID))
	}
	return item.UnmarshalHead(head)
}

// Retry implements inbox.Store.
func (s *Inbox) Retry(ctx context.Context, claim inbox.Claim, retry inbox.Retry) error {
	return s.settle(ctx, "retry item", s.retrySQL, claim.ID[:], claim.Owner[:], millis(retry.Wait), count(retry.Count), retry.Reason)
}

// Bury implements inbox.Store.
func (s *Inbox) Bury(ctx context.Context, claim inbox.Claim, b inbox.Burial) error {
	return s.settle(ctx, "bury item", s.burySQL, claim.ID[:], claim.Owner[:], count(b.Count), b.Reason, b.EventType, b.EventID)
}

func count(attempt bool) int {
	if attempt {
		return 1
	}
	return 0
}

func (s *Inbox) settle(ctx context.Context, what, query string, args ...any) error {
	settled, err := s.exec(ctx, query, args...)
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	if settled == 0 {
		return inbox.ErrLeaseLost
	}
	return nil
}

// Dead implements inbox.Store.
func (s *Inbox) Dead(ctx context.Context, after inbox.ID, limit int) (letters []inbox.Letter, err error) {
	err = s.query(ctx, func() { letters = nil }, func(rows *sql.Rows) error {
		l := inbox.Letter{Item: new(inbox.Item)}
		var at, buried int64
		err := scanItem(rows, l.Item, &l.Reason, &l.EventType, &l.EventID, &l.Attempts, &at, &buried)
		l.Added, l.Buried = time.UnixMilli(at), time.UnixMilli(buried)
		letters = append(letters, l)
		return err
	}, s.deadSQL, after[:], limit)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	return letters, nil
}

// Stats implements inbox.Store. It reads an index entry or a row for each item.
func (s *Inbox) Stats(ctx context.Context) (stats inbox.Stats, err error) {
	var oldest int64
	err = s.retry(ctx, func() error {
		return s.db.QueryRowContext(ctx, s.statsSQL).Scan(&stats.Ready, &stats.Scheduled, &stats.Running, &stats.Dead, &oldest)
	})
	if err != nil {
		return inbox.Stats{}, fmt.Errorf("count items: %w", err)
	}
	stats.Oldest = max(0, time.Duration(oldest)*time.Millisecond)
	return stats, nil
}
