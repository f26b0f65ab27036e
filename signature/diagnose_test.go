package signature_test

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

// diagnosed is a scheme whose requests are made by hand, so that they can be
// wrong in every way.
type diagnosed struct {
	name   string
	make   func(keys ...signature.Key) (diagnoser, error)
	secret string // as it is configured
	key    []byte // of the HMAC
	signed string // the right layout
	write  func(sum []byte, id, stamp string) http.Header
}

type diagnoser interface {
	signature.Verifier
	signature.Diagnoser
}

func as[T diagnoser](made func(...signature.Key) (T, error)) func(...signature.Key) (diagnoser, error) {
	return func(keys ...signature.Key) (diagnoser, error) { return made(keys...) }
}

func newDiagnosedTemplate(keys ...signature.Key) (*signature.Template, error) {
	return signature.NewTemplate(signature.Format{
		Header: "X-Signature", Encoding: signature.Base64, TimestampHeader: "X-Timestamp", IDHeader: "X-Id",
		Signed: "{id}.{timestamp}.{body}", MinSecret: 8,
	}, keys...)
}

const (
	secretStripe = "whsec_8kQ2mZ0aLr7TtYx3Vb5NcW1dEf6GhJ9s"
	secretWord   = "correct-horse-battery-staple-0451"
)

func allDiagnosed() []diagnosed {
	standardKey, _ := base64.StdEncoding.DecodeString(strings.TrimPrefix(secretHMAC, "whsec_"))
	return []diagnosed{
		{
			"Standard Webhooks", as(signature.NewStandardWebhooks), secretHMAC, standardKey, "{id}.{timestamp}.{body}",
			func(sum []byte, id, stamp string) http.Header {
				return http.Header{
					"Webhook-Id": {id}, "Webhook-Timestamp": {stamp}, "Webhook-Signature": {"v1," + base64.StdEncoding.EncodeToString(sum)},
				}
			},
		},
		{
			"Stripe", as(signature.NewStripe), secretStripe, []byte(secretStripe), "{timestamp}.{body}",
			func(sum []byte, _, stamp string) http.Header {
				return http.Header{"Stripe-Signature": {"t=" + stamp + ",v1=" + hex.EncodeToString(sum)}}
			},
		},
		{
			"GitHub", as(signature.NewGitHub), secretWord, []byte(secretWord), "{body}",
			func(sum []byte, _, _ string) http.Header {
				return http.Header{"X-Hub-Signature-256": {"sha256=" + hex.EncodeToString(sum)}}
			},
		},
		{
			"Slack", as(signature.NewSlack), secretRaw, []byte(secretRaw), "v0:{timestamp}:{body}",
			func(sum []byte, _, stamp string) http.Header {
				return http.Header{"X-Slack-Request-Timestamp": {stamp}, "X-Slack-Signature": {"v0=" + hex.EncodeToString(sum)}}
			},
		},
		{
			"Template", as(newDiagnosedTemplate), secretWord, []byte(secretWord), "{id}.{timestamp}.{body}",
			func(sum []byte, id, stamp string) http.Header {
				return http.Header{"X-Id": {id}, "X-Timestamp": {stamp}, "X-Signature": {base64.StdEncoding.EncodeToString(sum)}}
			},
		},
	}
}

func (d diagnosed) timed() bool { return strings.Contains(d.signed, "{timestamp}") }

// sign makes a request's headers with any key, layout and timestamp.
func (d diagnosed) sign(key []byte, signed, body, stamp string) http.Header {
	mac := hmac.New(sha256.New, key)
	mac.Write([]byte(strings.NewReplacer("{id}", testID, "{timestamp}", stamp, "{body}", body).Replace(signed)))
	return d.write(mac.Sum(nil), testID, stamp)
}

func (d diagnosed) stamp() string { return strconv.FormatInt(testTime().Unix(), 10) }

// headers signs as is right.
func (d diagnosed) headers(body string) http.Header { return d.sign(d.key, d.signed, body, d.stamp()) }

