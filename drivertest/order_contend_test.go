package drivertest_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// contended is two replicas that commit both claims of an event, and what they take
// over, in one transaction, while leases end at any time.
type contended struct {
	t        *testing.T
	d        database
	opts     *sql.TxOptions
	db       *sql.DB
	replicas [2]*cactus.Registry
	last     int // event of each object
}

var errLate = errors.New("it fails after its commit")

func newContended(t *testing.T, d database, level sql.IsolationLevel) *contended {
	t.Helper()
	a, b := d.pools(t)
	c := &contended{t: t, d: d, opts: &sql.TxOptions{Isolation: level}, db: a, last: 8}
	execute(t, a, `CREATE TABLE latest (object text PRIMARY KEY, n bigint NOT NULL)`)
	for i, db := range []*sql.DB{a, b} {
		c.replicas[i] = c.replica(db)
	}
	return c
}

func (c *contended) replica(db *sql.DB) *cactus.Registry {
	positions, events := sqlstore.NewOrder(db, c.d.dialect), sqlstore.NewDedupe(db, c.d.dialect)
	r := &cactus.Registry{}
	r.Use(
		middleware.SkipStale(positions, middleware.WithLease(time.Second), middleware.WithOrderWait(30*time.Millisecond)),
		middleware.Dedupe(events, middleware.WithLease(time.Second)),
		middleware.Retry(middleware.WithBackoff(time.Millisecond, time.Millisecond)),
	)
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error {
		if rand.IntN(10) == 0 {
			return errPrinter
		}
		err := events.Tx(ctx, c.opts, func(tx *sql.Tx) error {
			if err := positions.CommitTx(ctx, tx); err != nil {
				return err
			}
			return c.takeOver(ctx, tx, e)
		})
		if err != nil {
			return err
		}
		middleware.OrderClaimFrom(ctx).SetCommitted()
		if rand.IntN(10) == 0 {
			return errLate
		}
		return nil
	})
	return r
}

// takeOver fails if the object is further on already.
func (c *contended) takeOver(ctx context.Context, tx *sql.Tx, e *types.OrderShippedPushed) error {
	object, n, was := e.RelatedObject.ID, e.Created.Second(), -1
	err := tx.QueryRowContext(ctx, `SELECT n FROM latest WHERE object = '`+object+`'`).Scan(&was)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return err
	}
	if was > n {
		c.t.Errorf("%s goes back from %d to %d", object, was, n)
	}
	if rand.IntN(4) == 0 {
		time.Sleep(20 * time.Millisecond) // for others to take over
	}
	_, err = tx.ExecContext(ctx, fmt.Sprintf(
		`INSERT INTO latest (object, n) VALUES ('%s', %d) ON CONFLICT (object) DO UPDATE SET n = excluded.n`, object, n))
	if err != nil {
		return err
	}
	return effect(ctx, tx, e.ID)
}

// send delivers an event until all is well.
func (c *contended) send(object string, n int) {
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if status, _ := deliverAt(c.t.Context(), c.replicas[rand.IntN(2)], object, n); status == 200 {
			return
		}
	}
	c.t.Errorf("%s-%d is never taken", object, n)
}

func TestOrderCommitTx_AgreesWithDedupeUnderContention(t *testing.T) {
	objects := 6
	if testing.Short() {
		objects = 2
	}
	for _, d := range planned() {
		for _, level := range levels {
			if d.dialect == sqlstore.SQLite && level != sql.LevelDefault {
				continue // it has no other
			}
			t.Run(d.name+" "+level.String(), func(t *testing.T) {
				c := newContended(t, d, level)
				ctx, cancel := context.WithCancel(t.Context())
				var lapses, senders sync.WaitGroup
				lapses.Go(func() {
					for ctx.Err() == nil { // a database that is busy lets the leases be
						_, _ = c.db.ExecContext(ctx, `UPDATE cactus_order SET lease_until = 1 WHERE lease_until <> 0`)
						_, _ = c.db.ExecContext(ctx, `UPDATE cactus_dedupe SET lease_until = 1 WHERE lease_until <> 0`)
						time.Sleep(5 * time.Millisecond)
					}
				})
				for object := range objects {
					for _, n := range rand.Perm(2 * c.last) { // each event twice
						senders.Go(func() { c.send(fmt.Sprintf("ord_%d", object), n%c.last+1) })
					}
				}
				senders.Wait()
				cancel()
				lapses.Wait()
				done := effects(t, c.db)
				for event, times := range done {
					require.Equal(t, 1, times, event)
				}
				for object := range objects {
					require.Equal(t, 1, done[fmt.Sprintf("ord_%d-%d", object, c.last)], "the newest event has the last word")
					_, err := deliverAt(t.Context(), c.replicas[0], fmt.Sprintf("ord_%d", object), c.last-1)
					require.ErrorIs(t, err, middleware.ErrStale)
				}
				t.Logf("%d of %d events", len(done), objects*c.last)
			})
		}
	}
}
