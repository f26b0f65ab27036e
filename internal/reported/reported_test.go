package reported_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/reported"
)

var errLogged = errors.New("logged")

type slice []string

func (slice) Error() string { return "cannot be compared" }

func TestNote_HasTheErrorThatWasLoggedLast(t *testing.T) {
	var note reported.Note
	reported.Mark(t.Context(), errLogged)
	require.False(t, note.Has(errLogged), "another context")

	ctx := context.WithValue(t.Context(), reported.Key, &note)
	reported.Mark(context.WithoutCancel(ctx), errLogged)
	require.True(t, note.Has(errLogged))
	require.True(t, note.Has(fmt.Errorf("wrapped: %w", errLogged)))
	require.False(t, note.Has(errors.New("logged")), "the same text is not the same error")
	require.False(t, note.Has(errors.Join(errLogged, errors.New("more"))), "there is more to tell")
	require.False(t, note.Has(nil))

	reported.Mark(ctx, slice{"a"})
	require.False(t, note.Has(errLogged))
	require.False(t, note.Has(slice{"a"}))
}
