package sender

import (
	"maps"
	"net/http"
	"slices"
)

// keepHeader returns h, or what of it fits into 16 KiB, and whether that is not
// all. Names that come first in the alphabet are kept first: of 64 KiB of short
// fields, a map is sixteen times as large.
func keepHeader(h http.Header) (kept http.Header, truncated bool) {
	if headerSize(h) <= maxAnswer {
		return h, false
	}
	kept, left := http.Header{}, maxAnswer
	for _, name := range slices.Sorted(maps.Keys(h)) {
		if size := fieldSize(name, h[name]); size <= left {
			kept[name] = slices.Clone(h[name])
			left -= size
		}
	}
	return kept, true
}

func headerSize(h http.Header) (size int) {
	for name, values := range h {
		size += fieldSize(name, values)
	}
	return size
}

// fieldSize counts as HTTP/2 does (RFC 9113, section 10.5.1).
func fieldSize(name string, values []string) (size int) {
	const overhead = 32
	for _, value := range values {
		size += len(name) + len(value) + overhead
	}
	return size
}
