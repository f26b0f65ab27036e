package sender

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestOutcome_IsTextInBothDirections(t *testing.T) {
	t.Parallel()

	for o := Delivered; o <= Cancelled; o++ {
		text, err := json.Marshal(o)
		require.NoError(t, err)
		require.Equal(t, `"`+o.String()+`"`, string(text))
		var back Outcome
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, o, back)
	}
	require.Equal(t, "outcome(0)", Outcome(0).String())
	_, err := Outcome(7).MarshalText()
	require.EqualError(t, err, "sender: 7 is no outcome")
	require.ErrorContains(t, new(Outcome).UnmarshalText([]byte("sent")), "must be one of delivered")
}
