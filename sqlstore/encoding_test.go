package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadable_BoundsWhatIsStored(t *testing.T) {
	for _, s := range []string{strings.Repeat("9", 1<<20), strings.Repeat("\xff", 1<<20), strings.Repeat("ü", 1<<20)} {
		got := readable(s)
		require.LessOrEqual(t, len(got), 8<<10)
		require.True(t, strings.HasSuffix(got, "..."))
		require.NotContains(t, got, "\xff")
	}
	require.Equal(t, strings.Repeat("9", readableMax), readable(strings.Repeat("9", readableMax)), "this much is shown whole")
}

func TestOutage_IsOfTheConnection(t *testing.T) {
	for err, want := range map[error]bool{
		&net.OpError{Op: "dial", Err: errors.New("refused")}: true,
		driver.ErrBadConn:                        true,
		sql.ErrConnDone:                          true,
		io.ErrUnexpectedEOF:                      true,
		errors.New("invalid byte sequence"):      false,
		errors.New("value too long for a field"): false,
	} {
		require.Equal(t, want, outage(fmt.Errorf("write: %w", err)), err)
	}
}
