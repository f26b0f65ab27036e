package signature

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEncoding_decodesOnlyWhatItWrites(t *testing.T) {
	for _, n := range []int{32, 64} {
		for _, e := range []Encoding{Hex, Base64} {
			if e == Hex && n == 64 {
				continue // no scheme has it
			}
			src := bytes.Repeat([]byte{0xfb}, n)
			text := string(e.append(nil, src))
			dst := make([]byte, n)
			require.True(t, e.decode(dst, text))
			require.Equal(t, src, dst)
			for i := range text {
				require.False(t, e.decode(dst, text[:i]))
				for _, c := range "\n\r -_\x00\xff=" {
					changed := text[:i] + string(c) + text[i+1:]
					require.False(t, changed != text && e.decode(dst, changed), "%q", changed)
				}
			}
			require.False(t, e.decode(dst, text+"\n"))
			require.False(t, e.decode(dst, text+strings.Repeat("A", 100)))
		}
	}
	require.Equal(t, "hex base64 Encoding(7)", Hex.String()+" "+Base64.String()+" "+Encoding(7).String())
}
