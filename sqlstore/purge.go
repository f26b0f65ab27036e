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

const purgeSQL = `
	DELETE FROM {prefix}dedupe WHERE key_hash IN (
		SELECT key_hash FROM {prefix}dedupe WHERE expires_at <= (SELECT {now})
		ORDER BY expires_at LIMIT ?1{locked}
	)`

// Purge deletes all rows that have ended: retentions that are over, claims that
// were released, and leases that ran out an hour ago or longer. It returns how
// many it deleted, also with an error. It works in batches of a thousand, a
// transaction each.
//
// It need not be called: one in 64 claims of a process deletes up to 128 such
// rows itself, which keeps up with any rate of events. But then that claim waits
// for it, and rows stay when no more events come. A cron that purges each
// minute leaves the claims an index lookup.
func (d *Dedupe) Purge(ctx context.Context) (deleted int64, err error) {
	for {
		n, err := d.purge(ctx, purgeBatch)
		deleted += n
		if err != nil || n < purgeBatch {
			return deleted, err
		}
	}
}

func (d *Dedupe) purge(ctx context.Context, rows int) (deleted int64, err error) {
	err = d.retry(ctx, func() error {
		result, err := d.db.ExecContext(ctx, d.purgeSQL, rows)
		if err != nil {
			return fmt.Errorf("purge rows: %w", err)
		}
		deleted, err = result.RowsAffected()
		return err
	})
	return deleted, err
}

// sweep is a claim's share of purging. What fails here is left to the next.
func (d *Dedupe) sweep(ctx context.Context) {
	if d.claims.Add(1)%sweepEvery == 0 {
		_, _ = d.purge(ctx, sweepBatch)
	}
}

// count returns how many rows there are, up to limit. What has ended goes first.
func (d *Dedupe) count(ctx context.Context, limit int) (n int, err error) {
	count := func() error {
		return d.retry(ctx, func() error {
			return d.db.QueryRowContext(ctx, d.expand(`SELECT count(*) FROM (SELECT 1 FROM {prefix}dedupe LIMIT ?1) AS counted`), limit).Scan(&n)
		})
	}
	if err := count(); err != nil {
		return n, fmt.Errorf("count rows: %w", err)
	}
	if n < limit {
		return n, nil
	}
	if deleted, err := d.purge(ctx, purgeBatch); err != nil || deleted == 0 {
		return n, err
	}
	if err := count(); err != nil {
		return n, fmt.Errorf("count rows: %w", err)
	}
	return n, nil
}
