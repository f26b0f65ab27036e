package signature_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

func TestKey_neverShowsItsSecret(t *testing.T) {
	const secret = "whsec_c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0"
	for _, k := range []signature.Key{
		{Name: "main", Secret: secret},
		{Secret: secret},
		{Name: secret, Secret: secret},
		{Name: "main " + secret, Secret: secret},
		{Name: secret},
	} {
		var out bytes.Buffer
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%10s", "%T"} {
			fmt.Fprintf(&out, verb+verb+verb, k, &k, []signature.Key{k})
			fmt.Fprintf(&out, verb, struct{ Key signature.Key }{k})
		}
		fmt.Fprintln(&out, k, k.String(), k.GoString())
		b, err := json.Marshal(map[string]any{"value": k, "pointer": &k})
		require.NoError(t, err)
		out.Write(b)
		b, err = xml.Marshal(k)
		require.NoError(t, err)
		out.Write(b)
		for _, h := range []slog.Handler{slog.NewJSONHandler(&out, nil), slog.NewTextHandler(&out, nil)} {
			slog.New(h).Info("k", "value", k, "pointer", &k, "slice", []signature.Key{k})
		}
		requireHidden(t, out.String(), secret)
	}
	require.Equal(t, `key "main"`, fmt.Sprint(signature.Key{Name: "main"}))
	require.Equal(t, `signature.Key{Name:"main", Secret:hidden}`, fmt.Sprintf("%#v", signature.Key{Name: "main"}))
}

// requireHidden checks that no half of the secret is in the text, neither as it
// is nor in hexadecimal.
func requireHidden(tb testing.TB, text, secret string) {
	tb.Helper()
	half := len(secret) / 2
	for _, piece := range []string{secret[:half], secret[half:]} {
		require.NotContains(tb, text, piece)
		require.NotContains(tb, strings.ToLower(text), fmt.Sprintf("%x", piece))
	}
}

func TestSchemes_neverShowTheirSecrets(t *testing.T) {
	for _, s := range allSchemes(t) {
		for _, secret := range []string{secretHMAC, secretPrivate, secretRaw} {
			requireHidden(t, fmt.Sprintf("%v%+v%#v", s.Verifier, s.Verifier, s.Verifier), secret)
		}
	}
}

// constructors makes every scheme from the same keys.
func constructors() map[string]func(...signature.Key) error {
	return map[string]func(...signature.Key) error{
		"standard webhooks": func(k ...signature.Key) error { _, err := signature.NewStandardWebhooks(k...); return err },
		"stripe":            func(k ...signature.Key) error { _, err := signature.NewStripe(k...); return err },
		"github":            func(k ...signature.Key) error { _, err := signature.NewGitHub(k...); return err },
		"slack":             func(k ...signature.Key) error { _, err := signature.NewSlack(k...); return err },
		"template": func(k ...signature.Key) error {
			_, err := signature.NewTemplate(signature.Format{Header: "X"}, k...)
			return err
		},
	}
}

func TestConstructors_refuseKeys(t *testing.T) {
	now := time.Now()
	// The same secret serves all schemes but GitHub and Slack.
	good := map[string]string{
		"standard webhooks": secretHMAC, "stripe": secretHMAC, "template": secretHMAC,
		"github": secretRaw, "slack": secretRaw,
	}
	for scheme, construct := range constructors() {
		secret := good[scheme]
		require.NoError(t, construct(signature.Key{Secret: secret}))
		for want, keys := range map[string][]signature.Key{
			"no keys, want at least one":                    {},
			`key "main" (number 1): secret is empty`:        {{Name: "main"}},
			`key "key1" (number 1): secret is blank`:        {{Secret: " \n"}},
			`key "a" (number 1): secret has white space`:    {{Name: "a", Secret: secret + "\n"}},
			`key "b" (number 1): secret has white space`:    {{Name: "b", Secret: " " + secret}},
			`key "a" (number 1): NotAfter is before`:        {{Name: "a", Secret: secret, NotBefore: now, NotAfter: now.Add(-1)}},
			`key "a" (number 2): another key has that name`: {{Name: "a", Secret: secret}, {Name: "a", Secret: secret + "aaaa"}},
			`key "key2" (number 2): another key has that`:   {{Name: "key2", Secret: secret}, {Secret: secret + "aaaa"}},
			`key "b" (number 2): secret is that of key "a"`: {{Name: "a", Secret: secret}, {Name: "b", Secret: secret}},
			`key "withheld" (number 1): name contains`:      {{Name: secret, Secret: secret}},
			`key "withheld" (number 1): name looks like`:    {{Name: "whsk_6Xb/dCcHpPea21PS1N9V", Secret: secret}},
			`key "withheld" (number 1): name has 65 bytes`:  {{Name: strings.Repeat("n", 65), Secret: secret}},
		} {
			err := construct(keys...)
			require.ErrorContains(t, err, scheme+": "+want)
			requireHidden(t, err.Error(), secret)
			for ; err != nil; err = errors.Unwrap(err) {
				requireHidden(t, fmt.Sprintf("%+v %#v", err, err), secret)
			}
		}
	}
}

func TestConstructors_hideRefusedSecrets(t *testing.T) {
	for _, construct := range constructors() {
		for _, secret := range []string{
			"sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc", "ghp_16C7e42F292c6912E7710c838347Ae178B4a", "xoxb-" + "17653672481-19874698323",
			"whsec_MfKQ9r8GKYqrTwjUPD8", "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfV", "whpk_1SiA4o9hyqTCpIqC5V9HUak", "hunter2-hunter",
		} {
			if err := construct(signature.Key{Secret: secret}); err != nil {
				requireHidden(t, err.Error(), secret)
			}
		}
	}
}

func TestMust(t *testing.T) {
	require.Equal(t, 1, signature.Must(1, nil))
	require.PanicsWithError(t, "broken", func() { signature.Must(1, errors.New("broken")) })
}
