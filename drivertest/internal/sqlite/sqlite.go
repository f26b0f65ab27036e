// Package sqlite opens SQLite databases for tests, with either of two drivers.
package sqlite

import (
	"database/sql"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	_ "github.com/ncruces/go-sqlite3/driver" // registers Ncruces
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite" // registers Modernc
)

// The drivers' names. Do not open one file with both in one process: their
// locks do not see each other.
const (
	Modernc = "sqlite"
	Ncruces = "sqlite3"
)

// File returns the path of a database that does not exist yet, in a folder that
// is removed with the test. It is in memory where the system has a place for
// that: a file outlives its process there, and tests wait for no disk.
func File(tb testing.TB) string {
	tb.Helper()
	dir, err := os.MkdirTemp("/dev/shm", "sqlite") //nolint:usetesting // in memory
	if err != nil {
		return FileOnDisk(tb)
	}
	tb.Cleanup(func() { _ = os.RemoveAll(dir) })
	return filepath.Join(dir, "test.db")
}

// FileOnDisk is [File] where tb.TempDir is, for what measures.
func FileOnDisk(tb testing.TB) string {
	tb.Helper()
	return filepath.Join(tb.TempDir(), "test.db")
}

// DSN returns the data source name of a file, for both drivers: with a busy
// timeout, in WAL mode, and durable. Pragmas such as "busy_timeout(0)" replace
// these or come in addition.
func DSN(file string, pragmas ...string) string {
	parts := []string{"file:" + filepath.ToSlash(file) + "?_txlock=deferred"}
	for _, p := range append([]string{"busy_timeout(10000)", "journal_mode(wal)", "synchronous(full)"}, pragmas...) {
		name, _, _ := strings.Cut(p, "(")
		if i := slices.IndexFunc(pragmas, func(o string) bool { return strings.HasPrefix(o, name+"(") }); i < 0 || pragmas[i] == p {
			parts = append(parts, p)
		}
	}
	return strings.Join(parts, "&_pragma=")
}

// Open opens a new database in a file by [Modernc].
func Open(tb testing.TB) *sql.DB {
	tb.Helper()
	return OpenDSN(tb, Modernc, DSN(File(tb)))
}

// OpenDSN opens a database that is closed with the test.
func OpenDSN(tb testing.TB, driver, dsn string) *sql.DB {
	tb.Helper()
	db, err := sql.Open(driver, dsn)
	require.NoError(tb, err)
	tb.Cleanup(func() { _ = db.Close() })
	require.NoError(tb, db.PingContext(tb.Context()))
	return db
}
