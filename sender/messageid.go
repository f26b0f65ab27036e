package sender

import (
	"errors"
	"fmt"
	"net/http"
	"strings"

	"github.com/cactuscorp/cactus/signature"
)

// DefaultIDHeader is the header that has a message's id, unless option [IDHeader]
// says otherwise: that of the Standard Webhooks specification, signed or not.
const DefaultIDHeader = "Webhook-Id"

// maxID is the longest id of a Standard Webhooks signature, in bytes.
const maxID = 256

// checkID refuses an id that cannot be sent as the settings have it, before anybody
// keeps the message.
func (s *Settings) checkID(id string) error {
	if _, signed := s.Signer.(*signature.StandardWebhooks); signed {
		switch {
		case id == "":
			return errors.New("the id is empty: a Standard Webhooks signature needs one")
		case !isID(id) || strings.Contains(id, "."):
			return errors.New("the id must be 1 to 256 visible ASCII characters without a dot: a Standard Webhooks signature allows no other")
		}
	}
	return checkIDHeader(s.IDHeader, id, s.Header)
}

// checkIDHeader says why id cannot be sent in the header name beside own. An empty
// id is not sent.
func checkIDHeader(name, id string, own http.Header) error {
	if name == "" {
		return nil
	}
	if !isIDHeader(name) { // those are reserved
		if err := checkHeader(name, nil); err != nil {
			return fmt.Errorf("id: %w", err)
		}
	}
	switch name {
	case "Authorization", "Cookie", "Content-Type", "User-Agent":
		return fmt.Errorf("id: header %s: has another meaning, want one such as %s", name, DefaultIDHeader)
	}
	if _, taken := own[name]; taken {
		return fmt.Errorf("id: header %s: is set to something else already", name)
	}
	if id != "" && !isID(id) {
		return fmt.Errorf("id: must be 1 to 256 visible ASCII characters, because header %s has it", name)
	}
	return nil
}

// isIDHeader reports whether name is one of the reserved headers that an id may be
// sent in: those that signers send it in.
func isIDHeader(name string) bool { return name == DefaultIDHeader || name == "Svix-Id" }

func isID(id string) bool {
	return id != "" && len(id) <= maxID && !strings.ContainsFunc(id, func(r rune) bool { return r <= ' ' || r > '~' })
}

// setID puts the ID into h, unless the Signer does.
func (m *Message) setID(h http.Header) {
	if m.ID == "" || m.IDHeader == "" {
		return
	}
	if s, ok := m.Signer.(*signature.StandardWebhooks); ok && !s.Svix && m.IDHeader == DefaultIDHeader {
		return
	}
	h[m.IDHeader] = []string{m.ID}
}

// hasID reports whether h still has the ID where setID has put it.
func (m *Message) hasID(h http.Header) bool {
	if m.ID == "" || m.IDHeader == "" {
		return true
	}
	values := h[m.IDHeader]
	return len(values) == 1 && values[0] == m.ID
}
