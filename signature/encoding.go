package signature

import (
	"encoding/base64"
	"encoding/hex"
	"strconv"
)

// Encoding is how a header writes the bytes of a signature.
type Encoding int

const (
	// Hex is hexadecimal. Either case is accepted, lower case is written.
	Hex Encoding = iota
	// Base64 is the standard alphabet with padding. Nothing else is accepted:
	// no line break, no stray bits in the last character.
	Base64
)

// maxEncoded is the length of an ed25519 signature in base64, the longest text
// that decode takes.
const maxEncoded = 88

//nolint:gochecknoglobals // a constant in all but syntax: Strict copies the encoding, which must not happen on each call
var strictBase64 = base64.StdEncoding.Strict()

// String returns "hex" or "base64".
func (e Encoding) String() string {
	switch e {
	case Hex:
		return "hex"
	case Base64:
		return "base64"
	default:
		return "Encoding(" + strconv.Itoa(int(e)) + ")"
	}
}

// size returns the length of n bytes encoded.
func (e Encoding) size(n int) int {
	if e == Hex {
		return hex.EncodedLen(n)
	}
	return base64.StdEncoding.EncodedLen(n)
}

// decode fills dst, of at most 64 bytes, from text, and reports whether text
// is the encoding of exactly that many bytes.
func (e Encoding) decode(dst []byte, text string) bool {
	if len(text) > maxEncoded || len(text) != e.size(len(dst)) {
		return false
	}
	var src [maxEncoded]byte
	copy(src[:], text)
	if e == Hex {
		_, err := hex.Decode(dst, src[:len(text)])
		return err == nil
	}
	// Text without its padding decodes to more bytes than dst has.
	var out [maxEncoded / 4 * 3]byte
	n, err := strictBase64.Decode(out[:], src[:len(text)])
	return copy(dst, out[:n]) == n && n == len(dst) && err == nil
}

// append adds the encoding of src to dst.
func (e Encoding) append(dst, src []byte) []byte {
	if e == Hex {
		return hex.AppendEncode(dst, src)
	}
	return base64.StdEncoding.AppendEncode(dst, src)
}