// requireDiagnosis diagnoses a request that must be refused, and looks for
// whatever must not be shown.
func requireDiagnosis(tb testing.TB, d diagnosed, v diagnoser, h http.Header, body string, at time.Time) signature.Diagnosis {
	tb.Helper()
	_, err := v.Verify(h, []byte(body), at)
	require.ErrorIs(tb, err, signature.ErrRefused)
	was := strings.Clone(body)
	diagnosis := v.Diagnose(h, []byte(body), at)
	require.Equal(tb, was, body)
	require.Equal(tb, err, diagnosis.Err)
	require.NotEmpty(tb, diagnosis.Findings)
	require.Equal(tb, d.name, diagnosis.Scheme)
	requireShowsNothing(tb, diagnosis, d.secrets(h, body)...)
	return diagnosis
}

// secrets are all texts that no diagnosis of the request may have a part of: the
// secret in all its forms, every signature, the right ones included, and the
// body.
func (d diagnosed) secrets(h http.Header, body string) []string {
	right := d.headers(body)
	texts := []string{
		d.secret, strings.TrimPrefix(d.secret, "whsec_"), string(d.key), hex.EncodeToString(d.key),
		base64.StdEncoding.EncodeToString(d.key), body,
	}
	for _, header := range []http.Header{h, right} {
		for _, values := range header {
			for _, value := range values {
				texts = append(texts, strings.FieldsFunc(value, func(r rune) bool { return strings.ContainsRune(",= ", r) })...)
			}
		}
	}
	return texts
}

// requireShowsNothing looks for parts of the texts, of 8 bytes and more, in
// everything that a diagnosis can be printed as.
func requireShowsNothing(tb testing.TB, d signature.Diagnosis, texts ...string) {
	tb.Helper()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("refused", "diagnosis", d)
	asJSON, err := json.Marshal(d) //nolint:musttag // as somebody may do who logs it
	require.NoError(tb, err)
	shown := d.String() + fmt.Sprintf("%v %+v %#v %q", d, d, d, d) + log.String() + string(asJSON)
	for _, text := range texts {
		const part = 8
		for i := 0; i+part <= len(text); i++ {
			if strings.Contains(shown, text[i:i+part]) {
				require.Failf(tb, "a diagnosis shows what it must not", "%q of %q in %s", text[i:i+part], text, shown)
			}
		}
	}
}

// rich is JSON with all that encoders disagree about.
const rich = `{"url":"https://x.test/a?b=1&c=<2>","name":"Jörg 🌵","b":[1,2.50,{"z":null,"a":true}],"a":"line\nbreak"}`

