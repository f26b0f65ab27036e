package signature

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
)

// Format describes a scheme with an HMAC-SHA256 in a header, for [NewTemplate].
// Only Header is required. These are well-known ones:
//
//	Basecamp   {Header: "X-Basecamp-Signature"}
//	Discourse  {Header: "X-Discourse-Event-Signature", Prefix: "sha256="}
//	Gitea      {Header: "X-Gitea-Signature"}
//	Shopify    {Header: "X-Shopify-Hmac-Sha256", Encoding: Base64}
//	Whisperer  {Header: "X-Whisperer-Signature", Prefix: "sha256="}
//	Zoom       {Header: "X-Zm-Signature", Prefix: "v0=", TimestampHeader: "X-Zm-Request-Timestamp", Signed: "v0:{timestamp}:{body}"}
type Format struct {
	// Header is the name of the header that holds the signature.
	Header string
	// Prefix stands before the encoded signature, such as "sha256=". A
	// signature without it is of another version and is not tried.
	Prefix string
	// Encoding is that of the signature. Zero: [Hex].
	Encoding Encoding
	// Separator stands between several signatures, such as "," or " "; spaces
	// around each are ignored. Empty: the header holds one.
	Separator string
	// TimestampHeader is the name of the header that holds Unix seconds. It is
	// required if Signed has {timestamp}, and refused if not: a timestamp that
	// is not signed proves nothing.
	TimestampHeader string
	// IDHeader is the name of the header that holds the request's id: 1 to 256
	// visible ASCII characters, other than those beside {id} in Signed. It is
	// required if Signed has {id}, and refused if not.
	IDHeader string
	// Signed is what the HMAC is over: {body}, {timestamp} and {id}, each at
	// most once, and text. Empty: "{body}". There must be text between two
	// placeholders, or else a byte of one could be read as the other's.
	Signed string
	// MinSecret is the least number of bytes that a secret must have. Zero: 16.
	// Lower it only for secrets that exist and cannot be replaced; below 14,
	// crypto/hmac panics in FIPS 140-only mode.
	MinSecret int
}

// field is a placeholder of a format, and part is one, or text.
type (
	field string
	part  struct {
		field field // empty: text
		text  string
	}
)

const (
	fieldBody      field = "{body}"
	fieldTimestamp field = "{timestamp}"
	fieldID        field = "{id}"
)

// compile checks the format and returns its scheme, without keys.
func (f Format) compile() (*headerScheme, error) {
	if f.Encoding != Hex && f.Encoding != Base64 {
		return nil, fmt.Errorf("format's Encoding is %v, want Hex or Base64", f.Encoding)
	}
	if f.MinSecret < 0 {
		return nil, fmt.Errorf("format's MinSecret is %d, want 0 or more", f.MinSecret)
	}
	if err := f.checkMarks(); err != nil {
		return nil, err
	}
	signed := f.Signed
	if signed == "" {
		signed = string(fieldBody)
	}
	parts, err := parseSigned(signed)
	if err != nil {
		return nil, fmt.Errorf("format's Signed %q: %w", signed, err)
	}
	s := &headerScheme{prefix: f.Prefix, separator: f.Separator, encoding: f.Encoding, parts: parts}
	s.reserved = beside(parts, fieldID)
	if strings.ContainsAny(beside(parts, fieldTimestamp), "0123456789") {
		return nil, fmt.Errorf("format's Signed %q: a digit beside {timestamp} could be read as part of it", signed)
	}
	return s, f.compileHeaders(s)
}

// checkMarks checks the text that stands in the header.
func (f Format) checkMarks() error {
	if !printable(f.Prefix) || strings.HasPrefix(f.Prefix, " ") {
		return fmt.Errorf("format's Prefix is %q, want printable ASCII that does not start with a space", f.Prefix)
	}
	if !printable(f.Separator) || strings.ContainsFunc(f.Separator, isEncoded) {
		return fmt.Errorf("format's Separator is %q, want printable ASCII that no signature contains", f.Separator)
	}
	if f.Separator != "" && strings.Contains(f.Prefix, f.Separator) {
		return fmt.Errorf("format's Separator %q is part of its Prefix %q", f.Separator, f.Prefix)
	}
	return nil
}

