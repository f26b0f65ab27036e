package signature_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

const (
	tokenOld = "5a1b7c0d9e3f48216a7b"
	tokenNew = "Basic Y2FjdHVzOm5lZWRsZXMtYW5kLXBpbnM=" // cactus:needles-and-pins
)

func newToken(t *testing.T) *signature.Token {
	t.Helper()
	return signature.Must(signature.NewToken("x-api-key",
		signature.Key{Name: "old", Secret: tokenOld, NotAfter: testTime()},
		signature.Key{Name: "new", Secret: tokenNew, NotBefore: testTime().Add(-time.Hour)},
	))
}

func TestToken_Verify_findsTheKeyThatIsValid(t *testing.T) {
	s := newToken(t)
	old, young := http.Header{"X-Api-Key": {tokenOld}}, http.Header{"X-Api-Key": {tokenNew}}
	for _, tc := range []struct {
		name   string
		header http.Header
		at     time.Time
		key    string
		err    error
	}{
		{"old", old, testTime(), "old", nil},
		{"new", young, testTime(), "new", nil},
		{"old, before new", old, testTime().Add(-2 * time.Hour), "old", nil},
		{"new, before its time", young, testTime().Add(-2 * time.Hour), "", signature.ErrMismatch},
		{"old, after its time", old, testTime().Add(time.Second), "", signature.ErrMismatch},
		{"none", http.Header{}, testTime(), "", signature.ErrNoSignature},
		{"empty", http.Header{"X-Api-Key": {""}}, testTime(), "", signature.ErrNoSignature},
		{"two", http.Header{"X-Api-Key": {tokenOld, tokenOld}}, testTime(), "", signature.ErrBadHeader},
		{"prefix", http.Header{"X-Api-Key": {tokenOld[:19]}}, testTime(), "", signature.ErrMismatch},
		{"longer", http.Header{"X-Api-Key": {tokenOld + "a"}}, testTime(), "", signature.ErrMismatch},
		{"other case", http.Header{"X-Api-Key": {strings.ToUpper(tokenOld)}}, testTime(), "", signature.ErrMismatch},
		{"without its word", http.Header{"X-Api-Key": {strings.TrimPrefix(tokenNew, "Basic ")}}, testTime(), "", signature.ErrMismatch},
		{"too long", http.Header{"X-Api-Key": {strings.Repeat("a", 4097)}}, testTime(), "", signature.ErrBadHeader},
		{"another header", http.Header{"X-Other": {tokenOld}}, testTime(), "", signature.ErrNoSignature},
	} {
		t.Run(tc.name, func(t *testing.T) {
			key, err := s.Verify(tc.header, []byte(testBody), tc.at)
			require.Equal(t, tc.key, key)
			require.ErrorIs(t, err, tc.err)
			if tc.err != nil {
				require.ErrorIs(t, err, signature.ErrRefused)
				require.NotContains(t, err.Error(), tokenOld)
			}
		})
	}
}

func TestToken_Verify_needsAKeyThatIsValid(t *testing.T) {
	s := signature.Must(signature.NewToken("X-Api-Key", signature.Key{Secret: tokenOld, NotAfter: testTime()}))
	_, err := s.Verify(http.Header{"X-Api-Key": {tokenOld}}, nil, testTime().Add(time.Second))
	require.ErrorIs(t, err, signature.ErrNoKey)
	require.ErrorIs(t, s.Sign(http.Header{}, "", nil, testTime().Add(time.Second)), signature.ErrCannotSign)
}

func TestToken_Check_isForTokensFromElsewhere(t *testing.T) {
	s := newToken(t)
	key, err := s.Check(tokenNew, testTime())
	require.NoError(t, err)
	require.Equal(t, "new", key)
	_, err = s.Check("", testTime())
	require.ErrorIs(t, err, signature.ErrNoSignature)
	_, err = s.Check("guess", testTime())
	require.ErrorIs(t, err, signature.ErrMismatch)
}

func TestToken_Sign_setsTheFirstValidKey(t *testing.T) {
	s, h := newToken(t), http.Header{"X-Api-Key": {"another"}}
	require.NoError(t, s.Sign(h, "", nil, testTime()))
	require.Equal(t, http.Header{"X-Api-Key": {tokenOld}}, h)
	require.NoError(t, s.Sign(h, "", nil, testTime().Add(time.Second)))
	require.Equal(t, http.Header{"X-Api-Key": {tokenNew}}, h)
	require.ErrorIs(t, s.Sign(nil, "", nil, testTime()), signature.ErrCannotSign)
}