// TestDiagnose_findsAChangedBody signs one form of a body and delivers another.
func TestDiagnose_findsAChangedBody(t *testing.T) {
	indent := func(text string) string {
		var b bytes.Buffer
		require.NoError(t, json.Indent(&b, []byte(text), "", "  "))
		return b.String()
	}
	goEncoded := func(escape bool) string {
		var value any
		require.NoError(t, json.Unmarshal([]byte(rich), &value))
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(escape)
		require.NoError(t, e.Encode(value))
		return strings.ReplaceAll(strings.TrimSpace(b.String()), "2.5,", "2.50,")
	}
	const (
		python   = `{"url": "https://x.test/a?b=1&c=<2>", "name": "J\u00f6rg \ud83c\udf35", "b": [1, 2.50, {"z": null, "a": true}], "a": "line\nbreak"}`
		php      = `{"url":"https:\/\/x.test\/a?b=1&c=<2>","name":"J\u00f6rg \ud83c\udf35","b":[1,2.50,{"z":null,"a":true}],"a":"line\nbreak"}`
		slashed  = `{"url":"https:\/\/x.test\/a?b=1&c=<2>","name":"Jörg 🌵","b":[1,2.50,{"z":null,"a":true}],"a":"line\nbreak"}`
		htmlSafe = `{"url":"https://x.test/a?b=1\u0026c=\u003c2\u003e","name":"Jörg 🌵","b":[1,2.50,{"z":null,"a":true}],"a":"line\nbreak"}`
	)
	for name, test := range map[string]struct{ sent, arrived, want string }{
		"compacted on the way":        {indent(rich), rich, "indented by two spaces"},
		"indented on the way":         {rich, indent(rich), "without spaces"},
		"sorted on the way from go":   {goEncoded(true), rich, "keys are sorted and <, > and & are escaped"},
		"sorted":                      {goEncoded(false), rich, "keys are sorted"},
		"newline taken off":           {rich + "\n", rich, "a newline is put at its end"},
		"crlf taken off":              {rich + "\r\n", rich, "a carriage return and a newline are put at its end"},
		"newline put there":           {rich, rich + "\n", "taken off"},
		"crlf made":                   {"a: 1\nb: 2\n", "a: 1\r\nb: 2\r\n", "CRLF is made LF"},
		"crlf unmade":                 {"a: 1\r\nb: 2\r\n", "a: 1\nb: 2\n", "LF is made CRLF"},
		"html escaped on the way":     {rich, htmlSafe, "escapes that need not be are undone"},
		"html unescaped on the way":   {htmlSafe, rich, `(\u003c)`},
		"slashes escaped on the way":  {rich, slashed, "undone"},
		"slashes unescaped":           {slashed, rich, "slashes are escaped"},
		"bom put before":              {rich, "\xef\xbb\xbf" + rich, "byte order mark is taken off"},
		"bom taken off":               {"\xef\xbb\xbf" + rich, rich, "byte order mark is put"},
		"ascii on the way":            {rich, php, "undone"},
		"python's, encoded by others": {python, rich, "a space after each comma and colon and characters outside ASCII are escaped"},
		"php's, encoded by others":    {php, rich, "slashes and characters outside ASCII are escaped"},
		"indented, with a newline":    {indent(rich) + "\n", rich, "with a newline at its end"},
		"base64 by a gateway":         {rich, base64.StdEncoding.EncodeToString([]byte(rich)), "decoded from base64"},
		"in a string":                 {rich, strconv.Quote(`{"a":1}`), ""},
		"out of a form":               {"payload=%7B%22a%22%3A1%7D", `{"a":1}`, "field payload of a form"},
		"still in a form":             {`{"a":1}`, "payload=%7B%22a%22%3A1%7D", "taken out of the form"},
		"form sorted":                 {"a=1&b=x+y", "b=x+y&a=1", "the form is encoded anew"},
		"form's spaces":               {"b=x%20y&a=1", "b=x+y&a=1", "written %20"},
	} {
		if test.want == "" {
			test.sent, test.want = `{"a":1}`, "taken out of its JSON string"
		}
		t.Run(name, func(t *testing.T) {
			for _, d := range allDiagnosed() {
				v := signature.Must(d.make(signature.Key{Name: "k", Secret: d.secret}))
				got := requireDiagnosis(t, d, v, d.headers(test.sent), test.arrived, testTime())
				require.Len(t, got.Findings, 1)
				require.Equal(t, signature.CauseBodyChanged, got.Findings[0].Cause, got.String())
				require.Equal(t, "k", got.Findings[0].Key)
				require.Contains(t, got.String(), test.want)
			}
		})
	}
}

