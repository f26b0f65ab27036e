package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"sync"

	"github.com/cactuscorp/cactus/middleware"
)

// ErrNested is returned by Tx inside of the function of another Tx of the same
// delivery, whether of a [Dedupe] or an [Order]: it would be a transaction of its
// own, which on SQLite waits for the outer one for ever. Call CommitTx with the
// outer one's tx.
var ErrNested = errors.New("sqlstore: a Tx inside of another one's function: call CommitTx with that one's tx")

// running are the transactions of Tx, by the owners of the delivery's claims.
var running sync.Map // middleware.Owner -> *runningTx

// runningTx is a Tx whose function has not returned.
type runningTx struct {
	mu        sync.Mutex
	tx        *sql.Tx
	committed []func() // the SetCommitted of claims that are committed in it
}

// enter begins a Tx for the claim of owner. It returns ErrNested inside of another.
func enter(ctx context.Context, owner middleware.Owner) (r *runningTx, leave func(), err error) {
	r = new(runningTx)
	if _, nested := running.LoadOrStore(owner, r); nested {
		return nil, nil, ErrNested
	}
	owners := []middleware.Owner{owner}
	for _, other := range ownersOf(ctx) { // a Tx of the other store would be nested too
		if _, taken := running.LoadOrStore(other, r); !taken {
			owners = append(owners, other)
		}
	}
	return r, func() {
		for _, o := range owners {
			running.Delete(o)
		}
	}, nil
}

// ownersOf returns the owners of the claims that a handler has.
func ownersOf(ctx context.Context) (owners []middleware.Owner) {
	if claim := middleware.ClaimFrom(ctx); claim != nil {
		owners = append(owners, claim.Owner())
	}
	if claim := middleware.OrderClaimFrom(ctx); claim != nil {
		owners = append(owners, claim.Owner())
	}
	return owners
}

func (r *runningTx) begun(tx *sql.Tx) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tx = tx
}

// commits has setCommitted be called when the Tx that tx belongs to has committed,
// if it belongs to one.
func commits(owner middleware.Owner, tx Execer, setCommitted func()) {
	found, _ := running.Load(owner)
	r, ok := found.(*runningTx)
	if !ok {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if its, ok := tx.(*sql.Tx); ok && its == r.tx {
		r.committed = append(r.committed, setCommitted)
	}
}

func (r *runningTx) setCommitted() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, f := range r.committed {
		f()
	}
}
