package github

import (
	"crypto/sha256"
	"encoding/hex"
)

// dedupeID returns the body's digest, after the delivery's id if the event is
// one that may happen again with an equal body.
//
// That depends on an event that nobody signed, which is safe for the others: a
// body under another event goes to the handler of that one. The signature
// would be as good as a digest and is there already, but it changes with the
// key, and whoever reads the store could use it.
func dedupeID(event, typ, id string, body []byte) string {
	digest := sha256.Sum256(body)
	var text [2 * sha256.Size]byte
	hex.Encode(text[:], digest[:])
	if recurs(event, typ) {
		return id + ":" + string(text[:])
	}
	return string(text[:])
}

// recurs reports whether an event may happen again with an equal body, because
// its payload tells nothing of the occasion. The package's comment lists them.
func recurs(event, typ string) bool {
	switch event {
	case "branch_protection_configuration", "custom_property_values", "github_app_authorization", "installation_target",
		"member", "membership", "org_block", "organization", "ping", "pull_request_review_thread", dispatch, "star", "team",
		"team_add", "watch", "workflow_dispatch":
		return true
	}
	switch typ {
	case "check_run.requested_action", "check_run.rerequested", "check_suite.rerequested":
		return true
	}
	return false
}
