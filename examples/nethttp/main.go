// Command nethttp is a receiver as it would run in production: an http.Server
// with timeouts, settings from flags and the environment, a log, and a shutdown
// that lets running handlers finish.
//
// The address is a flag; secrets come from the environment, where other users
// of the machine do not see them:
//
//	CACTUS_SECRET   the endpoint's secret, whsec_...; required
//	CACTUS_API_KEY  the key for pulls; required
//	CACTUS_API_URL  the API's address, if it is not Cactus Corp's own
//
// Start it from the repository's root:
//
//	export CACTUS_SECRET=whsec_$(openssl rand -base64 32) CACTUS_API_KEY=none
//	go run ./examples/nethttp -addr localhost:8080 &
//
// Then send it an event by hand. This one has its data along, so that nothing
// is pulled:
//
//	id=evt_849 at=$(date +%s)
//	body='{"id":"evt_849","type":"order.lost","data":{"last_seen_city":"Boulder"}}'
//	key=$(printf %s "${CACTUS_SECRET#whsec_}" | openssl base64 -d -A | od -An -v -tx1 | tr -d ' \n')
//	mac=$(printf %s "$id.$at.$body" | openssl dgst -sha256 -mac HMAC -macopt "hexkey:$key" -binary | openssl base64 -A)
//	curl -i --retry 9 --retry-connrefused http://localhost:8080/webhooks \
//	  -H "Webhook-Id: $id" -H "Webhook-Timestamp: $at" -H "Webhook-Signature: v1,$mac" \
//	  -H 'Content-Type: application/json' --data-raw "$body"
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// grace is how long a shutdown waits for running handlers: more than the 14
// seconds that one may take.
const grace = 20 * time.Second

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	logger := slog.New(slog.NewJSONHandler(os.Stderr, nil))

	if err := run(ctx, logger, os.Args[1:]); err != nil {
		logger.Error("nethttp failed", "error", err.Error())
		os.Exit(1)
	}
}

// run serves until ctx is done, and then until the last handler has finished.
func run(ctx context.Context, logger *slog.Logger, args []string) error {
	flags := flag.NewFlagSet("nethttp", flag.ContinueOnError)
	addr := flags.String("addr", ":8080", "address to listen on")
	if err := flags.Parse(args); err != nil {
		return err
	}
	webhooks, err := newWebhooks(logger, os.Getenv)
	if err != nil {
		return err
	}
	server := newServer(logger, webhooks)

	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", *addr)
	if err != nil {
		return err
	}
	logger.Info("listening", "addr", listener.Addr().String())
	served := make(chan error, 1)
	go func() { served <- server.Serve(listener) }()
	select {
	case err := <-served:
		return fmt.Errorf("serve: %w", err)
	case <-ctx.Done():
	}

	logger.Info("shutting down")
	patience, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(patience); err != nil {
		return fmt.Errorf("shut down: %w", errors.Join(err, server.Close()))
	}
	logger.Info("stopped")
	return nil
}

// newServer returns a server that nobody can keep busy by being slow.
func newServer(logger *slog.Logger, webhooks http.Handler) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("/webhooks", webhooks)
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) })
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: 5 * time.Second,
		ReadTimeout:       10 * time.Second,
		WriteTimeout:      30 * time.Second, // from the end of the header: reading, 14 seconds of handling, writing
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    32 << 10,
		ErrorLog:          slog.NewLogLogger(logger.Handler(), slog.LevelWarn),
	}
}
