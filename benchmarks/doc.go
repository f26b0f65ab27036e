// Package benchmarks holds Cactus against what one would use instead, and
// against the floor that nothing can beat: the bare HMAC.
//
// Ours and each peer do the same job on requests of the same form, each with
// its own id and a valid signature: read the body, verify it, decode it,
// dispatch by the event's type to a handler, and answer. The peers are used as
// their own documentation says, with encoding/json.
//
// A sender and its peers likewise: sign, deliver before a deadline, and read the
// answer.
//
// The cases run as ordinary benchmarks (go test -bench .), and side by side
// with a verdict for each aim:
//
//	go run ./benchmarks/cmd/compare
package benchmarks
