package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"time"

	"github.com/cactuscorp/cactus/middleware"
)

// Dedupe is a middleware.DedupeStore in a SQL database, which all processes that
// receive for one system share. It must be made with [NewDedupe], and its tables
// by [Dedupe.Migrate]. It is safe for concurrent use.
//
// A key has one row. Time is the database's, in milliseconds; leases and
// retentions are rounded up to the next. A lease that ran out but was not taken
// over can still be renewed and committed, for an hour: then [Dedupe.Purge]
// forgets it.
//
// What a key is looked up by is a hash of its three fields, so ids may have any
// length and hold any bytes. The columns source, tenant and id are for people, and
// have no more than 1 KiB of each.
type Dedupe struct{ *leases }

var _ middleware.DedupeStore = (*Dedupe)(nil)

// Execer is the part of a *sql.Tx that the store needs. A *sql.Conn on which a
// transaction was begun by hand has it too.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// A row is held while lease_until is not 0, and others respect that until the
// time has come. It is done until done_until. The owner is that of the claim, or
// of the one that was committed, or empty after a release.
//
// All conditions are looked at again after a wait for somebody else's row lock,
// by a clock that has moved on, and so a claim that waits for a commit sees it.
// The claim's own NOT EXISTS decides nothing: it spares PostgreSQL a row lock,
// which is a write, for keys that are plainly held or done.
const (
	claimSQL = `
	INSERT INTO {table} AS c (key_hash, source, tenant, id, owner, lease_until, done_until, expires_at)
	SELECT CAST(?1 AS {blob}), CAST(?2 AS text), CAST(?3 AS text), CAST(?4 AS text), CAST(?5 AS {blob}),
		{now} + CAST(?6 AS bigint), 0, {now} + CAST(?6 AS bigint) + CAST(?7 AS bigint)
	WHERE (CAST(?8 AS boolean) OR EXISTS (SELECT 1 FROM {table} WHERE key_hash = CAST(?1 AS {blob})))
		AND NOT EXISTS (
			SELECT 1 FROM {table} AS o WHERE o.key_hash = CAST(?1 AS {blob})
				AND (o.lease_until > {now} OR o.done_until > {now} AND NOT CAST(?9 AS boolean))
		)
	ON CONFLICT (key_hash) DO UPDATE SET
		owner = excluded.owner,
		lease_until = {now} + CAST(?6 AS bigint),
		expires_at = {greatest}(c.done_until, {now} + CAST(?6 AS bigint) + CAST(?7 AS bigint))
	WHERE c.lease_until <= {now} AND (CAST(?9 AS boolean) OR c.done_until <= {now})`

	lookSQL = `
	SELECT owner, lease_until - {now}, done_until - {now} FROM {table} WHERE key_hash = ?1`

	commitSQL = `
	UPDATE {table} SET
		lease_until = 0,
		done_until = CASE WHEN lease_until = 0 THEN done_until ELSE {now} + CAST(?3 AS bigint) END,
		expires_at = CASE WHEN lease_until = 0 THEN expires_at ELSE {now} + CAST(?3 AS bigint) END
	WHERE key_hash = ?1 AND owner = ?2{held}
PostgreSQL:RETURNING CASE WHEN current_setting('synchronous_commit') = 'off'
PostgreSQL:	THEN set_config('synchronous_commit', 'local', true) END`
)

// NewDedupe makes a store in db. It does not touch the database.
//
// It panics if db is nil or dialect is not a [Dialect].
func NewDedupe(db *sql.DB, dialect Dialect, opts ...Option) *Dedupe {
	return &Dedupe{newLeases("NewDedupe", dedupeKind, leaseSQL{"done_until", claimSQL, lookSQL, commitSQL}, db, dialect, opts)}
}

// Claim implements middleware.DedupeStore. It is one statement, and a second one
// that reads why if the first did not win. Now and then it deletes rows that
// have ended as well; see [Dedupe.Purge].
func (d *Dedupe) Claim(ctx context.Context, req middleware.ClaimRequest) (middleware.ClaimResult, error) {
	hash := hashKey(req.Key)
	return d.claim(ctx, hash, req.Key, req.Owner, req.Lease, []any{req.Force}, func() (middleware.ClaimResult, error) {
		return d.look(ctx, hash, req)
	})
}

// look says why a claim did not win. The zero status is that of a key that has
// become free since.
func (d *Dedupe) look(ctx context.Context, hash []byte, req middleware.ClaimRequest) (result middleware.ClaimResult, err error) {
	var owner []byte
	var lease, done int64
	err = d.retry(ctx, func() error {
		return d.db.QueryRowContext(ctx, d.lookSQL, hash).Scan(&owner, &lease, &done)
	})
	switch {
	case err != nil:
		return result, err
	case lease > 0 && bytes.Equal(owner, req.Owner[:]):
		result.Status = middleware.Claimed
	case lease > 0:
		result = middleware.ClaimResult{Status: middleware.InFlight, Left: duration(lease)}
	case done > 0 && !req.Force:
		result.Status = middleware.Done
	}
	return result, nil
}

// Commit implements middleware.DedupeStore, in a transaction of its own. A lease
// that ran out but was not taken over is committed. See [Dedupe.Tx] for the
// commit that shares the handler's transaction.
func (d *Dedupe) Commit(ctx context.Context, key middleware.Key, owner middleware.Owner, retention time.Duration) error {
	return d.commit(ctx, hashKey(key), owner[:], millis(retention))
}
