package stripe_test

import (
	"testing"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/stripe"
)

func BenchmarkParse(b *testing.B) {
	src := stripe.Either(verifier())
	for name, body := range map[string]string{"thin": body, "snapshot": snapshotBody} {
		b.Run(name, func(b *testing.B) {
			req := cactus.NewRequest(nil, []byte(body), time.Time{})
			envs := make([]cactus.Envelope, 0, 1)
			b.ReportAllocs()
			b.SetBytes(int64(len(body)))
			for b.Loop() {
				if _, err := src.Parse(envs, req); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
