package signature_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/hmac"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

// sizes are a thin event and a small whole one.
func sizes() []int { return []int{345, 4096} }

// BenchmarkFloor is the bare HMAC that no verification can be faster than: one
// made for each message, and one that is reset.
func BenchmarkFloor(b *testing.B) {
	secret := bytes.Repeat([]byte("k"), 32)
	for _, size := range sizes() {
		body := bytes.Repeat([]byte("x"), size)
		b.Run(fmt.Sprintf("new/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			var sum [sha256.Size]byte
			for b.Loop() {
				mac := hmac.New(sha256.New, secret)
				mac.Write(body)
				mac.Sum(sum[:0])
			}
		})
		b.Run(fmt.Sprintf("reset/%d", size), func(b *testing.B) {
			b.ReportAllocs()
			mac := hmac.New(sha256.New, secret)
			sum := make([]byte, 0, sha256.Size)
			for b.Loop() {
				mac.Reset()
				mac.Write(body)
				mac.Sum(sum)
			}
		})
	}
}

// BenchmarkFloorEd25519 is the bare ed25519.Verify.
func BenchmarkFloorEd25519(b *testing.B) {
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte("s"), ed25519.SeedSize))
	public := private[ed25519.SeedSize:]
	for _, size := range sizes() {
		body := bytes.Repeat([]byte("x"), size)
		sig := ed25519.Sign(private, body)
		b.Run(strconv.Itoa(size), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				ed25519.Verify(ed25519.PublicKey(public), body, sig)
			}
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	at := time.Unix(1614265330, 0)
	for _, s := range allSchemes(b) {
		for _, size := range sizes() {
			body := bytes.Repeat([]byte("x"), size)
			h := make(http.Header)
			require.NoError(b, s.Sign(h, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, at))
			b.Run(fmt.Sprintf("%s/%d/good", s.name, size), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Verify(h, body, at); err != nil {
						b.Fatal(err)
					}
				}
			})
			bad := bytes.Clone(body)
			bad[size/2] ^= 1
			b.Run(fmt.Sprintf("%s/%d/bad", s.name, size), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if _, err := s.Verify(h, bad, at); err == nil {
						b.Fatal("a changed body was accepted")
					}
				}
			})
		}
	}
}

func BenchmarkVerifyParallel(b *testing.B) {
	at := time.Unix(1614265330, 0)
	s := allSchemes(b)[0]
	body := bytes.Repeat([]byte("x"), 345)
	h := make(http.Header)
	require.NoError(b, s.Sign(h, "msg_1", body, at))
	b.ReportAllocs()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if _, err := s.Verify(h, body, at); err != nil {
				b.Error(err)
			}
		}
	})
}

func BenchmarkSign(b *testing.B) {
	at := time.Unix(1614265330, 0)
	body := bytes.Repeat([]byte("x"), 345)
	for _, s := range allSchemes(b) {
		b.Run(s.name, func(b *testing.B) {
			h := make(http.Header)
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Sign(h, "msg_1", body, at); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkDiagnose has nothing to find, so that everything is tried.
func BenchmarkDiagnose(b *testing.B) {
	d := allDiagnosed()[1]
	v := signature.Must(d.make(signature.Key{Secret: d.secret}))
	for _, size := range []int{1 << 10, 256 << 10} {
		body := []byte(`{"a":"` + strings.Repeat("x/é ", size/5-10) + `"}`)
		h := d.headers("another")
		b.Run(strconv.Itoa(size>>10)+"KiB", func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				v.Diagnose(h, body, testTime())
			}
		})
	}
}