// TestDiagnose_findsASecretReadDifferently signs with what senders make of a
// secret.
func TestDiagnose_findsASecretReadDifferently(t *testing.T) {
	std := base64.StdEncoding
	unhex := func(text string) []byte { b, _ := hex.DecodeString(text); return b }
	unbase64 := func(text string) []byte { b, _ := std.DecodeString(text); return b }
	inner := []byte("0123456789abcdef01234567")
	once := std.EncodeToString(inner)
	for name, test := range map[string]struct {
		scheme, secret string
		key            []byte
		want           string
	}{
		"prefix and all":           {"Standard Webhooks", secretHMAC, []byte(secretHMAC), "with whsec_ and not decoded"},
		"not decoded":              {"Standard Webhooks", secretHMAC, []byte(secretHMAC[6:]), "without whsec_, not decoded"},
		"prefix, newline":          {"Standard Webhooks", secretHMAC, []byte(secretHMAC + "\n"), "not decoded, with a newline"},
		"no prefix, newline":       {"Standard Webhooks", secretHMAC, []byte(secretHMAC[6:] + "\n"), "without whsec_, with a newline"},
		"newline was encoded":      {"Standard Webhooks", "whsec_" + std.EncodeToString([]byte(secretRaw+"\n")), []byte(secretRaw), "white space"},
		"newline was not encoded":  {"Standard Webhooks", "whsec_" + std.EncodeToString([]byte(secretRaw)), []byte(secretRaw + "\n"), "newline"},
		"base64 twice":             {"Standard Webhooks", "whsec_" + std.EncodeToString([]byte(once)), inner, "twice"},
		"hex inside":               {"Standard Webhooks", "whsec_" + std.EncodeToString([]byte(secretRaw)), unhex(secretRaw), "hexadecimal"},
		"stripe, without prefix":   {"Stripe", secretStripe, []byte(secretStripe[6:]), "without whsec_"},
		"stripe, decoded":          {"Stripe", secretHMAC, unbase64(secretHMAC[6:]), "decoded from base64"},
		"stripe, prefix forgotten": {"Stripe", secretStripe[6:], []byte(secretStripe), "after whsec_"},
		"stripe, quotes":           {"Stripe", secretStripe, []byte(`"` + secretStripe + `"`), "in double quotes"},
		"github, newline":          {"GitHub", secretWord, []byte(secretWord + "\n"), "newline"},
		"github, crlf":             {"GitHub", secretWord, []byte(secretWord + "\r\n"), "carriage return"},
		"github, space":            {"GitHub", secretWord, []byte(secretWord + " "), "space at its end"},
		"github, space before":     {"GitHub", secretWord, []byte(" " + secretWord), "after a space"},
		"github, quotes":           {"GitHub", secretWord, []byte("'" + secretWord + "'"), "in single quotes"},
		"slack, hex":               {"Slack", secretRaw, unhex(secretRaw), "decoded from hexadecimal"},
		"template, base64":         {"Template", secretWord, []byte(std.EncodeToString([]byte(secretWord))), "encoded in base64"},
		"template, hex":            {"Template", secretWord, []byte(hex.EncodeToString([]byte(secretWord))), "encoded in hexadecimal"},
	} {
		t.Run(name, func(t *testing.T) {
			for _, d := range allDiagnosed() {
				if d.name != test.scheme {
					continue
				}
				d.secret = test.secret
				v := signature.Must(d.make(signature.Key{Name: "k", Secret: test.secret}))
				got := requireDiagnosis(t, d, v, d.sign(test.key, d.signed, rich, d.stamp()), rich, testTime())
				require.Equal(t, []signature.Cause{signature.CauseSecretRead}, causes(got), got.String())
				require.Contains(t, got.String(), test.want)
				requireShowsNothing(t, got, test.secret, string(test.key))
			}
		})
	}
}

func causes(d signature.Diagnosis) []signature.Cause {
	all := make([]signature.Cause, 0, len(d.Findings))
	for _, f := range d.Findings {
		all = append(all, f.Cause)
	}
	return all
}

func TestDiagnose_findsAMessageBuiltDifferently(t *testing.T) {
	for _, d := range allDiagnosed() {
		v := signature.Must(d.make(signature.Key{Secret: d.secret}))
		for _, signed := range []string{
			"{body}", "{timestamp}.{body}", "{id}.{body}", "{id}.{timestamp}.{body}", "v0:{timestamp}:{body}", "{timestamp}{body}",
		} {
			missing := strings.Contains(signed, "{id}") && !strings.Contains(d.signed, "{id}") ||
				strings.Contains(signed, "{timestamp}") && !d.timed()
			if signed == d.signed || missing {
				continue
			}
			got := requireDiagnosis(t, d, v, d.sign(d.key, signed, rich, d.stamp()), rich, testTime())
			require.Equal(t, []signature.Cause{signature.CauseMessage}, causes(got))
			require.Contains(t, got.String(), `"`+signed+`", want "`+d.signed+`"`)
		}
		if !d.timed() {
			continue
		}
		got := requireDiagnosis(t, d, v, d.sign(d.key, "", rich, d.stamp()), rich, testTime())
		require.Equal(t, []signature.Cause{signature.CauseMessage}, causes(got))
		require.Contains(t, got.String(), "no body")
	}
}

