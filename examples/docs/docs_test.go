// Package docs compiles the Go of the documentation, and runs most of it: each
// block of README.md, of docs and of a package comment stands in one of its
// files, or in another Go file of the repository, line for line.
package docs_test

import (
	"io/fs"
	"os"
	"path"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A block that this test does not find was changed in one place alone, or is new:
// put it into a function here, with the declarations that it needs around it.
func TestDocs_AreCompiled(t *testing.T) {
	blocks, sources := read(t, os.DirFS("../.."))
	files := map[string]bool{}
	for _, b := range blocks {
		files[b.file] = true
		if strings.Contains(strings.Join(b.lines, "\n"), "otelhttp.") {
			continue // no module of this repository requires it
		}
		if err := b.find(sources); err != nil {
			t.Error(err)
		}
	}
	for _, file := range []string{"README.md", "docs/receiving.md", "docs/sending.md", "docs/protocol.md", "cactus.go", "sender/doc.go"} {
		require.True(t, files[file], "%s has no blocks any more, or this test does not see them", file)
	}
}

// read returns the blocks of a repository's documents and its Go files.
func read(t *testing.T, repository fs.FS) (blocks []block, sources []source) {
	t.Helper()
	err := fs.WalkDir(repository, ".", func(file string, entry fs.DirEntry, err error) error {
		name := entry.Name()
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (name == "testdata" || name != "." && strings.HasPrefix(name, ".")):
			return fs.SkipDir
		case entry.IsDir() || path.Ext(name) != ".go" && path.Ext(name) != ".md":
			return nil
		}
		text, err := fs.ReadFile(repository, file)
		if err != nil {
			return err
		}
		var more []block
		switch {
		case path.Ext(name) == ".md":
			more, err = markdownBlocks(file, string(text))
		case !strings.HasSuffix(name, "_test.go") && !isOurs(file):
			more, err = commentBlocks(file, text)
		}
		blocks = append(blocks, more...)
		if err != nil || path.Ext(name) == ".md" {
			return err
		}
		lines, err := code(file, text)
		sources = append(sources, source{file: file, lines: lines})
		return err
	})
	require.NoError(t, err)
	return blocks, sources
}

// isOurs tells the files that no user of the library reads for its Go: commands,
// whose package comments have shell commands, and what is internal.
func isOurs(file string) bool {
	return strings.HasPrefix(file, "examples/") || strings.HasPrefix(file, "benchmarks/") || strings.Contains(file, "internal/")
}
