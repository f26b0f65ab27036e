package slack_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/slack"
)

// mention has as much of Slack's event as its handler needs, and the app's id
// from the object around it.
type mention struct {
	cactus.Full[struct {
		User string `json:"user"`
		Text string `json:"text"`
	}]

	App string `json:"api_app_id"`
}

func (mention) EventType() string { return "app_mention" }

func Example() {
	var r cactus.Registry
	cactus.On(&r, func(_ context.Context, e *mention) error {
		fmt.Println(e.ID, e.Context, e.Created.Format(time.DateOnly), e.App)
		fmt.Println(e.Data.User, "said", e.Data.Text)
		return nil
	})
	verifier := signature.Must(signature.NewSlack(signature.Key{Secret: "e6b19c573432dcc6b075501d51b51bb8"}))
	handler := cactus.NewHandler(&r, slack.New(verifier))

	// What Slack does, first with a new URL and then with events:
	for _, body := range []string{
		`{"type":"url_verification","challenge":"3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd"}`,
		`{"type":"event_callback","team_id":"T061EG9R6","api_app_id":"A0MDYCDME","event_id":"Ev0MDYHUEL","event_time":1515449483,` +
			`"event":{"type":"app_mention","user":"U061F7AUR","text":"is the cactus thirsty?"}}`,
	} {
		req := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		req.Header.Set("Content-Type", "application/json")
		_ = verifier.Sign(req.Header, "", []byte(body), time.Now())
		w := httptest.NewRecorder()
		handler.ServeHTTP(w, req)
		fmt.Println(w.Code, w.Body)
	}
	// Output:
	// 200 3eZbrw1aBm2rZgRNFdxV2595E9CY3gmd
	// Ev0MDYHUEL T061EG9R6 2018-01-08 A0MDYCDME
	// U061F7AUR said is the cactus thirsty?
	// 200
}
