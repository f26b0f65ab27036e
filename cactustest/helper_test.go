package cactustest_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
)

// exampleT stands in for the *testing.T that a test has and an Example has not.
// A failure ends the program.
type exampleT struct{ testing.TB }

func (exampleT) Helper()                           {}
func (exampleT) Cleanup(func())                    {}
func (exampleT) Context() context.Context          { return context.Background() }
func (exampleT) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }

// failingT notes the failure that ends its test.
type failingT struct {
	testing.TB

	text string
}

func (f *failingT) Helper() {}

func (f *failingT) Fatalf(format string, args ...any) {
	f.text = fmt.Sprintf(format, args...)
	runtime.Goexit()
}

// requireFails runs test with a TB of its own, whose failure must contain want.
func requireFails(t *testing.T, want string, test func(tb *failingT)) {
	t.Helper()
	f := &failingT{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		test(f)
	}()
	<-done
	require.Contains(t, f.text, want)
}
