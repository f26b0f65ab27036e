package envelope_test

import (
	"slices"
	"testing"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// One wrong byte is what random input seldom gets right: every byte of the
// accepted bodies is taken out, and replaced by every byte that means something
// somewhere, and Scan must agree with the reference each time.
func TestScan_AgreesWithTheReferenceOnOneWrongByte(t *testing.T) {
	t.Parallel()

	const meaningful = "\x00\n \"\\/{}[]:,-+.0eunx\x7f\x80\xc3\xff"
	agree := func(t *testing.T, body []byte) {
		t.Helper()

		var got envelope.Fields
		err := envelope.Scan(body, &got)
		want, wantErr := referenceScan(body)
		if (err == nil) != (wantErr == nil) {
			t.Fatalf("scan: %v, reference: %v, body %q", err, wantErr, body)
		}
		if err == nil {
			requireFields(t, want, got)
		}
	}

	for _, tt := range accepted() {
		if len(tt.body) > 200 {
			continue // says nothing that a shorter one does not
		}
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			for i := range len(tt.body) {
				agree(t, slices.Delete([]byte(tt.body), i, i+1))
				if raceEnabled {
					continue // ten times as slow, and nothing here races
				}
				for _, c := range []byte(meaningful) {
					body := []byte(tt.body)
					body[i] = c
					agree(t, body)
				}
			}
		})
	}
	for i := range len(thinBody) {
		agree(t, slices.Delete([]byte(thinBody), i, i+1))
	}
}
