package drivertest_test

import (
	"context"
	"database/sql"
	"net/http"
	"net/http/httptest"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/drivertest/internal/sqlite"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// onDisk are databases that sync.
var onDisk = []database{
	{"modernc", sqlite.Modernc, sqlstore.SQLite, diskDSN},
	{"ncruces", sqlite.Ncruces, sqlstore.SQLite, diskDSN},
	{"postgres", pg.Driver, sqlstore.PostgreSQL, ownDSN},
}

func diskDSN(tb testing.TB) string {
	tb.Helper()
	return sqlite.DSN(sqlite.FileOnDisk(tb))
}

func ownDSN(tb testing.TB) string {
	tb.Helper()
	return pg.Start(tb).DSN(tb)
}

// A new event each time: claimed, and committed with an effect.
func BenchmarkTx(b *testing.B) {
	for _, workers := range []int{1, 8} {
		for _, d := range onDisk {
			b.Run(d.name+"/"+strconv.Itoa(workers), func(b *testing.B) {
				store, _ := d.store(b)
				r := receiver(store, time.Minute, func(ctx context.Context, id string) error {
					return store.Tx(ctx, nil, func(tx *sql.Tx) error { return effect(ctx, tx, id) })
				})
				var n atomic.Int64
				b.SetParallelism(workers / 2)
				b.ResetTimer()
				b.RunParallel(func(p *testing.PB) {
					for p.Next() {
						if _, err := deliver(b.Context(), r, "evt_"+strconv.FormatInt(n.Add(1), 10)); err != nil {
							b.Error(err)
						}
					}
				})
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			})
		}
	}
}

// The store alone, and what a duplicate costs.
func BenchmarkDedupe(b *testing.B) {
	for _, d := range onDisk {
		store, _ := d.store(b)
		req := func(i int) middleware.ClaimRequest {
			return middleware.ClaimRequest{Key: middleware.Key{ID: strconv.Itoa(i)}, Owner: middleware.Owner{1, byte(i), byte(i >> 8)}, Lease: time.Minute}
		}
		i := 0
		b.Run(d.name+"/claim and commit", func(b *testing.B) {
			for b.Loop() {
				i++
				require.Equal(b, middleware.Claimed, claim(b, store, req(i)))
				require.NoError(b, store.Commit(b.Context(), req(i).Key, req(i).Owner, time.Hour))
			}
		})
		b.Run(d.name+"/duplicate", func(b *testing.B) {
			for b.Loop() {
				require.Equal(b, middleware.Done, claim(b, store, req(1)))
			}
		})
	}
}

// Requests are accepted by so many senders, and worked on meanwhile: the time ends
// when nothing is left. The handler does nothing.
func BenchmarkInbox(b *testing.B) {
	for _, workers := range []int{1, 8} {
		for _, d := range onDisk {
			b.Run(d.name+"/"+strconv.Itoa(workers), func(b *testing.B) {
				store, _ := d.inbox(b)
				var handled atomic.Int64
				r := &cactus.Registry{}
				cactus.On(r, func(context.Context, *types.OrderShippedPushed) error {
					handled.Add(1)
					return nil
				})
				in := inbox.New(store, inbox.Config{})
				in.Register("shop", r, cactustest.Source())
				h, done := in.Handler("shop"), make(chan error, 1)
				go func() { done <- in.Run(context.Background()) }()
				var n atomic.Int64
				var group sync.WaitGroup
				b.ResetTimer()
				for range workers {
					group.Go(func() {
						for i := n.Add(1); i <= int64(b.N); i = n.Add(1) {
							w := httptest.NewRecorder()
							h.ServeHTTP(w, signed(b, b.Context(), "/", "evt_"+strconv.FormatInt(i, 10)))
							if w.Code != http.StatusAccepted {
								b.Error(w.Code)
							}
						}
					})
				}
				group.Wait()
				accepted := b.Elapsed()
				left, err := in.Shutdown(b.Context())
				require.NoError(b, err)
				require.Zero(b, left)
				require.NoError(b, <-done)
				require.Equal(b, int64(b.N), handled.Load())
				b.ReportMetric(float64(b.N)/accepted.Seconds(), "accepted/s")
				b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "items/s")
			})
		}
	}
}

// One object's event after the other.
func BenchmarkOrder(b *testing.B) {
	for _, d := range onDisk {
		db := d.open(b, d.dsn(b))
		store := sqlstore.NewOrder(db, d.dialect)
		require.NoError(b, store.Migrate(b.Context()))
		var i int64
		b.Run(d.name+"/claim and commit", func(b *testing.B) {
			for b.Loop() {
				i++
				req := middleware.OrderRequest{Key: middleware.Key{ID: strconv.FormatInt(i%100, 10)}, Owner: middleware.Owner{1, byte(i), byte(i >> 8)}, Lease: time.Minute, Position: i}
				result, err := store.Claim(b.Context(), req)
				require.NoError(b, err)
				require.Equal(b, middleware.Claimed, result.Status)
				require.NoError(b, store.Commit(b.Context(), req.Key, req.Owner, i, time.Hour))
			}
		})
	}
}
