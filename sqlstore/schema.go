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

// dedupeSteps make each schema version of the dedupe store from the one before.
// A step that has been released never changes.
var dedupeSteps = [][]string{{
	`
	CREATE TABLE IF NOT EXISTS {prefix}dedupe (
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
	CREATE INDEX IF NOT EXISTS {prefix}dedupe_expires ON {prefix}dedupe (expires_at)`,
}}

// Schema returns the statements that Migrate executes on an empty database, for
// those who migrate with a tool of their own. The prefix is the only option
// that counts. It panics if d is not a [Dialect].
func Schema(d Dialect, opts ...Option) string {
	d.check("Schema")
	prefix := newOptions(opts).prefix
	statements := []string{versions}
	for _, step := range dedupeSteps {
		statements = append(statements, step...)
	}
	statements = append(statements, fmt.Sprintf(`
	INSERT INTO {prefix}schema (name, version) VALUES ('dedupe', %d)
	ON CONFLICT (name) DO NOTHING`, len(dedupeSteps)))
	for i, statement := range statements {
		statements[i] = d.expand(statement, prefix) + ";\n"
	}
	return strings.Join(statements, "\n")
}

// Migrate creates the tables and indexes that are missing, or brings them up to
// this release. It does nothing where they are up to date, and it may run in
// several processes at once.
//
// On SQLite it also looks at its connection's durability: [ErrNotDurable].
func (d *Dedupe) Migrate(ctx context.Context) error {
	if err := d.checkPool(ctx); err != nil {
		return err
	}
	version, err := d.schemaVersion(ctx, d.db)
	if err == nil && version == len(dedupeSteps) {
		return nil // without a right to create anything
	}
	return d.retry(ctx, func() error { return d.migrate(ctx) })
}

func (d *Dedupe) migrate(ctx context.Context) error {
	var opts *sql.TxOptions
	if d.dialect == PostgreSQL {
		opts = &sql.TxOptions{Isolation: sql.LevelReadCommitted} // to see what the lock's last owner did
	} else if _, err := d.db.ExecContext(ctx, d.expand(versions)); err != nil {
		return fmt.Errorf("create table of schema versions: %w", err)
	}
	tx, err := d.db.BeginTx(ctx, opts)
	if err != nil {
		return fmt.Errorf("begin migration: %w", err)
	}
	defer func() { _ = tx.Rollback() }()
	if d.dialect == PostgreSQL {
		// CREATE TABLE IF NOT EXISTS fails where two do it at once.
		if _, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, d.lockID()); err != nil {
			return fmt.Errorf("lock schema: %w", err)
		}
		if _, err := tx.ExecContext(ctx, d.expand(versions)); err != nil {
			return fmt.Errorf("create table of schema versions: %w", err)
		}
	}
	// The first statement is a write, so that SQLite locks here and not later.
	if _, err := tx.ExecContext(ctx, d.expand(`
	INSERT INTO {prefix}schema (name, version) VALUES ('dedupe', 0)
	ON CONFLICT (name) DO UPDATE SET name = excluded.name`)); err != nil {
		return fmt.Errorf("lock schema version: %w", err)
	}
	version, err := d.schemaVersion(ctx, tx)
	if err != nil {
		return fmt.Errorf("read schema version: %w", err)
	}
	if version > len(dedupeSteps) {
		return fmt.Errorf("%w: version %d, and this one knows %d", ErrNewerSchema, version, len(dedupeSteps))
	}
	for i, step := range dedupeSteps[version:] {
		for _, statement := range step {
			if _, err := tx.ExecContext(ctx, d.expand(statement)); err != nil {
				return fmt.Errorf("migrate to schema version %d: %w", version+i+1, err)
			}
		}
	}
	if _, err := tx.ExecContext(ctx, d.expand(`UPDATE {prefix}schema SET version = ?1 WHERE name = 'dedupe'`), len(dedupeSteps)); err != nil {
		return fmt.Errorf("write schema version: %w", err)
	}
	if err := tx.Commit(); err != nil {
		return fmt.Errorf("commit migration: %w", err)
	}
	return nil
}

func (d *Dedupe) schemaVersion(ctx context.Context, db Execer) (version int, err error) {
	err = db.QueryRowContext(ctx, d.expand(`SELECT version FROM {prefix}schema WHERE name = 'dedupe'`)).Scan(&version)
	return version, err
}

// lockID is what all that migrate tables of this prefix lock.
func (d *Dedupe) lockID() int64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte("cactus sqlstore " + d.prefix))
	return int64(h.Sum64()) //nolint:gosec // all 64 bits, whatever the sign
}
