package signature

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"errors"
)

// privateMaterial checks a seed and its public key, in that order.
func privateMaterial(b []byte) (material, error) {
	private := ed25519.NewKeyFromSeed(b[:ed25519.SeedSize])
	if !bytes.Equal(private, b) {
		return material{}, errors.New("secret's public half does not belong to its seed, want the 64 bytes of one pair")
	}
	m, err := publicMaterial(b[ed25519.SeedSize:])
	m.private = private
	return m, err
}

// publicMaterial checks a public key.
func publicMaterial(b []byte) (material, error) {
	if smallOrder(b) {
		return material{}, errors.New("public key has small order, so that anyone can sign for it, want a generated one")
	}
	return material{kind: kindEd25519, public: ed25519.PublicKey(b)}, nil
}

// smallOrder reports whether a public key is a point of order 1, 2, 4 or 8, in
// any encoding. Under such a key, of which 32 zero bytes is one, a constant
// signature verifies for many messages. The sign bit, the highest of the last
// byte, does not matter.
func smallOrder(public []byte) bool {
	b := bytes.Clone(public)
	b[len(b)-1] &= 0x7f
	switch hex.EncodeToString(b) {
	case "0000000000000000000000000000000000000000000000000000000000000000", // order 4
		"0100000000000000000000000000000000000000000000000000000000000000", // order 1
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 2
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // order 4, not reduced
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f": // order 1, not reduced
		return true
	default:
		return false
	}
}