// TestDiagnose_tellsGoodButOldFromBad has the clock wrong, and then the secret
// as well.
func TestDiagnose_tellsGoodButOldFromBad(t *testing.T) {
	for _, d := range allDiagnosed() {
		if !d.timed() {
			continue
		}
		v := signature.Must(d.make(signature.Key{Name: "k", Secret: d.secret}))
		for _, late := range []time.Duration{-6 * time.Minute, 301 * time.Second, 26 * time.Hour} {
			got := requireDiagnosis(t, d, v, d.headers(rich), rich, testTime().Add(late))
			require.Len(t, got.Findings, 1)
			f := got.Findings[0]
			require.Equal(t, signature.CauseClockSkew, f.Cause)
			require.Equal(t, -late, f.Skew)
			require.Equal(t, "k", f.Key)
			require.Contains(t, got.String(), `the signature is good (key "k")`)

			forged := d.sign([]byte("another secret, of a stranger"), d.signed, rich, d.stamp())
			got = requireDiagnosis(t, d, v, forged, rich, testTime().Add(late))
			require.Equal(t, []signature.Cause{signature.CauseClockSkew, signature.CauseUnexplained}, causes(got))
			require.Equal(t, -late, got.Findings[0].Skew)
			require.Empty(t, got.Findings[0].Key)
			require.NotContains(t, got.String(), "good")
		}
		changed := requireDiagnosis(t, d, v, d.headers(rich+"\n"), rich, testTime().Add(time.Hour))
		require.Equal(t, []signature.Cause{signature.CauseClockSkew, signature.CauseBodyChanged}, causes(changed))
	}
}

func TestDiagnose_namesAnOldKeyOfTheRing(t *testing.T) {
	other := map[string]string{"Standard Webhooks": "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk"}
	ended, begins := testTime().Add(-time.Hour), testTime().Add(time.Hour)
	for _, d := range allDiagnosed() {
		current := other[d.name]
		if current == "" {
			current = "whsec_current-secret-of-32-bytes"
			if d.name == "GitHub" || d.name == "Slack" {
				current = "current-secret-of-32-bytes"
			}
		}
		v := signature.Must(d.make(
			signature.Key{Name: "new", Secret: current}, signature.Key{Name: "old", Secret: d.secret, NotAfter: ended},
		))
		got := requireDiagnosis(t, d, v, d.headers(rich), rich, testTime())
		require.Equal(t, []signature.Finding{{Cause: signature.CauseKeyExpired, Key: "old", Since: ended}}, got.Findings)
		require.Contains(t, got.String(), `key "old", which was valid until 2021-02-25T14:02:10Z`)

		v = signature.Must(d.make(
			signature.Key{Name: "new", Secret: current}, signature.Key{Name: "next", Secret: d.secret, NotBefore: begins},
		))
		got = requireDiagnosis(t, d, v, d.headers(rich), rich, testTime())
		require.Equal(t, []signature.Finding{{Cause: signature.CauseKeyNotYetValid, Key: "next", Since: begins}}, got.Findings)

		v = signature.Must(d.make(signature.Key{Name: "old", Secret: d.secret, NotAfter: ended}))
		got = requireDiagnosis(t, d, v, d.headers(rich), rich, testTime())
		require.Equal(t, []signature.Cause{signature.CauseKeyExpired}, causes(got))
	}
}

func TestDiagnose_namesTheOtherProvider(t *testing.T) {
	all := allDiagnosed()
	for _, d := range all {
		v := signature.Must(d.make(signature.Key{Secret: d.secret}))
		got := requireDiagnosis(t, d, v, http.Header{"Content-Type": {"application/json"}}, rich, testTime())
		require.Equal(t, []signature.Cause{signature.CauseNoSignature}, causes(got))
		for _, other := range all {
			if other.name == d.name || other.name == "Template" {
				continue
			}
			got := requireDiagnosis(t, d, v, other.headers(rich), rich, testTime())
			require.Equal(t, []signature.Cause{signature.CauseNoSignature, signature.CauseOtherProvider}, causes(got))
			require.Equal(t, other.name, got.Findings[1].Provider)
		}
	}
}

