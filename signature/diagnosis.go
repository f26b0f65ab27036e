package signature

import (
	"fmt"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Diagnosis says why a request was refused, for the eyes of whoever runs the
// receiver: the sender must not see it. It has no part of a secret, of a body
// or of a signature in it, and never the signature that was expected. The zero
// Diagnosis is that of a request which nobody refused.
type Diagnosis struct {
	// Scheme is the scheme that looked, such as "Stripe". It is empty for a
	// verifier that is no [Diagnoser].
	Scheme string
	// Path and Tenant are those of the request, if they are known: see
	// cactus.WithDiagnostics. A stranger may have chosen them. Each has at most 200
	// bytes and is printable: Path is escaped as in a URL, and what is not printable
	// in Tenant is a question mark. Diagnose leaves them empty.
	Path, Tenant string
	// Err is what Verify returned. Nil: the request is accepted.
	Err error `json:"-"`
	// Findings are what is wrong, in the order of the checks. A refused request
	// has one at least.
	Findings []Finding
	// Skipped is how many refused requests before this one, of whatever path and
	// tenant, were not looked into, because there were too many. Diagnose leaves
	// it zero.
	Skipped int
}

// Has reports whether one of the findings has that cause.
func (d Diagnosis) Has(c Cause) bool {
	for _, f := range d.Findings {
		if f.Cause == c {
			return true
		}
	}
	return false
}

// String returns the diagnosis in a sentence, without Path and Tenant.
func (d Diagnosis) String() string {
	if d.Err == nil {
		return strings.TrimPrefix(d.Scheme+": ", ": ") + "the signature is good"
	}
	var b strings.Builder
	b.WriteString(d.Scheme)
	for i, f := range d.Findings {
		switch {
		case i > 0:
			b.WriteString("; ")
		case d.Scheme != "":
			b.WriteString(": ")
		}
		b.WriteString(f.String())
	}
	if d.Skipped > 0 {
		fmt.Fprintf(&b, " (%d more were refused and not looked into)", d.Skipped)
	}
	return b.String()
}

// LogValue returns the scheme, the causes, the words and what else is known.
func (d Diagnosis) LogValue() slog.Value {
	causes := make([]string, 0, len(d.Findings))
	for _, f := range d.Findings {
		causes = append(causes, string(f.Cause))
	}
	attrs := []slog.Attr{
		slog.String("scheme", d.Scheme), slog.String("causes", strings.Join(causes, ", ")), slog.String("text", d.String()),
	}
	if d.Path != "" {
		attrs = append(attrs, slog.String("path", d.Path))
	}
	if d.Tenant != "" {
		attrs = append(attrs, slog.String("tenant", d.Tenant))
	}
	if d.Skipped > 0 {
		attrs = append(attrs, slog.Int("skipped", d.Skipped))
	}
	return slog.GroupValue(attrs...)
}

// Cause is a known mistake. It is fit for a metric's label.
type Cause string

// The causes of a refusal. "Good" means that a key of the ring made the
// signature.
const (
	// CauseNoKeys means that the scheme was not made with its constructor.
	CauseNoKeys Cause = "no keys"
	// CauseNoSignature means that there is no signature header.
	CauseNoSignature Cause = "no signature"
	// CauseOtherProvider means that another provider's headers are there
	// instead; Provider names it.
	CauseOtherProvider Cause = "other provider"
	// CauseBadHeader means that a header is missing, repeated or malformed.
	CauseBadHeader Cause = "bad header"
	// CauseUnsupported means that the header has only signatures of versions
	// that the scheme, or its keys, do not check.
	CauseUnsupported Cause = "unsupported version"
	// CauseHeaderForm means that the signature is good, but the headers are not
	// written as the scheme has it.
	CauseHeaderForm Cause = "header form"
	// CauseClockSkew means that the timestamp is further from the arrival than
	// is tolerated; Skew says how far. With a Key the signature is good, so
	// that it is a replay, a queue that forgot the time of arrival, or a clock.
	CauseClockSkew Cause = "clock skew"
	// CauseKeyExpired means that the signature is that of Key, whose window
	// ended at Since.
	CauseKeyExpired Cause = "key expired"
	// CauseKeyNotYetValid means that the signature is that of Key, whose window
	// begins at Since.
	CauseKeyNotYetValid Cause = "key not yet valid"
	// CauseBodyChanged means that the signature is that of the same body in
	// another encoding: something on the way has decoded and encoded it.
	CauseBodyChanged Cause = "body changed"
	// CauseBodyEmpty means that there is no body, and the signature is not that
	// of an empty one: something has read it before.
	CauseBodyEmpty Cause = "body empty"
	// CauseSecretRead means that the sender reads Key's secret in another way
	// than the scheme does.
	CauseSecretRead Cause = "secret read differently"
	// CauseSecretKind means that Key's secret looks like something else than a
	// secret of this scheme. It is a guess.
	CauseSecretKind Cause = "secret of another kind"
	// CauseMessage means that the sender signs other parts of the request.
	CauseMessage Cause = "message built differently"
	// CauseUnexplained means that no known mistake explains the signature.
	CauseUnexplained Cause = "unexplained"
)

// Finding is one thing that is wrong. The fields that a cause does not name are
// zero.
type Finding struct {
	Cause Cause
	// Key is the name of the key that is concerned.
	Key string
	// Provider is the name of another provider, such as "Svix".
	Provider string
	// Skew is the timestamp minus the time of arrival: negative for a timestamp
	// of the past.
	Skew time.Duration
	// Since is the end or the beginning of a key's window.
	Since time.Time
	// Detail says more, in words for a reader.
	Detail string
}

// String returns the finding in words.
func (f Finding) String() string {
	text := f.text()
	if f.Detail != "" && f.Cause != CauseBodyChanged && f.Cause != CauseSecretRead {
		text += ": " + f.Detail
	}
	return text
}

func (f Finding) text() string {
	key := strconv.Quote(f.Key)
	switch f.Cause {
	case CauseNoKeys:
		return "the scheme has no keys"
	case CauseNoSignature:
		return "there is no signature header"
	case CauseOtherProvider:
		return "there are headers of " + f.Provider
	case CauseBadHeader:
		return "a header is not as it should be"
	case CauseUnsupported:
		return "there are only signatures of versions that are not checked"
	case CauseHeaderForm:
		return "the signature is good (key " + key + "), but the headers are written differently"
	case CauseClockSkew:
		text := "the timestamp is " + skewText(f.Skew) + ", more than is tolerated"
		if f.Key != "" {
			return "the signature is good (key " + key + "), but " + text
		}
		return text
	case CauseKeyExpired:
		return "the signature is that of key " + key + ", which was valid until " + f.Since.UTC().Format(time.RFC3339)
	case CauseKeyNotYetValid:
		return "the signature is that of key " + key + ", which is valid from " + f.Since.UTC().Format(time.RFC3339)
	case CauseBodyChanged:
		return "the body was changed on the way: the signature is good (key " + key + ") once " + f.Detail
	case CauseBodyEmpty:
		return "the body is empty"
	case CauseSecretRead:
		return "the sender reads the secret differently: the signature is good (key " + key + ") with the secret " + f.Detail
	case CauseSecretKind:
		return "the secret of key " + key + " looks wrong"
	case CauseMessage:
		return "the sender signs something else (key " + key + ")"
	case CauseUnexplained:
		return "no known mistake explains the signature"
	default:
		return string(f.Cause)
	}
}

// skewText returns a skew in words, in whole seconds.
func skewText(skew time.Duration) string {
	if skew < 0 {
		return (-max(skew, -maxSkew)).Round(time.Second).String() + " before the arrival"
	}
	return min(skew, maxSkew).Round(time.Second).String() + " after the arrival"
}

// maxSkew keeps the rounding of a saturated duration from overflowing.
const maxSkew = 250 * 365 * 24 * time.Hour
