package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// both has a handler below a Dedupe and SkipStale, whose stores it is given.
func (d database) both(t *testing.T, order func(*sqlstore.Order) middleware.OrderStore,
	h func(ctx context.Context, events *sqlstore.Dedupe, positions *sqlstore.Order) error,
) (*cactus.Registry, *sql.DB) {
	t.Helper()
	positions, db, _ := d.positions(t)
	events := migrated(t, db, d.dialect)
	r := &cactus.Registry{}
	r.Use(middleware.SkipStale(order(positions)), middleware.Dedupe(events))
	cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error { return h(ctx, events, positions) })
	return r, db
}

func plainly(o *sqlstore.Order) middleware.OrderStore { return o }

// Two transactions would wait for each other, or one be committed without the
// other.
func TestTx_RefusesATxInsideOfAnother(t *testing.T) {
	nothing := func(*sql.Tx) error { return nil }
	for _, d := range databases {
		for name, h := range map[string]func(ctx context.Context, events *sqlstore.Dedupe, positions *sqlstore.Order) error{
			"of the order": func(ctx context.Context, events *sqlstore.Dedupe, positions *sqlstore.Order) error {
				return events.Tx(ctx, nil, func(*sql.Tx) error { return positions.Tx(ctx, nil, nothing) })
			},
			"around the dedupe's": func(ctx context.Context, events *sqlstore.Dedupe, positions *sqlstore.Order) error {
				return positions.Tx(ctx, nil, func(*sql.Tx) error { return events.Tx(ctx, nil, nothing) })
			},
			"of the same": func(ctx context.Context, events *sqlstore.Dedupe, _ *sqlstore.Order) error {
				return events.Tx(ctx, nil, func(*sql.Tx) error { return events.Tx(ctx, nil, nothing) })
			},
		} {
			t.Run(d.name+" "+name, func(t *testing.T) {
				var second error
				r, db := d.both(t, plainly, func(ctx context.Context, events *sqlstore.Dedupe, positions *sqlstore.Order) error {
					if second == nil {
						second = h(ctx, events, positions)
						return second
					}
					return events.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, "later") })
				})
				status, err := deliverAt(t.Context(), r, "ord_1", 1)
				require.ErrorIs(t, err, sqlstore.ErrNested)
				require.Equal(t, 500, status)
				_, err = deliverAt(t.Context(), r, "ord_1", 1)
				require.NoError(t, err, "the claims were given back, and so was the way in")
				require.Equal(t, map[string]int{"later": 1}, effects(t, db))
			})
		}
	}
}

// committing counts the middleware's own commits.
type committing struct {
	middleware.OrderStore

	commits int
}

func (c *committing) Commit(ctx context.Context, key middleware.Key, owner middleware.Owner, position int64, retention time.Duration) error {
	c.commits++
	return c.OrderStore.Commit(ctx, key, owner, position, retention)
}

func TestOrderCommitTx_InATxIsKnownToTheMiddleware(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store := new(committing)
			fails := true
			r, db := d.both(t, func(o *sqlstore.Order) middleware.OrderStore { store.OrderStore = o; return store },
				func(ctx context.Context, events *sqlstore.Dedupe, positions *sqlstore.Order) error {
					return events.Tx(ctx, nil, func(tx *sql.Tx) error {
						if err := positions.CommitTx(ctx, tx); err != nil {
							return err
						}
						if fails {
							return errPrinter
						}
						return effect(ctx, tx, "shipped")
					})
				})
			_, err := deliverAt(t.Context(), r, "ord_1", 2)
			require.ErrorIs(t, err, errPrinter)
			_, err = deliverAt(t.Context(), r, "ord_1", 1)
			require.ErrorIs(t, err, errPrinter, "no position was recorded, so an older event runs")
			fails = false
			_, err = deliverAt(t.Context(), r, "ord_1", 3)
			require.NoError(t, err)
			require.Zero(t, store.commits, "it was committed in the transaction")
			_, err = deliverAt(t.Context(), r, "ord_1", 2)
			require.ErrorIs(t, err, middleware.ErrStale)
			require.Equal(t, map[string]int{"shipped": 1}, effects(t, db))
		})
	}
}

func TestOrderTx_OfAnEventInNoOrderSaysSo(t *testing.T) {
	d := databases[0]
	r, _ := d.both(t, plainly, func(ctx context.Context, _ *sqlstore.Dedupe, positions *sqlstore.Order) error {
		middleware.OrderClaimFrom(ctx).SetCommitted() // of none
		return positions.Tx(ctx, nil, func(*sql.Tx) error { return errors.New("it runs") })
	})
	err := r.DispatchUnverified(t.Context(), []byte(`{"id":"evt_1","type":"order.shipped"}`))
	require.ErrorIs(t, err, sqlstore.ErrNoClaim)
	require.ErrorContains(t, err, "is the event in no order")
}
