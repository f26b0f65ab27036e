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
// without one, those of the train "preview" and those with the features of a
// preview after them only with themselves. An event without a version goes with
// none.
//
// It calls warn with the first event of each version, which is not dispatched
// yet, and with that version, "" if there is none, or none that is up to 256 bytes
// of printable ASCII. After 64 versions it goes silent. Calls come one at a time;
// warn must not wait, because parsing does. A panic of warn is a failure of that
// delivery, and the next one passes.
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
	if strings.Contains(want+got, ";") {
		return false
	}
	_, wantTrain, _ := strings.Cut(want, ".")
	_, gotTrain, _ := strings.Cut(got, ".")
	return wantTrain == gotTrain && wantTrain != "" && wantTrain != "preview"
}

// maxVersion is the most bytes that a version may have.
const maxVersion = 256

// versionIn returns the version that an event names, and "" for one that cannot
// be written into a log: an odd version is no reason to lose an event.
func versionIn(value []byte) string {
	version, _ := unquote(value)
	if len(version) > maxVersion || strings.ContainsFunc(version, func(r rune) bool { return r < ' ' || r > '~' }) {
		return ""
	}
	return version
}

var errVersion = errors.New("must be letters, digits, dots and hyphens, " +
	"and may have previews after it, such as 2025-09-30.clover; feature=v1")

// checkVersion checks one that stands in a program. An API key in its place has an
// underscore.
func checkVersion(version string) error {
	version, previews, more := strings.Cut(version, ";")
	if len(version)+len(previews) > maxVersion || !isWord(version) || strings.Contains(version, "_") {
		return errVersion
	}
	for more {
		var preview string
		preview, previews, more = strings.Cut(previews, ";")
		name, value, _ := strings.Cut(strings.TrimPrefix(preview, " "), "=")
		if !isWord(name) || !isWord(value) {
			return errVersion
		}
	}
	return nil
}

func isWord(text string) bool {
	odd := func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && !strings.ContainsRune(".-_", r)
	}
	return text != "" && !strings.ContainsFunc(text, odd)
}

// isDate reports whether version is a date, or one before a dot.
func isDate(version string) bool {
	version, _, _ = strings.Cut(version, ";")
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
