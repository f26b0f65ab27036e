package sqlstore

import (
	"context"
	"fmt"
)

const (
	purgeBatch = 1000
	sweepBatch = 128
	sweepEvery = 64 // claims
)

// The lock is as for the claims of an [Inbox]: what somebody claims again meanwhile
// has not ended.
const purgeSQL = `
	DELETE FROM {table}
SQLite:	WHERE key_hash IN (SELECT key_hash FROM {table} WHERE expires_at <= (SELECT {now}) ORDER BY expires_at LIMIT ?1)
PostgreSQL:	WHERE key_hash = ANY (ARRAY(SELECT key_hash FROM {table} WHERE expires_at <= (SELECT {now}) ORDER BY expires_at LIMIT ?1 FOR UPDATE SKIP LOCKED))`

// purgeAll deletes what has ended.
func (t *table) purgeAll(ctx context.Context) (deleted int64, err error) {
	for {
		n, err := t.purge(ctx, purgeBatch)
		deleted += n
		if err != nil || n < purgeBatch {
			return deleted, err
		}
	}
}

func (t *table) purge(ctx context.Context, rows int) (deleted int64, err error) {
	if deleted, err = t.exec(ctx, t.purgeSQL, rows); err != nil {
		return deleted, fmt.Errorf("purge rows: %w", err)
	}
	return deleted, nil
}

// sweep is a claim's share of purging. What fails here is left to the next.
func (t *table) sweep(ctx context.Context) {
	if t.claims.Add(1)%sweepEvery == 0 {
		_, _ = t.purge(ctx, sweepBatch)
	}
}

// count returns how many rows there are, up to limit. What has ended goes first.
func (t *table) count(ctx context.Context, limit int) (n int, err error) {
	count := func() error {
		return t.retry(ctx, func() error {
			return t.db.QueryRowContext(ctx, t.expand(`SELECT count(*) FROM (SELECT 1 FROM {table} LIMIT ?1) AS counted`), limit).Scan(&n)
		})
	}
	if err := count(); err != nil {
		return n, fmt.Errorf("count rows: %w", err)
	}
	if n < limit || t.purgeSQL == "" {
		return n, nil
	}
	if deleted, err := t.purge(ctx, purgeBatch); err != nil || deleted == 0 {
		return n, err
	}
	if err := count(); err != nil {
		return n, fmt.Errorf("count rows: %w", err)
	}
	return n, nil
}
