package sqlstore

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/middleware"
)

// Tests on real databases are in the module drivertest.

var update = flag.Bool("update", false, "write the golden files")

func TestSchema_IsGolden(t *testing.T) {
	for _, d := range []Dialect{SQLite, PostgreSQL} {
		name := filepath.Join("testdata", strings.ToLower(d.String())+".sql")
		if *update {
			require.NoError(t, os.WriteFile(name, []byte(Schema(d)), 0o600))
		}
		want, err := os.ReadFile(name)
		require.NoError(t, err)
		require.Equal(t, string(want), Schema(d), "a schema that was released never changes: add a step")
	}
	require.NotContains(t, Schema(SQLite, WithPrefix("shop_")), "cactus_")
}

func ExampleSchema() {
	for statement := range strings.SplitSeq(Schema(PostgreSQL, WithPrefix("shop_")), "\n\n") {
		first, _, _ := strings.Cut(statement, "\n")
		fmt.Println(first)
	}
	// Output:
	// CREATE TABLE IF NOT EXISTS shop_schema (
	// CREATE TABLE IF NOT EXISTS shop_dedupe (
	// CREATE INDEX IF NOT EXISTS shop_dedupe_expires ON shop_dedupe (expires_at);
	// INSERT INTO shop_schema (name, version) VALUES ('dedupe', 1)
	// CREATE TABLE IF NOT EXISTS shop_order (
	// CREATE INDEX IF NOT EXISTS shop_order_expires ON shop_order (expires_at);
	// INSERT INTO shop_schema (name, version) VALUES ('order', 1)
	// CREATE TABLE IF NOT EXISTS shop_inbox (
	// CREATE INDEX IF NOT EXISTS shop_inbox_due ON shop_inbox (due_at, id);
	// CREATE INDEX IF NOT EXISTS shop_inbox_dead ON shop_inbox (id) WHERE buried_at IS NOT NULL;
	// INSERT INTO shop_schema (name, version) VALUES ('inbox', 1)
}

// The hash is on disk, so it must never change.
func TestHashKey_IsStableAndTellsFieldsApart(t *testing.T) {
	require.Equal(t, "fa8c5c62", hex.EncodeToString(hashKey(middleware.Key{Source: "shop", Tenant: "acme", ID: "evt_441"})[:4]))
	seen := map[string]middleware.Key{}
	for _, key := range []middleware.Key{
		{},
		{ID: "ab"},
		{Tenant: "ab"},
		{Source: "ab"},
		{Source: "a", Tenant: "b"},
		{Source: "a", ID: "b"},
		{Tenant: "a", ID: "b"},
		{ID: "\x00\x00\x00\x00\x00\x00\x00\x00"},
	} {
		hash := string(hashKey(key))
		require.Len(t, hash, 32)
		require.NotContains(t, seen, hash, "%q and %q", key, seen[hash])
		seen[hash] = key
	}
}

func TestReadable_BoundsWhatIsStored(t *testing.T) {
	for _, s := range []string{strings.Repeat("9", 1<<20), strings.Repeat("\xff", 1<<20), strings.Repeat("ü", 1<<20)} {
		got := readable(s)
		require.LessOrEqual(t, len(got), 8<<10)
		require.True(t, strings.HasSuffix(got, "..."))
		require.NotContains(t, got, "\xff")
	}
	require.Equal(t, strings.Repeat("9", maxReadable), readable(strings.Repeat("9", maxReadable)), "this much is shown whole")
}

func FuzzReadable(f *testing.F) {
	for _, s := range []string{"", "evt_441", "a\x00b", "\xff", `back\slash "quoted"`, "über", strings.Repeat("ü", 1<<9) + "!"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		got := readable(s)
		if len(s) > maxReadable {
			require.True(t, strings.HasSuffix(got, "..."))
			got, s = strings.TrimSuffix(got, "..."), s[:maxReadable]
		}
		require.NotContains(t, got, "\x00")
		for i := range len(got) {
			require.True(t, got[i] >= ' ' && got[i] <= '~')
		}
		var back string
		_, err := fmt.Sscanf(`"`+got+`"`, "%q", &back)
		require.NoError(t, err)
		require.Equal(t, s, back)
	})
}