func TestDiagnose_knowsSvixHeaders(t *testing.T) {
	d := allDiagnosed()[0]
	v := signature.Must(d.make(signature.Key{Name: "k", Secret: d.secret}))
	svix := func(h http.Header) http.Header {
		return http.Header{
			"Svix-Id": h["Webhook-Id"], "Svix-Timestamp": h["Webhook-Timestamp"], "Svix-Signature": h["Webhook-Signature"],
		}
	}
	got := requireDiagnosis(t, d, v, svix(d.headers(rich)), rich, testTime())
	require.Equal(t, []signature.Cause{signature.CauseOtherProvider}, causes(got))
	require.Contains(t, got.String(), "headers of Svix: set the scheme's Svix: the signature is good then")

	got = requireDiagnosis(t, d, v, svix(d.headers(rich+"\n")), rich, testTime())
	require.Equal(t, []signature.Cause{signature.CauseOtherProvider, signature.CauseBodyChanged}, causes(got))
}

func TestDiagnose_readsBadHeaders(t *testing.T) {
	by := make(map[string]diagnosed)
	for _, d := range allDiagnosed() {
		by[d.name] = d
	}
	sum := func(d diagnosed, stamp string) []byte {
		mac := hmac.New(sha256.New, d.key)
		mac.Write([]byte(strings.NewReplacer("{id}", testID, "{timestamp}", stamp, "{body}", rich).Replace(d.signed)))
		return mac.Sum(nil)
	}
	const (
		bad         = signature.CauseBadHeader
		form        = signature.CauseHeaderForm
		unsupported = signature.CauseUnsupported
		unexplained = signature.CauseUnexplained
	)
	millis := by["Slack"].stamp() + "000"
	type list = []signature.Cause
	for name, test := range map[string]struct {
		scheme string
		header http.Header
		causes list
		want   string
	}{
		"hex for base64": {
			"Standard Webhooks", with(by["Standard Webhooks"].headers(rich), "Webhook-Signature", "v1,"+hex.EncodeToString(sum(by["Standard Webhooks"], by["Slack"].stamp()))),
			list{bad, form},
			"Webhook-Signature is malformed",
		},
		"no version": {
			"Standard Webhooks", with(by["Standard Webhooks"].headers(rich), "Webhook-Signature", base64.StdEncoding.EncodeToString(sum(by["Standard Webhooks"], by["Slack"].stamp()))),
			list{unsupported, form},
			"want v1,<base64>",
		},
		"unknown version": {
			"Standard Webhooks", with(by["Standard Webhooks"].headers(rich), "Webhook-Signature", "v2,abcd"),
			list{unsupported, unexplained},
			"v2, want v1,<base64>",
		},
		"asymmetric": {
			"Standard Webhooks", with(by["Standard Webhooks"].headers(rich), "Webhook-Signature", "v1a,abcd"),
			list{unsupported, unexplained},
			"v1a, want",
		},
		"no id":        {"Standard Webhooks", with(by["Standard Webhooks"].headers(rich), "Webhook-Id"), list{bad, unexplained}, "no Webhook-Id"},
		"milliseconds": {"Slack", by["Slack"].sign(by["Slack"].key, by["Slack"].signed, rich, millis), list{bad, form}, "in milliseconds, want seconds"},
		"stripe, milliseconds": {
			"Stripe", by["Stripe"].sign(by["Stripe"].key, by["Stripe"].signed, rich, millis), list{bad, form}, "in milliseconds",
		},
		"a time": {
			"Slack", by["Slack"].sign(by["Slack"].key, by["Slack"].signed, rich, "2021-02-25T15:02:10Z"), list{bad, form}, "RFC 3339",
		},
		"stripe, v0 only": {
			"Stripe",
			http.Header{"Stripe-Signature": {strings.Replace(by["Stripe"].headers(rich).Get("Stripe-Signature"), "v1=", "v0=", 1)}},
			list{unsupported, form},
			"v0, want t=<seconds>,v1=<hex>",
		},
		"stripe, base64": {
			"Stripe",
			http.Header{"Stripe-Signature": {"t=" + by["Stripe"].stamp() + ",v1=" + base64.StdEncoding.EncodeToString(sum(by["Stripe"], by["Stripe"].stamp()))}},
			list{bad, form},
			"malformed",
		},
		"github, no prefix": {
			"GitHub", http.Header{"X-Hub-Signature-256": {hex.EncodeToString(sum(by["GitHub"], ""))}}, list{unsupported, form}, "want sha256=<hex>",
		},
		"github, twice": {
			"GitHub", with(by["GitHub"].headers(rich), "X-Hub-Signature-256", by["GitHub"].headers(rich).Get("X-Hub-Signature-256"), "x"),
			list{bad, form},
			"repeated",
		},
		"github, sha1": {
			"GitHub", http.Header{"X-Hub-Signature": {"sha1=00"}}, list{signature.CauseNoSignature, unsupported}, "SHA-1",
		},
		"not canonical": {
			"GitHub",
			http.Header{"x-hub-signature-256": by["GitHub"].headers(rich)["X-Hub-Signature-256"]},
			list{signature.CauseNoSignature, bad},
			"not canonical",
		},
		"nothing in it": {"Stripe", http.Header{"Stripe-Signature": {"t=" + by["Stripe"].stamp() + ",v1=zz"}}, list{bad, unexplained}, "nothing that could be one"},
	} {
		t.Run(name, func(t *testing.T) {
			d := by[test.scheme]
			v := signature.Must(d.make(signature.Key{Name: "k", Secret: d.secret}))
			got := requireDiagnosis(t, d, v, test.header, rich, testTime())
			require.Equal(t, test.causes, causes(got), got.String())
			require.Contains(t, got.String(), test.want)
		})
	}
}

