package cactustest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/types"
)

func TestBodies_AreTheCataloguesEventsThinAndFull(t *testing.T) {
	thin, full := cactustest.ThinBodies(), cactustest.FullBodies()
	require.Len(t, thin, 5)
	require.Len(t, full, 5)
	seen := make([]string, 0, len(thin))
	for i := range thin {
		pushed, err := cactus.ParseEnvelope(thin[i])
		require.NoError(t, err)
		pulled, err := cactus.ParseEnvelope(full[i])
		require.NoError(t, err)

		require.Equal(t, pulled.Meta, pushed.Meta)
		require.Equal(t, pulled.RelatedObject, pushed.RelatedObject)
		require.Nil(t, pushed.Data)
		require.NotNil(t, pulled.Data)
		require.True(t, types.Catalogue.Has(pushed.Type))
		seen = append(seen, pushed.Type)
	}
	require.ElementsMatch(t, types.Catalogue.Types(), seen)
}

func TestBodies_BelongToTheCaller(t *testing.T) {
	clear(cactustest.ThinBodies()[0])
	require.NotZero(t, cactustest.ThinBodies()[0][0])
}
