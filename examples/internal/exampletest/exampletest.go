// Package exampletest runs the main function of an example in a process of its
// own, so that a test sees what somebody who runs the program sees.
package exampletest

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"testing"
	"time"
)

// variable is set in the environment of a process that is to be the example.
const variable = "CACTUS_EXAMPLE"

// patience is when an example that does not end is killed.
const patience = time.Minute

// Main is the whole of an example's TestMain. It runs the tests, or main if
// [Command] has started the process.
func Main(m *testing.M, main func()) {
	if os.Getenv(variable) != "" {
		main()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// Command returns the example as a command with these arguments, ready to be
// started. It is killed after a minute.
func Command(tb testing.TB, args ...string) *exec.Cmd {
	tb.Helper()
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(tb.Context(), patience)
	tb.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, self, args...)
	cmd.Env = append(os.Environ(), variable+"=1", "GORACE=atexit_sleep_ms=0")
	return cmd
}

// Run runs the example to its end and returns what it printed. A status other
// than zero ends the test.
func Run(tb testing.TB, args ...string) string {
	tb.Helper()
	cmd := Command(tb, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		tb.Fatalf("%v\n%s", err, stderr.Bytes())
	}
	return string(out)
}
