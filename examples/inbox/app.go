package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/inbox"
	"github.com/cactuscorp/cactus/middleware"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/sqlstore"
	"github.com/cactuscorp/cactus/types"
)

// app is a process that receives webhooks.
type app struct {
	db     *sql.DB
	inbox  *inbox.Inbox
	server *httptest.Server // in your program: http.Server
	ended  chan error       // what Run has returned
}

// deploy opens the database and begins to receive, but works on nothing yet.
func deploy(ctx context.Context, file string, handlers func(*cactus.Registry)) (*app, error) {
	// In WAL mode a commit is on the disk only with synchronous = FULL.
	dsn := "file:" + filepath.ToSlash(file) + "?_pragma=busy_timeout(2000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)"
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	items, claims := sqlstore.NewInbox(db, sqlstore.SQLite), sqlstore.NewDedupe(db, sqlstore.SQLite)
	if err := errors.Join(items.Migrate(ctx), claims.Migrate(ctx)); err != nil {
		return nil, errors.Join(err, db.Close())
	}

	registry := &cactus.Registry{Catalogue: types.Catalogue}
	registry.Use(middleware.Dedupe(claims, middleware.WithSource("corp"))) // delivery is at least once
	handlers(registry)
	in := inbox.New(items, inbox.Config{
		Workers: 1,                      // so that the output is in order
		Poll:    100 * time.Millisecond, // so that you need not wait for it
	})
	verifier := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: secret}))
	in.Register("corp", registry, cactus.Thin(verifier))
	mux := http.NewServeMux()
	mux.Handle("POST /webhooks", in.Handler("corp"))
	return &app{db, in, httptest.NewServer(mux), make(chan error, 1)}, nil
}

// work begins to work on what was received. The context of Run is not the one that
// ends with a signal: Shutdown ends it, when what is ready has been worked off.
func (a *app) work() {
	go func() { a.ended <- a.inbox.Run(context.Background()) }()
}

// shutdown is what a process does with SIGTERM: first the HTTP server, then the
// inbox, then the database.
func (a *app) shutdown(ctx context.Context) error {
	a.server.Close() // in your program: Shutdown
	ctx, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	left, err := a.inbox.Shutdown(ctx)
	fmt.Printf("Shut down with %d left\n", left)
	return errors.Join(err, <-a.ended, a.db.Close())
}

// idle waits until all items are done or dead letters.
func (a *app) idle(ctx context.Context) error {
	for {
		stats, err := a.inbox.Stats(ctx)
		if err != nil || stats.Left() == 0 {
			return err
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// report prints numbers that are worth a gauge each, and the dead letters.
func (a *app) report(ctx context.Context) error {
	stats, err := a.inbox.Stats(ctx)
	if err != nil {
		return err
	}
	fmt.Printf("In the inbox: %d ready, %d scheduled, %d running, %d dead\n", stats.Ready, stats.Scheduled, stats.Running, stats.Dead)
	for letter, err := range a.inbox.Dead(ctx) {
		if err != nil {
			return err
		}
		fmt.Printf("Dead letter: %s, %s, attempt %d: %s\n", letter.EventID, letter.EventType, letter.Attempts, letter.Reason)
	}
	return nil
}
