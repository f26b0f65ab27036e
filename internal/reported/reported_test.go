package reported_test

import (
	"context"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/reported"
)

func TestMark_ReachesTheFlagOfTheContextOnce(t *testing.T) {
	var flag reported.Flag
	require.False(t, flag.Take())
	reported.Mark(t.Context())
	require.False(t, flag.Take(), "nobody asked")
	ctx := context.WithValue(t.Context(), reported.Key, &flag)
	reported.Mark(context.WithoutCancel(ctx))
	require.True(t, flag.Take())
	require.False(t, flag.Take())
}
