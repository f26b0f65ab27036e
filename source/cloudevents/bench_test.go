package cloudevents_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

func BenchmarkParse(b *testing.B) {
	event := eventWith(`,"time":"2018-04-05T03:56:24Z","datacontenttype":"application/json","data":{"message":"Hello World!"}`)
	for _, row := range []struct{ name, contentType, body string }{
		{"structured", structuredType, event},
		{"batch of 10", batchType, "[" + event + strings.Repeat(","+event, 9) + "]"},
	} {
		b.Run(row.name, func(b *testing.B) {
			src := cloudevents.New(scheme())
			req := cactus.NewRequest(http.Header{"Content-Type": {row.contentType}}, []byte(row.body), time.Time{})
			dst := make([]cactus.Envelope, 0, 10)
			b.ReportAllocs()
			b.SetBytes(int64(len(row.body)))
			for b.Loop() {
				_, err := src.Parse(dst, req)
				require.NoError(b, err)
			}
		})
	}
}
