package signature_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

// sumOf returns the HMAC-SHA256 that a template's header should hold.
func sumOf(secret, signed string) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(signed))
	return mac.Sum(nil)
}

func TestTemplate_expressesOtherSenders(t *testing.T) {
	const stamp = "1614265330"
	hexOf := func(signed string) string { return hex.EncodeToString(sumOf(secretRaw, signed)) }
	for name, tc := range map[string]struct {
		format signature.Format
		want   http.Header
	}{
		"Basecamp": {
			signature.Format{Header: "X-Basecamp-Signature"},
			http.Header{"X-Basecamp-Signature": {hexOf(testBody)}},
		},
		"Gitea": {
			signature.Format{Header: "x-gitea-signature", Signed: "{body}"},
			http.Header{"X-Gitea-Signature": {hexOf(testBody)}},
		},
		"Whisperer": {
			signature.Format{Header: "X-Whisperer-Signature", Prefix: "sha256="},
			http.Header{"X-Whisperer-Signature": {"sha256=" + hexOf(testBody)}},
		},
		"Shopify": {
			signature.Format{Header: "X-Shopify-Hmac-Sha256", Encoding: signature.Base64},
			http.Header{"X-Shopify-Hmac-Sha256": {base64.StdEncoding.EncodeToString(sumOf(secretRaw, testBody))}},
		},
		"Slack": {
			signature.Format{
				Header: "X-Slack-Signature", Prefix: "v0=",
				TimestampHeader: "X-Slack-Request-Timestamp", Signed: "v0:{timestamp}:{body}",
			},
			http.Header{
				"X-Slack-Signature":         {"v0=" + hexOf("v0:"+stamp+":"+testBody)},
				"X-Slack-Request-Timestamp": {stamp},
			},
		},
		"all parts, body in the middle": {
			signature.Format{
				Header: "X-Sig", Prefix: "HMAC ", TimestampHeader: "X-Time", IDHeader: "X-Id",
				Signed: "<{timestamp}\n{body}/{id}>",
			},
			http.Header{
				"X-Sig":  {"HMAC " + hexOf("<"+stamp+"\n"+testBody+"/"+testID+">")},
				"X-Time": {stamp},
				"X-Id":   {testID},
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := signature.NewTemplate(tc.format, signature.Key{Secret: secretRaw})
			require.NoError(t, err)
			require.Equal(t, tc.want, signed(t, s))
			requireKey(t, "key1", s, tc.want)
			_, err = s.Verify(tc.want, []byte(testBody+" "), testTime())
			require.ErrorIs(t, err, signature.ErrMismatch)
		})
	}
}

// The signature is one that the original implementation sent.
func TestTemplate_verifiesWhisperer(t *testing.T) {
	f := signature.Format{Header: "X-Whisperer-Signature", Prefix: "sha256=", MinSecret: 6}
	s := signature.Must(signature.NewTemplate(f, signature.Key{Secret: "secret"}))
	h := http.Header{"X-Whisperer-Signature": {"sha256=403d1ee568077d550b2162408687efc63e12427a21150c707e65757092f3ef78"}}
	body := `{"event": {"type": "package-created", "uuid": "da81e85139824c6187dd1e58a7d3f971"}, "payload": {"id": 61}}`
	_, err := s.Verify(h, []byte(body), testTime())
	require.NoError(t, err)
}

func TestTemplate_separatesSignatures(t *testing.T) {
	f := signature.Format{Header: "X-Sig", Prefix: "v1=", Separator: ","}
	s := signature.Must(signature.NewTemplate(f,
		signature.Key{Name: "new", Secret: secretRaw}, signature.Key{Name: "old", Secret: secretHMAC}))
	h := signed(t, s)
	first, second, ok := strings.Cut(h.Get("X-Sig"), ",")
	require.True(t, ok)
	wrong := "v1=" + strings.Repeat("0", 64)
	requireKey(t, "new", s, h)
	requireKey(t, "old", s, with(h, "X-Sig", wrong+", "+second))
	requireKey(t, "old", s, with(h, "X-Sig", "v0=00,,v2", second))
	requireKey(t, "new", s, with(h, "X-Sig", strings.Repeat(wrong+",", 9)+first))
	requireRefused(t, signature.ErrMismatch, s, with(h, "X-Sig", strings.Repeat(wrong+",", 10)+first))
	requireRefused(t, signature.ErrUnsupported, s, with(h, "X-Sig", "v0=00"))
	requireRefused(t, signature.ErrBadHeader, s, with(h, "X-Sig", "v1=00"))
}

