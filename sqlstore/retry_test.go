package sqlstore

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

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
