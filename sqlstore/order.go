package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"time"

	"github.com/cactuscorp/cactus/middleware"
)

// Order is a middleware.OrderStore in a SQL database, so that all processes that
// receive for one system agree on whose turn it is and on what is stale. It must be
// made with [NewOrder], and its tables by [Order.Migrate]. It is safe for
// concurrent use.
//
// A key has one row. Time is the database's, in milliseconds; leases and
// retentions are rounded up to the next. A lease that ran out but was not taken
// over can still be renewed and committed, for an hour: then [Order.Purge]
// forgets it, and with it a position that is not retained any more.
//
// A position that is lost with the power lets a stale event run, so commits are
// as durable as those of [Dedupe]. [Order.Tx] commits a position in the transaction
// of the handler's own writes.
type Order struct{ *leases }

var _ middleware.OrderStore = (*Order)(nil)

// A row is held while lease_until is not 0, and others respect that until the
// time has come. Its position counts until keep_until.
const (
	orderClaimSQL = `
	INSERT INTO {table} AS c (key_hash, source, tenant, id, owner, lease_until, place, keep_until, expires_at)
	SELECT CAST(?1 AS {blob}), CAST(?2 AS text), CAST(?3 AS text), CAST(?4 AS text), CAST(?5 AS {blob}),
		{now} + CAST(?6 AS bigint), CAST(?9 AS bigint), 0, {now} + CAST(?6 AS bigint) + CAST(?7 AS bigint)
	WHERE (CAST(?8 AS boolean) OR EXISTS (SELECT 1 FROM {table} WHERE key_hash = CAST(?1 AS {blob})))
		AND NOT EXISTS (
			SELECT 1 FROM {table} AS o WHERE o.key_hash = CAST(?1 AS {blob}) AND (
				o.lease_until > {now}
				OR o.keep_until > {now} AND o.place > CAST(?10 AS bigint) AND CAST(?10 AS bigint) <> CAST(?9 AS bigint))
		)
	ON CONFLICT (key_hash) DO UPDATE SET
		owner = excluded.owner,
		lease_until = {now} + CAST(?6 AS bigint),
		place = CASE WHEN c.keep_until <= {now} THEN CAST(?9 AS bigint) ELSE c.place END,
		expires_at = {greatest}(c.keep_until, {now} + CAST(?6 AS bigint) + CAST(?7 AS bigint))
	WHERE c.lease_until <= {now}
		AND (c.keep_until <= {now} OR c.place <= CAST(?10 AS bigint) OR CAST(?10 AS bigint) = CAST(?9 AS bigint))`

	orderLookSQL = `
	SELECT owner, lease_until - {now}, CASE WHEN keep_until <= {now} THEN CAST(?2 AS bigint) ELSE place END
	FROM {table} WHERE key_hash = ?1`

	orderCommitSQL = `
	UPDATE {table} SET
		lease_until = 0,
		place = CASE WHEN keep_until <= {now} THEN CAST(?3 AS bigint) ELSE {greatest}(place, CAST(?3 AS bigint)) END,
		keep_until = {greatest}(keep_until, {now} + CAST(?4 AS bigint)),
		expires_at = {greatest}(keep_until, {now} + CAST(?4 AS bigint))
	WHERE key_hash = ?1 AND owner = ?2{held}
PostgreSQL:RETURNING CASE WHEN current_setting('synchronous_commit') = 'off'
PostgreSQL:	THEN set_config('synchronous_commit', 'local', true) END`
)

// NewOrder makes a store in db. It does not touch the database.
//
// It panics if db is nil or dialect is not a [Dialect].
func NewOrder(db *sql.DB, dialect Dialect, opts ...Option) *Order {
	return &Order{newLeases("NewOrder", orderKind, leaseSQL{"keep_until", orderClaimSQL, orderLookSQL, orderCommitSQL}, db, dialect, opts)}
}

// Claim implements middleware.OrderStore. It is one statement, and a second one
// that reads why if the first did not win.
func (o *Order) Claim(ctx context.Context, req middleware.OrderRequest) (middleware.ClaimResult, error) {
	hash := hashKey(req.Key)
	return o.claim(ctx, hash, req.Key, req.Owner, req.Lease, []any{middleware.NoPosition, req.Position}, func() (middleware.ClaimResult, error) {
		return o.look(ctx, hash, req)
	})
}

// look says why a claim did not win. The zero status is that of a key that has
// become free since.
func (o *Order) look(ctx context.Context, hash []byte, req middleware.OrderRequest) (result middleware.ClaimResult, err error) {
	var owner []byte
	var lease, position int64
	err = o.retry(ctx, func() error {
		return o.db.QueryRowContext(ctx, o.lookSQL, hash, middleware.NoPosition).Scan(&owner, &lease, &position)
	})
	switch {
	case err != nil:
		return result, err
	case lease > 0 && bytes.Equal(owner, req.Owner[:]):
		result.Status = middleware.Claimed // the answer to an earlier try was lost
	case req.Position != middleware.NoPosition && req.Position < position:
		result.Status = middleware.Stale
	case lease > 0:
		result = middleware.ClaimResult{Status: middleware.InFlight, Left: duration(lease)}
	}
	return result, nil
}

// Commit implements middleware.OrderStore, in a transaction of its own. A lease that
// ran out but was not taken over is committed. See [Order.Tx] for the commit that
// shares the handler's transaction.
func (o *Order) Commit(ctx context.Context, key middleware.Key, owner middleware.Owner, position int64, retention time.Duration) error {
	return o.commit(ctx, hashKey(key), owner[:], position, millis(retention))
}
