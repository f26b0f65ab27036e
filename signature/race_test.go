//go:build race

package signature_test

// raceEnabled is set because sync.Pool drops items at random under the race
// detector, which allocates.
const raceEnabled = true
