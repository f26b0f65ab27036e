package sendertest_test

import (
	"context"
	"fmt"
	"net/http"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cactuscorp/cactus/sender"
)

// fakeTB is a test that may fail. What is not here panics.
type fakeTB struct {
	testing.TB

	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (f *fakeTB) Helper() {}

func (f *fakeTB) Cleanup(cleanup func()) { f.cleanups = append(f.cleanups, cleanup) }

func (f *fakeTB) Errorf(format string, args ...any) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.failures = append(f.failures, fmt.Sprintf(format, args...))
}

func (f *fakeTB) Fatalf(format string, args ...any) {
	f.Errorf(format, args...)
	runtime.Goexit()
}

// run runs a test in a goroutine of its own, ends it, and returns its failures.
func (f *fakeTB) run(test func()) []string {
	done := make(chan struct{})
	go func() {
		defer close(done)
		test()
	}()
	<-done
	for _, cleanup := range slices.Backward(f.cleanups) {
		cleanup()
	}
	return f.failures
}

// post makes one attempt.
func post(t *testing.T, c *sender.Client, m sender.Message) sender.Attempt {
	t.Helper()
	if m.Header == nil {
		m.Header = http.Header{"Content-Type": {"application/json"}}
	}
	if m.Body == nil {
		m.Body = []byte(`{}`)
	}
	if m.Timeout == 0 {
		m.Timeout = 5 * time.Second
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	return c.Attempt(ctx, &m, 1)
}
