package loopback

import "regexp"

var (
	ports     = regexp.MustCompile(`(127\.0\.0\.1|\[::1\]):\d+`)
	durations = regexp.MustCompile(`, \d[\da-zµ.]*s\b`)
	ids       = regexp.MustCompile(`[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}`)
)

// Mask replaces what differs from run to run in what an example prints: the ports
// of receivers, how long attempts took, and ids.
func Mask(output string) string {
	output = ports.ReplaceAllString(output, "$1:PORT")
	output = durations.ReplaceAllString(output, ", DURATION")
	return ids.ReplaceAllString(output, "ID")
}
