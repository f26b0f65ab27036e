package sqlstore

import (
	"context"
	"errors"
	"fmt"
)

// ErrNotDurable is for a connection to SQLite whose commits may be lost with the
// power. The text says which setting it takes.
var ErrNotDurable = errors.New("sqlstore: commits would not survive a loss of power")

// SQLite's values of PRAGMA synchronous.
const (
	syncFull  = 2
	syncExtra = 3
)

// checkDurable looks at a connection's settings, which costs no input or output.
func (t *table) checkDurable(ctx context.Context, c Execer) error {
	if t.dialect != SQLite {
		return nil // the commit statement sees to it
	}
	var level int
	var mode, file string
	if err := c.QueryRowContext(ctx, `PRAGMA synchronous`).Scan(&level); err != nil {
		return fmt.Errorf("read PRAGMA synchronous: %w", err)
	}
	if err := c.QueryRowContext(ctx, `PRAGMA journal_mode`).Scan(&mode); err != nil {
		return fmt.Errorf("read PRAGMA journal_mode: %w", err)
	}
	needed := syncFull
	switch mode {
	case "wal", "truncate", "persist":
	case "delete":
		needed = syncExtra
	default:
		needed = syncExtra + 1 // memory and off
	}
	if level >= needed {
		return nil
	}
	if err := c.QueryRowContext(ctx, `SELECT COALESCE(file, '') FROM pragma_database_list WHERE name = 'main'`).Scan(&file); err == nil && file == "" {
		return nil // a database in memory
	}
	return fmt.Errorf("%w: PRAGMA synchronous is %d with journal_mode %s; set, for each connection, synchronous to FULL (2) with journal_mode WAL, or to EXTRA (3) with DELETE", ErrNotDurable, level, mode)
}

// checkPool looks at one connection of the pool.
func (t *table) checkPool(ctx context.Context) error {
	if t.dialect != SQLite {
		return nil
	}
	conn, err := t.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	return t.checkDurable(ctx, conn)
}

// checkOnce is checkPool until it has found nothing wrong. It keeps a store that
// cannot commit from letting a handler run.
func (t *table) checkOnce(ctx context.Context) error {
	if t.checked.Load() {
		return nil
	}
	if err := t.checkPool(ctx); err != nil {
		return err
	}
	t.checked.Store(true)
	return nil
}
