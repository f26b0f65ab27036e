package sqlstore

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/middleware"
)

const (
	// claimTries bounds how often a claim that lost to one that has ended since
	// starts again.
	claimTries = 4
	// leaseGrace is for how long a lease that ran out can still be committed.
	leaseGrace = time.Hour
)

// {until} is the column of what outlives a claim, and {held} is the condition that
// the claim has not ended.
const (
	renewSQL = `
	UPDATE {table} SET
		lease_until = {now} + CAST(?3 AS bigint),
		expires_at = {greatest}({until}, {now} + CAST(?3 AS bigint) + CAST(?4 AS bigint))
	WHERE key_hash = ?1 AND owner = ?2{held}`

	releaseSQL = `
	UPDATE {table} SET owner = CAST('' AS {blob}), lease_until = 0, expires_at = {until}
	WHERE key_hash = ?1 AND owner = ?2{held}`

	ownSQL = `
	SELECT owner FROM {table} WHERE key_hash = ?1`

	held = ` AND lease_until <> 0`
)

// leases is a table of keys that are claimed.
type leases struct {
	*table

	claimSQL, lookSQL, commitSQL, commitTxSQL, renewSQL, releaseSQL, ownSQL string
}

// leaseSQL is what the tables differ by.
type leaseSQL struct {
	until               string // the column of what outlives a claim
	claim, look, commit string
}

func newLeases(function string, k kind, s leaseSQL, db *sql.DB, dialect Dialect, opts []Option) *leases {
	l := &leases{table: newTable(function, k, db, dialect, opts)}
	l.purgeSQL = l.expand(purgeSQL)
	expand := func(statement, held string) string {
		return l.expand(strings.NewReplacer("{until}", s.until, "{held}", held).Replace(statement))
	}
	l.claimSQL, l.lookSQL, l.ownSQL = l.expand(s.claim), l.expand(s.look), l.expand(ownSQL)
	l.commitSQL, l.commitTxSQL = expand(s.commit, ""), expand(s.commit, held)
	l.renewSQL, l.releaseSQL = expand(renewSQL, held), expand(releaseSQL, held)
	return l
}

// claim executes claimSQL, with more as the parameters from ?9 on, and lets look
// say why it did not win. Of look, the zero status is that of a key that has
// become free since.
func (l *leases) claim(ctx context.Context, hash []byte, key middleware.Key, owner middleware.Owner, lease time.Duration, more []any,
	look func() (middleware.ClaimResult, error),
) (result middleware.ClaimResult, err error) {
	if err := l.checkOnce(ctx); err != nil {
		return result, err
	}
	room, err := l.rows.reserve(ctx)
	if err != nil {
		return result, err
	}
	var won int64
	defer func() { l.rows.settle(room, won > 0) }()
	args := append([]any{
		hash, readable(key.Source), readable(key.Tenant), readable(key.ID), owner[:], millis(lease), millis(leaseGrace), room,
	}, more...)
	for range claimTries {
		if won, err = l.exec(ctx, l.claimSQL, args...); err != nil {
			return result, fmt.Errorf("claim key: %w", err)
		}
		if won > 0 {
			l.sweep(ctx)
			return middleware.ClaimResult{Status: middleware.Claimed}, nil
		}
		result, err = look()
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

// commit ends a claim in a transaction of its own. It may be repeated. The first of
// args are the key's hash and the owner.
func (l *leases) commit(ctx context.Context, args ...any) error {
	return l.durably(ctx, func(c Execer) error { return commitOn(ctx, c, l.commitSQL, args) })
}

// commitTx ends a claim in the caller's transaction. It may not be repeated: what
// else is in the transaction would happen again.
//
// Without a row the claim was made in another store than this, or the database has
// forgotten it, as after a failover, or it was purged: an hour after its lease ran
// out, or when what had been committed of it was over.
func (l *leases) commitTx(ctx context.Context, tx Execer, store any, args ...any) error {
	if err := l.checkDurable(ctx, tx); err != nil {
		return err
	}
	err := commitOn(ctx, tx, l.commitTxSQL, args)
	if !errors.Is(err, middleware.ErrLeaseLost) {
		return l.migrated(err)
	}
	var owner []byte
	look := tx.QueryRowContext(ctx, l.ownSQL, args[0]).Scan(&owner)
	switch {
	case errors.Is(look, sql.ErrNoRows) && l.isOf(store):
		return fmt.Errorf("commit key: %w: table %s has no such key any more", err, l.fullName())
	case errors.Is(look, sql.ErrNoRows):
		return fmt.Errorf("%w (table %s of %v has no such key)", ErrForeignClaim, l.fullName(), l.dialect)
	case look != nil:
		return fmt.Errorf("look at key: %w", look)
	case isOwner(owner, args[1]):
		return fmt.Errorf("commit key again: %w", middleware.ErrDuplicate)
	default:
		return fmt.Errorf("commit key: %w: table %s has another claim of it (is that the table of the middleware's store?)", err, l.fullName())
	}
}

func isOwner(owner []byte, arg any) bool {
	its, ok := arg.([]byte)
	return ok && bytes.Equal(owner, its)
}

func commitOn(ctx context.Context, c Execer, query string, args []any) error {
	committed, err := affected(c.ExecContext(ctx, query, args...))
	if err != nil {
		return fmt.Errorf("commit key: %w", err)
	}
	if committed == 0 {
		return middleware.ErrLeaseLost
	}
	return nil
}

// Renew implements the store's interface. A lease that ran out but was not taken
// over is renewed. What its owner has committed has none, and was not lost: the
// middleware may not know of a commit in the handler's transaction yet.
func (l *leases) Renew(ctx context.Context, key middleware.Key, owner middleware.Owner, lease time.Duration) error {
	hash := hashKey(key)
	renewed, err := l.exec(ctx, l.renewSQL, hash, owner[:], millis(lease), millis(leaseGrace))
	if err != nil {
		return fmt.Errorf("renew lease: %w", err)
	}
	if renewed > 0 {
		return nil
	}
	var its []byte
	err = l.retry(ctx, func() error { return l.db.QueryRowContext(ctx, l.ownSQL, hash).Scan(&its) })
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return fmt.Errorf("look at key: %w", err)
	}
	if err == nil && bytes.Equal(its, owner[:]) {
		return nil
	}
	return middleware.ErrLeaseLost
}

// Release implements the store's interface. The row stays until the key is
// claimed again or the row is purged.
func (l *leases) Release(ctx context.Context, key middleware.Key, owner middleware.Owner) error {
	if _, err := l.exec(ctx, l.releaseSQL, hashKey(key), owner[:]); err != nil {
		return fmt.Errorf("release key: %w", err)
	}
	return nil
}

// Purge deletes all rows that have ended: retentions that are over, claims that
// were released, and leases that ran out an hour ago or longer. It returns how
// many it deleted, also with an error. It works in batches of a thousand, a
// transaction each.
//
// It need not be called: one in 64 claims of a process deletes up to 128 such
// rows itself, which keeps up with any rate of events. But then that claim waits
// for it, and rows stay when no more events come. A cron that purges each
// minute leaves the claims an index lookup.
func (l *leases) Purge(ctx context.Context) (deleted int64, err error) { return l.purgeAll(ctx) }

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
