package sender

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// String returns s in words: "3 tries, waits: 0s, 1s; stops on 410".
func (s Schedule) String() string {
	text := "1 try"
	if s.Tries > 1 {
		text = strconv.Itoa(s.Tries) + " tries, no waits"
		if s.Countdown != nil {
			text = strconv.Itoa(s.Tries) + " tries, waits: " + waitsText(s.Countdown, s.Tries-1)
		}
		if s.Jitter > 0 {
			text += ", less up to " + strconv.Itoa(int(math.Round(min(s.Jitter, 1)*100))) + "% by chance"
		}
	}
	if s.MaxRetryAfter > 0 {
		text += "; Retry-After up to " + s.MaxRetryAfter.String()
	}
	if stops := s.stopTexts(); len(stops) > 0 {
		text += "; stops on " + strings.Join(stops, ", ")
	}
	return text
}

// maxListed is how many waits are printed.
const maxListed = 12

// waitsText returns the first n waits of a countdown, as far as they are known.
func waitsText(c Countdown, n int) string {
	switch c.(type) {
	case Linear, Exponential, List:
	default:
		return fmt.Sprint(c)
	}
	texts := make([]string, min(n, maxListed))
	for i := range texts {
		texts[i] = c.Wait(i + 1).String()
	}
	text := strings.Join(texts, ", ")
	if n > maxListed {
		text += " and so on"
	}
	return text
}

// stopTexts returns what a message is given up after.
func (s Schedule) stopTexts() []string {
	var stops []string
	if s.Stop == nil {
		stops = append(stops, "410")
	}
	for _, status := range s.Stop {
		stops = append(stops, strconv.Itoa(status))
	}
	for _, o := range s.StopOn {
		stops = append(stops, o.String())
	}
	return stops
}

// String returns f in words: "1m0s each".
func (f Fixed) String() string { return f.Wait(1).String() + " each" }

// String returns the first waits and the limit: "0s, 10s, 20s and so on, at most
// 5m0s".
func (l Linear) String() string { return progress(l, l.Limit) }

// String returns the first waits and the limit: "5s, 10s, 20s and so on, at most
// 1h0m0s".
func (e Exponential) String() string { return progress(e, e.Limit) }

// String returns r in words: "5s to 10s".
func (r Random) String() string {
	low := max(r.Min, 0)
	return low.String() + " to " + max(r.Max, low).String()
}

// String returns the waits: "5s, 5m0s, then 30m0s each".
func (l List) String() string {
	if len(l.Delays) == 0 {
		return "0s each"
	}
	var texts []string
	last := len(l.Delays) - 1
	for i, d := range l.Delays[:last] {
		if i == maxListed {
			texts = append(texts, "and "+strconv.Itoa(last-i)+" more")
			break
		}
		texts = append(texts, max(d, 0).String())
	}
	final := max(l.Delays[last], 0).String() + " each"
	if last > 0 {
		final = "then " + final
	}
	return strings.Join(append(texts, final), ", ")
}

// progress prints how a countdown begins.
func progress(c Countdown, limit *time.Duration) string {
	const first = 3
	texts := make([]string, first)
	for i := range texts {
		texts[i] = c.Wait(i + 1).String()
	}
	text := strings.Join(texts, ", ") + " and so on"
	if limit != nil {
		text += ", at most " + max(*limit, 0).String()
	}
	return text
}
