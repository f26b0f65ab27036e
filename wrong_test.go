package cactus_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

// Event types that compile and are wrong all the same.
type (
	goodData struct{ N int }
	good     struct{ cactus.Full[goodData] }

	eventAsData struct {
		cactus.Full[types.OrderShipped]
	}

	renamedPushed struct{ cactus.Pushed[good] }

	withOrder struct{ good2 }
	good2     struct {
		cactus.Full[goodData]
		cactus.Related[types.Order]
	}
	otherPushed struct {
		cactus.Pushed[good2]
		cactus.Related[types.Movie]
	}
	forgottenPushed struct{ cactus.Pushed[good2] }

	byPointer       struct{ *cactus.Full[goodData] }
	byPointerInside struct{ *withOrder }

	clock        struct{ at time.Time }
	promotedJSON struct {
		cactus.Full[goodData]
		clock
	}
	takesType struct {
		cactus.Full[goodData]

		Kind string `json:"type"`
	}
	takesData struct {
		cactus.Bare

		Payload string `json:"data"`
	}
	twice struct {
		cactus.Bare
		twiceInside

		A string `json:"a"`
	}
	twiceInside struct {
		B string `json:"a"`
	}
	nameless     struct{ cactus.Bare }
	oddName      struct{ cactus.Bare }
	brokenInside struct{ cactus.Pushed[takesType] }
)

func (c *clock) UnmarshalJSON([]byte) error { c.at = time.Time{}; return nil }

func (good) EventType() string             { return "good" }
func (good2) EventType() string            { return "good2" }
func (eventAsData) EventType() string      { return "event.as.data" }
func (*renamedPushed) EventType() string   { return "renamed" }
func (*byPointer) EventType() string       { return "by.pointer" }
func (*byPointerInside) EventType() string { return "by.pointer" }
func (promotedJSON) EventType() string     { return "promoted" }
func (takesType) EventType() string        { return "takes.type" }
func (takesData) EventType() string        { return "takes.data" }
func (twice) EventType() string            { return "twice" }
func (nameless) EventType() string         { return "" }
func (oddName) EventType() string          { return "odd name" }

func on[E any, P cactus.PushedEvent[E]]() func(*cactus.Registry) {
	return func(r *cactus.Registry) {
		cactus.On[E, P](r, func(context.Context, *E) error { return nil })
	}
}

func TestOn_RefusesAWrongEventTypeAndSaysWhy(t *testing.T) {
	tests := []struct {
		on   func(*cactus.Registry)
		want string
	}{
		{on[eventAsData](), "cactus_test.eventAsData: its data is types.OrderShipped, itself an event: name the data's own type in cactus.Full"},
		{on[renamedPushed](), `cactus_test.renamedPushed: its EventType is "renamed" but that of cactus_test.good is "good": leave EventType to the full type`},
		{on[otherPushed](), "cactus_test.otherPushed: it has Related[types.Movie] but cactus_test.good2 has Related[types.Order]: embed the same cactus.Related in both"},
		{on[forgottenPushed](), "cactus_test.forgottenPushed: it has no related object but cactus_test.good2 has Related[types.Order]: embed the same cactus.Related in both"},
		{on[byPointer](), "cactus_test.byPointer: it embeds *cactus.Full[github.com/cactuscorp/cactus_test.goodData] by pointer, which would be nil: embed it by value"},
		{on[byPointerInside](), "cactus_test.byPointerInside: it embeds *cactus_test.withOrder by pointer, which would be nil: embed it by value"},
		{on[promotedJSON](), "cactus_test.promotedJSON: it has MarshalJSON, UnmarshalJSON or their text twins, perhaps promoted from an embedded type: an event is read and written field by field, so they would replace the whole event"},
		{on[takesType](), `cactus_test.takesType: field Kind takes the JSON name "type", which the envelope has already`},
		{on[takesData](), `cactus_test.takesData: field Payload takes the JSON name "data", which the envelope has already`},
		{on[twice](), `cactus_test.twice: field A takes the JSON name "a", which another field has already`},
		{on[nameless](), `cactus_test.nameless: EventType ""`},
		{on[oddName](), `cactus_test.oddName: EventType "odd name"`},
		{on[brokenInside](), `cactus_test.takesType: field Kind takes the JSON name "type", which the envelope has already`},
	}
	for _, tt := range tests {
		var r cactus.Registry
		text := panicText(t, func() { tt.on(&r) })
		require.Contains(t, text, tt.want)
		require.Regexp(t, `^cactus: handler at .*wrong_test\.go:\d+: `, text)
		require.Empty(t, r.EventTypes())
	}
}

func TestOn_AcceptsAnEventThatEmbedsItsBase(t *testing.T) {
	var r cactus.Registry
	on[withOrder]()(&r)
	require.Equal(t, []string{"good2"}, r.EventTypes())
}

func TestNewAndDescribe_RefuseAWrongEventTypeToo(t *testing.T) {
	const want = `cactus: cactus_test.takesType: field Kind takes the JSON name "type", which the envelope has already`
	require.Equal(t, want, panicText(t, func() { cactus.New[takesType]("e") }))
	require.Equal(t, want, panicText(t, func() { cactus.Describe[takesType]() }))
}

// TestCompiler_RefusesWrongPrograms builds the files of testdata/wrong. Each
// says on its lines which answer it must get there.
func TestCompiler_RefusesWrongPrograms(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("testdata/wrong/*.go")
	require.NoError(t, err)
	require.Len(t, files, 6)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			t.Parallel()
			source, err := os.ReadFile(file)
			require.NoError(t, err)
			_, want, found := strings.Cut(string(source), "// want: ")
			require.True(t, found, "the file says no answer")
			want, _, _ = strings.Cut(want, "\n")

			answer, err := exec.CommandContext(t.Context(), "go", "build", "-o", os.DevNull, file).CombinedOutput()
			var exit *exec.ExitError
			require.ErrorAs(t, err, &exit, "it compiles: %s", answer)
			require.Contains(t, string(answer), want)
		})
	}
}
