package sqlstore

import (
	"context"
	"database/sql"

	"github.com/cactuscorp/cactus/middleware"
)

// CommitTx records the position of the claim of ctx, and ends the claim, as part
// of the caller's transaction. So the position is recorded if and only if the
// handler's writes are, and a handler whose object is somebody else's by now
// writes nothing.
//
// The claim is that of middleware.SkipStale or Serial. Without one, as for an event
// that is in no order, it is [ErrNoClaim]. All else is as with [Dedupe.CommitTx]:
// which errors to roll back after, where in the transaction to call it, what it
// locks, and that SetCommitted of the claim follows the transaction's commit. Both
// claims of an event may be committed in one transaction:
//
//	err := events.Tx(ctx, nil, func(tx *sql.Tx) error { // a Dedupe
//		if err := positions.CommitTx(ctx, tx); err != nil { // an Order
//			return err
//		}
//		_, err := tx.ExecContext(ctx, `UPDATE shipments ...`)
//		return err
//	})
//	if err == nil {
//		middleware.OrderClaimFrom(ctx).SetCommitted()
//	}
func (o *Order) CommitTx(ctx context.Context, tx Execer) error {
	claim, err := o.claimOf(ctx)
	if err != nil {
		return err
	}
	owner := claim.Owner()
	return o.commitTx(ctx, tx, claim.Store(), hashKey(claim.Key()), owner[:], claim.Position(), millis(claim.Retention()))
}

// Tx runs fn in a transaction that also records the position of the claim of ctx,
// and commits it: [Dedupe.Tx] for middleware.SkipStale and Serial. Once it has
// returned nil, the position stands even if the handler fails later, and the next
// event of the object may begin in another process.
func (o *Order) Tx(ctx context.Context, opts *sql.TxOptions, fn func(tx *sql.Tx) error) error {
	claim, err := o.claimOf(ctx)
	if err != nil {
		return err
	}
	if err := o.inTx(ctx, opts, fn, o.CommitTx); err != nil {
		return err
	}
	claim.SetCommitted()
	return nil
}

// claimOf returns the claim of ctx that this store may commit.
func (o *Order) claimOf(ctx context.Context) (*middleware.OrderClaim, error) {
	claim := middleware.OrderClaimFrom(ctx)
	if claim == nil {
		return nil, ErrNoClaim
	}
	return claim, o.mayHave(claim.Store())
}
