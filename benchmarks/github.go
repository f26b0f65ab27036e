package benchmarks

import (
	"context"
	"encoding/json"
	"net/http"

	gogithub "github.com/google/go-github/v88/github"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/github"
)

// Push is a push of GitHub, as much of it as its user reads.
type Push struct{ cactus.Full[PushData] }

// EventType names the event on the wire.
func (Push) EventType() string { return "push" }

// PushWhole is a push of GitHub with all its fields, in go-github's struct.
type PushWhole struct {
	cactus.Full[gogithub.PushEvent]
}

// EventType names the event on the wire.
func (PushWhole) EventType() string { return "push" }

func pushHandler(seen *tally) http.Handler {
	r := new(cactus.Registry)
	cactus.On(r, func(_ context.Context, e *Push) error {
		seen.note(e.ID, e.Data.After, len(e.Data.Commits))
		return nil
	})
	return cactus.NewHandler(r, github.New(gitHubScheme(secretKey)))
}

func pushWholeHandler(seen *tally) http.Handler {
	r := new(cactus.Registry)
	cactus.On(r, func(_ context.Context, e *PushWhole) error {
		seen.note(e.ID, e.Data.GetAfter(), len(e.Data.Commits))
		return nil
	})
	return cactus.NewHandler(r, github.New(gitHubScheme(secretKey)))
}

// newGoGitHub is an endpoint as go-github's own documentation has it.
func newGoGitHub(seen *tally) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		payload, err := gogithub.ValidatePayload(r, secretKey)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		event, err := gogithub.ParseWebHook(gogithub.WebHookType(r), payload)
		if err != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		switch e := event.(type) {
		case *gogithub.PushEvent:
			seen.note(gogithub.DeliveryID(r), e.GetAfter(), len(e.Commits))
		case *gogithub.PullRequestEvent, *gogithub.IssuesEvent:
		}
		w.WriteHeader(http.StatusOK)
	})
}

// newSmallGitHub is one that has go-github verify and reads the same small
// struct as ours.
func newSmallGitHub(seen *tally) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		payload, err := gogithub.ValidatePayload(r, secretKey)
		if err != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		if gogithub.WebHookType(r) == "push" {
			var push PushData
			if err := json.Unmarshal(payload, &push); err != nil {
				w.WriteHeader(http.StatusBadRequest)
				return
			}
			seen.note(gogithub.DeliveryID(r), push.After, len(push.Commits))
		}
		w.WriteHeader(http.StatusOK)
	})
}

// The push through ServeHTTP.
var (
	pushCactus = Case{Name: "cactus, the user's struct", Start: working(func() Work {
		return serving(pushRing(secretKey), http.StatusOK, pushGain, pushHandler)
	})}
	pushCactusWhole = Case{Name: "cactus, go-github's struct", Start: working(func() Work {
		return serving(pushRing(secretKey), http.StatusOK, pushGain, pushWholeHandler)
	})}
	pushGoGitHub = Case{Name: "go-github", Start: working(func() Work {
		return serving(pushRing(secretKey), http.StatusOK, pushGain, newGoGitHub)
	})}
	pushSmallGitHub = Case{Name: "go-github's verifier, encoding/json", Start: working(func() Work {
		return serving(pushRing(secretKey), http.StatusOK, pushGain, newSmallGitHub)
	})}
)
