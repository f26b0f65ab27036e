package drivertest_test

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/tap"
	"github.com/cactuscorp/cactus/sqlstore"
)

// A planner explains statements of one database.
type planner struct {
	db      *sql.DB
	dialect sqlstore.Dialect
	generic bool // for no particular parameters, as PostgreSQL may plan what is prepared
}

// faults returns what is wrong with a statement's plan, by the kinds of its nodes
// alone:
//
//   - a table, or an index, is read from one end to the other;
//   - an index is entered by a range, and nothing limits how much of it is read;
//   - rows are sorted before they are limited, so that all of them are read.
func (p planner) faults(t *testing.T, s tap.Statement) []string {
	t.Helper()
	limited := strings.Contains(s.Query, "LIMIT")
	if p.dialect == sqlstore.PostgreSQL {
		return postgresFaults(p.postgres(t, s), limited, false)
	}
	var faults []string
	for _, line := range p.sqlite(t, s) {
		if sqliteFault(line, limited) {
			faults = append(faults, line)
		}
	}
	return faults
}

func (p planner) sqlite(t *testing.T, s tap.Statement) (lines []string) {
	t.Helper()
	rows, err := p.db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+s.Query, s.Args...)
	require.NoError(t, err, s.Query)
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var line string
		require.NoError(t, rows.Scan(&id, &parent, &unused, &line))
		lines = append(lines, line)
	}
	require.NoError(t, rows.Err())
	return lines
}

// sqliteFault knows the lines of EXPLAIN QUERY PLAN. The common table of what a
// statement was given is called c.
func sqliteFault(line string, limited bool) bool {
	what, rest, _ := strings.Cut(line, " ")
	switch {
	case what == "SCAN":
		return rest != "c" && !strings.Contains(rest, "CONSTANT ROW") && !strings.HasSuffix(rest, "VALUES CLAUSE")
	case what == "SEARCH" && !strings.HasPrefix(rest, "c "):
		return strings.Contains(rest, "AUTOMATIC") || !strings.Contains(rest, "=?") && !limited
	default:
		return line == "USE TEMP B-TREE FOR ORDER BY"
	}
}

// plan is a node of PostgreSQL's EXPLAIN (FORMAT JSON).
type plan struct {
	Kind     string `json:"Node Type"`     //nolint:tagliatelle // PostgreSQL's
	Relation string `json:"Relation Name"` //nolint:tagliatelle // likewise
	Index    string `json:"Index Name"`    //nolint:tagliatelle // likewise
	Cond     string `json:"Index Cond"`    //nolint:tagliatelle // likewise
	Plans    []plan `json:"Plans"`         //nolint:tagliatelle // likewise
}

func (p planner) postgres(t *testing.T, s tap.Statement) plan {
	t.Helper()
	query, args := "EXPLAIN (FORMAT JSON) "+s.Query, s.Args
	conn, err := p.db.Conn(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	if p.generic {
		for _, statement := range []string{"SET plan_cache_mode = force_generic_plan", "DEALLOCATE ALL", "PREPARE probe AS " + s.Query} {
			_, err := conn.ExecContext(t.Context(), statement)
			require.NoError(t, err, statement)
		}
		query, args = "EXPLAIN (FORMAT JSON) EXECUTE probe", nil
		if len(s.Args) > 0 {
			query += "(" + strings.TrimSuffix(strings.Repeat("NULL, ", len(s.Args)), ", ") + ")"
		}
	}
	var text []byte
	require.NoError(t, conn.QueryRowContext(t.Context(), query, args...).Scan(&text), query)
	var explained []struct {
		Plan plan `json:"Plan"` //nolint:tagliatelle // likewise
	}
	require.NoError(t, json.Unmarshal(text, &explained))
	return explained[0].Plan
}

func postgresFaults(p plan, limited, sorted bool) (faults []string) {
	sorted = sorted || limited && strings.HasSuffix(p.Kind, "Sort")
	switch p.Kind {
	case "Seq Scan":
		faults = append(faults, "Seq Scan on "+p.Relation)
	case "Index Scan", "Index Only Scan", "Bitmap Index Scan":
		switch {
		case p.Cond == "":
			faults = append(faults, fmt.Sprintf("%s of all of %s", p.Kind, p.Index))
		case !strings.Contains(p.Cond, " = ") && !limited:
			faults = append(faults, fmt.Sprintf("%s of a range of %s: %s", p.Kind, p.Index, p.Cond))
		case sorted:
			faults = append(faults, fmt.Sprintf("Sort of a range of %s: %s", p.Index, p.Cond))
		}
	}
	for _, child := range p.Plans {
		faults = append(faults, postgresFaults(child, limited, sorted)...)
	}
	return faults
}

// planned are the databases whose plans differ: the drivers for SQLite have one
// planner.
func planned() []database {
	return slices.DeleteFunc(slices.Clone(databases), func(d database) bool { return d.name == "ncruces" })
}

// Every statement that runs for a delivery finds its rows by an index, in tables
// that have grown, in whatever order they were written, with a backlog. Not here is
// the count of WithMaxRows, which reads an index from end to end, and says so.
func TestStatements_UseIndexes(t *testing.T) {
	for _, d := range planned() {
		t.Run(d.name, func(t *testing.T) {
			f := newFilled(t, d)
			for _, op := range f.operations() {
				t.Run(op.name, func(t *testing.T) {
					statements := f.tap.During(func() { op.run() })
					require.Len(t, statements, op.statements, "%+v", statements)
					for _, s := range statements {
						for _, p := range f.planners {
							faults := p.faults(t, s)
							if op.scans {
								require.NotEmpty(t, faults, "it is said to read all rows, and does not any more: %s", s.Query)
								continue
							}
							require.Empty(t, faults, "generic plan: %t\n%s", p.generic, s.Query)
						}
					}
				})
			}
			t.Run("what is wrong is found", func(t *testing.T) { f.requireFaults(t) })
		})
	}
}

// requireFaults requires that the test can fail: of statements that are bad, and of
// the stores' own without their indexes.
func (f *filled) requireFaults(t *testing.T) {
	t.Helper()
	for _, query := range []string{
		`UPDATE cactus_inbox SET lost = 1 WHERE event_id = 'evt_1'`,
		`SELECT owner FROM cactus_inbox WHERE due_at <= 9000000000000 AND due_at >= 1`,
		`SELECT id FROM cactus_inbox WHERE due_at <= 9000000000000 ORDER BY queued_at LIMIT 1`,
		`SELECT owner FROM cactus_dedupe AS o WHERE owner = (SELECT owner FROM cactus_order AS c WHERE place = 7 AND lease_until = 0)`,
		`SELECT owner FROM cactus_dedupe ORDER BY expires_at`,
	} {
		for _, p := range f.planners {
			require.NotEmpty(t, p.faults(t, tap.Statement{Query: query}), query)
		}
	}
	for _, index := range []string{"dedupe_expires", "order_expires", "inbox_due"} {
		execute(t, f.db, "DROP INDEX cactus_"+index)
	}
	found := map[string]bool{}
	for _, op := range f.operations() {
		for _, s := range f.tap.During(func() { op.run() }) {
			for _, p := range f.planners {
				found[op.name] = found[op.name] || len(p.faults(t, s)) > 0
			}
		}
	}
	for name, want := range map[string]bool{"dedupe purge": true, "order purge": true, "inbox claim": true, "dedupe claim": false, "inbox complete 256": false} {
		require.Equal(t, want, found[name], name)
	}
}
