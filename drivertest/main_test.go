package drivertest_test

import (
	"context"
	"database/sql"
	"flag"
	"fmt"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/drivertest/internal/pg"
	"github.com/cactuscorp/cactus/drivertest/internal/sqlite"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

func TestMain(m *testing.M) {
	if os.Getenv(childDriver) != "" {
		child()
		return
	}
	flag.Parse()
	if f := flag.Lookup("test.parallel"); f.Value.String() == f.DefValue {
		_ = f.Value.Set("4") // the suites mostly wait for leases
	}
	os.Exit(pg.Main(m))
}

// database is what a test runs on. Its fields make a new one and open it.
type database struct {
	name    string
	driver  string
	dialect sqlstore.Dialect
	dsn     func(tb testing.TB) string
}

var databases = []database{
	{"modernc", sqlite.Modernc, sqlstore.SQLite, sqliteDSN},
	{"ncruces", sqlite.Ncruces, sqlstore.SQLite, sqliteDSN},
	{"postgres", pg.Driver, sqlstore.PostgreSQL, pg.DSN},
}

func sqliteDSN(tb testing.TB) string {
	tb.Helper()
	return sqlite.DSN(sqlite.File(tb))
}

func (d database) open(tb testing.TB, dsn string) *sql.DB {
	tb.Helper()
	return sqlite.OpenDSN(tb, d.driver, dsn) // there is nothing of SQLite in it
}

// store makes a database with a store's tables and one for effects.
func (d database) store(tb testing.TB, opts ...sqlstore.Option) (*sqlstore.Dedupe, *sql.DB) {
	tb.Helper()
	db := d.open(tb, d.dsn(tb))
	return migrated(tb, db, d.dialect, opts...), db
}

func migrated(tb testing.TB, db *sql.DB, dialect sqlstore.Dialect, opts ...sqlstore.Option) *sqlstore.Dedupe {
	tb.Helper()
	store := sqlstore.NewDedupe(db, dialect, opts...)
	require.NoError(tb, store.Migrate(tb.Context()))
	execute(tb, db, `CREATE TABLE IF NOT EXISTS effects (event text NOT NULL)`)
	return store
}

func execute(tb testing.TB, db *sql.DB, statement string) {
	tb.Helper()
	_, err := db.ExecContext(tb.Context(), statement)
	require.NoError(tb, err, statement)
}

// effects returns how often each event's has happened.
func effects(tb testing.TB, db *sql.DB) map[string]int {
	tb.Helper()
	rows, err := db.QueryContext(tb.Context(), `SELECT event, count(*) FROM effects GROUP BY event`)
	require.NoError(tb, err)
	defer rows.Close()
	all := map[string]int{}
	for rows.Next() {
		var event string
		var n int
		require.NoError(tb, rows.Scan(&event, &n))
		all[event] = n
	}
	require.NoError(tb, rows.Err())
	return all
}

// effect is what a handler does in its transaction. Event ids need no quotes.
func effect(ctx context.Context, tx *sql.Tx, event string) error {
	_, err := tx.ExecContext(ctx, `INSERT INTO effects (event) VALUES ('`+event+`')`)
	return err
}

// receiver returns a registry whose handler is h, below Dedupe.
func receiver(store *sqlstore.Dedupe, lease time.Duration, h func(ctx context.Context, id string) error) *cactus.Registry {
	r := &cactus.Registry{}
	r.Use(middleware.Dedupe(store, middleware.WithLease(lease)))
	cactus.On(r, func(ctx context.Context, e *types.OrderShippedPushed) error { return h(ctx, e.ID) })
	return r
}

// deliver delivers an event once and returns the status.
func deliver(ctx context.Context, r *cactus.Registry, id string) (int, error) {
	err := r.DispatchUnverified(ctx, fmt.Appendf(nil, `{"id":%q,"type":"order.shipped","created":"2026-03-01T10:00:00Z"}`, id))
	return cactus.OutcomeOf(err).Status(), err
}

// ms writes a duration in milliseconds.
func ms(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
