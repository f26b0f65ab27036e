package signature_test

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

func TestToken_Diagnose_saysHowTheTokenIsWritten(t *testing.T) {
	s := newToken(t)
	bearer := signature.Must(signature.NewToken("Authorization", signature.Key{Name: "b", Secret: "Bearer " + tokenOld}))
	bare := strings.TrimPrefix(tokenNew, "Basic ")
	at := func(after time.Duration) time.Time { return testTime().Add(after) }
	for _, tt := range []struct {
		name   string
		scheme *signature.Token
		header http.Header
		at     time.Time
		want   string
	}{
		{"good", s, http.Header{"X-Api-Key": {tokenOld}}, at(0), "Token: the signature is good"},
		{
			"expired", s,
			http.Header{"X-Api-Key": {tokenOld}},
			at(time.Second),
			`Token: the signature is that of key "old", which was valid until ` + testTime().UTC().Format(time.RFC3339),
		},
		{
			"early", s,
			http.Header{"X-Api-Key": {tokenNew}},
			at(-2 * time.Hour),
			`Token: the signature is that of key "new", which is valid from ` + at(-time.Hour).UTC().Format(time.RFC3339),
		},
		{"no word", s, http.Header{"X-Api-Key": {bare}}, at(0), "it is the token without the word Basic"},
		{"another case", s, http.Header{"X-Api-Key": {"basic " + bare}}, at(0), "it is the token with its first word in another case"},
		{"white space", s, http.Header{"X-Api-Key": {" " + tokenOld}}, at(0), "it is the token with white space around it"},
		{"quotes", s, http.Header{"X-Api-Key": {`"` + tokenOld + `"`}}, at(0), "it is the token in quotes"},
		{
			"a word too many", s,
			http.Header{"X-Api-Key": {"Bearer " + tokenOld}},
			at(0),
			"it is the token after a word that is not part of the secret",
		},
		{"no Bearer", bearer, http.Header{"Authorization": {tokenOld}}, at(0), "it is the token without the word Bearer"},
		{"bearer", bearer, http.Header{"Authorization": {"bearer " + tokenOld}}, at(0), "first word in another case"},
		{"stranger", s, http.Header{"X-Api-Key": {"somebody-elses-token"}}, at(0), "no known mistake explains the signature: probably"},
		{"absent", s, http.Header{"Stripe-Signature": {"t=1"}}, at(0), "want X-Api-Key; there are headers of Stripe"},
		{"not canonical", s, http.Header{"x-api-key": {tokenOld}}, at(0), "under a name that is not canonical"},
		{"twice", s, http.Header{"X-Api-Key": {tokenOld, tokenOld}}, at(0), "Token: a header is not as it should be: X-Api-Key is repeated"},
		{"too long", s, http.Header{"X-Api-Key": {strings.Repeat("a", 4097)}}, at(0), "the token is longer than 4096 bytes"},
		{"no keys", new(signature.Token), nil, at(0), "Token: the scheme has no keys: make it with its constructor"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := tt.scheme.Diagnose(tt.header, nil, tt.at)
			_, err := tt.scheme.Verify(tt.header, nil, tt.at)
			require.Equal(t, err, d.Err)
			require.Equal(t, err != nil, len(d.Findings) > 0)
			require.Contains(t, d.String(), tt.want)
			for _, secret := range []string{tokenOld, bare, "somebody"} {
				require.NotContains(t, d.String()+d.LogValue().String(), secret)
			}
		})
	}
}

// silent is a verifier that does not know why.
type silent struct{ err error }

func (s silent) Verify(http.Header, []byte, time.Time) (string, error) { return "", s.err }

func TestDiagnose_KnowsTheErrorOfAnyVerifier(t *testing.T) {
	own := errors.New("no database")
	for err, want := range map[error]string{
		nil:                      "the signature is good",
		own:                      "no known mistake explains the signature: its verifier says no more",
		signature.ErrMismatch:    "no known mistake explains the signature: its verifier says no more",
		signature.ErrNoSignature: "there is no signature header: its verifier says no more",
		signature.ErrBadHeader:   "a header is not as it should be: its verifier says no more",
		signature.ErrUnsupported: "there are only signatures of versions that are not checked: its verifier says no more",
	} {
		d := signature.Diagnose(silent{err}, nil, nil, time.Time{})
		require.Equal(t, err, d.Err)
		require.Equal(t, want, d.String())
	}
	d := signature.Diagnose(newToken(t), http.Header{"X-Api-Key": {"nobodys-token"}}, nil, testTime())
	require.Equal(t, "Token", d.Scheme)
}

// Any verifier can be asked; one that is no Diagnoser has no more than its error.
func ExampleDiagnose() {
	token := signature.Must(signature.NewToken("X-Api-Key", signature.Key{Secret: "5a1b7c0d9e3f48216a7b"}))
	fmt.Println(signature.Diagnose(token, http.Header{"X-Api-Key": {`"5a1b7c0d9e3f48216a7b"`}}, nil, time.Now()))
	fmt.Println(signature.Diagnose(silent{signature.ErrNoSignature}, nil, nil, time.Now()))
	// Output:
	// Token: the signature is good (key "key1"), but the headers are written differently: it is the token in quotes
	// there is no signature header: its verifier says no more
}
