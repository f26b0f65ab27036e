package drivertest_test

import (
	"context"
	"database/sql"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/drivertest/internal/tap"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/sqlstore"
)

// filled is a database whose tables have grown.
type filled struct {
	t        *testing.T
	db       *sql.DB
	tap      *tap.Tap
	planners []planner

	dedupe *sqlstore.Dedupe
	order  *sqlstore.Order
	inbox  *sqlstore.Inbox
	n      int
}

const filledRows = 20_000

// The rows are in no order, as after a while. A tenth of the keys has ended. Half
// of the items are due, as after an outage, and one in ten is a dead letter.
const (
	fillDedupe = `
	INSERT INTO cactus_dedupe (key_hash, source, tenant, id, owner, lease_until, done_until, expires_at)
	SELECT {bytes32}, 'shop', '', 'evt_' || n, {bytes16}, 0, {now} + ({random} - 10) * 60000, {now} + ({random} - 10) * 60000 FROM {series}`

	fillOrder = `
	INSERT INTO cactus_order (key_hash, source, tenant, id, owner, lease_until, place, keep_until, expires_at)
	SELECT {bytes32}, 'shop', '', 'ord_' || n, {bytes16}, 0, n, {now} + ({random} - 10) * 60000, {now} + ({random} - 10) * 60000 FROM {series}`

	fillInbox = `
	INSERT INTO cactus_inbox (id, due_at, owner, added_at, queued_at, buried_at, source, head, body)
	SELECT {bytes16}, CASE n % 10 WHEN 0 THEN NULL ELSE {now} + ({random} - 50) * 60000 END, CASE n % 10 WHEN 1 THEN {bytes16} END,
		{now}, {now}, CASE n % 10 WHEN 0 THEN {now} END, 'shop', '{"received_at":"2026-03-01T10:00:00Z"}', {bytes32} FROM {series}`
)

// fill writes rows. Random is up to 100.
func (f *filled) fill(dialect sqlstore.Dialect, statement string) {
	rows := strconv.Itoa(filledRows)
	values := []string{
		"{bytes32}", `randomblob(32)`, "{bytes16}", `randomblob(16)`, "{random}", `abs(random() % 100)`,
		"{now}", `CAST((julianday('now') - 2440587.5) * 86400000.0 AS bigint)`,
		"{series}", `(WITH RECURSIVE s (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < ` + rows + `) SELECT n FROM s)`,
	}
	if dialect == sqlstore.PostgreSQL {
		values = []string{
			"{bytes32}", `decode(md5(random()::text) || md5(random()::text), 'hex')`, "{bytes16}", `decode(md5(random()::text), 'hex')`,
			"{random}", `floor(random() * 100)::bigint`, "{now}", `(EXTRACT(EPOCH FROM now()) * 1000)::bigint`,
			"{series}", `generate_series(1, ` + rows + `) AS s (n)`,
		}
	}
	execute(f.t, f.db, strings.NewReplacer(values...).Replace(statement))
}

func newFilled(t *testing.T, d database) *filled {
	t.Helper()
	dsn := d.dsn(t)
	f := &filled{t: t, db: d.open(t, dsn)}
	db, tapped := tap.Open(t, d.driver, dsn)
	f.tap = tapped
	f.dedupe, f.order, f.inbox = sqlstore.NewDedupe(db, d.dialect), sqlstore.NewOrder(db, d.dialect), sqlstore.NewInbox(db, d.dialect)
	for _, migrate := range []func(context.Context) error{f.dedupe.Migrate, f.order.Migrate, f.inbox.Migrate} {
		require.NoError(t, migrate(t.Context()))
	}
	for _, statement := range []string{fillDedupe, fillOrder, fillInbox, "ANALYZE"} {
		f.fill(d.dialect, statement)
	}
	f.planners = []planner{{f.db, d.dialect, false}}
	if d.dialect == sqlstore.PostgreSQL {
		explains := d.open(t, dsn+" default_query_exec_mode=describe_exec") // without statements of the driver's own that are prepared
		f.planners = []planner{{explains, d.dialect, false}, {explains, d.dialect, true}}
	}
	f.request() // and the connection is known to be durable
	return f
}

// request claims a new key.
func (f *filled) request() middleware.ClaimRequest {
	f.t.Helper()
	f.n++
	req := request("evt_new_" + strconv.Itoa(f.n))
	require.Equal(f.t, middleware.Claimed, claim(f.t, f.dedupe, req))
	return req
}

// turn claims a new object.
func (f *filled) turn() middleware.OrderRequest {
	f.t.Helper()
	f.n++
	req := request("ord_new_" + strconv.Itoa(f.n))
	turn := middleware.OrderRequest{Key: req.Key, Owner: req.Owner, Lease: req.Lease, Position: int64(f.n)}
	_, err := f.order.Claim(f.t.Context(), turn)
	require.NoError(f.t, err)
	return turn
}

// add adds items, all of them in one statement but for the first.
func (f *filled) add(n int) {
	errs := make(chan error, n)
	for range n {
		f.n++
		item := newItem(f.n, "{}")
		go func() { errs <- f.inbox.Add(context.WithoutCancel(f.t.Context()), item) }()
	}
	for range n {
		require.NoError(f.t, <-errs)
	}
}

// operation is what runs for a delivery or beside it.
type operation struct {
	name       string
	statements int // how many texts of statements it takes, but for SQLite's pragmas
	scans      bool
	run        func()
}

