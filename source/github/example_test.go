package github_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/github"
)

// pullRequest has as much of GitHub's payload as its handler needs.
type pullRequest struct {
	cactus.Full[struct {
		Number      int `json:"number" validate:"required"`
		PullRequest struct {
			Title string `json:"title"`
		} `json:"pull_request"`
	}]
}

func (pullRequest) EventType() string { return "pull_request.opened" }

func Example() {
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *pullRequest) error {
		fmt.Printf("%s: #%d %s\n", e.Type, e.Data.Number, e.Data.PullRequest.Title)
		return nil
	}, cactus.WithTypes("pull_request.*"))
	verifier := signature.Must(signature.NewGitHub(signature.Key{Secret: "It's a Secret to Everybody"}))
	handler := cactus.NewHandler(&r, github.New(verifier))

	// What GitHub does:
	for _, body := range []string{
		`{"action":"opened","number":7,"pull_request":{"title":"Water the cactus"}}`,
		`{"action":"closed","number":7,"pull_request":{"title":"Water the cactus"}}`,
	} {
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("X-Github-Event", "pull_request")
		req.Header.Set("X-Github-Delivery", "72d3162e-cc78-11e3-81ab-4c9367dc0958")
		_ = verifier.Sign(req.Header, "", []byte(body), time.Now())
		handler.ServeHTTP(httptest.NewRecorder(), req)
	}
	// Output:
	// pull_request.opened: #7 Water the cactus
	// pull_request.closed: #7 Water the cactus
}

// A setting that is changed again in the same way is another event, however equal
// its body is to the first.
func Example_equalBodies() {
	byDelivery := func(next cactus.HandlerFunc) cactus.HandlerFunc {
		return func(ctx context.Context, e cactus.Event) error {
			m := e.Metadata()
			if m.Type == "security_and_analysis" {
				m.DedupeID = m.ID + ":" + m.DedupeID
			}
			return next(ctx, e)
		}
	}
	show := func(next cactus.HandlerFunc) cactus.HandlerFunc { // stands for a deduplication
		return func(ctx context.Context, e cactus.Event) error {
			fmt.Println(e.Metadata().DedupeID)
			return next(ctx, e)
		}
	}
	var r cactus.Registry
	r.Use(byDelivery, show)
	r.OnOther(func(context.Context, *cactus.RawEvent, bool) error { return nil })

	verifier := signature.Must(signature.NewGitHub(signature.Key{Secret: "It's a Secret to Everybody"}))
	body := []byte(`{"changes":{}}`)
	header := http.Header{"X-Github-Event": {"security_and_analysis"}, "X-Github-Delivery": {"d1"}}
	_ = verifier.Sign(header, "", body, time.Now())
	_ = r.Receive(context.Background(), github.New(verifier), cactus.NewRequest(header, body, time.Time{}))
	// Output: d1:f1049fe9b5db63b2e8df68a9ff87930108ca38eea40ed456aa179eadd79e7bdd
}
