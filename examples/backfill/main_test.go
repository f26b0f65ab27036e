package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"regexp"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

const down = "The receiver was down from 12:20 to 12:40 and got 40 of 60 events.\n"

func TestBackfill_BringsWhatWasMissed(t *testing.T) {
	require.Equal(t, down+"Backfill from 12:15 to 12:45: 30 events, 20 handled, 10 had come before, 3 requests for orders.\n",
		exampletest.Run(t, "-pace", "1ms"))
}

func TestBackfill_GoesOnWhereItWasInterrupted(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a process cannot be interrupted there")
	}
	cmd := exampletest.Command(t, "-pace", "1s") // it must not be through before it is interrupted
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	stderr, err := cmd.StderrPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	bar := bufio.NewReader(stderr)
	for text := ""; !regexp.MustCompile(`[4-9][0-9]%`).MatchString(text); {
		r, _, err := bar.ReadRune()
		require.NoError(t, err, text)
		text += string(r)
	}
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	rest, err := io.ReadAll(bar)
	require.NoError(t, err)
	require.Error(t, cmd.Wait())
	require.Regexp(t, `backfill: event evt_\d+: interrupt`, string(rest))

	found := regexp.MustCompile(`^Backfill from 12:15 to 12:45: (\d+) events, (\d+) handled, 5 had come before, 3 requests for orders.
Interrupted. To go on:
  go run ./examples/backfill -cursor=evt_(\d+)
$`).FindStringSubmatch(stdout.String()[len(down):])
	require.NotNil(t, found, stdout.String())
	var seen, handled, cursor int
	_, err = fmt.Sscan(found[1]+" "+found[2]+" "+found[3], &seen, &handled, &cursor)
	require.NoError(t, err)
	require.Equal(t, 1015+seen-1, cursor)
	require.Equal(t, seen-5, handled)

	require.Equal(t, down+fmt.Sprintf("Backfill from 12:15 to 12:45: %d events, %d handled, 5 had come before, 3 requests for orders.\n",
		30-seen, 20-handled), exampletest.Run(t, "-pace", "1ms", "-cursor", fmt.Sprint("evt_", cursor)))
}
