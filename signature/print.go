package signature

import (
	"fmt"
	"io"
	"strconv"
	"strings"
)

// The schemes print as their names and those of their keys, under every verb: fmt
// would follow pointers down to the secrets.

// Format writes the scheme and the names of its keys.
func (s StandardWebhooks) Format(f fmt.State, _ rune) { write(f, "StandardWebhooks", s.ring) }

// Format writes the scheme and the names of its keys.
func (s Stripe) Format(f fmt.State, _ rune) { write(f, "Stripe", s.ring) }

// Format writes the scheme and the names of its keys.
func (g GitHub) Format(f fmt.State, _ rune) { write(f, "GitHub", g.scheme.keys()) }

// Format writes the scheme and the names of its keys.
func (s Slack) Format(f fmt.State, _ rune) { write(f, "Slack", s.scheme.keys()) }

// Format writes the scheme and the names of its keys.
func (t Template) Format(f fmt.State, _ rune) { write(f, "Template", t.scheme.keys()) }

// Format writes the scheme and the names of its keys.
func (t Token) Format(f fmt.State, _ rune) { write(f, "Token", t.ring) }

func (s *headerScheme) keys() *ring {
	if s == nil {
		return nil
	}
	return s.ring
}

func write(w io.Writer, scheme string, r *ring) {
	var names []string
	if r != nil {
		for i := range r.keys {
			names = append(names, strconv.Quote(r.keys[i].name))
		}
	}
	_, _ = fmt.Fprintf(w, "signature.%s(%s)", scheme, strings.Join(names, ", "))
}
