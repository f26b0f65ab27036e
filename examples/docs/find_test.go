package docs_test

import (
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

// repository has one document and the file that compiles it.
func repository(document, source string) fstest.MapFS {
	return fstest.MapFS{
		"docs/a.md":         {Data: []byte("# A\n\n```sh\nls\n```\n\n```go\n" + document + "\n```\n")},
		"examples/a/a.go":   {Data: []byte("package a\n\nfunc a() {\n" + source + "\n}\n")},
		"testdata/wrong.go": {Data: []byte("no Go")},
	}
}

func TestBlock_IsFound(t *testing.T) {
	for name, r := range map[string]fstest.MapFS{
		"as it is":                    repository("one()\n\nif two() {\n\tthree()\n}", "one()\n\nif two() {\n\tthree()\n}"),
		"indented":                    repository("one()\n\nif two() {\n\tthree()\n}", "\tfor {\n\t\tone()\n\n\t\tif two() {\n\t\t\tthree()\n\t\t}\n\t}"),
		"indented in the document":    repository("\tone()\n\t\ttwo()", "one()\n\ttwo()"),
		"after a place that is alike": repository("one()\ntwo()", "\tone()\n\tthree()\n\tone()\n\ttwo()"),
		"in the middle":               repository("two()", "\tone()\n\ttwo()\n\tthree()"),
	} {
		t.Run(name, func(t *testing.T) {
			blocks, sources := read(t, r)
			require.Len(t, blocks, 1)
			require.NoError(t, blocks[0].find(sources))
		})
	}
}

func TestBlock_IsNotFound(t *testing.T) {
	const document = "one()\nif two() {\n\tthree()\n}"
	for name, test := range map[string]struct{ source, want string }{
		"nowhere": {
			"\tfour()",
			"the block of docs/a.md:8 is compiled nowhere: line 8 differs:\n\tone()",
		},
		"but for a line": {
			"\tone()\n\tif two() {\n\t\tfour()\n\t}",
			"the block of docs/a.md:8 is compiled nowhere: line 10 differs; the 2 before stand in examples/a/a.go:4:\n\t\tthree()",
		},
		"with a line more": {
			"\tone()\n\tfour()\n\tif two() {\n\t\tthree()\n\t}",
			"the block of docs/a.md:8 is compiled nowhere: line 9 differs; the 1 before stand in examples/a/a.go:4:\n\tif two() {",
		},
		"indented otherwise": {
			"\tone()\n\t{\n\t\tif two() {\n\t\t\tthree()\n\t\t}\n\t}",
			"the block of docs/a.md:8 is compiled nowhere: line 9 differs; the 1 before stand in examples/a/a.go:4:\n\tif two() {",
		},
		"cut off by the file's end": {
			"\tone()\n}\n\nfunc b() {\n\tone()",
			"the block of docs/a.md:8 is compiled nowhere: line 9 differs; the 1 before stand in examples/a/a.go:4:\n\tif two() {",
		},
		"in a comment": {
			"\t/*\n\tone()\n\tif two() {\n\t\tthree()\n\t}\n\t*/",
			"the block of docs/a.md:8 is compiled nowhere: line 8 differs:\n\tone()",
		},
		"in a literal": {
			"\t_ = `\n\tone()\n\tif two() {\n\t\tthree()\n\t}\n\t`",
			"the block of docs/a.md:8 is compiled nowhere: line 8 differs:\n\tone()",
		},
	} {
		t.Run(name, func(t *testing.T) {
			blocks, sources := read(t, repository(document, test.source))
			require.Len(t, blocks, 1)
			require.EqualError(t, blocks[0].find(sources), test.want)
		})
	}
}

func TestMarkdownBlocks_RefusesABlockWithoutAnEnd(t *testing.T) {
	_, err := markdownBlocks("a.md", "```go\none()\n")
	require.EqualError(t, err, "a.md: a block has no end")
}

func TestCommentBlocks_AreThoseOfGo(t *testing.T) {
	blocks, err := commentBlocks("doc.go", []byte(`// Package a is one.
//
//	{"id": 1}
//
// Text.
//
//	name      kind
//	one       two
//
// Text.
//
//	if one() {
//		two()
//	}
//
//	three()
package a
`))
	require.NoError(t, err)
	require.Equal(t, []block{{file: "doc.go", line: 12, lines: []string{"if one() {", "\ttwo()", "}", "", "three()"}}}, blocks)
}
