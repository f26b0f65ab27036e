package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// The first delivery fails after its effect, which is rolled back with the
// claim. The second succeeds, and the third is a duplicate.
func Example_dedupe() {
	db, remove, err := exampleDB()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	ctx := context.Background()
	store := sqlstore.NewDedupe(db, sqlstore.SQLite)
	if err := store.Migrate(ctx); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := db.ExecContext(ctx, `CREATE TABLE shipments (event TEXT)`); err != nil {
		fmt.Println(err)
		return
	}

	r := &cactus.Registry{}
	r.Use(middleware.Dedupe(store, middleware.WithSource("shop")))
	tries := 0
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		return store.Tx(ctx, nil, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, `INSERT INTO shipments (event) VALUES (?)`, e.ID); err != nil {
				return err
			}
			if tries++; tries == 1 {
				return errors.New("the printer is offline")
			}
			return nil
		})
	})
	for range 3 {
		err := r.DispatchUnverified(ctx, []byte(`{"id":"evt_441","type":"order.shipped"}`))
		var shipments int
		if err := db.QueryRowContext(ctx, `SELECT count(*) FROM shipments`).Scan(&shipments); err != nil {
			fmt.Println(err)
		}
		fmt.Println(cactus.OutcomeOf(err).Status(), "shipments:", shipments, err)
	}
	// Output:
	// 500 shipments: 0 the printer is offline
	// 200 shipments: 1 <nil>
	// 200 shipments: 1 middleware: duplicate: cactus: event ignored
}
