package sender

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// Message is a webhook that is ready to be sent: encoded, but neither signed nor
// authorized, because both are done anew for each attempt. It is data, and its JSON
// is all that a queue has to keep; credentials are never in it. Once made it is not
// changed, and may be used by several goroutines.
//
// However it is formatted, only its id, the host of its URL and its size are shown.
type Message struct {
	// ID identifies the message in all its attempts: the receiver's idempotency
	// key. A Standard Webhooks Signer sends and signs it; IDHeader sends it without
	// one, and option [HashKey] in the body. It may be empty where no Signer needs
	// one.
	ID string `json:"id,omitempty"`
	// IDHeader is the header, by its canonical name, that has the ID. Empty: none
	// but a Signer's. It is not signed unless the Signer does so.
	IDHeader string `json:"id_header,omitempty"`
	// URL is where it goes: http or https.
	URL string `json:"url"`
	// Header has the Content-Type and the headers of the user's own, by their
	// canonical names.
	Header http.Header `json:"header,omitempty"`
	// Body is exactly what is sent and signed. In JSON it is base64.
	Body []byte `json:"body"`
	// Timeout bounds each attempt as a whole. Zero is the [Client]'s default. In
	// JSON it is nanoseconds.
	Timeout time.Duration `json:"timeout,omitzero"`

	// SignedBy and AuthorizedBy name what Signer and Authorizer were when the
	// message was made. A message that was stored and loaded has the names but
	// not the credentials: [Client.Attempt] refuses it until they are given back.
	// They say what is missing, and are not held against what is given back: a
	// secret may have moved on to another scheme since. Nothing binds them to the
	// URL, so keep messages where strangers cannot edit them.
	SignedBy     string `json:"signed_by,omitempty"`
	AuthorizedBy string `json:"authorized_by,omitempty"`

	Signer     signature.Signer `json:"-"` // nil: unsigned
	Authorizer Authorizer       `json:"-"` // nil: none
}

// NewMessage makes a message without a hook. It takes the options of a hook, but
// not [From]; those that are for a send, such as [Retry], do nothing here. The
// payload is not kept.
func NewMessage(payload any, opts ...Option) (*Message, error) {
	s := newSettings()
	s.apply(opts)
	if err := s.check(); err != nil {
		return nil, err
	}
	if s.URL == "" {
		return nil, ErrNoURL
	}
	id := ""
	if s.ID != nil {
		id = s.ID()
	}
	return newMessage(&s, id, payload)
}

func newMessage(s *Settings, id string, payload any) (*Message, error) {
	body, err := s.encode(id, payload)
	if err != nil {
		return nil, err
	}
	if err := s.checkID(id); err != nil {
		return nil, err
	}
	m := &Message{
		ID: id, IDHeader: s.IDHeader, URL: s.URL, Header: make(http.Header, len(s.Header)+1), Body: body, Timeout: s.Timeout,
		Signer: s.Signer, Authorizer: s.Authorizer, SignedBy: SignerName(s.Signer),
	}
	for name, values := range s.Header {
		m.Header[http.CanonicalHeaderKey(name)] = append([]string(nil), values...)
	}
	if m.Header["Content-Type"] == nil {
		m.Header["Content-Type"] = []string{s.Encoding.contentType()}
	}
	if m.AuthorizedBy, err = authorizerName(s.Authorizer); err != nil {
		return nil, err
	}
	return m, nil
}

// MarshalJSON names a Signer and an Authorizer also where SignedBy and AuthorizedBy
// do not, so that no message is loaded that would go out without them.
func (m Message) MarshalJSON() ([]byte, error) {
	if m.SignedBy == "" {
		m.SignedBy = SignerName(m.Signer)
	}
	if m.AuthorizedBy == "" {
		var err error
		if m.AuthorizedBy, err = authorizerName(m.Authorizer); err != nil {
			return nil, err
		}
	}
	type plain Message // has no methods
	return json.Marshal(plain(m))
}

func authorizerName(a Authorizer) (string, error) {
	if a == nil {
		return "", nil
	}
	kind := a.Kind()
	if kind == "" {
		return "", errors.New("option Authorize: the authorizer's Kind is empty")
	}
	return kind, nil
}

// SignerName is what [Message.SignedBy] says of a signer: what its Kind method
// returns, if it has one and that is not empty, and otherwise its type in lower
// case, such as "standardwebhooks". It is empty for nil.
func SignerName(s signature.Signer) string {
	switch s := s.(type) {
	case nil:
		return ""
	case *signature.StandardWebhooks:
		return "standardwebhooks"
	case interface{ Kind() string }:
		if kind := s.Kind(); kind != "" {
			return kind
		}
	}
	name := fmt.Sprintf("%T", s)
	return strings.ToLower(name[strings.LastIndexByte(name, '.')+1:])
}

// String returns the id, the host and the size.
func (m Message) String() string {
	return fmt.Sprintf("message%s to %s (%d bytes)", spaced(m.ID), place(m.URL), len(m.Body))
}

// Format writes String for every verb.
func (m Message) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, m.String()) }

// LogValue returns what String shows, as attributes.
func (m Message) LogValue() slog.Value {
	return slog.GroupValue(slog.String("id", m.ID), slog.String("to", place(m.URL)), slog.Int("bytes", len(m.Body)))
}

// place shortens a URL to what is fit for a log: a path or a query may be a
// capability.
func place(text string) string {
	u, err := url.Parse(text)
	switch {
	case text == "":
		return "no URL"
	case err != nil || u.Host == "" || checkHost(u) != nil:
		return "an invalid URL"
	case u.Path == "" && u.RawQuery == "":
		return u.Scheme + "://" + u.Host
	}
	return u.Scheme + "://" + u.Host + "/..."
}

// spaced returns id, which may be of a stranger's making, for the middle of a line.
func spaced(id string) string {
	switch {
	case id == "":
		return ""
	case !isID(id):
		return " " + strconv.Quote(shorten(id))
	}
	return " " + id
}
