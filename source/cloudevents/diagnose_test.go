package cloudevents_test

import (
	"errors"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

func TestSource_KnowsWhyItRefuses(t *testing.T) {
	h := make(http.Header)
	require.NoError(t, scheme().Sign(h, "msg_1", []byte("{}\n"), time.Now()))
	d, ok := cactus.Diagnose(t.Context(), cloudevents.New(scheme()), cactus.NewRequest(h, []byte("{}"), time.Time{}))
	require.True(t, ok)
	require.True(t, d.Has(signature.CauseBodyChanged), d.String())
}

// opaque is a verifier that does not know why.
type opaque struct{ err error }

func (o opaque) Verify(http.Header, []byte, time.Time) (string, error) { return "", o.err }

func TestSource_DiagnosesAnyVerifier(t *testing.T) {
	for _, err := range []error{nil, signature.ErrMismatch, errors.New("no database")} {
		d, ok := cactus.Diagnose(t.Context(), cloudevents.New(opaque{err}), cactus.NewRequest(nil, nil, time.Time{}))
		require.True(t, ok)
		require.Equal(t, err, d.Err)
		require.Equal(t, err != nil, d.Has(signature.CauseUnexplained))
	}
}
