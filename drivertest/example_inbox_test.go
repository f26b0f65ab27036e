package drivertest_test

import (
	"context"
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"time"

	_ "modernc.org/sqlite"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// exampleDB opens a database for an example, which closes and removes it.
func exampleDB() (db *sql.DB, remove func(), err error) {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		return nil, nil, err
	}
	db, err = sql.Open("sqlite", "file:"+filepath.Join(dir, "shop.db")+"?_pragma=busy_timeout(2000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	return db, func() {
		_ = db.Close()
		_ = os.RemoveAll(dir)
	}, err
}

// A process answers a request and dies before it has looked at it. The next one
// finds it in the database.
func Example_inbox() {
	db, remove, err := exampleDB()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	ctx := context.Background()
	store, dedupe := sqlstore.NewInbox(db, sqlstore.SQLite), sqlstore.NewDedupe(db, sqlstore.SQLite)
	for _, migrate := range []func(context.Context) error{store.Migrate, dedupe.Migrate} {
		if err := migrate(ctx); err != nil {
			fmt.Println(err)
			return
		}
	}
	deploy := func() *inbox.Inbox {
		r := &cactus.Registry{}
		r.Use(middleware.Dedupe(dedupe)) // delivery is at least once
		cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
			fmt.Println("handled", e.ID)
			return nil
		})
		in := inbox.New(store, inbox.Config{})
		in.Register("shop", r, cactustest.Source())
		return in
	}

	in := deploy()
	body := `{"id":"evt_441","type":"order.shipped","created":"2026-03-01T10:00:00Z"}`
	req := httptest.NewRequest(http.MethodPost, "/hooks/shop", strings.NewReader(body))
	req.Header.Set("Content-Type", "application/json")
	if err := cactustest.Scheme().Sign(req.Header, "evt_441", []byte(body), time.Now()); err != nil {
		fmt.Println(err)
		return
	}
	w := httptest.NewRecorder()
	in.Handler("shop").ServeHTTP(w, req)
	fmt.Println(w.Code)

	in = deploy()
	_, _ = in.Shutdown(ctx) // so that Run works off what is ready and returns
	fmt.Println(in.Run(ctx))
	// Output:
	// 202
	// handled evt_441
	// <nil>
}

// Two processes share what they know of an order. The older event comes last, and
// is skipped.
func Example_order() {
	db, remove, err := exampleDB()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer remove()
	ctx := context.Background()
	process := func() *cactus.Registry {
		store := sqlstore.NewOrder(db, sqlstore.SQLite)
		if err := store.Migrate(ctx); err != nil {
			fmt.Println(err)
		}
		r := &cactus.Registry{}
		r.Use(middleware.SkipStale(store))
		cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
			fmt.Println("handled", e.ID)
			return nil
		})
		return r
	}
	const event = `{"id":%q,"type":"order.shipped","created":%q,"related_object":{"id":"ord_1","type":"order"}}`
	fmt.Println(process().DispatchUnverified(ctx, fmt.Appendf(nil, event, "evt_2", "2026-03-01T10:00:02Z")))
	fmt.Println(process().DispatchUnverified(ctx, fmt.Appendf(nil, event, "evt_1", "2026-03-01T10:00:01Z")))
	// Output:
	// handled evt_2
	// <nil>
	// middleware: stale: cactus: event ignored
}