// compileHeaders checks the header names against what is signed.
func (f Format) compileHeaders(s *headerScheme) error {
	taken := make(map[string]bool)
	name := func(field, header string, used bool, placeholder string) (string, error) {
		switch {
		case header == "" && !used:
			return "", nil
		case header == "":
			return "", fmt.Errorf("format's %s is empty, want the header that holds %s", field, placeholder)
		case !used:
			return "", fmt.Errorf("format's %s is %q, but Signed has no %s: what is not signed is not trusted", field, header, placeholder)
		case strings.ContainsFunc(header, notToken):
			return "", fmt.Errorf("format's %s is %q, which is not a header name", field, header)
		}
		header = http.CanonicalHeaderKey(header)
		if taken[header] {
			return "", fmt.Errorf("format's %s is %q, which another field has", field, header)
		}
		taken[header] = true
		return header, nil
	}
	signature, err := name("Header", f.Header, true, "the signature")
	if err != nil {
		return err
	}
	stamp, err := name("TimestampHeader", f.TimestampHeader, has(s.parts, fieldTimestamp), string(fieldTimestamp))
	if err != nil {
		return err
	}
	id, err := name("IDHeader", f.IDHeader, has(s.parts, fieldID), string(fieldID))
	if err != nil {
		return err
	}
	s.signature = newHeader(signature, ErrNoSignature)
	s.stamp = newHeader(stamp, ErrBadHeader)
	s.id = newHeader(id, ErrBadHeader)
	return nil
}

// parseSigned splits a template into text and placeholders.
func parseSigned(signed string) ([]part, error) {
	var parts []part
	for rest := signed; rest != ""; {
		open := strings.IndexAny(rest, "{}")
		if open != 0 {
			if open < 0 {
				open = len(rest)
			}
			parts = append(parts, part{text: rest[:open]})
			rest = rest[open:]
			continue
		}
		end := strings.IndexByte(rest, '}')
		if end < 1 {
			return nil, errors.New("a brace has no partner")
		}
		p := part{field: field(rest[:end+1])}
		rest = rest[end+1:]
		switch {
		case p.field != fieldBody && p.field != fieldTimestamp && p.field != fieldID:
			return nil, fmt.Errorf("unknown placeholder %s, want {body}, {timestamp} or {id}", p.field)
		case has(parts, p.field):
			return nil, fmt.Errorf("%s is there twice", p.field)
		case len(parts) > 0 && parts[len(parts)-1].field != "":
			return nil, fmt.Errorf("no text between %s and %s, so that a byte of one could be read as the other's",
				parts[len(parts)-1].field, p.field)
		}
		parts = append(parts, p)
	}
	if !has(parts, fieldBody) {
		return nil, errors.New("no {body}, so that any body would do")
	}
	return parts, nil
}

// has reports whether f is among the parts.
func has(parts []part, f field) bool {
	return slices.ContainsFunc(parts, func(p part) bool { return p.field == f })
}

// beside returns the bytes of text that touch a placeholder.
func beside(parts []part, f field) string {
	i := slices.IndexFunc(parts, func(p part) bool { return p.field == f })
	var touching string
	if i > 0 {
		text := parts[i-1].text
		touching = text[len(text)-1:]
	}
	if i >= 0 && i+1 < len(parts) {
		touching += parts[i+1].text[:1]
	}
	return touching
}

// printable reports whether text is printable ASCII.
func printable(text string) bool {
	return !strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}

// isEncoded reports whether r can be part of a signature in hex or base64.
func isEncoded(r rune) bool {
	return isAlphanumeric(r) || strings.ContainsRune("+/=", r)
}

// notToken reports whether r cannot be part of a header name (RFC 9110, 5.6.2).
func notToken(r rune) bool {
	return !isAlphanumeric(r) && !strings.ContainsRune("!#$%&'*+-.^_`|~", r)
}

func isAlphanumeric(r rune) bool {
	return '0' <= r && r <= '9' || 'A' <= r && r <= 'Z' || 'a' <= r && r <= 'z'
}
