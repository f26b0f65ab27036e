//go:build race

package benchmarks

// raceDetector says that the race detector is on, under which sync.Pool forgets
// on purpose.
const raceDetector = true
