package standardwebhooks_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/standardwebhooks"
)

func TestSource_KnowsWhyItRefuses(t *testing.T) {
	h := make(http.Header)
	require.NoError(t, scheme().Sign(h, "msg_1", []byte("{}\n"), time.Now()))
	d, ok := cactus.Diagnose(t.Context(), standardwebhooks.New(scheme()), cactus.NewRequest(h, []byte("{}"), time.Time{}))
	require.True(t, ok)
	require.True(t, d.Has(signature.CauseBodyChanged), d.String())
}
