package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"io"
	"net"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/internal/backoff"
)

// retryTries and the waits between them add up to about a second. What the driver
// waits by itself counts too, but for the first time.
const (
	retryTries = 9
	retryTime  = time.Second
)

var retryWaits = backoff.Exponential{Base: 5 * time.Millisecond, Max: 400 * time.Millisecond}

// retry repeats what had no effect because of somebody else's statement.
func (t *table) retry(ctx context.Context, f func() error) error {
	var failed time.Time // first
	for try := 1; ; try++ {
		err := f()
		if err == nil || !t.dialect.transient(err) || try == retryTries {
			return t.migrated(err)
		}
		if try == 1 {
			failed = time.Now()
		}
		if time.Since(failed) > retryTime || backoff.Sleep(ctx, retryWaits.Wait(try)) != nil {
			return t.migrated(err)
		}
	}
}

// transient reports whether the database has rolled a statement back that may
// well succeed the next time. PostgreSQL's drivers give the SQLSTATE by a
// method: 40001 is a serialization failure and 40P01 a deadlock. SQLite's have
// nothing in common but the text of sqlite3_errstr.
func (d Dialect) transient(err error) bool {
	if d == PostgreSQL {
		var state interface{ SQLState() string }
		return errors.As(err, &state) && (state.SQLState() == "40001" || state.SQLState() == "40P01")
	}
	text := err.Error()
	return strings.Contains(text, "database is locked") || strings.Contains(text, "database table is locked") || strings.Contains(text, "SQLITE_BUSY")
}

// outage reports whether an error is that of a connection, or of none: another
// statement would fare no better.
func outage(err error) bool {
	var network net.Error
	if errors.As(err, &network) {
		return true
	}
	for _, lost := range []error{driver.ErrBadConn, sql.ErrConnDone, io.EOF, io.ErrUnexpectedEOF} {
		if errors.Is(err, lost) {
			return true
		}
	}
	return false
}
