package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/cactuscorp/cactus/middleware"
)

// ErrNoClaim is returned by CommitTx and Tx if the context has no claim. It is
// the one that a handler gets below the store's middleware (middleware.Dedupe, or
// for an [Order] SkipStale or Serial), or one made from it.
var ErrNoClaim = errors.New("sqlstore: the context has no claim: is the store's middleware around the handler, and is it the handler's context?")

// ErrForeignClaim is returned by CommitTx and Tx if the claim of the context is not
// in this store: the middleware around the handler has another one, of another
// prefix, database or kind. It is a failure and not a lost lease, because no
// delivery that comes again fares better. Let both have the same store, or two of
// the same table; what wraps one of them does no harm.
//
// Where a decorator or another pool lies between, a claim that the database has
// forgotten looks the same.
var ErrForeignClaim = errors.New("sqlstore: the context's claim is not in this store: does the middleware around the handler have another one?")

// CommitTx makes the claim of ctx done as part of the caller's transaction. The
// effect happens once when the handler's writes share this transaction.
//
//   - middleware.ErrLeaseLost means that somebody else has the event. Roll back
//     and return the error: the sender is told to ask again.
//   - middleware.ErrDuplicate means that an earlier transaction of this delivery has
//     committed the claim: the handler runs again, as below middleware.Retry, after
//     it failed later or the answer to its commit was lost. Roll back, so that the
//     effect does not happen again, and return the error: the event is done.
//   - After any other error roll back, too: [ErrForeignClaim] and [ErrNoClaim] are
//     a program's mistakes.
//   - When the transaction has committed, call SetCommitted of the claim. In the
//     function of a Tx, with its tx, that is done for you.
//
// A claim whose lease ran out is committed if nobody took it over. From CommitTx
// until the end of the transaction its row is locked: who takes over a lease
// that ran out, or renews it, waits, and then sees the event done, or as it was
// if it was rolled back. So let CommitTx be the last statement, with two exceptions. On SQLite
// let it be the first: it takes the write lock, which a transaction that has
// read before may not get. On PostgreSQL let it be the first of a transaction
// that is REPEATABLE READ or SERIALIZABLE, because there a renewal that is newer
// than the transaction's snapshot fails the commit (SQLSTATE 40001).
//
// tx is of the store's own database. On a *sql.DB, or a *sql.Conn without a
// transaction, the claim is done at once. Whatever the order, the database gets
// one statement more, and on SQLite two pragmas; see [ErrNotDurable].
func (d *Dedupe) CommitTx(ctx context.Context, tx Execer) error {
	claim, err := d.claimOf(ctx)
	if err != nil {
		return err
	}
	owner := claim.Owner()
	if err := d.commitTx(ctx, tx, claim.Store(), hashKey(claim.Key()), owner[:], millis(claim.Retention())); err != nil {
		return err
	}
	commits(owner, tx, claim.SetCommitted)
	return nil
}

// Tx runs fn in a transaction that also makes the claim of ctx done, and commits
// it. The effect happens once when the handler's writes share this transaction,
// that is: go through the tx that fn is given.
//
// If fn fails or panics, or the claim is somebody else's (middleware.ErrLeaseLost),
// or the commit fails, all is rolled back, and the event will be handled when it
// is delivered again. Return Tx's error from the handler: once Tx has returned
// nil, the event is done even if the handler fails later, and a second Tx of the
// same delivery rolls back with middleware.ErrDuplicate. So let a handler have one,
// and within it CommitTx of another store: a Tx in there is [ErrNested].
// fn runs once; it must neither commit nor roll back, in SQL neither: after a ROLLBACK
// of its own PostgreSQL would commit the claim without the effect.
//
// opts are those of [sql.DB.BeginTx] and may be nil. The claim is committed
// after fn, or before it where [Dedupe.CommitTx] says so: on SQLite, where the
// transaction thus has the write lock from its start as with BEGIN IMMEDIATE,
// and for opts of LevelRepeatableRead and above. Keep it short then: others wait.
func (d *Dedupe) Tx(ctx context.Context, opts *sql.TxOptions, fn func(tx *sql.Tx) error) error {
	claim, err := d.claimOf(ctx)
	if err != nil {
		return err
	}
	return d.inTx(ctx, claim.Owner(), opts, fn, d.CommitTx)
}

// claimOf returns the claim of ctx that this store may commit.
func (d *Dedupe) claimOf(ctx context.Context) (*middleware.Claim, error) {
	claim := middleware.ClaimFrom(ctx)
	if claim == nil {
		return nil, ErrNoClaim
	}
	return claim, d.mayHave(claim.Store())
}

// mayHave returns an error if a claim that was made in store cannot be in this
// table. A store that it does not know may wrap this one, or choose between
// several, and two databases may be one: then the table itself has to tell, see
// commitTx.
func (t *table) mayHave(store any) error {
	switch store.(type) {
	case *middleware.MemoryDedupe, *middleware.MemoryOrder:
		return fmt.Errorf("%w (it is in a %T)", ErrForeignClaim, store)
	}
	its := tableOf(store)
	if its == nil || t.isCalled(its) {
		return nil
	}
	return fmt.Errorf("%w (it is in table %s of %v, not in %s of %v)", ErrForeignClaim, its.fullName(), its.dialect, t.fullName(), t.dialect)
}

// isCalled reports whether t is what its is called, though perhaps elsewhere.
func (t *table) isCalled(its *table) bool {
	return its.dialect == t.dialect && its.fullName() == t.fullName()
}

// isOf reports whether store is one of this table, as far as can be told.
func (t *table) isOf(store any) bool {
	its := tableOf(store)
	return its != nil && its.db == t.db && t.isCalled(its)
}

// tableOf returns the table of a store of this package, and nil for others.
func tableOf(store any) *table {
	switch s := store.(type) {
	case *Dedupe:
		return s.table
	case *Order:
		return s.table
	}
	return nil
}

// inTx runs fn in a transaction and commits it, with commit before or after fn.
func (t *table) inTx(ctx context.Context, owner middleware.Owner, opts *sql.TxOptions,
	fn func(tx *sql.Tx) error, commit func(ctx context.Context, tx Execer) error,
) error {
	r, leave, err := enter(ctx, owner)
	if err != nil {
		return err
	}
	defer leave()
	first := t.dialect == SQLite || opts != nil && opts.Isolation >= sql.LevelRepeatableRead
	tx, err := t.begin(ctx, opts, func(ctx context.Context, tx *sql.Tx) error {
		r.begun(tx)
		if first {
			return commit(ctx, tx)
		}
		return nil
	})
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	if err := fn(tx); err != nil {
		return err
	}
	if !first {
		if err := commit(ctx, tx); err != nil {
			return err
		}
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit transaction: %w", err)
	}
	r.setCommitted()
	return nil
}

// begin begins a transaction whose first statement is that of f, again if need be.
func (t *table) begin(ctx context.Context, opts *sql.TxOptions, f func(ctx context.Context, tx *sql.Tx) error) (tx *sql.Tx, err error) {
	err = t.retry(ctx, func() error {
		if tx, err = t.db.BeginTx(ctx, opts); err != nil {
			return fmt.Errorf("begin transaction: %w", err)
		}
		if err := f(ctx, tx); err != nil {
			_ = tx.Rollback()
			return err
		}
		return nil
	})
	return tx, err
}
