// Command compare measures Cactus against its peers, side by side, and prints a
// line for each comparison.
//
// It exits with 0 also where a figure falls short of its aim, and with 1 where
// something does not work.
package main

import (
	"flag"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"time"

	"github.com/cactuscorp/cactus/benchmarks"
)

func main() {
	var (
		o        benchmarks.Options
		markdown bool
		pattern  string
	)
	flag.IntVar(&o.Rounds, "rounds", 70, "paired `rounds` of each comparison")
	flag.DurationVar(&o.Slot, "slot", 30*time.Millisecond, "how long a case runs in a round")
	flag.BoolVar(&markdown, "markdown", false, "print the table of docs/benchmarks.md")
	flag.StringVar(&pattern, "run", "", "only comparisons of which a name matches this `regexp`")
	flag.Parse()
	if err := compare(o, markdown, pattern); err != nil {
		fmt.Fprintln(os.Stderr, "compare:", err)
		os.Exit(1)
	}
}

func compare(o benchmarks.Options, markdown bool, pattern string) error {
	only, err := regexp.Compile(pattern)
	if err != nil {
		return err
	}
	if o.Rounds < 1 || o.Slot <= 0 {
		return fmt.Errorf("%d rounds of %v, want at least one of more than nothing", o.Rounds, o.Slot)
	}
	write := func(l benchmarks.Line) error { return l.Write(os.Stdout) }
	if markdown {
		write = func(l benchmarks.Line) error { return l.WriteMarkdown(os.Stdout) }
	}
	if err := write(benchmarks.Columns()); err != nil {
		return err
	}
	if markdown {
		if err := benchmarks.WriteMarkdownRule(os.Stdout); err != nil {
			return err
		}
	}
	for _, c := range benchmarks.Comparisons() {
		if !slices.ContainsFunc(c.Rows, func(r benchmarks.Row) bool { return only.MatchString(r.Name) }) {
			continue
		}
		lines, err := c.Run(o)
		if err != nil {
			return err
		}
		for _, l := range lines {
			if err := write(l); err != nil {
				return err
			}
		}
	}
	_, err = fmt.Printf("\n%s\n\n%s %s/%s, %d CPUs, %d rounds.\n", benchmarks.Notes,
		runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), o.Rounds)
	return err
}
