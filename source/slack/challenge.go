package slack

import (
	"bytes"
	"errors"
	"net/http"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

var errChallenge = errors.New(`field "challenge": must be 1 to 256 characters of printable ASCII`)

// checkChallenge bounds what is echoed. Slack's are 52 letters and digits.
func checkChallenge(challenge string) error {
	if challenge == "" || envelope.CheckContext(challenge) != nil {
		return errChallenge
	}
	return nil
}

// Respond answers a url_verification with its challenge. One that is not as it
// should be is left to Parse, which says why.
func (source) Respond(req *cactus.Request, verified bool) *cactus.Response {
	if !verified || !bytes.Contains(req.Body, []byte(handshakeType)) {
		return nil
	}
	o, err := read(req.Body)
	if err != nil || o.typ != handshakeType || checkChallenge(o.challenge) != nil {
		return nil
	}
	return &cactus.Response{
		Header: http.Header{
			"Content-Type":           {"text/plain; charset=utf-8"},
			"X-Content-Type-Options": {"nosniff"},
		},
		Body: []byte(o.challenge),
	}
}
