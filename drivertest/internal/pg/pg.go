// Package pg gives tests a PostgreSQL of their own: a server in a temporary
// folder, started when the first test asks for it, and a database for each test.
//
//	func TestMain(m *testing.M) { os.Exit(pg.Main(m)) }
//
//	func TestOrders(t *testing.T) {
//		db := pg.Open(t)
//		// ...
//	}
//
// Where there is no PostgreSQL on PATH or below /usr/lib/postgresql, the tests
// are skipped, or fail if the environment has CACTUS_CI.
package pg

import (
	"database/sql"
	"os"
	"sync"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib" // registers Driver
	"github.com/stretchr/testify/require"
)

// Driver is the name of the driver of database/sql.
const Driver = "pgx"

// shared is the server of the test binary.
var shared struct {
	sync.Mutex

	server *Server
	err    error
}

// Main runs the tests, stops the server that they shared, and returns the exit
// code. Should the test binary be killed, the system kills the server where it
// can (Linux); the folder then stays.
func Main(m *testing.M) int {
	defer func() {
		shared.Lock()
		defer shared.Unlock()
		if shared.server != nil {
			shared.server.stop()
		}
	}()
	return m.Run()
}

// Open opens a new database, which is closed and dropped with the test.
func Open(tb testing.TB) *sql.DB {
	tb.Helper()
	return OpenDSN(tb, DSN(tb))
}

// DSN makes a new database, which is dropped with the test, and returns its data
// source name. Settings may be added to it, as in DSN(tb) + " name=value".
func DSN(tb testing.TB) string {
	tb.Helper()
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = start("off")
	}
	need(tb, shared.err)
	return shared.server.DSN(tb)
}

// OpenDSN opens a database that is closed with the test.
func OpenDSN(tb testing.TB, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open(Driver, dsn)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = db.Close() })
	require.NoError(tb, db.PingContext(tb.Context()))
	return db
}

// Start starts a server for one test alone, which may kill it. Other than the
// shared one it syncs to disk, as one in production does.
func Start(tb testing.TB) *Server {
	tb.Helper()
	server, err := start("on")
	need(tb, err)
	tb.Cleanup(server.stop)
	return server
}

// need skips a test without a server.
func need(tb testing.TB, err error) {
	tb.Helper()
	if err == errNone && os.Getenv("CACTUS_CI") == "" { //nolint:errorlint // as it is
		tb.Skip(err)
	}
	require.NoError(tb, err)
}
