package sender

import (
	"errors"
	"fmt"
	"mime"
	"net/http"
)

// checkHeaders refuses what the header of a stored message must not have: what no
// message may have, and credentials. It never says what a value is.
func checkHeaders(h http.Header) error {
	for name, values := range h {
		if name == "Authorization" || name == "Cookie" {
			return fmt.Errorf("header %s: would be stored with the message, use option Authorize", name)
		}
		if err := checkHeader(name, values); err != nil {
			return err
		}
	}
	types := h["Content-Type"]
	if len(types) > 1 {
		return errors.New("header Content-Type: must have one value")
	}
	for _, text := range types {
		if _, _, err := mime.ParseMediaType(text); err != nil {
			return errors.New("header Content-Type: must be a media type such as application/json")
		}
	}
	return nil
}
