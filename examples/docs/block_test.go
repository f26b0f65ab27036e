package docs_test

import (
	"fmt"
	"go/ast"
	"go/doc/comment"
	"go/parser"
	"go/token"
	"strings"
)

// block is a piece of Go in a document.
type block struct {
	file  string
	line  int // of the first of lines, from 1
	lines []string
}

// markdownBlocks returns what stands between "```go" and "```" in text.
func markdownBlocks(file, text string) ([]block, error) {
	var blocks []block
	var open *block
	fenced := false
	for i, line := range strings.Split(text, "\n") {
		fence, ok := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case !ok && open != nil:
			open.lines = append(open.lines, line)
		case !ok:
		case !fenced:
			fenced = true
			if fence == "go" {
				open = &block{file: file, line: i + 2}
			}
		default:
			fenced = false
			if open != nil {
				blocks = append(blocks, *open)
			}
			open = nil
		}
	}
	if fenced {
		return nil, fmt.Errorf("%s: a block has no end", file)
	}
	return blocks, nil
}

// commentBlocks returns the Go in the package comment of a source file.
func commentBlocks(file string, source []byte) ([]block, error) {
	parsed, err := parser.ParseFile(token.NewFileSet(), file, source, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		return nil, err
	}
	if parsed.Doc == nil {
		return nil, nil
	}
	var blocks []block
	lines := strings.Split(string(source), "\n")
	next := 0 // the line to look for a block from
	for _, part := range new(comment.Parser).Parse(parsed.Doc.Text()).Content {
		code, ok := part.(*comment.Code)
		if !ok {
			continue
		}
		text := strings.Split(strings.TrimSuffix(code.Text, "\n"), "\n")
		for lines[next] != "//\t"+text[0] {
			if next++; next == len(lines) {
				return nil, fmt.Errorf("%s: cannot find the line of %q", file, text[0])
			}
		}
		if !isOther(text[0]) {
			blocks = append(blocks, block{file: file, line: next + 1, lines: text})
		}
		next++
	}
	return blocks, nil
}

// isOther tells by its first line that a block of a package comment is JSON, or a
// table, whose columns are two spaces apart.
func isOther(first string) bool {
	return strings.HasPrefix(first, "{") || strings.Contains(first, "  ")
}

// code returns the lines of a Go source file. Those of comments and literals that
// have several lines are empty, because nobody compiles them.
func code(file string, source []byte) ([]string, error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, file, source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(source), "\n")
	clean := func(n ast.Node) {
		from, to := set.Position(n.Pos()).Line, set.Position(n.End()).Line
		for i := from; i <= to && from < to; i++ {
			lines[i-1] = ""
		}
	}
	for _, group := range parsed.Comments {
		for _, c := range group.List {
			clean(c)
		}
	}
	ast.Inspect(parsed, func(n ast.Node) bool {
		if literal, ok := n.(*ast.BasicLit); ok {
			clean(literal)
		}
		return true
	})
	return lines, nil
}
