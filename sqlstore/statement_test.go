package sqlstore

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/inbox"
)

func TestDialect_ExpandsItsOwnLines(t *testing.T) {
	const statement = `
	DELETE FROM {table}
SQLite:	WHERE a = ?1
PostgreSQL:	WHERE b = ?1
	AND t = 'a:b'`
	require.Equal(t, "DELETE FROM x_inbox\n\tWHERE a = ?1\nAND t = 'a:b'", SQLite.expand(statement, "x_", "inbox"))
	require.Equal(t, "DELETE FROM x_inbox\n\tWHERE b = $1\nAND t = 'a:b'", PostgreSQL.expand(statement, "x_", "inbox"))
}

func TestStores_LeaveNothingToExpand(t *testing.T) {
	for _, d := range []Dialect{SQLite, PostgreSQL} {
		in, order, dedupe := NewInbox(&sql.DB{}, d), NewOrder(&sql.DB{}, d), NewDedupe(&sql.DB{}, d)
		claims, _ := claimed(make([]inbox.Claim, 3))
		ids, _ := named(make([]inbox.ID, 3))
		for _, s := range []string{
			Schema(d),
			in.claimSQL, in.retrySQL, in.burySQL, in.deadSQL, in.statsSQL, in.expand(inboxAddSQL),
			in.expand(claims + inboxRenewSQL), in.expand(claims + inboxCompleteSQL), in.expand(claims + inboxReleaseSQL),
			in.expand(ids + inboxReplaySQL), in.expand(ids + inboxDiscardSQL),
			order.claimSQL, order.lookSQL, order.commitSQL, order.commitTxSQL, order.ownSQL, order.renewSQL, order.releaseSQL, order.purgeSQL,
			dedupe.claimSQL, dedupe.lookSQL, dedupe.commitSQL, dedupe.commitTxSQL, dedupe.ownSQL, dedupe.renewSQL, dedupe.releaseSQL, dedupe.purgeSQL,
		} {
			for _, left := range []string{"{", "}", "SQLite:", "PostgreSQL:"} {
				require.NotContains(t, s, left)
			}
			require.False(t, d == PostgreSQL && strings.Contains(s, "?"), s)
		}
		require.Empty(t, in.purgeSQL, "items do not end")
	}
}

func TestPadded_MakesFewStatements(t *testing.T) {
	all := map[int]bool{}
	for n := 1; n <= 512; n++ {
		require.GreaterOrEqual(t, padded(n), n)
		require.Less(t, padded(n), 2*n)
		all[padded(n)] = true
	}
	require.Len(t, all, 10)
	require.Zero(t, padded(0))

	claims := []inbox.Claim{{ID: inbox.ID{1}}, {ID: inbox.ID{2}}, {ID: inbox.ID{3}}}
	with, args := claimed(claims, "first")
	require.Len(t, args, 1+2*4)
	require.Equal(t, 8, strings.Count(with, "CAST"))
	require.Equal(t, args[5:7], args[7:], "the last one again")
	require.True(t, slices.Equal(claims[1].ID[:], args[3].([]byte)))
}
