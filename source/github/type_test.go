package github_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestParse_TypeIsTheEventAndTheAction(t *testing.T) {
	tests := []struct{ event, body, want string }{
		{"push", `{}`, "push"},
		{"push", `{"ref":"a","issue":{"action":"opened"}}`, "push"},
		{"pull_request", `{"action":"opened"}`, "pull_request.opened"},
		{"pull_request", `{"action":"\u006fpened"}`, "pull_request.opened"},
		{"pull_request", `{"\u0061ction":"opened"}`, "pull_request.opened"},
		{"pull_request", `{"action":null}`, "pull_request"},
		{"pull_request", `{"action":{"opened":true}}`, "pull_request"},
		{"projects_v2_item", ` {"Action":"x", "action" : "edited"} `, "projects_v2_item.edited"},
		{"repository_dispatch", `{"action":"on-demand-test"}`, "repository_dispatch.on-demand-test"},
		{"repository_dispatch", `{"action":"Deploy to production!"}`, "repository_dispatch"},
		{"repository_dispatch", `{"action":""}`, "repository_dispatch"},
		{"issues", "payload=%7B%22action%22%3a%22opened%22%7D", "issues.opened"},
		{"issues", `payload={"action":"opened","a":"+%2B="}`, "issues.opened"},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, parseOne(t, tt.event, guid, tt.body).Type, "%s", tt.body)
	}
}

func TestParse_RefusesAndNamesTheField(t *testing.T) {
	const bytes = "has a byte that is none of A-Z a-z 0-9 _ . : / [ ] -"
	tests := []struct{ event, id, body, want string }{
		{"", guid, `{}`, "header X-GitHub-Event: is missing"},
		{"pull_request.opened", guid, `{}`, "header X-GitHub-Event: must not contain a dot"},
		{"pull request", guid, `{}`, "header X-GitHub-Event: " + bytes},
		{"_push", guid, `{}`, "header X-GitHub-Event: must begin with a letter or a digit"},
		{strings.Repeat("a", 257), guid, `{}`, "header X-GitHub-Event: is longer than 256 bytes"},
		{"push", "", `{}`, "header X-GitHub-Delivery: is missing"},
		{"push", "a/../b", `{}`, "header X-GitHub-Delivery: has a byte that is none of A-Z a-z 0-9 _ . : -"},
		{"push", "..", `{}`, "header X-GitHub-Delivery: must not be a dot segment"},
		{"issues", guid, `{"action":"a","action":"b"}`, `field "action": is there twice`},
		{"issues", guid, `{"action":null,"\u0061ction":"b"}`, `field "action": is there twice`},
		{"issues", guid, `{"action":""}`, `field "action": is empty`},
		{"issues", guid, `{"action":"a b"}`, `field "action": ` + bytes},
		{"issues", guid, `{"action":"*"}`, `field "action": ` + bytes},
		{"issues", guid, `{"action":"\ud800"}`, `field "action": ` + bytes},
		{"issues", guid, `{"action":"` + strings.Repeat("a", 250) + `"}`, `field "action": is longer than 256 bytes`},
		{"push", guid, ``, "body: is empty"},
		{"push", guid, `[{}]`, "body: must be a JSON object"},
		{"push", guid, `{"a":1}{}`, "body: data after the object at byte 7"},
		{"push", guid, `{"action":"a","b":}`, "body: expected a value at byte 18"},
		{"push", guid, "{\"a\":\"\xff\"}", "body: invalid UTF-8 at byte 6"},
		{"push", guid, `payload=`, "body: is empty"},
		{"push", guid, `payload=%5B%5D`, "body: must be a JSON object"},
		{"push", guid, `payload={}&payload={}`, `field "payload": must be the form's only one`},
		{"push", guid, `payload={};a=b`, `field "payload": must be the form's only one`},
		{"push", guid, `payload={}%`, `field "payload": has a percent sign that does not begin an escape`},
		{"push", guid, `payload={}%2`, `field "payload": has a percent sign that does not begin an escape`},
		{"push", guid, `payload=%%%%%`, `field "payload": has a percent sign that does not begin an escape`},
		{"push", guid, `payload=%zz`, `field "payload": has a percent sign that does not begin an escape`},
		{"push", guid, `a=b&payload={}`, "body: must be a JSON object"},
		{"push", guid, `payload%3D{}`, "body: must be a JSON object"},
		{"push", guid, `payload=payload={}`, "body: must be a JSON object"},
	}
	for _, tt := range tests {
		envs, err := parse(tt.event, tt.id, tt.body)
		require.EqualError(t, err, tt.want, "%s %q", tt.event, tt.body)
		require.Empty(t, envs)
	}
}

// Somebody who can choose an issue's title must not choose the whole payload by
// sending the signed body again as a form.
func TestParse_JSONNeverPassesForAForm(t *testing.T) {
	body := `{"action":"opened","issue":{"title":"&payload=%7B%22action%22%3A%22deleted%22%7D&"}}`
	env := parseOne(t, "issues", guid, body)
	require.Equal(t, "issues.opened", env.Type)
	require.Equal(t, body, string(env.Data))
}