func TestDiagnose_suspectsSecretsOfAnotherKind(t *testing.T) {
	for _, test := range []struct{ scheme, secret, want string }{
		{"Template", "sk_live_abcdefghijklmnop", "a secret API key"},
		{"Template", "xoxb-1234567890-abcdefghij", "a token of Slack"},
		{"GitHub", "re_abcdefghijklmnopqrstuvw", "an API key of Resend"},
		{"Slack", "glpat-abcdefghijklmnopqr", "a token of GitLab"},
		{"GitHub", "https://example.com/webhooks", "a URL"},
		{"Template", "whsec_abcdefghijklmnopqrstuv", "an endpoint's secret of Stripe or Standard Webhooks"},
		{"Stripe", "abcdefghijklmnopqrstuvwxyz", "does not start with whsec_"},
		{"Slack", "twelve letters &c, of no use", "white space"},
		{"Template", "short-one", "short"},
		{"GitHub", `"from a file, with marks"`, "in quotes"},
		{"Standard Webhooks", "whsec_" + base64.StdEncoding.EncodeToString([]byte("sk_test_abcdefghijklmnop")), "a secret API key"},
	} {
		for _, d := range allDiagnosed() {
			if d.name != test.scheme {
				continue
			}
			d.secret = test.secret
			v := signature.Must(d.make(signature.Key{Name: "k", Secret: test.secret}))
			got := requireDiagnosis(t, d, v, d.headers("of another, with the key of this test"), rich, testTime())
			require.Equal(t, []signature.Cause{signature.CauseSecretKind, signature.CauseUnexplained}, causes(got), test.secret)
			require.Equal(t, "k", got.Findings[0].Key)
			require.Contains(t, got.String(), test.want)
			requireShowsNothing(t, got, test.secret)
		}
	}
}

func TestDiagnose_saysWhenItDoesNotKnow(t *testing.T) {
	for _, d := range allDiagnosed() {
		v := signature.Must(d.make(signature.Key{Secret: d.secret}))
		forged := d.sign([]byte("another secret, of a stranger"), d.signed, rich, d.stamp())
		got := requireDiagnosis(t, d, v, forged, rich, testTime())
		require.Equal(t, []signature.Cause{signature.CauseUnexplained}, causes(got))
		require.Contains(t, got.String(), "probably another secret, or forged")

		got = requireDiagnosis(t, d, v, d.headers(rich), "", testTime())
		require.Equal(t, []signature.Cause{signature.CauseBodyEmpty, signature.CauseUnexplained}, causes(got))

		large := strings.Repeat("x", 256<<10+1)
		got = requireDiagnosis(t, d, v, d.headers(large+"\n"), large, testTime())
		require.Equal(t, []signature.Cause{signature.CauseUnexplained}, causes(got))
		require.Contains(t, got.String(), "too large")

		accepted := v.Diagnose(d.headers(rich), []byte(rich), testTime())
		require.Equal(t, signature.Diagnosis{Scheme: d.name}, accepted)
		require.Equal(t, d.name+": the signature is good", accepted.String())
	}
}

