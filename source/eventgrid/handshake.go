package eventgrid

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

// validationType is the type of the event by which Event Grid asks whether it may
// deliver here.
const validationType = "Microsoft.EventGrid.SubscriptionValidationEvent"

// Respond answers OPTIONS as package cloudevents does, and a validation event with
// its code. Event Grid takes no other status than 200 for a yes.
func (s *source) Respond(req *cactus.Request, verified bool) *cactus.Response {
	if req.Method == http.MethodOptions {
		if cloud, ok := s.cloud.(cactus.Responder); ok {
			return cloud.Respond(req, verified)
		}
		return nil
	}
	if !verified || !bytes.Contains(req.Body, []byte(validationType)) || isCloudEvent(req.Header["Content-Type"]) {
		return nil
	}
	var code string
	err := eachElement(req.Body, func(object []byte) error {
		e, err := read(object)
		if err == nil && (e.typ != validationType || code != "") {
			err = errNoHandshake
		}
		if err == nil {
			code, err = e.code()
		}
		return err
	})
	if err != nil || code == "" {
		return nil // Parse says what is wrong
	}
	body, err := json.Marshal(map[string]string{"validationResponse": code})
	if err != nil {
		return nil
	}
	return &cactus.Response{Header: http.Header{"Content-Type": {"application/json"}}, Body: body}
}

var errNoHandshake = errors.New("not one validation event and nothing else")

var errNoCode = errors.New(`field "data.validationCode": is missing`)

// code returns the code that a validation event asks to see again.
func (e *event) code() (code string, err error) {
	if e.data == nil {
		return "", errNoData
	}
	err = envelope.Each(e.data, func(key, value []byte) error {
		if string(key) != "validationCode" {
			return nil
		}
		if code != "" {
			return errors.New(`field "data.validationCode": is there twice`)
		}
		code, err = text(key, value)
		return err
	})
	switch {
	case err != nil:
		return "", fmt.Errorf(`validation event: %w`, err)
	case code == "":
		return "", errNoCode
	}
	return code, nil
}
