package stripe

import (
	"testing"

	"github.com/stretchr/testify/require"
)

const thinEvent = `{"id":"evt_1","object":"v2.core.event","type":"v1.billing.meter.no_meter_found","livemode":false,` +
	`"created":"2025-10-04T15:13:32.232Z","related_object":{"id":"mtr_1","type":"billing.meter","url":"/v1/billing/meters/mtr_1"}}`

func TestReadThin_TakesOnlyWhatSaysThatItIsThin(t *testing.T) {
	for _, body := range []string{thinEvent, `{"id":"evt_1","type":"a","object":"v2.core.event"}`} {
		_, ok := readThin([]byte(body))
		require.True(t, ok, body)
	}
	for _, rest := range []string{
		``,
		`,"object":"event"`,
		`,"object":null,"object":"v2.core.event"`,
		`,"object":"v2.core.event","\u006fbject":null`,
		`,"data":{"object":"v2.core.event"}`,
	} {
		_, ok := readThin([]byte(`{"id":"evt_1","type":"a"` + rest + `}`))
		require.False(t, ok, rest)
	}
}

// FuzzParser_TheShortWayIsNoOther holds append against the way that walks twice.
func FuzzParser_TheShortWayIsNoOther(f *testing.F) {
	f.Add([]byte(thinEvent))
	f.Add([]byte(`{"object":"v2.core.event","id":"a","type":"b","object":"event"}`))
	f.Add([]byte(`{"object":"v2.core.event","id":"a","type":"b","\u006fbject":"event"}`))
	f.Add([]byte(`{"id":"a","type":"b","data":{"object":"v2.core.event"}}`))
	f.Add([]byte(`{"id":"a","type":"b","x":["object":"v2.core.event"]}`))
	f.Add([]byte(`{"id":"a""object":"v2.core.event","type":"b"}`))
	f.Add([]byte(`{"id":".","object":"v2.core.event","type":"b",}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, p := range []*parser{
			{takes: thinObject},
			{takes: snapshotObject},
			{takes: thinObject | snapshotObject},
			{takes: thinObject | snapshotObject, named: true},
		} {
			want, wantErr := p.appendSlowly(nil, body)
			got, err := p.append(nil, body)
			require.Equal(t, wantErr, err)
			require.Equal(t, want, got)
		}
	})
}