func TestDiagnose_looksIntoAsymmetricSignatures(t *testing.T) {
	d := allDiagnosed()[0]
	v := signature.Must(signature.NewStandardWebhooks(signature.Key{Name: "k", Secret: secretPrivate}))
	for body, cause := range map[string]signature.Cause{
		rich + "\n":     signature.CauseBodyChanged,
		"another":       signature.CauseUnexplained,
		"{}" + rich[2:]: signature.CauseUnexplained,
	} {
		h := make(http.Header)
		require.NoError(t, v.Sign(h, testID, []byte(body), testTime()))
		got := requireDiagnosis(t, d, v, h, rich, testTime())
		require.Equal(t, []signature.Cause{cause}, causes(got))
	}
	h := make(http.Header)
	require.NoError(t, v.Sign(h, testID, []byte(rich), testTime()))
	got := requireDiagnosis(t, d, v, h, rich, testTime().Add(time.Hour))
	require.Equal(t, "k", got.Findings[0].Key)
}

func TestDiagnose_ofASchemeWithoutKeys(t *testing.T) {
	for _, v := range []diagnoser{
		new(signature.StandardWebhooks), new(signature.Stripe), new(signature.GitHub), new(signature.Slack), new(signature.Template),
	} {
		got := v.Diagnose(http.Header{"Svix-Signature": {"x"}, "X-Hub-Signature": {"x"}}, nil, testTime())
		require.ErrorIs(t, got.Err, signature.ErrNoKey)
		require.Equal(t, []signature.Cause{signature.CauseNoKeys}, causes(got))
	}
}

// TestDiagnose_isBounded has the largest body and the most keys: it is cut off,
// and says so.
func TestDiagnose_isBounded(t *testing.T) {
	keys := make([]signature.Key, 20)
	for i := range keys {
		keys[i].Secret = fmt.Sprintf("a secret of its own, number %d", i)
	}
	v := signature.Must(signature.NewGitHub(keys...))
	d := allDiagnosed()[2]
	body := `{"a":"` + strings.Repeat("x/é", 60<<10) + `"}`
	got := v.Diagnose(d.headers(body), []byte(body), testTime())
	require.True(t, got.Has(signature.CauseUnexplained))
	require.Contains(t, got.String(), "not everything was tried")
}

// FuzzDiagnose throws anything at every scheme: nothing panics, what is refused
// has a finding and what is accepted has none.
func FuzzDiagnose(f *testing.F) {
	f.Add("v1,abc", "1614265330", "msg", []byte(rich))
	f.Add("t=1614265330,v1=00", "1614265330000", "{timestamp}", []byte("payload=%7B%7D"))
	f.Add("sha256=5e2e", "", "", []byte("\xef\xbb\xbf{\"a\": \"\\ud800\\u003c\"}\r\n"))
	f.Add("v0=", "-1", "a.b", []byte(`"e30="`))
	f.Add("", "999999999999", "", []byte("a=%zz&b=+"))
	schemes := make([]diagnoser, 0, 6)
	for _, d := range allDiagnosed() {
		schemes = append(schemes, signature.Must(d.make(signature.Key{Secret: d.secret})))
	}
	schemes = append(schemes, signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: secretPublic})))
	f.Fuzz(func(t *testing.T, sig, stamp, id string, body []byte) {
		h := http.Header{
			"Webhook-Signature": {sig}, "Stripe-Signature": {sig}, "X-Hub-Signature-256": {sig}, "X-Slack-Signature": {sig}, "X-Signature": {sig},
			"Webhook-Timestamp": {stamp}, "X-Slack-Request-Timestamp": {stamp}, "X-Timestamp": {stamp}, "Webhook-Id": {id}, "X-Id": {id},
		}
		was := bytes.Clone(body)
		for _, v := range schemes {
			d := v.Diagnose(h, body, testTime())
			_, err := v.Verify(h, body, testTime())
			require.Equal(t, err, d.Err)
			require.Equal(t, err == nil, len(d.Findings) == 0)
			require.NotEmpty(t, d.String())
		}
		require.Equal(t, was, body)
	})
}
