package sqlstore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"strings"
)

// ErrNewerSchema is returned by Migrate if a later release of this package has
// migrated the tables.
var ErrNewerSchema = errors.New("sqlstore: the tables are of a later release")

const versions = `
	CREATE TABLE IF NOT EXISTS {prefix}schema (
		name    text PRIMARY KEY NOT NULL,
		version integer NOT NULL
	)`

// kind is a sort of table.
type kind struct {
	name string
	// steps make each schema version from the one before. A step that has been
	// released never changes.
	steps [][]string
}

var dedupeKind = kind{"dedupe", [][]string{{
	`
	CREATE TABLE IF NOT EXISTS {table} (
		key_hash    {blob} PRIMARY KEY NOT NULL,
		source      text NOT NULL,
		tenant      text NOT NULL,
		id          text NOT NULL,
		owner       {blob} NOT NULL,
		lease_until bigint NOT NULL,
		done_until  bigint NOT NULL,
		expires_at  bigint NOT NULL
	){storage}`,
	`
	CREATE INDEX IF NOT EXISTS {table}_expires ON {table} (expires_at)`,
}}}

var orderKind = kind{"order", [][]string{{
	`
	CREATE TABLE IF NOT EXISTS {table} (
		key_hash    {blob} PRIMARY KEY NOT NULL,
		source      text NOT NULL,
		tenant      text NOT NULL,
		id          text NOT NULL,
		owner       {blob} NOT NULL,
		lease_until bigint NOT NULL,
		place       bigint NOT NULL,
		keep_until  bigint NOT NULL,
		expires_at  bigint NOT NULL
	){storage}`,
	`
	CREATE INDEX IF NOT EXISTS {table}_expires ON {table} (expires_at)`,
}}}

// The body comes last, because SQLite reads a row from its beginning.
var inboxKind = kind{"inbox", [][]string{{
	`
	CREATE TABLE IF NOT EXISTS {table} (
		id         {blob} PRIMARY KEY NOT NULL CHECK (length(id) = 16),
		due_at     bigint,
		ready_at   bigint,
		owner      {blob},
		added_at   bigint NOT NULL,
		queued_at  bigint NOT NULL,
		attempts   bigint NOT NULL DEFAULT 0,
		lost       bigint NOT NULL DEFAULT 0,
		buried_at  bigint,
		source     text NOT NULL,
		event_type text NOT NULL DEFAULT '',
		event_id   text NOT NULL DEFAULT '',
		reason     text NOT NULL DEFAULT '',
		head       text NOT NULL,
		body       {blob} NOT NULL
	)`,
	`
	CREATE INDEX IF NOT EXISTS {table}_due ON {table} (due_at, id)`,
	`
	CREATE INDEX IF NOT EXISTS {table}_dead ON {table} (id) WHERE buried_at IS NOT NULL`,
}}}

// Schema returns the statements that the Migrate of all stores executes on an empty
// database, for those who migrate with a tool of their own. Those of a store that
// you do not use can be left out. The prefix is the only option that counts. It
// panics if d is not a [Dialect].
func Schema(d Dialect, opts ...Option) string {
	d.check("Schema")
	prefix := newOptions(opts).prefix
	statements := []string{d.expand(versions, prefix, "") + ";\n"}
	for _, k := range []kind{dedupeKind, orderKind, inboxKind} {
		for _, step := range k.steps {
			for _, statement := range step {
				statements = append(statements, d.expand(statement, prefix, k.name)+";\n")
			}
		}
		statements = append(statements, d.expand(fmt.Sprintf(`
	INSERT INTO {prefix}schema (name, version) VALUES ('%s', %d)
	ON CONFLICT (name) DO NOTHING`, k.name, len(k.steps)), prefix, k.name)+";\n")
	}
	return strings.Join(statements, "\n")
}

// Migrate creates the tables and indexes that are missing, or brings them up to
// this release. It does nothing where they are up to date, and it may run in
// several processes at once.
//
// On SQLite it also looks at its connection's durability: [ErrNotDurable]. For an
// Inbox on PostgreSQL it looks at the database's encoding: [ErrEncoding].
func (t *table) Migrate(ctx context.Context) error {
	if err := t.checkPool(ctx); err != nil {
		return err
	}
	if err := t.checkEncoding(ctx); err != nil {
		return err
	}
	version, err := t.schemaVersion(ctx, t.db)
	if err == nil && version == len(t.steps) {
		return nil // without a right to create anything
	}
	return t.retry(ctx, func() error { return t.migrate(ctx) })
}

func (t *table) migrate(ctx context.Context) error {
	var opts *sql.TxOptions
	if t.dialect == PostgreSQL {
		opts = &sql.TxOptions{Isolation: sql.LevelReadCommitted} // to see what the lock's last owner did
	} else if _, err := t.db.ExecContext(ctx, t.expand(versions)); err != nil {
		return fmt.Errorf("create table of schema versions: %w", err)
	}
	tx, err := t.db.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin migration: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if t.dialect == PostgreSQL {
		// CREATE TABLE IF NOT EXISTS fails where two do it at once.
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, t.lockID()); err != nil {
			return fmt.Errorf("lock schema: %w", err)
		}
		if _, err := tx.ExecContext(ctx, t.expand(versions)); err != nil {
			return fmt.Errorf("create table of schema versions: %w", err)
		}
	}
	// The first statement is a write, so that SQLite locks here and not later.
	if _, err := tx.ExecContext(ctx, t.expand(`
	INSERT INTO {prefix}schema (name, version) VALUES (?1, 0)
	ON CONFLICT (name) DO UPDATE SET name = excluded.name`), t.name); err != nil {
		return fmt.Errorf("lock schema version: %w", err)
	}
	version, err := t.schemaVersion(ctx, tx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if version > len(t.steps) {
		return fmt.Errorf("%w: version %d, and this one knows %d", ErrNewerSchema, version, len(t.steps))
	}
	for i, step := range t.steps[version:] {
		for _, statement := range step {
			if _, err := tx.ExecContext(ctx, t.expand(statement)); err != nil {
				return fmt.Errorf("migrate to schema version %d: %w", version+i+1, err)
			}
		}
	}
	if _, err := tx.ExecContext(ctx, t.expand(`UPDATE {prefix}schema SET version = ?1 WHERE name = ?2`), len(t.steps), t.name); err != nil {
		return fmt.Errorf("write schema version: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit migration: %w", err)
	}
	return nil
}

func (t *table) schemaVersion(ctx context.Context, db Execer) (version int, err error) {
	err = db.QueryRowContext(ctx, t.expand(`SELECT version FROM {prefix}schema WHERE name = ?1`), t.name).Scan(&version)
	return version, err
}

// lockID is what all that migrate tables of this prefix lock.
func (t *table) lockID() int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("cactus sqlstore " + t.prefix))
	return int64(h.Sum64()) //nolint:gosec // all 64 bits, whatever the sign
}
