package benchmarks

import (
	"fmt"
	"io"
	"math"
	"strings"
	"unicode/utf8"
)

// Line is a row of the table with its figures, ready to print.
type Line struct {
	Name, Ours, Peer, Ratio, Aim, Verdict string

	against string // the peer without its figure
	why     string
}

// Columns are the names of a Line's fields.
func Columns() Line {
	return Line{
		Name: "comparison", Ours: "ours", Peer: "peer", Ratio: "ratio", Aim: "aim", Verdict: "verdict", against: "against",
	}
}

// Run measures the comparison and returns its lines.
func (c Comparison) Run(o Options) ([]Line, error) {
	all, err := c.measure(o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", c.Rows[0].Name, err)
	}
	lines := make([]Line, 0, len(c.Rows))
	for _, row := range c.Rows {
		lines = append(lines, c.line(row, all))
	}
	if c.Floors {
		decide(&lines[0], &lines[1])
	}
	return lines, nil
}

const ok = "ok"

// decide marks the verdict over the floor that is made anew if the one that is
// kept has another.
func decide(made, kept *Line) {
	if made.Verdict == ok && kept.Verdict != ok {
		made.Verdict = "ok, but the next decides"
	}
}

func (c Comparison) line(row Row, all []figures) Line {
	ours := all[0]
	line := Line{Name: row.Name, Ours: row.Quantity.text(ours), Peer: "-", Ratio: "-", Aim: "-", Verdict: "-"}
	figure := math.NaN()
	if row.Peer >= 0 {
		peer := all[row.Peer+1]
		line.against = c.Peers[row.Peer].Name
		line.Peer = row.Quantity.text(peer) + " " + line.against
		if row.Quantity == Time {
			// Without an aim, a peer is what ours is to be faster than.
			if row.Aim.Least || !row.Aim.Set {
				figure = ratio(peer.times, ours.times)
			} else {
				figure = ratio(ours.times, peer.times)
			}
			line.Ratio = fmt.Sprintf("%.2f", figure)
		}
	}
	switch row.Quantity {
	case Allocs:
		figure = ours.allocs
	case Bytes:
		figure = ours.bytes
	case Time:
	}
	if row.Share {
		figure = row.Quantity.share(ours, all[row.Peer+1])
		line.Ratio = fmt.Sprintf("%.2f", figure)
	}
	if row.Aim.Set {
		line.Aim = row.Aim.text()
		line.Verdict, line.why = row.Aim.verdict(figure), row.Why
	}
	return line
}

// share is how much of b's memory a takes.
func (q Quantity) share(a, b figures) float64 {
	if q == Bytes {
		return a.bytes / b.bytes
	}
	return a.allocs / b.allocs
}

func (q Quantity) text(f figures) string {
	switch q {
	case Allocs:
		return fmt.Sprintf("%.0f", f.allocs)
	case Bytes:
		return fmt.Sprintf("%.0f B", f.bytes)
	case Time:
	}
	ns := median(f.times)
	switch {
	case ns < 1000:
		return fmt.Sprintf("%.0f ns", ns)
	case ns < 10000:
		return fmt.Sprintf("%.2f µs", ns/1000)
	default:
		return fmt.Sprintf("%.1f µs", ns/1000)
	}
}

func (a Aim) text() string {
	if a.Least {
		return fmt.Sprintf("≥ %v", a.Value)
	}
	return fmt.Sprintf("≤ %v", a.Value)
}

// verdict says whether the aim is met, and if not, by how much.
func (a Aim) verdict(figure float64) string {
	switch {
	case a.met(figure):
		return ok
	case a.Value == 0:
		return fmt.Sprintf("short by %.0f", figure)
	default:
		return fmt.Sprintf("short by %.0f %%", 100*math.Abs(figure-a.Value)/a.Value)
	}
}

// widths are those of the columns of the plain table.
var widths = [...]int{35, 9, 43, 6, 7}

func (l Line) cells() []string {
	return []string{l.Name, l.Ours, l.Peer, l.Ratio, l.Aim, l.Verdict}
}

// Write prints the line in columns, and below it why it is short.
func (l Line) Write(w io.Writer) error {
	var text strings.Builder
	for i, cell := range l.cells() {
		text.WriteString(cell)
		if i < len(widths) {
			text.WriteString(strings.Repeat(" ", max(1, widths[i]-utf8.RuneCountInString(cell))))
		}
	}
	if reason := l.reason(); reason != "" {
		text.WriteString("\n    " + reason)
	}
	_, err := fmt.Fprintln(w, text.String())
	return err
}

// reason returns why the line is short, if it is.
func (l Line) reason() string {
	if strings.HasPrefix(l.Verdict, "short") {
		return l.why
	}
	return ""
}

// WriteMarkdown prints the line as a row of a Markdown table, without times,
// which say more of the machine than of the program. A line that has nothing
// else is left out.
func (l Line) WriteMarkdown(w io.Writer) error {
	figure := l.Ratio
	if figure == "-" {
		figure = l.Ours
	}
	if l.Ratio == "-" && l.Aim == "-" {
		return nil
	}
	if reason := l.reason(); reason != "" {
		l.Verdict += ": " + reason
	}
	_, err := fmt.Fprintf(w, "| %s |\n", strings.Join([]string{l.Name, l.against, figure, l.Aim, l.Verdict}, " | "))
	return err
}

// WriteMarkdownRule prints what stands below a Markdown table's head.
func WriteMarkdownRule(w io.Writer) error {
	_, err := fmt.Fprintln(w, "|---|---|---:|---:|---|")
	return err
}

// Notes explain the table.
const Notes = `Each time is the median of all rounds, each ratio the median of the rounds' own
ratios: peer/ours where the aim is "≥" or there is none (how many times as fast
ours is), ours/peer where it is "≤". Allocations and bytes are held against the
aim as they are, and a sender's as a ratio, ours/peer.

A thin event has 345 B, a full one 4096 B; 1024 signed requests with ids of their
own go round. But for "verify" and the floors, all goes through ServeHTTP, and
"harness alone", a handler that does nothing, is included in every time.

There are two floors, both over the bytes that Standard Webhooks signs: an HMAC
that is made anew for each message, as all peers do, and one that is kept and
reset, than which nothing is cheaper. Where their verdicts differ, the kept one
decides.

The push has the fields of GitHub's own in 8192 B. Ours reads what its user reads
of it into a struct of the user's own, while go-github reads all of it into its
own struct, which is what its users get; "all its fields" has ours do that too,
and "same struct" has the peer read no more than ours. Ours also takes the
body's digest, to know a duplicate by, which the peers do not.

CloudEvents are structured, of 657 B and about 4 KB, and all data is decoded into
the same struct. sdk-go verifies no signature, so neither does; where both are
signed, ours and the peer have the same verifier, ours. Ours checks the required
attributes too; the peer does not call sdk-go's Validate, which would.

Over loopback, eight connections are kept alive, by net/http's client and by one
that costs next to nothing and so shows more of the server.

A sender delivers thin events over eight connections, each signed anew, with a
deadline, and with the answer read. The peers sign with our signer, but for
standard-webhooks; "same transport" and "tuned" have the connection pool of ours,
and "as it comes" the library's own. Unless net/http receives, the receiver costs
next to nothing and allocates nothing, so that all memory is the sender's. The
floor is a bare RoundTrip of a signed request with a deadline, than which nothing
that uses net/http is cheaper.`
