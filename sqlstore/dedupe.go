package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync/atomic"
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
// length and hold any bytes. The columns source, tenant and id are for people.
type Dedupe struct {
	db      *sql.DB
	dialect Dialect
	prefix  string
	rows    *rows // nil: no limit
	checked atomic.Bool
	claims  atomic.Uint64

	claimSQL, lookSQL, renewSQL, commitSQL, releaseSQL, purgeSQL string
}

var _ middleware.DedupeStore = (*Dedupe)(nil)

// Execer is the part of a *sql.Tx that the store needs. A *sql.Conn on which a
// transaction was begun by hand has it too.
type Execer interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

const (
	// claimTries bounds how often a claim that lost to one that has ended since
	// starts again.
	claimTries = 4
	// leaseGrace is for how long a lease that ran out can still be committed.
	leaseGrace = time.Hour
)

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
	INSERT INTO {prefix}dedupe AS c (key_hash, source, tenant, id, owner, lease_until, done_until, expires_at)
	SELECT CAST(?1 AS {blob}), CAST(?2 AS text), CAST(?3 AS text), CAST(?4 AS text), CAST(?5 AS {blob}),
		{now} + CAST(?6 AS bigint), 0, {now} + CAST(?6 AS bigint) + CAST(?7 AS bigint)
	WHERE (CAST(?8 AS boolean) OR EXISTS (SELECT 1 FROM {prefix}dedupe WHERE key_hash = CAST(?1 AS {blob})))
		AND NOT EXISTS (
			SELECT 1 FROM {prefix}dedupe AS o WHERE o.key_hash = CAST(?1 AS {blob})
				AND (o.lease_until > {now} OR o.done_until > {now} AND NOT CAST(?9 AS boolean))
		)
	ON CONFLICT (key_hash) DO UPDATE SET
		owner = excluded.owner,
		lease_until = {now} + CAST(?6 AS bigint),
		expires_at = {greatest}(c.done_until, {now} + CAST(?6 AS bigint) + CAST(?7 AS bigint))
	WHERE c.lease_until <= {now} AND (CAST(?9 AS boolean) OR c.done_until <= {now})`

	lookSQL = `
	SELECT owner, lease_until - {now}, done_until - {now} FROM {prefix}dedupe WHERE key_hash = ?1`

	renewSQL = `
	UPDATE {prefix}dedupe SET
		lease_until = {now} + CAST(?3 AS bigint),
		expires_at = {greatest}(done_until, {now} + CAST(?3 AS bigint) + CAST(?4 AS bigint))
	WHERE key_hash = ?1 AND owner = ?2 AND lease_until <> 0`

	commitSQL = `
	UPDATE {prefix}dedupe SET
		lease_until = 0,
		done_until = CASE WHEN lease_until = 0 THEN done_until ELSE {now} + CAST(?3 AS bigint) END,
		expires_at = CASE WHEN lease_until = 0 THEN expires_at ELSE {now} + CAST(?3 AS bigint) END
	WHERE key_hash = ?1 AND owner = ?2
