package sqlstore

import (
	"crypto/sha256"
	"encoding/binary"
	"strconv"

	"github.com/cactuscorp/cactus/middleware"
)

// hashKey returns the primary key of a row: SHA-256 over the three fields, the
// first two after their lengths as 8 bytes, big-endian. So ids may be longer
// than an index entry, and no collation has a say.
func hashKey(key middleware.Key) []byte {
	b := make([]byte, 0, 16+len(key.Source)+len(key.Tenant)+len(key.ID))
	for _, field := range []string{key.Source, key.Tenant} {
		b = binary.BigEndian.AppendUint64(b, uint64(len(field)))
		b = append(b, field...)
	}
	sum := sha256.Sum256(append(b, key.ID...))
	return sum[:]
}

// maxReadable bounds, in bytes, what is shown of a text.
const maxReadable = 1 << 10

// readable returns s for people who look at the table: in ASCII, with
// backslashes, control characters and all others escaped as in Go, so that every
// encoding of a database can hold it, and with dots for what is beyond 1 KiB of s.
// Nothing is looked up by it.
func readable(s string) string {
	if len(s) > maxReadable {
		return readable(s[:maxReadable]) + "..."
	}
	for i := range len(s) {
		if c := s[i]; c < ' ' || c > '~' || c == '\\' || c == '"' {
			quoted := strconv.QuoteToASCII(s)
			return quoted[1 : len(quoted)-1]
		}
	}
	return s
}
