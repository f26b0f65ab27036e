package stripe

import (
	"errors"
	"strings"
	"sync"

	"github.com/cactuscorp/cactus"
)

// WithAPIVersion has warn called for snapshot events of an API version whose
// objects may not fit Go types made for version, such as "2025-09-30.clover" or
// "2023-10-16". The event is dispatched all the same: a destination's version is
// changed by hand in a dashboard, and that should be noticed, not be an outage.
// The default is not to look at versions.
//
// Versions of one release train, the word after the dot, go together; versions
// without one, and those of the train "preview", only with themselves. An event
// without a version goes with none.
//
// It calls warn with the first event of each version, which is not dispatched
// yet, and with that version, "" if there is none. After 64 versions it goes
// silent. Calls come one at a time; warn must not wait, because parsing does. A
// panic of warn is a failure of that delivery, and the next one passes.
//
// It panics unless version begins with a date, or if warn is nil.
func WithAPIVersion(version string, warn func(first cactus.Meta, got string)) Option {
	if checkVersion(version) != nil || !isDate(version) {
		panic("stripe: WithAPIVersion: the version must be a date, or a date and a release train such as 2025-09-30.clover")
	}
	if warn == nil {
		panic("stripe: WithAPIVersion: the function is nil")
	}
	return func(p *parser) { p.version = newVersion(version, warn) }
}

// version compares the API versions of events with the one that is wanted.
type version struct {
	want string
	warn func(cactus.Meta, string)

	mu   sync.Mutex
	seen map[string]bool
}

// maxVersions bounds what is remembered of versions that do not fit.
const maxVersions = 64

func newVersion(want string, warn func(cactus.Meta, string)) *version {
	return &version{want: want, warn: warn, seen: make(map[string]bool)}
}

func (v *version) check(m cactus.Meta, got string) {
	if compatible(v.want, got) {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.seen[got] || len(v.seen) >= maxVersions {
		return
	}
	v.seen[got] = true
	v.warn(m, got)
}

func compatible(want, got string) bool {
	if want == got {
		return true
	}
	_, wantTrain, _ := strings.Cut(want, ".")
	_, gotTrain, _ := strings.Cut(got, ".")
	return wantTrain == gotTrain && wantTrain != "" && wantTrain != "preview"
}

var errVersion = errors.New("must be 1 to 64 letters, digits, dots, hyphens and underscores")

// checkVersion keeps anything odd out of the logs that versions are made for.
func checkVersion(version string) error {
	odd := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune(".-_", r)
	}
	if version == "" || len(version) > 64 || strings.ContainsFunc(version, odd) {
		return errVersion
	}
	return nil
}

// isDate reports whether version is a date, or one before a dot.
func isDate(version string) bool {
	date, train, dot := strings.Cut(version, ".")
	if len(date) != len("2025-09-30") || dot && train == "" {
		return false
	}
	for i, c := range []byte(date) {
		if i == 4 || i == 7 {
			if c != '-' {
				return false
			}
			continue
		}
		if c < '0' || c > '9' {
			return false
		}
	}
	return true
}
