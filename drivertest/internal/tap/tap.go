// Package tap is between database/sql and a driver. It takes down which statements
// reach a database, so that tests can look at what is executed instead of at what
// somebody believes is, and it can lose the answer to a commit.
package tap

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

// Statement is what was executed.
type Statement struct {
	Query string
	Args  []any
}

// Tap is on one pool. It is safe for concurrent use.
type Tap struct {
	driver driver.Driver
	dsn    string
	deaf   atomic.Bool
	dials  atomic.Int64

	mu  sync.Mutex
	all []Statement
}

// errLost is what a commit returns whose answer was lost.
var errLost = errors.New("tap: the answer was lost")

// Open opens a database that is closed with the test. The driver has to take
// statements without preparing them.
func Open(tb testing.TB, name, dsn string) (*sql.DB, *Tap) {
	tb.Helper()
	plain, err := sql.Open(name, dsn)
	require.NoError(tb, err)
	t := &Tap{driver: plain.Driver(), dsn: dsn}
	require.NoError(tb, plain.Close())
	db := sql.OpenDB(t)
	tb.Cleanup(func() { _ = db.Close() })
	return db, t
}

// During returns the statements that are executed while f runs, each text once.
func (t *Tap) During(f func()) (all []Statement) {
	t.take()
	f()
	for _, s := range t.take() {
		if !slices.ContainsFunc(all, func(other Statement) bool { return other.Query == s.Query }) {
			all = append(all, s)
		}
	}
	return all
}

// Dials returns how often a connection was asked for.
func (t *Tap) Dials() int { return int(t.dials.Load()) }

// LoseCommit lets the next transaction commit, and its commit fail.
func (t *Tap) LoseCommit() { t.deaf.Store(true) }

func (t *Tap) take() []Statement {
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.all
	t.all = nil
	return all
}

func (t *Tap) note(query string, args []driver.NamedValue) {
	s := Statement{Query: query}
	for _, arg := range args {
		s.Args = append(s.Args, arg.Value)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.all = append(t.all, s)
}

// Driver implements driver.Connector.
func (t *Tap) Driver() driver.Driver { return t.driver }

// Connect implements driver.Connector.
func (t *Tap) Connect(context.Context) (driver.Conn, error) {
	t.dials.Add(1)
	c, err := t.driver.Open(t.dsn)
	if err != nil {
		return nil, err
	}
	return &conn{c, t}, nil
}

// isPragma reports whether a statement reads a setting of SQLite, and no table.
func isPragma(query string) bool { return strings.HasPrefix(query, "PRAGMA ") }

// conn passes on what the drivers of these tests have.
type conn struct {
	driver.Conn

	tap *Tap
}

func (c *conn) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	execer, ok := c.Conn.(driver.ExecerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	if !isPragma(query) {
		c.tap.note(query, args)
	}
	return execer.ExecContext(ctx, query, args)
}

func (c *conn) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	queryer, ok := c.Conn.(driver.QueryerContext)
	if !ok {
		return nil, driver.ErrSkip
	}
	if !isPragma(query) {
		c.tap.note(query, args)
	}
	return queryer.QueryContext(ctx, query, args)
}

func (c *conn) BeginTx(ctx context.Context, opts driver.TxOptions) (driver.Tx, error) {
	beginner, ok := c.Conn.(driver.ConnBeginTx)
	if !ok {
		return nil, errors.New("tap: the driver has no BeginTx")
	}
	begun, err := beginner.BeginTx(ctx, opts)
	if err != nil {
		return nil, err
	}
	return &tx{begun, c.tap}, nil
}

type tx struct {
	driver.Tx

	tap *Tap
}

func (t *tx) Commit() error {
	err := t.Tx.Commit()
	if err == nil && t.tap.deaf.CompareAndSwap(true, false) {
		return errLost
	}
	return err
}

func (c *conn) CheckNamedValue(value *driver.NamedValue) error {
	if checker, ok := c.Conn.(driver.NamedValueChecker); ok {
		return checker.CheckNamedValue(value)
	}
	return driver.ErrSkip
}

func (c *conn) ResetSession(ctx context.Context) error {
	if resetter, ok := c.Conn.(driver.SessionResetter); ok {
		return resetter.ResetSession(ctx)
	}
	return nil
}