func TestTemplate_Verify_checksTheID(t *testing.T) {
	f := signature.Format{Header: "X-Sig", IDHeader: "X-Id", Signed: "{id}|{body}"}
	s := signature.Must(signature.NewTemplate(f, signature.Key{Secret: secretRaw}))
	good := signed(t, s)
	requireKey(t, "key1", s, good)
	requireRefused(t, signature.ErrBadHeader, s, with(good, "X-Id"))
	requireRefused(t, signature.ErrBadHeader, s, with(good, "X-Id", testID, testID))
	requireRefused(t, signature.ErrBadHeader, s, with(good, "X-Id", "a|b"))
	requireRefused(t, signature.ErrMismatch, s, with(good, "X-Id", "a.b"))
	require.ErrorIs(t, s.Sign(make(http.Header), "a|b", nil, testTime()), signature.ErrCannotSign)
	require.NoError(t, s.Sign(make(http.Header), "a.b", nil, testTime()))
}

func TestNewTemplate_refusesFormats(t *testing.T) {
	for want, f := range map[string]signature.Format{
		"Header is empty":                      {},
		`Header is "X Sig", which is not`:      {Header: "X Sig"},
		"Encoding is Encoding(2)":              {Header: "X", Encoding: 2},
		"MinSecret is -1":                      {Header: "X", MinSecret: -1},
		`Prefix is " a"`:                       {Header: "X", Prefix: " a"},
		`Prefix is "a\n"`:                      {Header: "X", Prefix: "a\n"},
		`Separator is "="`:                     {Header: "X", Separator: "="},
		`Separator is "and"`:                   {Header: "X", Separator: "and"},
		`Separator "," is part of its Prefix`:  {Header: "X", Separator: ",", Prefix: "v1,"},
		"unknown placeholder {date}":           {Header: "X", Signed: "{date}.{body}"},
		"unknown placeholder {{body}":          {Header: "X", Signed: "{{body}}"},
		"a brace has no partner":               {Header: "X", Signed: "{body"},
		`format's Signed "}": a brace`:         {Header: "X", Signed: "}"},
		"no {body}":                            {Header: "X", Signed: "{id}", IDHeader: "Y"},
		"{body} is there twice":                {Header: "X", Signed: "{body}.{body}"},
		"{timestamp} is there twice":           {Header: "X", Signed: "{timestamp}.{timestamp}.{body}", TimestampHeader: "Y"},
		"no text between {timestamp} and":      {Header: "X", Signed: "{timestamp}{body}", TimestampHeader: "Y"},
		"a digit beside {timestamp}":           {Header: "X", Signed: "{timestamp}0{body}", TimestampHeader: "Y"},
		"TimestampHeader is empty, want":       {Header: "X", Signed: "{timestamp}.{body}"},
		"IDHeader is empty, want":              {Header: "X", Signed: "{id}.{body}"},
		"Signed has no {timestamp}: what":      {Header: "X", TimestampHeader: "Y"},
		"Signed has no {id}: what":             {Header: "X", IDHeader: "Y"},
		`IDHeader is "X", which another field`: {Header: "x", Signed: "{id}.{body}", IDHeader: "x"},
		`TimestampHeader is "é", which is not`: {Header: "x", Signed: "{timestamp}.{body}", TimestampHeader: "é"},
	} {
		_, err := signature.NewTemplate(f, signature.Key{Secret: secretRaw})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, "template: format's ")
	}
}

func TestNewTemplate_refusesSecrets(t *testing.T) {
	f := signature.Format{Header: "X"}
	for secret, want := range map[string]string{
		secretPrivate:     "Standard Webhooks private key",
		secretPublic:      "Standard Webhooks public key",
		"0123456789abcde": "has 15 bytes, want a shared secret of at least 16",
	} {
		_, err := signature.NewTemplate(f, signature.Key{Secret: secret})
		require.ErrorContains(t, err, want)
		require.ErrorContains(t, err, `template: key "key1" (number 1): secret`)
	}
}
