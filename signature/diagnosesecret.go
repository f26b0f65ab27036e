package signature

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"iter"
	"strings"
)

// secretVariants returns the ways in which a sender may read the secret that is
// configured here, with words for each. The key is that of the HMAC; decoded
// says that the scheme takes it from base64 after whsec_.
func secretVariants(key []byte, decoded bool) iter.Seq2[string, []byte] {
	text := string(key)
	if decoded {
		text = prefixHMAC + base64.StdEncoding.EncodeToString(key)
	}
	bare, prefixed := strings.CutPrefix(text, prefixHMAC)
	return func(yield func(string, []byte) bool) {
		_ = (!decoded || yield("as it stands, with whsec_ and not decoded", []byte(text))) &&
			(!prefixed || yield("without whsec_, not decoded", []byte(bare))) &&
			(prefixed || yield("after whsec_, as a part of it", []byte(prefixHMAC+text))) &&
			(decoded || yield("decoded from base64", decodeAnyBase64(bare))) &&
			(!decoded || yield("decoded from base64 twice", decodeAnyBase64(string(key)))) &&
			yield("decoded from hexadecimal", decodeHex(bare)) &&
			yield("decoded from hexadecimal, after base64", decodeHex(string(key))) &&
			yield("with a newline at its end", append(bytes.Clone(key), '\n')) &&
			yield("with a carriage return and a newline at its end", append(bytes.Clone(key), "\r\n"...)) &&
			yield("with a space at its end", append(bytes.Clone(key), ' ')) &&
			yield("after a space", append([]byte{' '}, key...)) &&
			yield("in double quotes", []byte(`"`+text+`"`)) &&
			yield("in single quotes", []byte("'"+text+"'")) &&
			yield("not decoded, with a newline at its end", []byte(text+"\n")) &&
			yield("not decoded, without whsec_, with a newline at its end", []byte(bare+"\n")) &&
			yield("without the white space at its ends", bytes.TrimSpace(key)) &&
			yield("encoded in base64", base64.StdEncoding.AppendEncode(nil, key)) &&
			yield("encoded in hexadecimal", hex.AppendEncode(nil, key))
	}
}

func decodeHex(text string) []byte {
	b, err := hex.DecodeString(text)
	if err != nil {
		return nil
	}
	return b
}

// strangers are the prefixes of what people put in place of a secret. A scheme
// refuses those that it can be sure of when it is made.
var strangers = [...]wrongKind{
	{"sk_", "a secret API key"},
	{"rk_", "a restricted API key"},
	{"pk_", "a publishable API key"},
	{"sk-", "a secret API key"},
	{"re_", "an API key of Resend"},
	{"SG.", "an API key of SendGrid"},
	{"xox", "a token of Slack"},
	{"xapp-", "a token of Slack"},
	{"ghp_", "a token of GitHub"},
	{"gho_", "a token of GitHub"},
	{"ghs_", "a token of GitHub"},
	{"github_pat_", "a token of GitHub"},
	{"glpat-", "a token of GitLab"},
	{"shpat_", "an access token of Shopify"},
	{"AKIA", "an access key id of AWS"},
	{"eyJ", "a JSON Web Token"},
	{"Bearer ", "an Authorization header"},
	{"-----BEGIN", "a PEM file"},
	{"http://", "a URL"},
	{"https://", "a URL"},
	{"we_", "the id of an endpoint of Stripe"},
	{"ep_", "the id of an endpoint of Svix"},
}

// suspectSecrets returns guesses about the secrets, without a part of them.
func (q *inquest) suspectSecrets() []Finding {
	var findings []Finding
	for _, k := range q.keys {
		if k.kind != kindHMAC {
			continue
		}
		if detail := q.suspect(string(k.secret)); detail != "" {
			findings = append(findings, Finding{Cause: CauseSecretKind, Key: k.name, Detail: detail})
		}
	}
	return findings
}

func (q *inquest) suspect(secret string) string {
	for _, s := range strangers {
		if strings.HasPrefix(secret, s.prefix) {
			return "it starts like " + s.kind
		}
	}
	_, prefixed := strings.CutPrefix(secret, prefixHMAC)
	quoted := len(secret) > 1 && secret[0] == secret[len(secret)-1] && strings.ContainsRune(`"'`, rune(secret[0]))
	switch {
	case quoted:
		return "it stands in quotes"
	case q.base64: // random bytes
		return ""
	case strings.ContainsAny(secret, " \t\r\n"):
		return "it has white space in it"
	case len(secret) < minSecret:
		return "it is short, and may be cut off"
	case prefixed && q.scheme != stripeName:
		return "it starts like an endpoint's secret of Stripe or Standard Webhooks"
	case !prefixed && q.scheme == stripeName:
		return "it does not start with whsec_, as endpoints' secrets of Stripe do"
	default:
		return ""
	}
}

// The names of schemes in a Diagnosis.
const (
	standardName = "Standard Webhooks"
	stripeName   = "Stripe"
	gitHubName   = "GitHub"
	slackName    = "Slack"
	templateName = "Template"
	tokenName    = "Token"
)
