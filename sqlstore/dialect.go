package sqlstore

import (
	"fmt"
	"strings"
)

// Dialect is a kind of database. The zero value is none.
type Dialect int

// Every Dialect.
const (
	// SQLite from 3.24 on, and for an Inbox from 3.35 on.
	SQLite Dialect = iota + 1
	// PostgreSQL from 11 on.
	PostgreSQL
)

// String returns the database's name.
func (d Dialect) String() string {
	switch d {
	case SQLite:
		return "SQLite"
	case PostgreSQL:
		return "PostgreSQL"
	default:
		return fmt.Sprintf("Dialect(%d)", int(d))
	}
}

// check panics for what is not a Dialect.
func (d Dialect) check(function string) {
	if d != SQLite && d != PostgreSQL {
		panic(fmt.Sprintf("sqlstore: %s: %v is neither SQLite nor PostgreSQL", function, d))
	}
}

// The database's clock, in milliseconds since 1970. SQLite's is by julianday,
// whose step is 40 microseconds, because unixepoch('subsec') is from 3.42 only.
const (
	sqliteNow   = `CAST(ROUND((julianday('now') - 2440587.5) * 86400000.0) AS bigint)`
	postgresNow = `CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS bigint)`
)

// expand writes a statement for the dialect. What differs stands in braces, and
// parameters are ?1, ?2 and so on, which all SQLite drivers take. A line that
// begins with SQLite: or PostgreSQL: is for that dialect alone.
func (d Dialect) expand(statement, prefix, table string) string {
	lines := strings.Split(strings.TrimSpace(statement), "\n")
	kept := lines[:0]
	for _, line := range lines {
		line = strings.TrimPrefix(line, "\t")
		name, rest, only := strings.Cut(line, ":")
		switch {
		case !only || name != SQLite.String() && name != PostgreSQL.String():
			kept = append(kept, line)
		case name == d.String():
			kept = append(kept, rest)
		}
	}
	values := []string{"{prefix}", prefix, "{table}", prefix + table, "{blob}", "blob", "{greatest}", "MAX", "{now}", sqliteNow, "{storage}", " WITHOUT ROWID"}
	if d == PostgreSQL {
		values = []string{"{prefix}", prefix, "{table}", prefix + table, "{blob}", "bytea", "{greatest}", "GREATEST", "{now}", postgresNow, "{storage}", "", "?", "$"}
	}
	return strings.NewReplacer(values...).Replace(strings.Join(kept, "\n"))
}
