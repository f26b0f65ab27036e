package benchmarks

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// pushSize is the size of a push of GitHub in bytes.
const pushSize = 8192

// pushCommits is how many commits it has.
const pushCommits = 4

// PushData is what a user reads of a push: a struct of the user's own.
type PushData struct {
	Ref     string `json:"ref"`
	Before  string `json:"before"`
	After   string `json:"after"`
	Forced  bool   `json:"forced"`
	Compare string `json:"compare"`
	Commits []struct {
		ID        string    `json:"id"`
		Message   string    `json:"message"`
		Timestamp time.Time `json:"timestamp"`
		Author    struct {
			Name  string `json:"name"`
			Email string `json:"email"`
		} `json:"author"`
		Added    []string `json:"added"`
		Removed  []string `json:"removed"`
		Modified []string `json:"modified"`
	} `json:"commits"`
	Repository struct {
		ID       int64  `json:"id"`
		FullName string `json:"full_name"`
	} `json:"repository"`
	Pusher struct {
		Name string `json:"name"`
	} `json:"pusher"`
}

// deliveryID returns the delivery's id for that of a request.
func deliveryID(id string) string {
	return "72d3162e-cc78-11e3-81ab-4c9367" + id[len(id)-6:]
}

// pushGain is what a tally gains with a push: its delivery id, the commit that
// it leads to, and its commits.
const pushGain = len("72d3162e-cc78-11e3-81ab-4c9367000000") + 40 + pushCommits

// pushBody returns a push with the fields that GitHub's have, in their order.
func pushBody(id string) []byte {
	return bytes.ReplaceAll(pushTemplate(), []byte(commit(0)), []byte(commit(0)[:34]+id[len(id)-6:]))
}

// commit returns a commit's name.
func commit(i int) string { return fmt.Sprintf("6113728f27ae82c7b1a177c8d03f9e%04d000000", i) }

// object is JSON whose keys keep their order.
type object []any

func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	for i := 0; i < len(o); i += 2 {
		value, err := json.Marshal(o[i+1])
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&b, `,%q:%s`, o[i], value)
	}
	return fmt.Appendf(nil, `{%s}`, bytes.TrimPrefix(b.Bytes(), []byte(","))), nil
}

const (
	apiRepo = "https://api.github.com/repos/cactuscorp/greenhouse"
	webRepo = "https://github.com/cactuscorp/greenhouse"
)

// account is somebody's account, with the URLs that each comes with.
func account(login, kind string, id int) object {
	api := "https://api.github.com/users/" + login
	o := object{
		"name", login, "email", login + "@example.com", "login", login, "id", id, "node_id", "MDQ6VXNlcjIxMDMxMDY3",
		"avatar_url", fmt.Sprintf("https://avatars.githubusercontent.com/u/%d?v=4", id), "gravatar_id", "", "url", api,
		"html_url", "https://github.com/" + login,
	}
	for _, name := range []string{"followers", "gists", "starred", "subscriptions", "repos", "events", "received_events"} {
		o = append(o, name+"_url", api+"/"+name)
	}
	return append(o, "type", kind, "site_admin", false)
}

func repository() object {
	o := object{
		"id", 186853002, "node_id", "MDEwOlJlcG9zaXRvcnkxODY4NTMwMDI=", "name", "greenhouse", "full_name", "cactuscorp/greenhouse",
		"private", false, "owner", account("cactuscorp", "Organization", 21031067), "html_url", webRepo,
		"description", "Where the blue cactus grows", "fork", false, "url", webRepo,
	}
	for _, name := range []string{
		"forks", "teams", "hooks", "events", "tags", "languages", "stargazers", "contributors", "subscribers", "subscription", "merges",
		"downloads", "deployments",
	} {
		o = append(o, name+"_url", apiRepo+"/"+name)
	}
	for _, name := range []string{"keys", "issues", "branches", "commits", "contents", "pulls", "milestones", "labels", "releases"} {
		o = append(o, name+"_url", apiRepo+"/"+name+"{/number}")
	}
	return append(o,
		"created_at", 1557933565, "updated_at", "2025-10-04T15:10:14Z", "pushed_at", 1759590812, "git_url", "git://github.com/cactuscorp/greenhouse.git",
		"ssh_url", "git@github.com:cactuscorp/greenhouse.git", "clone_url", webRepo+".git", "homepage", nil, "size", 1042,
		"stargazers_count", 17, "watchers_count", 17, "language", "Go", "has_issues", true, "has_projects", true, "has_wiki", false,
		"forks_count", 3, "archived", false, "disabled", false, "open_issues_count", 2, "license", nil, "topics", []string{"cactus", "desert"},
		"visibility", "public", "default_branch", "main", "stargazers", 17, "master_branch", "main",
	)
}

func pushCommit(i int, message string) object {
	person := object{"name", "Jörg Müller", "email", "joerg.mueller@example.com", "username", "jmueller"}
	return object{
		"id", commit(i), "tree_id", commit(i + 100), "distinct", true, "message", message,
		"timestamp", fmt.Sprintf("2025-10-04T17:%02d:52+02:00", 10+i), "url", webRepo + "/commit/" + commit(i),
		"author", person, "committer", person,
		"added",
		[]string{fmt.Sprintf("beds/%02d/plan.md", i)},
		"removed",
		[]string{},
		"modified",
		[]string{"README.md", "beds/list.go"},
	}
}

// pushTemplate is the push with the first id. The message of a commit brings it
// to the size.
var pushTemplate = sync.OnceValue(func() []byte {
	render := func(message string) []byte {
		commits := make([]object, 0, pushCommits)
		for i := range pushCommits {
			commits = append(commits, pushCommit(pushCommits-1-i, fmt.Sprintf("Water bed %d\n\nThe cactus in it was blue for a week.", i)))
		}
		commits[1] = pushCommit(pushCommits-2, message)
		body, err := json.Marshal(object{
			"ref", "refs/heads/main", "before", commit(900), "after", commit(0), "repository", repository(),
			"pusher",
			object{"name", "jmueller", "email", "joerg.mueller@example.com"},
			"sender", account("jmueller", "User", 4711),
			"created", false, "deleted", false, "forced", false, "base_ref", nil,
			"compare", webRepo + "/compare/" + commit(900)[:12] + "..." + commit(0)[:12],
			"commits", commits, "head_commit", commits[pushCommits-1],
		})
		if err != nil {
			panic(err)
		}
		return body
	}
	const words = "The pump of the second bed drips, so its valve is closed at night. "
	missing := pushSize - len(render(""))
	return render(strings.Repeat(words, missing/len(words)+1)[:missing])
})

// gitHubHeaders signs as GitHub does and sets its other headers.
type gitHubHeaders struct{ *signature.GitHub }

func (s gitHubHeaders) Sign(h http.Header, id string, body []byte, at time.Time) error {
	h.Set("X-Github-Event", "push")
	h.Set("X-Github-Delivery", deliveryID(id))
	return s.GitHub.Sign(h, id, body, at)
}

func gitHubScheme(key []byte) *signature.GitHub {
	return signature.Must(signature.NewGitHub(signature.Key{Secret: string(key)}))
}

func pushRing(key []byte) []*request { return newRing(pushBody, gitHubHeaders{gitHubScheme(key)}) }
