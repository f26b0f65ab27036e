package signature

import (
	"bytes"
	"crypto/ed25519"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// minSecret is the shortest secret, in bytes, that a scheme takes as it is. It
// leaves room for 64 bits of randomness in hexadecimal, and is above the 14
// bytes below which crypto/hmac panics in FIPS 140-only mode.
const minSecret = 16

// Prefixes of the secrets of Standard Webhooks.
const (
	prefixHMAC    = "whsec_"
	prefixPrivate = "whsk_"
	prefixPublic  = "whpk_"
)

// wrongKind is a prefix by which a secret of another kind is recognised.
type wrongKind struct {
	prefix, kind string
}

// rawSecret returns a parser for schemes that key the HMAC with the bytes of
// the secret as they are.
func rawSecret(want string, shortest int, wrong ...wrongKind) func(string) (material, error) {
	return func(secret string) (material, error) {
		for _, w := range wrong {
			if strings.HasPrefix(secret, w.prefix) {
				return material{}, fmt.Errorf("secret starts with %s and is %s, want %s", w.prefix, w.kind, want)
			}
		}
		switch {
		case strings.HasPrefix(secret, "${") || strings.HasPrefix(secret, "{{"):
			return material{}, fmt.Errorf("secret is a placeholder that nobody filled in, want %s", want)
		case strings.Trim(secret, secret[:min(1, len(secret))]) == "" && secret != "":
			return material{}, fmt.Errorf("secret is one byte over and over, want %s", want)
		}
		if len(secret) < shortest {
			return material{}, fmt.Errorf("secret has %d bytes, want %s of at least %d", len(secret), want, shortest)
		}
		return material{kind: kindHMAC, secret: []byte(secret)}, nil
	}
}

// parseStandardSecret parses a secret of any of the three kinds.
func parseStandardSecret(secret string) (material, error) {
	if text, ok := strings.CutPrefix(secret, prefixHMAC); ok {
		b, err := decodeSecret(text, prefixHMAC, 24, 64)
		if err == nil && len(bytes.Trim(b, "\x00")) == 0 {
			err = errors.New("secret has only zero bytes, want random ones")
		}
		return material{kind: kindHMAC, secret: b}, err
	}
	if text, ok := strings.CutPrefix(secret, prefixPrivate); ok {
		b, err := decodeSecret(text, prefixPrivate, ed25519.PrivateKeySize, ed25519.PrivateKeySize)
		if err != nil {
			return material{}, err
		}
		return privateMaterial(b)
	}
	if text, ok := strings.CutPrefix(secret, prefixPublic); ok {
		b, err := decodeSecret(text, prefixPublic, ed25519.PublicKeySize, ed25519.PublicKeySize)
		if err != nil {
			return material{}, err
		}
		return publicMaterial(b)
	}
	return material{}, errors.New("secret has no known prefix, want whsec_ (HMAC), whsk_ or whpk_ (ed25519)")
}

// decodeSecret decodes what follows a secret's prefix. Package base64 skips
// line breaks, which are refused here.
func decodeSecret(text, prefix string, shortest, longest int) ([]byte, error) {
	b, err := strictBase64.DecodeString(text)
	if err != nil || strings.ContainsAny(text, "\r\n") {
		return nil, fmt.Errorf("secret is not standard base64 with padding after %s", prefix)
	}
	if len(b) < shortest || len(b) > longest {
		want := strconv.Itoa(shortest)
		if longest != shortest {
			want += " to " + strconv.Itoa(longest)
		}
		return nil, fmt.Errorf("secret has %d bytes after %s, want %s, in base64", len(b), prefix, want)
	}
	return b, nil
}
