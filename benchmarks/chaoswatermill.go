package benchmarks

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"github.com/ThreeDotsLabs/watermill"
	watermillhttp "github.com/ThreeDotsLabs/watermill-http/v2/pkg/http"
	"github.com/ThreeDotsLabs/watermill/message"
	watermillmw "github.com/ThreeDotsLabs/watermill/message/router/middleware"
	"github.com/go-chi/chi"

	"github.com/cactuscorp/cactus/cactustest"
)

// webhookID is the header with the event's id, and the key in a message's
// metadata.
const webhookID = "Webhook-Id"

// byID is watermill's Deduplicator with the key that ours has, and a memory as
// long as ours.
func byID() (message.HandlerMiddleware, error) {
	repository, err := watermillmw.NewMapExpiringKeyRepository(7 * 24 * time.Hour)
	if err != nil {
		return nil, err
	}
	d := &watermillmw.Deduplicator{
		KeyFactory: watermillmw.NewMessageHasherFromMetadataField(webhookID),
		Repository: repository,
		Timeout:    time.Minute,
	}
	return d.Middleware, nil
}

// asItComes is watermill's Deduplicator with its own defaults: the Adler-32 sum
// of the body, for a minute.
func asItComes() (message.HandlerMiddleware, error) {
	return (*watermillmw.Deduplicator)(nil).Middleware, nil
}

// retried is watermill's Retry as its example of a router has it, but for shorter
// waits.
func retried() (message.HandlerMiddleware, error) {
	return watermillmw.Retry{MaxRetries: 3, InitialInterval: time.Millisecond}.Middleware, nil
}

// withWatermill starts watermill's router behind its own HTTP subscriber, which
// answers 200 when a message is acknowledged and 500 when it is not, so that the
// sender delivers it again. The first middleware is the outermost.
func withWatermill(makers ...func() (message.HandlerMiddleware, error)) func(effect) (http.Handler, func() error, error) {
	return func(do effect) (http.Handler, func() error, error) {
		mux := chi.NewRouter()
		subscriber, err := watermillhttp.NewSubscriber("", watermillhttp.SubscriberConfig{
			Router: mux, UnmarshalMessageFunc: verified,
		}, watermill.NopLogger{})
		if err != nil {
			return nil, nil, err
		}
		router, err := message.NewRouter(message.RouterConfig{}, watermill.NopLogger{})
		if err != nil {
			return nil, nil, err
		}
		for _, newMiddleware := range makers {
			mw, err := newMiddleware()
			if err != nil {
				return nil, nil, err
			}
			router.AddMiddleware(mw)
		}
		router.AddConsumerHandler("webhooks", "/webhooks", subscriber, func(msg *message.Message) error { return do(msg.UUID) })

		ended := make(chan error, 1)
		go func() { ended <- router.Run(context.Background()) }()
		select {
		case <-router.Running():
		case err := <-ended:
			return nil, nil, errors.Join(err, errors.New("watermill's router did not start"))
		}
		return mux, func() error { return errors.Join(router.Close(), <-ended) }, nil
	}
}

var watermillScheme = cactustest.Scheme()

// verified makes a message of a request whose signature is good. The subscriber
// answers everything else with 400.
func verified(_ string, req *http.Request) (*message.Message, error) {
	body, err := io.ReadAll(req.Body)
	if err != nil {
		return nil, err
	}
	if _, err := watermillScheme.Verify(req.Header, body, time.Now()); err != nil {
		return nil, err
	}
	id := req.Header.Get(webhookID)
	msg := message.NewMessage(id, body)
	msg.Metadata.Set(webhookID, id)
	return msg, nil
}
