package sender

import (
	"context"
	"slices"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// defaultMaxRetryAfter bounds what an answer can ask for where the user has given
// no schedule, and so how long a hook may take.
const defaultMaxRetryAfter = 10 * time.Second

// Retry says when the message is tried again. The default is the sender's:
// [Webhooks] for a [Client] and [WebhooksSimple] behind [Simple], with a
// MaxRetryAfter of 10 seconds.
func Retry(schedule Schedule) Option {
	schedule = schedule.clone()
	return func(s *Settings) {
		own := schedule
		s.Retry = &own
	}
}

// Sign signs each attempt anew. The default is no signature.
func Sign(signer signature.Signer) Option {
	return func(s *Settings) {
		if isNil(signer) {
			s.failf("option Sign: the signer is nil")
		}
		s.Signer = signer
	}
}

// Secret signs each attempt by the Standard Webhooks scheme. Secrets begin with
// whsec_, or with whsk_ for an asymmetric signature; several are a rotation, and
// the message has a signature of each. A secret is checked when the option is made
// and refused when it is applied.
func Secret(secrets ...string) Option {
	keys := make([]signature.Key, len(secrets))
	for i, secret := range secrets {
		keys[i].Secret = secret
	}
	scheme, err := signature.NewStandardWebhooks(keys...)
	if err != nil {
		return func(s *Settings) { s.failf("option Secret: %w", err) }
	}
	return Sign(scheme)
}

// Authorize adds credentials to each attempt.
func Authorize(a Authorizer) Option {
	return func(s *Settings) {
		if isNil(a) {
			s.failf("option Authorize: the authorizer is nil")
		}
		s.Authorizer = a
	}
}

// Notify calls f with what there is to say about each attempt. Several are called
// in their order, in the goroutine that sends. The send goes on when f panics:
// see [Result.Warnings].
func Notify(f func(context.Context, Note)) Option {
	return func(s *Settings) {
		if f == nil {
			s.failf("option Notify: the function is nil")
			return
		}
		s.Notify = append(slices.Clip(s.Notify), f)
	}
}

// Record gives each attempt to r. Several are called in their order. The send goes
// on when one fails: see [Result.Warnings].
func Record(r Recorder) Option {
	return func(s *Settings) {
		if isNil(r) {
			s.failf("option Record: the recorder is nil")
			return
		}
		s.Recorders = append(slices.Clip(s.Recorders), r)
	}
}
