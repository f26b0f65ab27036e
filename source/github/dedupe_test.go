package github_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/github"
)

func digest(body string) string {
	sum := sha256.Sum256([]byte(body))
	return hex.EncodeToString(sum[:])
}

func TestParse_AReplayUnderOtherHeadersHasTheSameDedupeID(t *testing.T) {
	for _, body := range []string{pushBody, `{"action":"opened"}`, "payload=%7B%22yo%22%3Atrue%7D"} {
		want := digest(body)
		require.Equal(t, want, parseOne(t, "push", guid, body).DedupeID)
		require.Equal(t, want, parseOne(t, "push", guid2, body).DedupeID, "another delivery")
		require.Equal(t, want, parseOne(t, "release", guid2, body).DedupeID, "another event")
		require.NotEqual(t, want, parseOne(t, "push", guid, strings.Replace(body, "{", "{ ", 1)+" ").DedupeID, "another body")
	}
}

func TestHandler_AStolenRequestRunsNothingTwice(t *testing.T) {
	done, ran := map[string]bool{}, 0
	once := func(next cactus.HandlerFunc) cactus.HandlerFunc { // as much of a deduplication as one goroutine needs
		return func(ctx context.Context, e cactus.Event) error {
			key := e.Metadata().DedupeID
			if done[key] {
				return nil
			}
			done[key] = true
			return next(ctx, e)
		}
	}
	var r cactus.Registry
	r.Use(once)
	cactus.On(&r, func(context.Context, *push) error { ran++; return nil }, cactus.WithTypes("*"))
	h := cactus.NewHandler(&r, github.New(verifier()))
	for _, req := range []*http.Request{
		signed(t, jsonType, "push", guid, pushBody),
		signed(t, jsonType, "push", guid, pushBody),
		signed(t, jsonType, "push", guid2, pushBody),
		signed(t, jsonType, "release", guid2, pushBody),
		signed(t, formType, "push", guid2, pushBody),
	} {
		status, text := serve(h, req)
		require.Equal(t, http.StatusOK, status, text)
	}
	require.Equal(t, 1, ran)
	for _, id := range []string{guid, guid, guid2} {
		status, _ := serve(h, signed(t, jsonType, "workflow_dispatch", id, `{"ref":"refs/heads/main"}`))
		require.Equal(t, http.StatusOK, status)
	}
	require.Equal(t, 3, ran, "two dispatches, one of them redelivered")
}

func TestParse_EqualBodiesOfEventsThatHappenAgainAreTwoEvents(t *testing.T) {
	tests := []struct{ event, body string }{
		{"check_run", `{"action":"requested_action"}`},
		{"check_run", `{"action":"rerequested"}`},
		{"check_suite", `{"action":"rerequested"}`},
		{"branch_protection_configuration", `{"action":"disabled"}`},
		{"custom_property_values", `{"action":"updated"}`},
		{"github_app_authorization", `{"action":"revoked","sender":{"id":1}}`},
		{"installation_target", `{"action":"renamed"}`},
		{"member", `{"action":"added"}`},
		{"membership", `{"action":"removed"}`},
		{"org_block", `{"action":"blocked"}`},
		{"organization", `{"action":"member_added"}`},
		{"ping", `{"zen":"Design for failure."}`},
		{"pull_request_review_thread", `{"action":"resolved"}`},
		{"repository_dispatch", `{"action":"deploy"}`},
		{"repository_dispatch", `{"action":"now, please"}`},
		{"star", `{"action":"deleted","starred_at":null}`},
		{"team", `{"action":"added_to_repository"}`},
		{"team_add", `{}`},
		{"watch", `{"action":"started"}`},
		{"workflow_dispatch", `{"inputs":{"name":"Mona"},"ref":"refs/heads/main"}`},
	}
	events := map[string]bool{}
	for _, tt := range tests {
		first := parseOne(t, tt.event, guid, tt.body)
		require.Equal(t, guid+":"+digest(tt.body), first.DedupeID, "%s", tt.event)
		require.Equal(t, guid2+":"+digest(tt.body), parseOne(t, tt.event, guid2, tt.body).DedupeID)
		require.Equal(t, first.DedupeID, parseOne(t, tt.event, guid, tt.body).DedupeID, "a redelivery")
		if strings.HasPrefix(tt.event, "check_") {
			events[first.Type] = true
		} else {
			events[tt.event] = true
		}
	}
	require.Equal(t, digest(`{"action":"completed"}`), parseOne(t, "check_run", guid, `{"action":"completed"}`).DedupeID)

	t.Run("and the package's comment lists them", func(t *testing.T) {
		text, err := os.ReadFile("github.go")
		require.NoError(t, err)
		_, list, _ := strings.Cut(string(text), "DedupeID of these: ")
		list, _, _ = strings.Cut(list, "None of them is lost")
		named := regexp.MustCompile(`[a-z_]+(\.[a-z_]+)?`).FindAllString(list, -1)
		named = slices.DeleteFunc(named, func(s string) bool { return s == "and" })
		require.Len(t, named, len(events))
		for _, name := range named {
			require.True(t, events[name], name)
		}
	})
}
