package envelope_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/envelope"
)

func times() []string {
	return []string{
		"2022-02-15T00:27:45.330Z",
		"2025-10-04T15:13:32.232083866Z",
		"2025-10-04T15:13:32Z",
		"2025-10-04T15:13:32.1Z",
		"2025-10-04T15:13:32.1234567891234Z",
		"2025-10-04T15:13:32+00:00",
		"2025-10-04T15:13:32-00:00",
		"2025-10-04T15:13:32.5+02:00",
		"2025-10-04T15:13:32-03:30",
		"2025-10-04T15:13:32+23:59",
		"2024-02-29T00:00:00Z",
		"2000-02-29T00:00:00Z",
		"0000-01-01T00:00:00Z",
		"0000-01-01T00:00:00+01:00",
		"0001-01-01T00:00:00Z",
		"9999-12-31T23:59:59.999999999-23:59",
	}
}

func notTimes() []string {
	return []string{
		"",
		"2025-10-04",
		"2025-10-04T15:13:32",
		"2025-10-04T15:13Z",
		"2025-10-04 15:13:32Z",
		"2025-10-04t15:13:32Z",
		"2025-10-04T15:13:32z",
		"2025-10-04T5:13:32Z",
		"2025-10-04T15:13:32.Z",
		"2025-10-04T15:13:32,5Z",
		"2025-10-04T15:13:32.5",
		"2025-10-04T15:13:32ZZ",
		"2025-10-04T15:13:32Z ",
		"2025-10-04T15:13:32+0200",
		"2025-10-04T15:13:32+02",
		"2025-10-04T15:13:32+24:00",
		"2025-10-04T15:13:32+02:60",
		"2025-10-04T15:13:32*02:00",
		"2025-10-04T24:00:00Z",
		"2025-10-04T15:60:32Z",
		"2025-10-04T15:13:60Z",
		"2025-00-04T15:13:32Z",
		"2025-13-04T15:13:32Z",
		"2025-10-00T15:13:32Z",
		"2025-10-32T15:13:32Z",
		"2025-04-31T15:13:32Z",
		"2025-02-29T15:13:32Z",
		"1900-02-29T15:13:32Z",
		"-025-10-04T15:13:32Z",
		"20:5-10-04T15:13:32Z",
		"2025/10/04T15:13:32Z",
		"12025-10-04T15:13:32Z",
	}
}

func TestScan_ReadsCreated(t *testing.T) {
	t.Parallel()

	for _, s := range times() {
		var f envelope.Fields
		require.NoError(t, envelope.Scan([]byte(`{"id":"e","type":"t","created":"`+s+`"}`), &f), s)
		want, err := time.Parse(time.RFC3339Nano, s)
		require.NoError(t, err)
		requireTime(t, want, f.Created)
	}
	for _, s := range notTimes() {
		var f envelope.Fields
		err := envelope.Scan([]byte(`{"id":"e","type":"t","created":"`+s+`"}`), &f)
		require.EqualError(t, err, `envelope field "created": must be an RFC 3339 time`, s)
		_, ok := referenceTimeOf(s)
		require.False(t, ok, s)
	}
}

func TestScan_CreatedKeepsItsOffset(t *testing.T) {
	t.Parallel()

	var f envelope.Fields
	require.NoError(t, envelope.Scan([]byte(`{"id":"e","type":"t","created":"2025-10-04T15:13:32+02:00"}`), &f))
	require.Equal(t, "2025-10-04T15:13:32+02:00", f.Created.Format(time.RFC3339Nano))
	require.NoError(t, envelope.Scan([]byte(`{"id":"e","type":"t","created":"2025-10-04T15:13:32+00:00"}`), &f))
	require.Equal(t, time.Date(2025, 10, 4, 15, 13, 32, 0, time.UTC), f.Created)
}
