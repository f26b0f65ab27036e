package docs_test

import (
	"fmt"
	"strings"
)

// source is a Go file.
type source struct {
	file  string
	lines []string
}

// find returns an error unless the lines of b stand in one of sources, one after
// another, each indented by as much. The error names the first line that differs
// from the place that has most of them.
func (b block) find(sources []source) error {
	lines := undented(b.lines)
	most, at := 0, ""
	for _, s := range sources {
		for i := range s.lines {
			n := equal(lines, s.lines[i:])
			if n == len(lines) {
				return nil
			}
			if n > most {
				most, at = n, fmt.Sprintf("; the %d before stand in %s:%d", n, s.file, i+1)
			}
		}
	}
	return fmt.Errorf("the block of %s:%d is compiled nowhere: line %d differs%s:\n\t%s", b.file, b.line, b.line+most, at, lines[most])
}

// equal returns how many of want are at the beginning of have, which may be
// indented by more.
func equal(want, have []string) int {
	indent, ok := strings.CutSuffix(have[0], want[0])
	if !ok || strings.Trim(indent, "\t") != "" {
		return 0
	}
	for i, line := range want {
		if line != "" {
			line = indent + line
		}
		if i == len(have) || have[i] != line {
			return i
		}
	}
	return len(want)
}

// undented removes the tabs that all lines begin with, and what is white at the
// end of a line.
func undented(lines []string) []string {
	out := make([]string, len(lines))
	common := -1
	for i, line := range lines {
		out[i] = strings.TrimRight(line, " \t")
		tabs := len(out[i]) - len(strings.TrimLeft(out[i], "\t"))
		if out[i] != "" && (common < 0 || tabs < common) {
			common = tabs
		}
	}
	for i, line := range out {
		if line != "" {
			out[i] = line[common:]
		}
	}
	return out
}
