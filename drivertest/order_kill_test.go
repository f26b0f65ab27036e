package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/drivertest/internal/sqlite"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// With childFollows in its environment too, the child takes over the latest state
// of objects instead.
const childFollows = "CACTUS_TEST_FOLLOWS"

// objectsKilled is how many objects the events are about.
const objectsKilled = 4

// killedStart is when the first event was created, in the numbers of events.
var killedStart = time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC)

// following records each state that it takes over, with its position, and fails
// one time in ten before.
func following(db *sql.DB, dialect sqlstore.Dialect) *cactus.Registry {
	store := sqlstore.NewOrder(db, dialect)
	r := &cactus.Registry{}
	r.Use(middleware.SkipStale(store, middleware.WithLease(killedLease)))
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		if rand.IntN(10) == 0 {
			return errors.New("the printer is offline")
		}
		return store.Tx(ctx, nil, func(tx *sql.Tx) error {
			_, err := tx.ExecContext(ctx, fmt.Sprintf(`INSERT INTO states (object, n) VALUES ('%s', %d)`,
				e.RelatedObject.ID, int(e.Created.Sub(killedStart).Seconds())))
			return err
		})
	})
	return r
}

// deliverNumbered delivers the event "evt_<n>", which is about one of the objects.
func deliverNumbered(ctx context.Context, r *cactus.Registry, event string) (int, error) {
	var n int
	if _, err := fmt.Sscanf(event, "evt_%d", &n); err != nil {
		return 0, err
	}
	err := r.DispatchUnverified(ctx, fmt.Appendf(nil,
		`{"id":%q,"type":"order.shipped","created":%q,"related_object":{"id":"ord_%d","type":"order"}}`,
		event, killedStart.Add(time.Duration(n)*time.Second).Format(time.RFC3339), n%objectsKilled))
	return cactus.OutcomeOf(err).Status(), err
}

// The receiver is killed with SIGKILL at any moment. No object's state ever goes
// back to an older event's, and the newest event has the last word.
func TestOrderTx_NeverGoesBackWhileTheProcessIsKilled(t *testing.T) {
	for _, d := range databases {
		t.Run(d.name, func(t *testing.T) {
			kills := 10
			if testing.Short() || d.driver == sqlite.Ncruces {
				kills = 3
			}
			dsn := d.dsn(t)
			db := d.open(t, dsn)
			require.NoError(t, sqlstore.NewOrder(db, d.dialect).Migrate(t.Context()))
			serial := `integer PRIMARY KEY AUTOINCREMENT`
			if d.dialect == sqlstore.PostgreSQL {
				serial = `bigserial PRIMARY KEY`
			}
			execute(t, db, `CREATE TABLE states (step `+serial+`, object text NOT NULL, n bigint NOT NULL)`)
			var current atomic.Pointer[process]
			current.Store(spawn(t, d.driver, dsn, childFollows+"=1"))
			defer func() { current.Load().kill() }()
			s := sender{deliver: func(event string) int { return current.Load().deliver(event) }}
			s.start()
			for range kills {
				for before := s.events.Load(); s.events.Load() < before+5; {
					time.Sleep(time.Millisecond)
				}
				time.Sleep(time.Duration(rand.IntN(200)) * time.Millisecond)
				current.Load().kill()
				current.Store(spawn(t, d.driver, dsn, childFollows+"=1"))
			}
			s.stop()
			s.requireForward(t, db)
		})
	}
}

func (s *sender) requireForward(t *testing.T, db *sql.DB) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT object, n FROM states ORDER BY step`)
	require.NoError(t, err)
	defer rows.Close()
	last, states := map[string]int64{}, 0
	for rows.Next() {
		var object string
		var n int64
		require.NoError(t, rows.Scan(&object, &n))
		require.GreaterOrEqual(t, n, last[object], "%s went back", object)
		last[object] = n
		states++
	}
	require.NoError(t, rows.Err())
	all := s.events.Load()
	for n := max(1, all-objectsKilled+1); n <= all; n++ {
		require.Equal(t, n, last[fmt.Sprintf("ord_%d", n%objectsKilled)], "the newest event of an object has the last word")
	}
	t.Logf("%d events in %d deliveries, %d states", all, s.deliveries.Load(), states)
}
