package sqlstore

import (
	"errors"
	"fmt"
	"strings"
)

// ErrNotMigrated is returned by all methods of a store whose table is not there.
var ErrNotMigrated = errors.New("sqlstore: a table is missing: was Migrate called?")

// fullName is the table's name in the database.
func (t *table) fullName() string { return t.prefix + t.name }

// migrated returns err, and asks for Migrate if it is that this table is missing.
func (t *table) migrated(err error) error {
	if err == nil || errors.Is(err, ErrNotMigrated) || !t.dialect.undefined(err) || !strings.Contains(err.Error(), t.fullName()) {
		return err
	}
	return fmt.Errorf("%w (%w)", ErrNotMigrated, err)
}

// undefined reports whether a statement names a table that there is not. See
// transient for how the drivers say so; 42P01 is undefined_table.
func (d Dialect) undefined(err error) bool {
	if d == PostgreSQL {
		var state interface{ SQLState() string }
		return errors.As(err, &state) && state.SQLState() == "42P01"
	}
	return strings.Contains(err.Error(), "no such table")
}
