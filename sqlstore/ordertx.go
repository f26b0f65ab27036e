package sqlstore

import (
	"context"
	"database/sql"
	"fmt"

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
func (o *Order) CommitTx(ctx context.Context, tx Execer) error {
	claim, err := o.claimOf(ctx)
	if err != nil {
		return err
	}
	owner := claim.Owner()
	if err := o.commitTx(ctx, tx, claim.Store(), hashKey(claim.Key()), owner[:], claim.Position(), millis(claim.Retention())); err != nil {
		return err
	}
	commits(owner, tx, claim.SetCommitted)
	return nil
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
	return o.inTx(ctx, claim.Owner(), opts, fn, o.CommitTx)
}

// claimOf returns the claim of ctx that this store may commit.
func (o *Order) claimOf(ctx context.Context) (*middleware.OrderClaim, error) {
	claim := middleware.OrderClaimFrom(ctx)
	if claim == nil {
		return nil, fmt.Errorf("%w Or is the event in no order, without a related object?", ErrNoClaim)
	}
	return claim, o.mayHave(claim.Store())
}