func (f *filled) operations() []operation {
	noError := func(err error) { require.NoError(f.t, err) }
	req, other, committed := f.request(), f.request(), f.request()
	noError(f.dedupe.Commit(f.t.Context(), committed.Key, committed.Owner, time.Hour))
	turn, next := f.turn(), f.turn()
	all := []operation{ //nolint:prealloc // with what there is
		{name: "dedupe claim", statements: 1, run: func() { f.request() }},
		{name: "dedupe claim of a duplicate", statements: 2, run: func() {
			require.Equal(f.t, middleware.Done, claim(f.t, f.dedupe, request(committed.Key.ID)))
		}},
		{name: "dedupe renew", statements: 1, run: func() { noError(f.dedupe.Renew(f.t.Context(), req.Key, req.Owner, time.Hour)) }},
		{name: "dedupe commit", statements: 1, run: func() { noError(f.dedupe.Commit(f.t.Context(), req.Key, req.Owner, time.Hour)) }},
		{name: "dedupe release", statements: 1, run: func() { noError(f.dedupe.Release(f.t.Context(), other.Key, other.Owner)) }},
		{name: "dedupe purge", statements: 1, run: func() {
			n, err := f.dedupe.Purge(f.t.Context())
			noError(err)
			require.Positive(f.t, n)
		}},
		{name: "dedupe transaction, and again", statements: 3, run: func() {
			r := receiver(f.dedupe, time.Hour, twice(f.dedupe.Tx))
			_, err := deliver(f.t.Context(), r, "evt_tx_"+strconv.Itoa(f.n))
			require.ErrorIs(f.t, err, middleware.ErrDuplicate)
		}},
		{name: "order transaction, and again", statements: 3, run: func() {
			r := follower(f.order, time.Hour, twice(f.order.Tx))
			_, err := deliverAt(f.t.Context(), r, "ord_tx_"+strconv.Itoa(f.n), 1)
			require.ErrorIs(f.t, err, middleware.ErrDuplicate)
		}},
		{name: "order claim", statements: 1, run: func() { f.turn() }},
		{name: "order claim of a stale event", statements: 2, run: func() {
			_, err := f.order.Claim(f.t.Context(), turn)
			noError(err)
		}},
		{name: "order renew", statements: 1, run: func() { noError(f.order.Renew(f.t.Context(), turn.Key, turn.Owner, time.Hour)) }},
		{name: "order commit", statements: 1, run: func() {
			noError(f.order.Commit(f.t.Context(), turn.Key, turn.Owner, turn.Position, time.Hour))
		}},
		{name: "order release", statements: 1, run: func() { noError(f.order.Release(f.t.Context(), next.Key, next.Owner)) }},
		{name: "order purge", statements: 1, run: func() {
			n, err := f.order.Purge(f.t.Context())
			noError(err)
			require.Positive(f.t, n)
		}},
		{name: "inbox add", statements: 1, run: func() { f.add(1) }},
		// It counts what there is, for gauges: some times a minute.
		{name: "inbox stats", statements: 1, scans: true, run: func() {
			_, err := f.inbox.Stats(f.t.Context())
			noError(err)
		}},
		{name: "inbox dead", statements: 1, run: func() {
			letters, err := f.inbox.Dead(f.t.Context(), inbox.ID{}, 8)
			noError(err)
			require.NotEmpty(f.t, letters)
		}},
	}
	for _, n := range []int{1, 16, 256} { // as many as a settler has in one call
		all = append(all, f.batch(n)...)
	}
	return all
}

// twice is a handler that commits its claim, and tries again.
func twice(tx func(ctx context.Context, opts *sql.TxOptions, fn func(tx *sql.Tx) error) error) func(ctx context.Context, id string) error {
	return func(ctx context.Context, _ string) error {
		if err := tx(ctx, nil, func(*sql.Tx) error { return nil }); err != nil {
			return err
		}
		return tx(ctx, nil, func(*sql.Tx) error { return nil })
	}
}

// batch is what is done to n items at once.
func (f *filled) batch(n int) []operation {
	noError := func(err error) { require.NoError(f.t, err) }
	var claims []inbox.Claim
	name := func(what string) string { return strings.TrimSuffix("inbox "+what+" "+strconv.Itoa(n), " 1") }
	take := func() {
		_, claims = take(f.t, f.inbox, n)
		require.Len(f.t, claims, n)
	}
	take()
	ids := make([]inbox.ID, n)
	for i := range ids {
		ids[i][0] = byte(i) // of no dead letter
	}
	return []operation{
		{name: name("claim"), statements: 1, run: take},
		{name: name("renew"), statements: 1, run: func() {
			_, err := f.inbox.Renew(f.t.Context(), time.Hour, claims)
			noError(err)
		}},
		{name: name("retry"), statements: 1, run: func() { noError(f.inbox.Retry(f.t.Context(), claims[0], inbox.Retry{})) }},
		{name: name("release"), statements: 1, run: func() {
			_, err := f.inbox.Release(f.t.Context(), claims)
			noError(err)
		}},
		{name: name("claim again"), statements: 1, run: take},
		{name: name("bury"), statements: 1, run: func() { noError(f.inbox.Bury(f.t.Context(), claims[0], inbox.Burial{})) }},
		{name: name("complete"), statements: 1, run: func() {
			_, err := f.inbox.Complete(f.t.Context(), claims)
			noError(err)
		}},
		{name: name("replay"), statements: 1, run: func() {
			_, err := f.inbox.Replay(f.t.Context(), ids)
			noError(err)
		}},
		{name: name("discard"), statements: 1, run: func() {
			_, err := f.inbox.Discard(f.t.Context(), ids)
			noError(err)
		}},
	}
}
