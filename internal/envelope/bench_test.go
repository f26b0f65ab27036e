package envelope_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// thinBody is a thin event of 345 bytes, as Stripe sends them.
const thinBody = `{"id":"evt_65R9Ijk8dKEYZcXeRWn16R9A7j1FSQ3w3TGDPLLGSM4CW0","object":"v2.core.event",` +
	`"type":"v1.billing.meter.error_report_triggered","livemode":false,"created":"2025-10-04T15:13:32.232083866Z",` +
	`"context":"acct_1T93Lk","related_object":{"id":"mtr_61R9Ijf8dKEYZc","type":"billing.meter",` +
	`"url":"/v1/billing/meters/mtr_61R9Ijf8dKEYZc"},"reason":null}`

// fullBody returns an event with 4 KB of data: short keys, short strings,
// numbers, literals, a little of nesting.
func fullBody() []byte {
	var data bytes.Buffer
	data.WriteString(`{"object":"order","paid":true,"lines":[`)
	for i := 0; data.Len() < 3900; i++ {
		if i > 0 {
			data.WriteByte(',')
		}
		fmt.Fprintf(&data, `{"id":"li_%d","amount":%d,"currency":"usd","description":"Blue cactus, size %d",`+
			`"taxable":true,"metadata":{"sku":"cactus-%d","note":null},"tags":["a","gift"]}`, 1000+i*37, i*1299, i, i)
	}
	data.WriteString(`]}`)

	return []byte(thinBody[:len(thinBody)-1] + `,"data":` + data.String() + `}`)
}

// wire is what a decoder without this package would use.
type wire struct {
	ID            string          `json:"id"`
	Type          string          `json:"type"`
	Created       string          `json:"created"`
	Context       string          `json:"context"`
	RelatedObject json.RawMessage `json:"related_object"`
	Data          json.RawMessage `json:"data"`
}

func BenchmarkScan(b *testing.B) {
	require.Len(b, thinBody, 345)

	full := fullBody()
	var pretty bytes.Buffer
	require.NoError(b, json.Indent(&pretty, full, "", "  "))

	bodies := []struct {
		name string
		body []byte
	}{
		{"thin", []byte(thinBody)},
		{"full", full},
		{"pretty", pretty.Bytes()},
		{"escaped", bytes.ReplaceAll(full, []byte("Blue cactus"), []byte(`Blue\u0020cactus\n`))},
		{"umlauts", bytes.ReplaceAll(full, []byte("Blue cactus"), []byte("Größe Süß"))},
		{"korean", bytes.ReplaceAll(full, []byte("Blue cactus"), []byte("푸른 선인장 크기"))},
	}
	for _, t := range bodies {
		b.Run(t.name+"/scan", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(t.body)))
			var f envelope.Fields
			for b.Loop() {
				if err := envelope.Scan(t.body, &f); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(t.name+"/each", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(t.body)))
			members := 0
			fn := func(_, _ []byte) error { members++; return nil }
			for b.Loop() {
				if err := envelope.Each(t.body, fn); err != nil {
					b.Fatal(err)
				}
			}
		})
		b.Run(t.name+"/json.Valid", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(t.body)))
			for b.Loop() {
				if !json.Valid(t.body) {
					b.Fatal("not valid")
				}
			}
		})
		b.Run(t.name+"/json.Unmarshal", func(b *testing.B) {
			b.ReportAllocs()
			b.SetBytes(int64(len(t.body)))
			for b.Loop() {
				var w wire
				if err := json.Unmarshal(t.body, &w); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
