package sqlstore

import (
	"database/sql"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"
)

// undefinedTableError is PostgreSQL's error, in whatever language.
type undefinedTableError string

func (e undefinedTableError) Error() string  { return string(e) }
func (undefinedTableError) SQLState() string { return "42P01" }

func TestTable_AsksForMigrateWhereItIsMissing(t *testing.T) {
	for err, want := range map[error]bool{
		nil: false,
		errors.New("SQL logic error: no such table: shop_inbox (1)"):  true,
		errors.New("sqlite3: SQL logic error: no such table: others"): false,
		errors.New("no such column: shop_inbox.id"):                   false,
	} {
		got := NewInbox(&sql.DB{}, SQLite, WithPrefix("shop_")).migrated(err)
		require.Equal(t, want, errors.Is(got, ErrNotMigrated), "%v", err)
		require.ErrorIs(t, got, err)
	}
	for err, want := range map[error]bool{
		undefinedTableError(`Relation »shop_order« existiert nicht`): true,
		undefinedTableError(`relation "others" does not exist`):      false,
		stateError("40001"): false,
	} {
		order := NewOrder(&sql.DB{}, PostgreSQL, WithPrefix("shop_"))
		got := order.migrated(fmt.Errorf("claim key: %w", err))
		require.Equal(t, want, errors.Is(got, ErrNotMigrated), "%v", err)
		require.ErrorIs(t, got, err)
		require.Equal(t, got, order.migrated(got), "once")
	}
}
