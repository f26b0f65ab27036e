package sqlstore

import (
	"context"
	"database/sql"
	"fmt"
	"sync/atomic"
)

// table is what the stores have in common: one table each.
type table struct {
	kind

	db       *sql.DB
	dialect  Dialect
	prefix   string
	rows     *rows // nil: no limit
	checked  atomic.Bool
	claims   atomic.Uint64
	purgeSQL string // deletes rows that have ended; empty if none do
}

// newTable is the common part of the function of that name.
func newTable(function string, k kind, db *sql.DB, dialect Dialect, opts []Option) *table {
	if db == nil {
		panic("sqlstore: " + function + ": the database is nil")
	}
	dialect.check(function)
	o := newOptions(opts)
	t := &table{kind: k, db: db, dialect: dialect, prefix: o.prefix}
	if o.limit > 0 {
		t.rows = newRows(o.limit, t.count)
	}
	return t
}

func (t *table) expand(statement string) string {
	return t.dialect.expand(statement, t.prefix, t.name)
}

// exec executes a statement in a transaction of its own, again if need be, and
// returns how many rows it changed.
func (t *table) exec(ctx context.Context, query string, args ...any) (changed int64, err error) {
	err = t.retry(ctx, func() error {
		changed, err = affected(t.db.ExecContext(ctx, query, args...))
		return err
	})
	return changed, err
}

func affected(result sql.Result, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query has scan read each row that a statement returns. It may do so again from
// the first row, after begin.
func (t *table) query(ctx context.Context, begin func(), scan func(rows *sql.Rows) error, query string, args ...any) error {
	return t.retry(ctx, func() error {
		begin()
		rows, err := t.db.QueryContext(ctx, query, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			if err := scan(rows); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

// durably runs f on a connection whose commits survive a loss of power, again if
// need be. On PostgreSQL the statement has to see to that itself, and the pool may
// replace a connection that has died.
func (t *table) durably(ctx context.Context, f func(c Execer) error) error {
	if t.dialect != SQLite {
		return t.retry(ctx, func() error { return f(t.db) })
	}
	conn, err := t.db.Conn(ctx)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	defer conn.Close()
	return t.retry(ctx, func() error {
		if err := t.checkDurable(ctx, conn); err != nil {
			return err
		}
		return f(conn)
	})
}
