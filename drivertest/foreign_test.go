package drivertest_test

import (
	"context"
	"database/sql"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// counted wraps a store as one for metrics does: nothing tells what is inside.
type counted struct {
	middleware.DedupeStore

	claims int
}

func (c *counted) Claim(ctx context.Context, req middleware.ClaimRequest) (middleware.ClaimResult, error) {
	c.claims++
	return c.DedupeStore.Claim(ctx, req)
}

// byTenant chooses between stores, and looks like one of them.
type byTenant struct {
	*sqlstore.Dedupe

	other *sqlstore.Dedupe
}

func (b byTenant) Claim(ctx context.Context, req middleware.ClaimRequest) (middleware.ClaimResult, error) {
	return b.other.Claim(ctx, req)
}

func (b byTenant) Release(ctx context.Context, key middleware.Key, owner middleware.Owner) error {
	return b.other.Release(ctx, key, owner)
}

// claimedIn has the middleware's store be one, and the handler's the other.
func claimedIn(claims middleware.DedupeStore, handler *sqlstore.Dedupe) *cactus.Registry {
	r := &cactus.Registry{}
	r.Use(middleware.Dedupe(claims, middleware.WithLease(time.Minute)))
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		return handler.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, e.ID) })
	})
	return r
}

// Such an event would be busy for ever, although nobody else has it.
func TestTx_RefusesTheClaimOfAnotherStore(t *testing.T) {
	for _, d := range databases {
		store, db := d.store(t)
		elsewhere, _ := d.store(t)
		for name, claims := range map[string]middleware.DedupeStore{
			"of another prefix":            migrated(t, db, d.dialect, sqlstore.WithPrefix("shop_")),
			"of another database":          elsewhere,
			"of memory":                    middleware.NewMemoryDedupe(),
			"wrapped, of another database": &counted{DedupeStore: elsewhere},
			"wrapped, of memory":           &counted{DedupeStore: middleware.NewMemoryDedupe()},
		} {
			t.Run(d.name+" "+name, func(t *testing.T) {
				for range 2 { // the claim is given back
					status, err := deliver(t.Context(), claimedIn(claims, store), "evt_1")
					require.ErrorIs(t, err, sqlstore.ErrForeignClaim)
					require.NotErrorIs(t, err, middleware.ErrLeaseLost)
					require.Equal(t, 500, status)
					require.ErrorContains(t, err, "another")
					t.Log(err)
				}
				require.Empty(t, effects(t, db))
			})
		}
	}
}

// A store of its own for the claim, and one around it: the inner claim counts.
func TestTx_RefusesTheClaimOfAnInnerStore(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.store(t)
			inner := migrated(t, db, d.dialect, sqlstore.WithPrefix("shop_"))
			r := &cactus.Registry{}
			r.Use(middleware.Dedupe(store), middleware.Dedupe(inner))
			cactus.On(r, func(ctx context.Context, _ *types.OrderShippedPushed) error {
				return store.Tx(ctx, nil, func(*sql.Tx) error { t.Error("it runs"); return nil })
			})
			status, err := deliver(t.Context(), r, "evt_1")
			require.ErrorIs(t, err, sqlstore.ErrForeignClaim)
			require.Equal(t, 500, status)
		})
	}
}

func TestTx_TakesTheClaimOfAWrappedStore(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			dsn := d.dsn(t)
			db := d.open(t, dsn)
			store := migrated(t, db, d.dialect)
			another := migrated(t, db, d.dialect, sqlstore.WithPrefix("shop_"))
			for id, claims := range map[string]middleware.DedupeStore{
				"evt_1": &counted{DedupeStore: store},
				"evt_2": &counted{DedupeStore: &counted{DedupeStore: store}},
				"evt_3": byTenant{another, store},
				"evt_4": sqlstore.NewDedupe(db, d.dialect),             // the same table
				"evt_5": sqlstore.NewDedupe(d.open(t, dsn), d.dialect), // over a pool of its own
			} {
				_, err := deliver(t.Context(), claimedIn(claims, store), id)
				require.NoError(t, err, id)
				require.Equal(t, 1, effects(t, db)[id])
			}
		})
	}
}

type countedOrder struct{ middleware.OrderStore }

func TestOrderTx_RefusesTheClaimOfAnotherStore(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db, _ := d.positions(t)
			elsewhere, _, _ := d.positions(t)
			for _, claims := range []middleware.OrderStore{elsewhere, middleware.NewMemoryOrder(), countedOrder{elsewhere}, countedOrder{store}, store} {
				r := &cactus.Registry{}
				r.Use(middleware.SkipStale(claims, middleware.WithLease(time.Minute)))
				cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
					return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, e.ID) })
				})
				status, err := deliverAt(t.Context(), r, "ord_1", 1)
				if wrapped, ok := claims.(countedOrder); claims == store || ok && wrapped.OrderStore == store {
					require.NoError(t, err)
					continue
				}
				require.ErrorIs(t, err, sqlstore.ErrForeignClaim)
				require.Equal(t, 500, status)
				require.Empty(t, effects(t, db))
			}
		})
	}
}

// Nobody has made a mistake when the database has forgotten the claim.
func TestTx_OfAClaimThatIsForgottenHasLostItsLease(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			store, db := d.store(t)
			r := &cactus.Registry{}
			r.Use(middleware.Dedupe(store, middleware.WithLease(time.Minute)))
			cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
				_, err := db.ExecContext(ctx, "DELETE FROM cactus_dedupe")
				require.NoError(t, err)
				return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, e.ID) })
			})
			status, err := deliver(t.Context(), r, "evt_1")
			require.ErrorIs(t, err, middleware.ErrLeaseLost)
			require.NotErrorIs(t, err, sqlstore.ErrForeignClaim)
			require.Equal(t, 409, status)
			require.Empty(t, effects(t, db))
		})
	}
}