func TestToken_zeroValueRefusesEverything(t *testing.T) {
	var s signature.Token
	_, err := s.Verify(http.Header{"": {""}}, nil, testTime())
	require.ErrorIs(t, err, signature.ErrNoKey)
	_, err = s.Check("", testTime())
	require.ErrorIs(t, err, signature.ErrNoKey)
	require.ErrorIs(t, s.Sign(http.Header{}, "", nil, testTime()), signature.ErrCannotSign)
}

func TestToken_printsNoSecret(t *testing.T) {
	s := newToken(t)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		require.NotContains(t, fmt.Sprintf(verb, s), tokenOld)
	}
}

func TestToken_Verify_doesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	s := newToken(t)
	for _, value := range []string{tokenOld, tokenNew, strings.Repeat("x", 200), strings.Repeat("x", 4096), strings.Repeat("x", 4097)} {
		h := http.Header{"X-Api-Key": {value}}
		require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = s.Verify(h, nil, testTime()) }))
	}
}

func TestNewToken_refusesWhatCannotBeOne(t *testing.T) {
	for secret, want := range map[string]string{
		"":                                "secret is empty",
		"0123456789abcde":                 "has 15 bytes",
		"Bearer 0123456789abcde":          "has 15 bytes",
		"0123456789abcdef\n0123456789":    "printable ASCII",
		"0123456789abcdefä":               "printable ASCII",
		"aaaaaaaaaaaaaaaaaaaaaaaa":        "one byte over and over",
		"Bearer ${EVENTBRIDGE_TOKEN_ENV}": "placeholder",
		strings.Repeat("ab", 2049):        "at most 4096 bytes",
		"-----BEGINRSAPRIVATEKEY-----":    "PEM file",
	} {
		_, err := signature.NewToken("X-Api-Key", signature.Key{Secret: secret})
		require.ErrorContains(t, err, want, secret)
	}
	for _, name := range []string{"", "X Api Key", "X-Api-Key: " + tokenOld, tokenNew} {
		_, err := signature.NewToken(name, signature.Key{Secret: tokenOld})
		require.ErrorContains(t, err, "is not a header name")
		require.NotContains(t, err.Error(), tokenOld, "it may be a secret, or have one in it")
		require.NotContains(t, err.Error(), tokenNew)
	}
	_, err := signature.NewToken("X-Api-Key")
	require.ErrorContains(t, err, "no keys")
}

func FuzzToken(f *testing.F) {
	for _, seed := range []string{"", tokenOld, tokenNew, tokenOld + " ", strings.Repeat("a", 5000)} {
		f.Add(seed)
	}
	s := signature.Must(signature.NewToken("X-Api-Key", signature.Key{Secret: tokenOld}, signature.Key{Secret: tokenNew}))
	strangers := s.Diagnose(http.Header{"X-Api-Key": {"a stranger's"}}, nil, testTime())
	f.Fuzz(func(t *testing.T, token string) {
		_, err := s.Verify(http.Header{"X-Api-Key": {token}}, nil, testTime())
		require.Equal(t, token == tokenOld || token == tokenNew, err == nil)
		d := s.Diagnose(http.Header{"X-Api-Key": {token}}, nil, testTime())
		require.Equal(t, err, d.Err)
		require.Equal(t, err == nil, len(d.Findings) == 0)
		if d.Has(signature.CauseUnexplained) {
			require.Equal(t, strangers.String(), d.String(), "nothing of it is shown")
		}
	})
}

func ExampleToken() {
	token := signature.Must(signature.NewToken("X-Api-Key",
		signature.Key{Name: "2025", Secret: "3f6c1f7bb0f44e0c9d3a", NotAfter: time.Date(2026, 1, 31, 0, 0, 0, 0, time.UTC)},
		signature.Key{Name: "2026", Secret: "b52e8a01d8c94f6e8b77"},
	))
	at := time.Date(2026, 1, 15, 0, 0, 0, 0, time.UTC)
	fmt.Println(token.Verify(http.Header{"X-Api-Key": {"3f6c1f7bb0f44e0c9d3a"}}, nil, at))
	fmt.Println(token.Verify(http.Header{"X-Api-Key": {"3f6c1f7bb0f44e0c9d3a"}}, nil, at.AddDate(0, 1, 0)))
	// Output:
	// 2025 <nil>
	//  signature: mismatch
}

func TestToken_Conceal_leavesOutTheHeaderOfACopy(t *testing.T) {
	s, h := newToken(t), http.Header{"X-Api-Key": {tokenOld}, "Date": {"today"}}
	require.Equal(t, http.Header{"Date": {"today"}}, s.Conceal(h))
	require.Equal(t, tokenOld, h.Get("X-Api-Key"))
	h.Del("X-Api-Key")
	require.Equal(t, h, s.Conceal(h))
	require.Equal(t, h, new(signature.Token).Conceal(h))
}
