package main

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// Payloads as GitHub sends them, shortened.
const (
	ping = `{"zen":"Keep it logically awesome.","hook_id":4711,"hook":{"type":"Repository","id":4711,"active":true,` +
		`"events":["push","pull_request"]},"repository":{"id":1,"full_name":"cactuscorp/greenhouse"}}`
	push = `{"ref":"refs/heads/main","before":"6113728f27ae82c7b1a177c8d03f9e96e0adf246",` +
		`"after":"0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c","created":false,"deleted":false,"forced":false,` +
		`"repository":{"id":1,"full_name":"cactuscorp/greenhouse","private":false},` +
		`"pusher":{"name":"saguaro","email":"saguaro@cactuscorp.example"},"sender":{"login":"saguaro","id":2},` +
		`"commits":[{"id":"0d1a26e67d8f5eaf1f6ba5c57fc3c7d91ac0fd1c","message":"Water less","timestamp":"2026-03-02T10:20:30Z"}]}`
	opened = `{"action":"opened","number":7,"pull_request":{"id":3,"number":7,"state":"open","title":"Add a sand bed"},` +
		`"repository":{"id":1,"full_name":"cactuscorp/greenhouse"},"sender":{"login":"opuntia","id":5}}`
	openedToo = `{"action":"opened","number":8,"pull_request":{"id":4,"number":8,"state":"open","title":"50% shade & less = better"},` +
		`"repository":{"id":1,"full_name":"cactuscorp/greenhouse"},"sender":{"login":"opuntia","id":5}}`
	closed = `{"action":"closed","number":7,"pull_request":{"id":3,"number":7,"state":"closed","title":"Add a sand bed"},` +
		`"repository":{"id":1,"full_name":"cactuscorp/greenhouse"},"sender":{"login":"opuntia","id":5}}`
)

// deliver sends what GitHub would send, and one that somebody else made up.
func deliver(target, secret string) error {
	for _, d := range []struct {
		what, event, id, body, secret string
		form                          bool
	}{
		{what: "a ping", event: "ping", id: "0b989ba4-242f-11e5-81e1-000000000001", body: ping},
		{what: "a push", event: "push", id: "0b989ba4-242f-11e5-81e1-000000000002", body: push},
		{what: "a pull request", event: "pull_request", id: "0b989ba4-242f-11e5-81e1-000000000003", body: opened},
		{what: "a pull request, as a form", event: "pull_request", id: "0b989ba4-242f-11e5-81e1-000000000004", body: openedToo, form: true},
		{what: "an action that nothing takes", event: "pull_request", id: "0b989ba4-242f-11e5-81e1-000000000005", body: closed},
		{what: "the push again, redelivered", event: "push", id: "0b989ba4-242f-11e5-81e1-000000000002", body: push},
		{what: "a forged push", event: "push", id: "0b989ba4-242f-11e5-81e1-000000000006", body: push, secret: "what somebody made up"},
	} {
		contentType := "application/json"
		if d.form {
			contentType = "application/x-www-form-urlencoded"
			d.body = url.Values{"payload": {d.body}}.Encode()
		}
		if d.secret == "" {
			d.secret = secret
		}
		fmt.Printf("GitHub sends %s\n", d.what)
		status, err := send(target, d.secret, d.body, http.Header{
			"Content-Type":      {contentType},
			"X-Github-Event":    {d.event},
			"X-Github-Delivery": {d.id},
		})
		if err != nil {
			return err
		}
		fmt.Printf("  -> %d %s\n", status, http.StatusText(status))
	}
	return nil
}

// send posts a signed webhook and returns the status of the answer.
func send(target, secret, body string, header http.Header) (int, error) {
	signer, err := signature.NewGitHub(signature.Key{Secret: secret})
	if err != nil {
		return 0, err
	}
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, target, strings.NewReader(body))
	if err != nil {
		return 0, err
	}
	req.Header = header
	if err := signer.Sign(req.Header, "", []byte(body), time.Now()); err != nil {
		return 0, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err
	}
	return resp.StatusCode, resp.Body.Close()
}
