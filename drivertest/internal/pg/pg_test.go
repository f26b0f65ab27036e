package pg_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/pg"
)

func TestMain(m *testing.M) { os.Exit(pg.Main(m)) }

func TestOpen_GivesEachTestADatabase(t *testing.T) {
	a, b := pg.Open(t), pg.Open(t)
	_, err := a.ExecContext(t.Context(), `CREATE TABLE orders (id text)`)
	require.NoError(t, err)
	_, err = b.ExecContext(t.Context(), `CREATE TABLE orders (id text)`)
	require.NoError(t, err)
}

func TestServer_RecoversWhatWasCommitted(t *testing.T) {
	server := pg.Start(t)
	db := pg.OpenDSN(t, server.DSN(t))
	_, err := db.ExecContext(t.Context(), `CREATE TABLE orders (id text)`)
	require.NoError(t, err)
	server.Kill(t)
	_, _ = db.ExecContext(t.Context(), `SELECT 1`) // the pool notices
	var n int
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT count(*) FROM orders`).Scan(&n))
}