PostgreSQL:RETURNING CASE WHEN current_setting('synchronous_commit') = 'off'
PostgreSQL:	THEN set_config('synchronous_commit', 'local', true) END`

	releaseSQL = `
	UPDATE {prefix}dedupe SET owner = CAST('' AS {blob}), lease_until = 0, expires_at = done_until
	WHERE key_hash = ?1 AND owner = ?2 AND lease_until <> 0`
)

// NewDedupe makes a store in db. It does not touch the database.
//
// It panics if db is nil or dialect is not a [Dialect].
func NewDedupe(db *sql.DB, dialect Dialect, opts ...Option) *Dedupe {
	if db == nil {
		panic("sqlstore: NewDedupe: the database is nil")
	}
	dialect.check("NewDedupe")
	o := newOptions(opts)
	d := &Dedupe{db: db, dialect: dialect, prefix: o.prefix}
	if o.limit > 0 {
		d.rows = newRows(o.limit, d.count)
	}
	d.claimSQL, d.lookSQL = d.expand(claimSQL), d.expand(lookSQL)
	d.renewSQL, d.commitSQL = d.expand(renewSQL), d.expand(commitSQL)
	d.releaseSQL, d.purgeSQL = d.expand(releaseSQL), d.expand(purgeSQL)
	return d
}

func (d *Dedupe) expand(statement string) string { return d.dialect.expand(statement, d.prefix) }

// Claim implements middleware.DedupeStore. It is one statement, and a second one
// that reads why if the first did not win. Now and then it deletes rows that
// have ended as well; see [Dedupe.Purge].
func (d *Dedupe) Claim(ctx context.Context, req middleware.ClaimRequest) (result middleware.ClaimResult, err error) {
	if err := d.checkOnce(ctx); err != nil {
		return result, err
	}
	room, err := d.rows.reserve(ctx)
	if err != nil {
		return result, err
	}
	won := false
	defer func() { d.rows.settle(room, won) }()
	hash, key := hashKey(req.Key), req.Key
	for range claimTries {
		won, err = d.exec(ctx, d.claimSQL, hash, readable(key.Source), readable(key.Tenant), readable(key.ID),
			req.Owner[:], millis(req.Lease), millis(leaseGrace), room, req.Force)
		if err != nil {
			return result, fmt.Errorf("claim key: %w", err)
		}
		if won {
			d.sweep(ctx)
			return middleware.ClaimResult{Status: middleware.Claimed}, nil
		}
		result, err = d.look(ctx, hash, req)
		if errors.Is(err, sql.ErrNoRows) && !room {
			return result, middleware.ErrStoreFull
		}
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return result, fmt.Errorf("look at key: %w", err)
		}
		if result.Status != 0 {
			return result, nil
		}
	}
	return middleware.ClaimResult{Status: middleware.InFlight, Left: time.Millisecond}, nil
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

// Renew implements middleware.DedupeStore. A lease that ran out but was not
// taken over is renewed.
func (d *Dedupe) Renew(ctx context.Context, key middleware.Key, owner middleware.Owner, lease time.Duration) error {
	renewed, err := d.exec(ctx, d.renewSQL, hashKey(key), owner[:], millis(lease), millis(leaseGrace))
	if err != nil {
		return fmt.Errorf("renew lease: %w", err)
	}
	if !renewed {
		return middleware.ErrLeaseLost
	}
	return nil
}

// Commit implements middleware.DedupeStore, in a transaction of its own. A lease
// that ran out but was not taken over is committed. See [Dedupe.Tx] for the
// commit that shares the handler's transaction.
func (d *Dedupe) Commit(ctx context.Context, key middleware.Key, owner middleware.Owner, retention time.Duration) error {
	conn, err := d.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	return d.retry(ctx, func() error { return d.commit(ctx, conn, key, owner, retention) })
}

func (d *Dedupe) commit(ctx context.Context, c Execer, key middleware.Key, owner middleware.Owner, retention time.Duration) error {
	if err := d.checkDurable(ctx, c); err != nil {
		return err
	}
	committed, err := affected(c.ExecContext(ctx, d.commitSQL, hashKey(key), owner[:], millis(retention)))
	if err != nil {
		return fmt.Errorf("commit key: %w", err)
	}
	if !committed {
		return middleware.ErrLeaseLost
	}
	return nil
}

// Release implements middleware.DedupeStore. The row stays until the key is
// claimed again or the row is purged.
func (d *Dedupe) Release(ctx context.Context, key middleware.Key, owner middleware.Owner) error {
	if _, err := d.exec(ctx, d.releaseSQL, hashKey(key), owner[:]); err != nil {
		return fmt.Errorf("release key: %w", err)
	}
	return nil
}

// exec executes a statement in a transaction of its own, again if need be, and
// reports whether it changed a row.
func (d *Dedupe) exec(ctx context.Context, query string, args ...any) (changed bool, err error) {
	err = d.retry(ctx, func() error {
		changed, err = affected(d.db.ExecContext(ctx, query, args...))
		return err
	})
	return changed, err
}

func affected(result sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// duration is that of some milliseconds, or the longest there is.
func duration(ms int64) time.Duration {
	const longest = 1<<63 - 1
	return time.Duration(min(ms, longest/int64(time.Millisecond))) * time.Millisecond
}

// millis rounds up.
func millis(d time.Duration) int64 {
	if d > 0 && d%time.Millisecond != 0 {
		return d.Milliseconds() + 1
	}
	return d.Milliseconds()
}
