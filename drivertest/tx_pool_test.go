package drivertest_test

import (
	"context"
	"database/sql"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// The transaction has the pool's only connection. Renewals, and the claims of other
// events and of the duplicate, wait for it, and nothing waits for ever.
func TestTx_WorksOnAPoolOfOneConnection(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			store, db := d.store(t)
			db.SetMaxOpenConns(1)
			r := receiver(store, shortLease, func(ctx context.Context, id string) error {
				return store.Tx(ctx, nil, func(tx *sql.Tx) error {
					time.Sleep(2 * shortLease) // which cannot be renewed
					return effect(ctx, tx, id)
				})
			})
			want := map[string]int{}
			var group sync.WaitGroup
			for i := range 6 {
				id := fmt.Sprintf("evt_%d", i/2)
				want[id] = 1
				group.Go(func() {
					for ctx.Err() == nil {
						if status, _ := deliver(ctx, r, id); status == 200 {
							return
						}
						time.Sleep(5 * time.Millisecond)
					}
				})
			}
			group.Wait()
			require.NoError(t, ctx.Err())
			require.Equal(t, want, effects(t, db))
		})
	}
}
