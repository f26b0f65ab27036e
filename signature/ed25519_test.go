package signature

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
)

// forgeable reports whether one fixed signature, made without a private key,
// verifies for some of many messages.
func forgeable(public []byte) bool {
	sig := make([]byte, ed25519.SignatureSize)
	sig[0] = 1 // R is the neutral point, S is zero
	for i := range 200 {
		if ed25519.Verify(public, []byte(strconv.Itoa(i)), sig) {
			return true
		}
	}
	return false
}

func TestSmallOrder_refusesForgeableKeys(t *testing.T) {
	for _, text := range []string{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"0100000000000000000000000000000000000000000000000000000000000000",
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05",
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a",
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
	} {
		b, err := hex.DecodeString(text)
		require.NoError(t, err)
		require.True(t, forgeable(b), text)
		for range 2 {
			require.True(t, smallOrder(b), text)
			_, err = NewStandardWebhooks(Key{Secret: prefixPublic + base64.StdEncoding.EncodeToString(b)})
			require.ErrorContains(t, err, "small order")
			b[31] ^= 0x80
		}
	}
	private := ed25519.NewKeyFromSeed(bytes.Repeat([]byte{7}, ed25519.SeedSize))
	require.False(t, forgeable(private[ed25519.SeedSize:]))
	require.False(t, smallOrder(private[ed25519.SeedSize:]))
}
