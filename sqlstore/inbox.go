package sqlstore

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"
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
// written to the disk, the next gather. Nothing waits for more of them to come. An
// Add that is waiting when its context ends is not written.
//
// Only Add has to be durable, and is. What else the power takes back is done
// again: an item that was complete is handled once more. So where PostgreSQL's
// synchronous_commit is off, Add alone waits for the disk.
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
//
// PostgreSQL has to lock the rows where it chooses them: only there are they looked
// at as they are by then, and not as they were when the statement began. A claim
// without FOR UPDATE would take what another session has claimed meanwhile.
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
	s.adds.write, s.adds.settle = s.insert, s.rows.settle
	s.claimSQL, s.retrySQL, s.burySQL = s.expand(inboxClaimSQL), s.expand(inboxRetrySQL), s.expand(inboxBurySQL)
	s.deadSQL, s.statsSQL = s.expand(inboxDeadSQL), s.expand(inboxStatsSQL)
	return s
}

// Claim implements inbox.Store. An item whose head cannot be read, which [Inbox.Add]
// has not written so or which no URL can be made of, becomes a dead letter.
func (s *Inbox) Claim(ctx context.Context, req inbox.ClaimRequest) (claimed []inbox.Claimed, err error) {
	var got []claimedRow
	err = s.query(ctx, func() { got = nil }, func(rows *sql.Rows) (err error) {
		var r claimedRow
		var age int64
		r.Item, r.unreadable, err = scanItem(rows, &r.Attempts, &r.Lost, &age, &r.ready)
		r.Age = max(0, time.Duration(age)*time.Millisecond)
		got = append(got, r)
		return err
	}, s.claimSQL, req.Owner[:], millis(req.Lease), req.Max)
	if err != nil {
		return nil, fmt.Errorf("claim items: %w", err)
	}
	slices.SortFunc(got, claimedRow.compare) // RETURNING has no order
	for _, r := range got {
		if r.unreadable != nil { // if this fails, the lease runs out
			_ = s.Bury(ctx, inbox.Claim{ID: r.Item.ID, Owner: req.Owner}, inbox.Burial{Reason: r.unreadable.Error()})
			continue
		}
		claimed = append(claimed, r.Claimed)
	}
	return claimed, nil
}

type claimedRow struct {
	inbox.Claimed

	ready      int64
	unreadable error
}

func (r claimedRow) compare(other claimedRow) int {
	return cmp.Or(cmp.Compare(r.ready, other.ready), bytes.Compare(r.Item.ID[:], other.Item.ID[:]))
}

// scanItem scans an item's columns, and those behind them into more. Of an item
// that is unreadable it returns what is known.
func scanItem(rows *sql.Rows, more ...any) (item *inbox.Item, unreadable, err error) {
	item = new(inbox.Item)
	var id, head []byte
	if err := rows.Scan(append([]any{&id, &item.Source, &head, &item.Body}, more...)...); err != nil {
		return nil, nil, err
	}
	copy(item.ID[:], id)
	return item, item.UnmarshalHead(head), nil
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

// Dead implements inbox.Store. Of a letter whose head cannot be read it returns the
// rest.
func (s *Inbox) Dead(ctx context.Context, after inbox.ID, limit int) (letters []inbox.Letter, err error) {
	err = s.query(ctx, func() { letters = nil }, func(rows *sql.Rows) (err error) {
		var l inbox.Letter
		var at, buried int64
		l.Item, _, err = scanItem(rows, &l.Reason, &l.EventType, &l.EventID, &l.Attempts, &at, &buried)
		l.Added, l.Buried = time.UnixMilli(at), time.UnixMilli(buried)
		letters = append(letters, l)
		return err
	}, s.deadSQL, after[:], limit)
	if err != nil {
		return nil, fmt.Errorf("list dead letters: %w", err)
	}
	return letters, nil
}

// Stats implements inbox.Store. It reads all rows, which takes about a tenth of a
// second for 100,000 of them.
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
