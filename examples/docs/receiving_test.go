package docs_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/otelcactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// openDB opens a database as docs/receiving.md says it.
func openDB(t *testing.T) *sql.DB {
	t.Helper()
	file := filepath.Join(t.TempDir(), "shop.db")
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=busy_timeout(2000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	return db
}

func TestReceiving_NoDuplicate(t *testing.T) {
	db := openDB(t)
	_, err := db.ExecContext(t.Context(), `CREATE TABLE shipments (order_id TEXT PRIMARY KEY)`)
	require.NoError(t, err)
	r := new(cactus.Registry)
	require.NoError(t, noDuplicate(t.Context(), db, r))

	body := []byte(`{"id":"evt_1","type":"order.shipped","data":{"shipping_service":"usps"},"related_object":{"id":"ord_1","type":"order"}}`)
	require.NoError(t, r.DispatchUnverified(t.Context(), body))
	require.ErrorIs(t, r.DispatchUnverified(t.Context(), body), middleware.ErrDuplicate)
	var id string
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT order_id FROM shipments`).Scan(&id))
	require.Equal(t, "ord_1", id)
}

func noDuplicate(ctx context.Context, db *sql.DB, r *cactus.Registry) error {
	store := sqlstore.NewDedupe(db, sqlstore.SQLite) // or PostgreSQL
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	r.Use(middleware.Dedupe(store, middleware.WithSource("shop")))

	cactus.On(r, func(ctx context.Context, e *types.OrderShipped) error {
		return store.Tx(ctx, nil, func(tx *sql.Tx) error { // the event is done if and only if this commits
			_, err := tx.ExecContext(ctx, `INSERT INTO shipments (order_id) VALUES ($1)`, e.RelatedObject.ID)
			return err
		})
	})
	return nil
}

func TestReceiving_OrderInTheSameTransaction(t *testing.T) {
	db := openDB(t)
	for _, statement := range []string{
		`CREATE TABLE shipments (order_id TEXT PRIMARY KEY, state TEXT)`, `INSERT INTO shipments VALUES ('ord_1', '')`,
	} {
		_, err := db.ExecContext(t.Context(), statement)
		require.NoError(t, err)
	}
	events, positions := sqlstore.NewDedupe(db, sqlstore.SQLite), sqlstore.NewOrder(db, sqlstore.SQLite)
	require.NoError(t, events.Migrate(t.Context()))
	require.NoError(t, positions.Migrate(t.Context()))
	r := new(cactus.Registry)
	r.Use(middleware.SkipStale(positions), middleware.Dedupe(events))
	r.Handle("order.*", func(ctx context.Context, e *cactus.RawEvent) error {
		return events.Tx(ctx, nil, func(tx *sql.Tx) error { // the Dedupe's
			if err := positions.CommitTx(ctx, tx); err != nil { // the Order's
				return err
			}
			_, err := tx.ExecContext(ctx, `UPDATE shipments SET state = ? WHERE order_id = ?`, e.Type, e.RelatedObject.ID)
			return err
		})
	})

	deliver := func(id, eventType string, minute int) error {
		return r.Dispatch(t.Context(), &cactus.Envelope{
			Meta:          cactus.Meta{ID: id, Type: eventType, Created: time.Date(2026, 3, 1, 10, minute, 0, 0, time.UTC)},
			RelatedObject: cactus.ObjectRef{ID: "ord_1", Type: "order"},
		})
	}
	require.NoError(t, deliver("evt_2", "order.delivered", 2))
	require.ErrorIs(t, deliver("evt_2", "order.delivered", 2), middleware.ErrDuplicate)
	require.ErrorIs(t, deliver("evt_1", "order.shipped", 1), middleware.ErrStale)
	var state string
	require.NoError(t, db.QueryRowContext(t.Context(), `SELECT state FROM shipments`).Scan(&state))
	require.Equal(t, "order.delivered", state)
}

func TestReceiving_AnswerNow(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r := new(cactus.Registry)
	cactus.On(r, func(context.Context, *types.OrderLostPushed) error {
		stop()
		return nil
	})
	db := openDB(t)
	store := sqlstore.NewInbox(db, sqlstore.SQLite)
	require.NoError(t, store.Migrate(t.Context()))
	yesterday := inbox.New(store, inbox.Config{}) // received, and did nothing more
	yesterday.Register("shop", r, cactustest.Source())
	answer := cactustest.Deliver(t, yesterday.Handler("shop"), []byte(`{"id":"evt_1","type":"order.lost"}`))
	require.Equal(t, http.StatusAccepted, answer.Status)

	require.NoError(t, answerNow(ctx, t.Context(), db, r))
	stats, err := store.Stats(t.Context())
	require.NoError(t, err)
	require.Zero(t, stats)
}

// answerNow works until ctx ends, and has until stopping ends to come to rest.
//
//nolint:contextcheck // Shutdown ends Run, and not a context
func answerNow(ctx, stopping context.Context, db *sql.DB, r *cactus.Registry) error {
	logger, source, mux := discard, cactustest.Source(), http.NewServeMux()
	server := &http.Server{Handler: mux}

	store := sqlstore.NewInbox(db, sqlstore.SQLite)
	if err := store.Migrate(ctx); err != nil {
		return err
	}
	in := inbox.New(store, inbox.Config{Logger: logger})
	in.Register("shop", r, source)
	mux.Handle("POST /webhooks", in.Handler("shop")) // verify, store, 202
	go in.Run(context.Background())                  // parse, dispatch, try again

	<-ctx.Done() // the program is told to stop: first the server, then the inbox, last the database
	if err := server.Shutdown(stopping); err != nil {
		return err
	}
	left, err := in.Shutdown(stopping) // drain, and say what is left
	logger.Info("stopped", "left", left)
	return err
}

// letterBox keeps the dead letters of a program.
type letterBox struct{ ids []string }

func (l *letterBox) Keep(_ context.Context, id string, _ []byte, _ error) error {
	l.ids = append(l.ids, id)
	return nil
}

func TestReceiving_WhatNobodyCanHandle(t *testing.T) {
	r, letters, logger := new(cactus.Registry), new(letterBox), discard

	r.DeadLetter = func(ctx context.Context, env *cactus.Envelope, err error) error {
		return letters.Keep(ctx, env.ID, env.Raw, err) // nil: it is taken, and the sender hears 200
	}
	r.OnOther(func(ctx context.Context, e *cactus.RawEvent, known bool) error {
		logger.WarnContext(ctx, "nothing takes this event", "event", e.Meta, "known", known)
		return nil
	})

	cactus.On(r, func(context.Context, *types.OrderLostPushed) error {
		return cactus.Permanent(errors.New("nobody to ask"))
	})
	handler := cactus.NewHandler(r, cactustest.Source())
	for _, body := range []string{`{"id":"evt_1","type":"order.lost"}`, `{"id":"evt_2","type":"invoice.paid"}`} {
		require.Equal(t, http.StatusOK, cactustest.Deliver(t, handler, []byte(body)).Status)
	}
	require.Equal(t, []string{"evt_1"}, letters.ids)
}

// queued is a message of a queue, with the headers that the webhook had.
type queued struct {
	Attributes  map[string][]string
	Body        []byte
	PublishedAt time.Time

	told string
}

func (q *queued) Ack() error {
	q.told = "ack"
	return nil
}

func (q *queued) Nack(o cactus.Outcome, wait time.Duration) error {
	q.told = fmt.Sprint(o, " ", wait)
	return nil
}

func TestReceiving_FromAQueue(t *testing.T) {
	r := new(cactus.Registry)
	cactus.On(r, func(context.Context, *types.OrderLostPushed) error {
		return cactus.RetryAfter(time.Minute, errors.New("the depot is closed"))
	})
	cactus.On(r, func(context.Context, *types.OrderShippedPushed) error { return nil })
	for body, want := range map[string]string{
		`{"id":"evt_1","type":"order.lost"}`:    "retry 1m0s",
		`{"id":"evt_1","type":"order.shipped"}`: "ack",
	} {
		header := http.Header{"Content-Type": {"application/json"}}
		require.NoError(t, cactustest.Scheme().Sign(header, "evt_1", []byte(body), time.Now()))
		message := &queued{Attributes: header, Body: []byte(body), PublishedAt: time.Now()}
		require.NoError(t, receive(t.Context(), r, cactustest.Source(), message))
		require.Equal(t, want, message.told)
	}
}

func receive(ctx context.Context, r *cactus.Registry, source cactus.Source, message *queued) error {
	req := cactus.NewRequest(message.Attributes, message.Body, message.PublishedAt) // headers, body, time of arrival
	if err := r.Receive(ctx, source, req); err != nil {
		return message.Nack(cactus.OutcomeOf(err), cactus.WaitOf(err))
	}
	return message.Ack()
}

func TestReceiving_PullsThatScale(t *testing.T) {
	r, key := new(cactus.Registry), cactustest.APIKey

	client := cactus.NewClient(key, cactus.WithRateLimit(50, 10)) // 50 a second; a 429 slows it down
	r.Fetcher = cactus.Coalesce(client)

	require.NotNil(t, r.Fetcher)
}

// shop lists an API's events: bodies, the oldest first, and an error if that ends early.
type shop func(ctx context.Context, since time.Time, after string) iter.Seq2[[]byte, error]

func (list shop) Events(ctx context.Context, q cactus.EventQuery) iter.Seq2[*cactus.Envelope, error] {
	return func(yield func(*cactus.Envelope, error) bool) {
		for body, err := range list(ctx, q.Since, q.After) {
			var env *cactus.Envelope
			if err == nil {
				env, err = cactus.ParseEnvelope(body)
			}
			if !yield(env, err) || err != nil {
				return
			}
		}
	}
}

func TestReceiving_AMissedWindow(t *testing.T) {
	r := new(cactus.Registry)
	var seen []string
	cactus.On(r, func(_ context.Context, e *types.OrderLostPushed) error {
		seen = append(seen, e.ID)
		return nil
	})
	client := shop(func(context.Context, time.Time, string) iter.Seq2[[]byte, error] {
		return func(yield func([]byte, error) bool) {
			_ = yield([]byte(`{"id":"evt_1","type":"order.lost","created":"2026-03-01T10:00:00Z"}`), nil) &&
				yield(nil, errors.New("the API is down"))
		}
	})
	err := backfill(t.Context(), r, client, time.Date(2026, 3, 1, 10, 0, 0, 0, time.UTC))
	require.ErrorContains(t, err, `backfill, done up to event "evt_1": `)
	require.ErrorContains(t, err, "the API is down")
	require.Equal(t, []string{"evt_1"}, seen)
}

func backfill(ctx context.Context, r *cactus.Registry, client cactus.Lister, lastSeen time.Time) error {
	progress, err := r.Backfill(ctx, client, lastSeen.Add(-time.Minute))
	if err != nil {
		return fmt.Errorf("backfill, done up to event %q: %w", progress.Cursor, err)
	}
	return nil
}

func TestReceiving_WhyWasItRefused(t *testing.T) {
	r, source, mux, logger := new(cactus.Registry), cactustest.Source(), http.NewServeMux(), discard

	mux.Handle("POST /webhooks", cactus.NewHandler(r, source, cactus.WithDiagnostics(func(ctx context.Context, d signature.Diagnosis) {
		logger.WarnContext(ctx, "signature refused", "diagnosis", d)
	})))

	answer := cactustest.Deliver(t, mux, []byte(`{"id":"evt_1","type":"order.lost"}`), cactustest.WithTarget("/webhooks"), cactustest.Forged())
	require.Equal(t, http.StatusUnauthorized, answer.Status)
}

func TestReceiving_SeeIt(t *testing.T) {
	r, source, mux := new(cactus.Registry), cactustest.Source(), http.NewServeMux()
	client := cactustest.NewAPI(cactustest.APIKey).Client()

	r.Fetcher = otelcactus.Fetcher(client)
	r.Use(otelcactus.Middleware()) // the outermost
	mux.Handle("POST /webhooks", otelcactus.Handler(cactus.NewHandler(r, source)))

	answer := cactustest.Deliver(t, mux, []byte(`{"id":"evt_1","type":"order.lost"}`), cactustest.WithTarget("/webhooks"))
	require.Equal(t, http.StatusOK, answer.Status)
}

func newHandler(effects *cactustest.Effects) http.Handler {
	r := new(cactus.Registry)
	r.Use(middleware.Dedupe(middleware.NewMemoryDedupe()))
	cactus.On(r, func(_ context.Context, e *types.OrderShippedPushed) error {
		effects.Record(e.ID)
		return nil
	})
	return cactus.NewHandler(r, cactustest.Source())
}

func TestReceiving_TryIt(t *testing.T) {
	const seed = 42

	effects := &cactustest.Effects{Seed: seed}
	handler := newHandler(effects) // yours: it calls effects.Record(e.ID)
	chaos := cactustest.Chaos{Seed: seed, Faults: cactustest.BadDay()}
	events := cactustest.ChaosEvents(10_000, 100)
	chaos.Deliver(t, handler, events).RequireAccepted(t)
	effects.RequireOnce(t, cactustest.ChaosIDs(events))
}
