package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/inbox"
)

// The methods of Inbox that take several items. Each is one statement, whose
// common table c has what was given. PostgreSQL gets the ids as an array, because
// it would rather read the whole table than look for so many rows of a set.
//
// The owner is compared with that of the row which is written, i, so that PostgreSQL
// does so again after a wait for another session's change.

const (
	inboxHeld = inboxGiven + `
	AND EXISTS (SELECT 1 FROM c WHERE c.id = i.id AND c.owner = i.owner)`

	inboxGiven = `
SQLite:	WHERE id IN (SELECT id FROM c)
PostgreSQL:	WHERE id = ANY (ARRAY(SELECT id FROM c))`

	inboxRenewSQL = `
	UPDATE {table} AS i SET due_at = {now} + CAST(?1 AS bigint)` + inboxHeld + `
	RETURNING id`

	inboxCompleteSQL = `
	DELETE FROM {table} AS i` + inboxHeld

	inboxReleaseSQL = `
	UPDATE {table} AS i SET owner = NULL, due_at = {now}, lost = 0` + inboxHeld

	inboxReplaySQL = `
	UPDATE {table} SET
		buried_at = NULL, due_at = {now}, queued_at = {now}, attempts = 0, lost = 0, reason = '', event_type = '', event_id = ''` + inboxGiven + `
	AND buried_at IS NOT NULL`

	inboxDiscardSQL = `
	DELETE FROM {table}` + inboxGiven + `
	AND buried_at IS NOT NULL`
)

// Renew implements inbox.Store. A lease that ran out but was not taken over is
// renewed.
func (s *Inbox) Renew(ctx context.Context, lease time.Duration, claims []inbox.Claim) (renewed []inbox.ID, err error) {
	if len(claims) == 0 {
		return nil, nil
	}
	with, args := claimed(claims, millis(lease))
	err = s.query(ctx, func() { renewed = nil }, func(rows *sql.Rows) error {
		var b []byte
		var id inbox.ID
		if err := rows.Scan(&b); err != nil {
			return err
		}
		copy(id[:], b)
		renewed = append(renewed, id)
		return nil
	}, s.expand(with+inboxRenewSQL), args...)
	if err != nil {
		return nil, fmt.Errorf("renew leases: %w", err)
	}
	return renewed, nil
}

// Complete implements inbox.Store.
func (s *Inbox) Complete(ctx context.Context, claims []inbox.Claim) (int, error) {
	with, args := claimed(claims)
	return s.many(ctx, "complete items", with+inboxCompleteSQL, args)
}

// Release implements inbox.Store.
func (s *Inbox) Release(ctx context.Context, claims []inbox.Claim) (int, error) {
	with, args := claimed(claims)
	return s.many(ctx, "release items", with+inboxReleaseSQL, args)
}

// Replay implements inbox.Store.
func (s *Inbox) Replay(ctx context.Context, ids []inbox.ID) (int, error) {
	with, args := named(ids)
	return s.many(ctx, "replay dead letters", with+inboxReplaySQL, args)
}

// Discard implements inbox.Store.
func (s *Inbox) Discard(ctx context.Context, ids []inbox.ID) (int, error) {
	with, args := named(ids)
	return s.many(ctx, "discard dead letters", with+inboxDiscardSQL, args)
}

func (s *Inbox) many(ctx context.Context, what, statement string, args []any) (int, error) {
	if len(args) == 0 {
		return 0, nil
	}
	n, err := s.exec(ctx, s.expand(statement), args...)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", what, err)
	}
	return int(n), nil
}

// claimed is the common table of claims. Its parameters come behind args.
func claimed(claims []inbox.Claim, args ...any) (string, []any) {
	rows := make([]string, padded(len(claims)))
	for i := range rows {
		c := &claims[min(i, len(claims)-1)]
		rows[i] = fmt.Sprintf("(CAST(?%d AS {blob}), CAST(?%d AS {blob}))", len(args)+1, len(args)+2)
		args = append(args, c.ID[:], c.Owner[:])
	}
	return "WITH c (id, owner) AS (VALUES " + strings.Join(rows, ", ") + ")", args
}

// padded is how many rows the common table of n has, a power of two. The last one
// is repeated, so that there are few statements for a driver to keep prepared.
func padded(n int) int {
	if n == 0 {
		return 0
	}
	return 1 << bits.Len(uint(n-1))
}

// named is the common table of ids.
func named(ids []inbox.ID) (string, []any) {
	rows, args := make([]string, padded(len(ids))), make([]any, padded(len(ids)))
	for i := range rows {
		rows[i] = fmt.Sprintf("(CAST(?%d AS {blob}))", i+1)
		args[i] = ids[min(i, len(ids)-1)][:]
	}
	return "WITH c (id) AS (VALUES " + strings.Join(rows, ", ") + ")", args
}