func TestOptions_PanicWithWhatIsWanted(t *testing.T) {
	for _, prefix := range []string{"", "1a", "Shop_", "a b", "a;drop", "a.b", `a"`, "é", strings.Repeat("a", 41)} {
		require.Panics(t, func() { WithPrefix(prefix) }, prefix)
	}
	for _, prefix := range []string{"a", "_", "shop_1_", strings.Repeat("a", 40)} {
		require.NotPanics(t, func() { WithPrefix(prefix) }, prefix)
	}
	require.PanicsWithValue(t, "sqlstore: WithMaxRows(0): at least one is needed", func() { WithMaxRows(0) })
	require.PanicsWithValue(t, "sqlstore: NewDedupe: the database is nil", func() { NewDedupe(nil, SQLite) })
	require.PanicsWithValue(t, "sqlstore: NewDedupe: Dialect(0) is neither SQLite nor PostgreSQL", func() { NewDedupe(&sql.DB{}, 0) })
	require.PanicsWithValue(t, "sqlstore: Schema: Dialect(7) is neither SQLite nor PostgreSQL", func() { Schema(7) })
}

type stateError string

func (e stateError) Error() string    { return "the database is locked" }
func (e stateError) SQLState() string { return string(e) }

func TestDialect_KnowsWhatToTryAgain(t *testing.T) {
	require.True(t, PostgreSQL.transient(fmt.Errorf("claim: %w", stateError("40001"))))
	require.True(t, PostgreSQL.transient(stateError("40P01")))
	require.False(t, PostgreSQL.transient(stateError("23505")))
	require.False(t, PostgreSQL.transient(errors.New("database is locked")))
	for text, want := range map[string]bool{
		"database is locked (5) (SQLITE_BUSY)":         true,
		"sqlite3: database is locked":                  true,
		"database table is locked: dedupe":             true,
		"no such table: dedupe":                        false,
		middleware.ErrLeaseLost.Error():                false,
		"SQLITE_BUSY: cannot start a transaction here": true,
	} {
		require.Equal(t, want, SQLite.transient(errors.New(text)), text)
	}
}

func TestDedupe_TriesAgainForASecondOrUntilItsContextIsDone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := NewDedupe(&sql.DB{}, SQLite)
		busy, tries, start := errors.New("database is locked"), 0, time.Now()
		require.Equal(t, busy, d.retry(t.Context(), func() error { tries++; return busy }))
		require.Equal(t, retryTries, tries)
		require.Greater(t, time.Since(start), 500*time.Millisecond)
		require.Less(t, time.Since(start), 2*time.Second)

		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		start = time.Now()
		require.Equal(t, busy, d.retry(ctx, func() error { return busy }))
		require.Equal(t, 10*time.Millisecond, time.Since(start))

		tries = 0
		require.Equal(t, driver.ErrBadConn, d.retry(t.Context(), func() error { tries++; return driver.ErrBadConn }))
		require.Equal(t, 1, tries)
	})
}

func TestRows_CountSeldom(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n, counts := 0, 0
		r := newRows(1000, func(context.Context, int) (int, error) { counts++; return n, nil })
		for {
			ok, err := r.reserve(t.Context())
			require.NoError(t, err)
			if !ok {
				break
			}
			n++
			r.settle(true, true)
		}
		require.Equal(t, 1000, n, "exact for one process")
		require.Less(t, counts, 60)

		before := counts
		ok, _ := r.reserve(t.Context())
		require.False(t, ok)
		require.Equal(t, before, counts, "a full table is not counted for each claim")
		n = 500
		time.Sleep(fullAge)
		ok, _ = r.reserve(t.Context())
		require.True(t, ok)
		r.settle(true, false)
		before = counts
		time.Sleep(countAge)
		_, _ = r.reserve(t.Context())
		require.Equal(t, before+1, counts, "others may have come")
	})
}

// A claim under way may have a row that a count does not see yet.
func TestRows_LeavesRoomForClaimsUnderWay(t *testing.T) {
	r := newRows(2, func(context.Context, int) (int, error) { return 0, nil })
	for _, want := range []bool{true, true, false} {
		got, err := r.reserve(t.Context())
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	r.settle(true, false)
	got, _ := r.reserve(t.Context())
	require.True(t, got)

	none := (*rows)(nil)
	got, _ = none.reserve(t.Context())
	require.True(t, got)
	none.settle(true, true)
}

func TestRows_ReturnsErrors(t *testing.T) {
	r := newRows(2, func(context.Context, int) (int, error) { return 0, driver.ErrBadConn })
	_, err := r.reserve(t.Context())
	require.ErrorIs(t, err, driver.ErrBadConn)
	r.turn <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.reserve(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestMillis_RoundsUp(t *testing.T) {
	for d, want := range map[time.Duration]int64{
		-time.Second:                   -1000,
		0:                              0,
		1:                              1,
		time.Millisecond:               1,
		time.Millisecond + 1:           2,
		time.Duration(1<<63 - 1):       9223372036855,
		time.Duration(-1 << 63):        -9223372036854,
		7 * 24 * 60 * 60 * time.Second: 604800000,
	} {
		require.Equal(t, want, millis(d), d)
	}
}
