package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// A table that follows the latest event of each order. Its row and the position
// are written by one transaction: the newest event fails at first, which leaves
// both to the older one, and comes again.
func Example_skipStale() {
	db, remove, err := exampleDB()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	ctx := context.Background()
	positions := sqlstore.NewOrder(db, sqlstore.SQLite)
	if err := positions.Migrate(ctx); err != nil {
		fmt.Println(err)
		return
	}
	if _, err := db.ExecContext(ctx, `CREATE TABLE orders (id TEXT PRIMARY KEY, event TEXT)`); err != nil {
		fmt.Println(err)
		return
	}

	r := &cactus.Registry{}
	r.Use(middleware.SkipStale(positions, middleware.WithSource("shop")))
	tries := 0
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		return positions.Tx(ctx, nil, func(tx *sql.Tx) error {
			if _, err := tx.ExecContext(ctx, `INSERT OR REPLACE INTO orders (id, event) VALUES (?, ?)`, e.RelatedObject.ID, e.ID); err != nil {
				return err
			}
			if tries++; tries == 1 {
				return errors.New("the printer is offline")
			}
			return nil
		})
	})
	for _, minute := range []int{20, 10, 20, 15} {
		err := r.Dispatch(ctx, &cactus.Envelope{
			Meta: cactus.Meta{
				ID: fmt.Sprintf("evt_%d", minute), Type: "order.shipped",
				Created: time.Date(2026, 3, 1, 10, minute, 0, 0, time.UTC),
			},
			RelatedObject: cactus.ObjectRef{ID: "ord_452", Type: "order"},
		})
		var event sql.NullString
		if err := db.QueryRowContext(ctx, `SELECT max(event) FROM orders`).Scan(&event); err != nil {
			fmt.Println(err)
		}
		fmt.Printf("%q %v\n", event.String, err)
	}
	// Output:
	// "" the printer is offline
	// "evt_10" <nil>
	// "evt_20" <nil>
	// "evt_20" middleware: stale: cactus: event ignored
}
