package signature

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strconv"
	"strings"
	"time"
)

// Key is a named secret with an optional window of validity.
//
// A Key never shows its secret when it is formatted, logged or marshalled as
// text or JSON. Package fmt cannot call methods on unexported struct fields:
// do not print a struct that holds a Key in one.
type Key struct {
	// Name is what Verify returns and what logs and errors say. It is not
	// secret. Empty: "key1" for the first key of a scheme, "key2" for the
	// second and so on. Names are unique in a scheme.
	Name string
	// Secret is the sender's secret in the form that the scheme documents. It
	// is never trimmed: white space at either end is refused.
	Secret string
	// NotBefore and NotAfter are the first and the last moment at which the
	// key is valid. A zero time does not limit.
	NotBefore, NotAfter time.Time
}

// maxName keeps a pasted certificate or token out of the logs.
const maxName = 64

// String returns the key's name, marked as a key.
func (k Key) String() string { return "key " + strconv.Quote(k.label()) }

// GoString returns the key in Go syntax without its secret.
func (k Key) GoString() string {
	return "signature.Key{Name:" + strconv.Quote(k.label()) + ", Secret:hidden}"
}

// Format writes GoString for the verb %#v, and String for every other one.
func (k Key) Format(f fmt.State, verb rune) {
	text := k.String()
	if verb == 'v' && f.Flag('#') {
		text = k.GoString()
	}
	_, _ = io.WriteString(f, text)
}

// LogValue returns the key's name.
func (k Key) LogValue() slog.Value { return slog.StringValue(k.label()) }

// MarshalText returns the key's name. It serves encoding/json too.
func (k Key) MarshalText() ([]byte, error) { return []byte(k.label()), nil }

// label returns the name, unless a secret was put in its place.
func (k Key) label() string {
	if k.checkName() != nil {
		return "withheld"
	}
	return k.Name
}

// checkName refuses names that would show a secret. Its errors quote neither.
func (k Key) checkName() error {
	if len(k.Name) > maxName {
		return fmt.Errorf("name has %d bytes, want at most %d", len(k.Name), maxName)
	}
	if k.Name != "" && (k.Name == k.Secret || len(k.Secret) >= 8 && strings.Contains(k.Name, k.Secret)) {
		return errors.New("name contains the secret, want a word that may be logged")
	}
	for _, prefix := range []string{prefixHMAC, prefixPrivate, "sk_", "rk_", "ghp_", "github_pat_", "xoxb-", "xoxp-"} {
		if strings.HasPrefix(k.Name, prefix) {
			return errors.New("name looks like a secret, want a word that may be logged")
		}
	}
	return nil
}

// check refuses a key that no scheme can use. Its errors do not quote the
// secret, nor a name that could be one.
func (k Key) check() error {
	if err := k.checkName(); err != nil {
		return err
	}
	switch {
	case k.Secret == "":
		return errors.New("secret is empty")
	case strings.TrimSpace(k.Secret) == "":
		return errors.New("secret is blank")
	case strings.TrimSpace(k.Secret) != k.Secret:
		return errors.New("secret has white space at its start or end, want it without")
	case !k.NotAfter.IsZero() && k.NotAfter.Before(k.NotBefore):
		return errors.New("NotAfter is before NotBefore, so that the key is never valid")
	}
	return nil
}

// parse checks the key beside the ones before it and parses its secret.
func (k Key) parse(before []Key, parsed []ringKey, parse func(string) (material, error)) (material, error) {
	if err := k.check(); err != nil {
		return material{}, err
	}
	for i := range before {
		if parsed[i].name == k.Name {
			return material{}, errors.New("another key has that name")
		}
		if before[i].Secret == k.Secret {
			return material{}, fmt.Errorf("secret is that of key %q too, want another", parsed[i].name)
		}
	}
	return parse(k.Secret)
}
