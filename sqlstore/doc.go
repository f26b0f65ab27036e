// Package sqlstore keeps what has to outlive the process in a SQL database:
// SQLite or PostgreSQL, over database/sql. It links no driver; import the one
// of your choice.
//
//   - [Dedupe] is a store for middleware.Dedupe: which events were handled.
//   - [Order] is one for middleware.Serial and SkipStale: whose turn it is, and
//     which event of an object was the last.
//   - [Inbox] is one for package inbox: requests that were answered already.
//
// Each has a table of its own, may be used without the others, and is shared by
// all processes that use the database:
//
//	store := sqlstore.NewDedupe(db, sqlstore.SQLite) // or PostgreSQL
//	if err := store.Migrate(ctx); err != nil {
//		return err
//	}
//	r.Use(middleware.Dedupe(store, middleware.WithSource("shop")))
//
//	cactus.On(r, func(ctx context.Context, e *types.OrderShipped) error {
//		return store.Tx(ctx, nil, func(tx *sql.Tx) error { // the event is done if and only if this commits
//			_, err := tx.ExecContext(ctx, `INSERT INTO shipments (order_id) VALUES ($1)`, e.RelatedObject.ID)
//			return err
//		})
//	})
//
// It takes PostgreSQL 11 or SQLite 3.24. An Inbox takes SQLite 3.35, or PostgreSQL
// with an encoding of UTF8; see [ErrEncoding].
//
// # What happens once
//
// Delivery is at least once. The effect happens once when the handler's writes
// share the claim's transaction, as above: the event is done if and only if
// the writes are committed. What the handler does outside of the transaction
// happens once unless the process dies between it and the commit. Order has a Tx
// too: the position of an object is recorded if and only if the writes are.
//
// # What survives
//
// A commit, and an item's Add, that has returned without an error survives the
// death of the process and a loss of power, as far as the disk keeps what it says
// it has written. What else the stores write need not: without it, work is done
// again.
//
//   - On PostgreSQL the server's settings fsync and full_page_writes have to be
//     on, which is their default. Where synchronous_commit is off, the stores
//     raise it to local for the transactions that commit claims or add items. All
//     other values stay.
//   - On SQLite it takes PRAGMA synchronous = FULL with the journal modes WAL,
//     TRUNCATE and PERSIST, and EXTRA with DELETE, where a lost unlink of the
//     journal rolls a commit back. Both belong in the data source name, because
//     synchronous is each connection's own. Each commit and Add looks at its
//     connection first and refuses one that is set otherwise: [ErrNotDurable]. So
//     do Migrate and the first claim of a key. A database in memory is let pass.
//
// A claim that the database forgets is like a lease that ran out: its owner
// cannot commit any more.
//
// # Isolation
//
// Every method but Tx and Migrate is one statement, or a few that need not see the
// same state, so that any isolation level will do as the database's default.
// Where the database gives up a statement (serialization failure, deadlock,
// SQLITE_BUSY) the store repeats it some times, for about a second beyond what
// the driver waits by itself the first and the last time. Give SQLite a
// busy_timeout nevertheless, which waits more fairly, but one of a second or two:
// not every driver looks at the context while it lasts.
package sqlstore
