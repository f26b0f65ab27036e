package signature

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"net/http"
	"slices"
	"strings"
	"time"
)

// providers are known by a header, whose name is canonical.
var providers = [...]struct{ header, name string }{
	{"Webhook-Signature", "Standard Webhooks"},
	{"Svix-Signature", "Svix"},
	{"Stripe-Signature", "Stripe"},
	{"X-Hub-Signature-256", "GitHub"},
	{"X-Hub-Signature", "GitHub"},
	{"X-Slack-Signature", "Slack"},
	{"Calendly-Webhook-Signature", "Calendly"},
	{"Linear-Signature", "Linear"},
	{"Paddle-Signature", "Paddle"},
	{"Paypal-Transmission-Sig", "PayPal"},
	{"Typeform-Signature", "Typeform"},
	{"X-Discourse-Event-Signature", "Discourse"},
	{"X-Docusign-Signature-1", "DocuSign"},
	{"X-Dropbox-Signature", "Dropbox"},
	{"X-Gitea-Signature", "Gitea"},
	{"X-Gitlab-Token", "GitLab"},
	{"X-Hubspot-Signature-V3", "HubSpot"},
	{"X-Line-Signature", "LINE"},
	{"X-Shopify-Hmac-Sha256", "Shopify"},
	{"X-Signature-Ed25519", "Discord"},
	{"X-Square-Hmacsha256-Signature", "Square"},
	{"X-Twilio-Signature", "Twilio"},
	{"X-Zm-Signature", "Zoom"},
}

// present reports whether a header has a value that is not empty.
func present(h http.Header, name string) bool {
	return slices.ContainsFunc(h[name], func(value string) bool { return value != "" })
}

// absent says what is there in place of the signature header of a scheme.
func absent(h http.Header, scheme, name string) []Finding {
	findings := []Finding{{Cause: CauseNoSignature, Detail: "want " + name}}
	for other := range h {
		if other != name && http.CanonicalHeaderKey(other) == name {
			findings = append(findings, Finding{
				Cause: CauseBadHeader, Detail: name + " is there under a name that is not canonical, want http.Header.Set",
			})
			break
		}
	}
	seen := scheme
	for _, p := range providers {
		if p.header != name && p.name != seen && p.name != scheme && present(h, p.header) {
			findings = append(findings, Finding{Cause: CauseOtherProvider, Provider: p.name, Detail: p.header})
			seen = p.name
		}
	}
	return findings
}

// versions names the versions in a header among those that are known: nothing
// else of what came may be shown.
func (q *inquest) versions(lines []string) string {
	var found []string
	for _, v := range [...]string{"v0", "v1", "v1a", "v2", "sha1", "sha256", "sha512"} {
		for _, line := range lines {
			tokens := strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(",= ;", r) })
			if slices.Contains(tokens, v) {
				found = append(found, v)
				break
			}
		}
	}
	if found == nil {
		return "want " + q.form
	}
	return strings.Join(found, ", ") + ", want " + q.form
}

// malformation says more of a bad header.
func (q *inquest) malformation(err error) string {
	detail := strings.TrimPrefix(err.Error(), ErrBadHeader.Error()+": ")
	if _, ok := parseStamp(q.stamp); ok || q.stamp == "" || !strings.HasPrefix(detail, q.stampName) {
		return detail
	}
	digits := strings.Trim(q.stamp, "0123456789") == ""
	_, timeErr := time.Parse(time.RFC3339, q.stamp)
	switch {
	case digits && len(q.stamp) == 13:
		return detail + ", it is in milliseconds, want seconds"
	case timeErr == nil:
		return detail + ", it is an RFC 3339 time, want Unix seconds"
	default:
		return detail + ", want Unix seconds"
	}
}

// looseSignatures returns whatever in a header could be a signature, in any
// encoding and with anything before it, up to the limit of each kind.
func looseSignatures(lines []string) (hmacs, ed25519s [][]byte) {
	tried := 0
	for _, line := range lines {
		for item := range strings.FieldsFuncSeq(line, func(r rune) bool { return strings.ContainsRune(", ;\t", r) }) {
			if tried++; tried > 4*maxSignatures {
				return hmacs, ed25519s
			}
			_, tail, _ := strings.Cut(item, "=")
			_, other, _ := strings.Cut(item, ":")
			for _, text := range [...]string{item, tail, other} {
				b := looseDecode(text)
				switch {
				case len(b) == sha256.Size && len(hmacs) < maxSignatures:
					hmacs = append(hmacs, b)
				case len(b) == ed25519.SignatureSize && len(ed25519s) < maxSignatures:
					ed25519s = append(ed25519s, b)
				}
			}
		}
	}
	return hmacs, ed25519s
}

// looseDecode returns the bytes of hexadecimal or of any base64, or nil.
func looseDecode(text string) []byte {
	if text == "" || len(text) > 2*ed25519.SignatureSize {
		return nil
	}
	if b, err := hex.DecodeString(text); err == nil {
		return b
	}
	return decodeAnyBase64(text)
}

// looseValue returns a header's first value, and "" for a header without a name.
func looseValue(h http.Header, name string) string {
	if values := h[name]; name != "" && len(values) > 0 {
		return values[0]
	}
	return ""
}

// looseItem returns the first item of a list that has the prefix, without it.
func looseItem(lines []string, prefix string) string {
	for _, line := range lines {
		for item := range strings.SplitSeq(line, ",") {
			if text, ok := strings.CutPrefix(trimSpace(item), prefix); ok {
				return text
			}
		}
	}
	return ""
}

func decodeAnyBase64(text string) []byte {
	text = strings.TrimRight(text, "=")
	if b, err := base64.RawStdEncoding.DecodeString(text); err == nil {
		return b
	}
	if b, err := base64.RawURLEncoding.DecodeString(text); err == nil {
		return b
	}
	return nil
}
