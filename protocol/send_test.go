package protocol_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"os"
	"regexp"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/protocol"
)

const fine = `{"name":"a:b:response","version":1}`

// capture is a client that keeps what was sent last.
func capture(sent *string, opts ...protocol.ClientOption) *protocol.Client {
	return protocol.NewTransportClient(func(_ context.Context, body []byte) ([]byte, error) {
		*sent = string(body)
		return []byte(fine), nil
	}, opts...)
}

// requireSent compares byte for byte: digits and order count.
func requireSent(t *testing.T, want, sent string) {
	t.Helper()
	require.Equal(t, want, sent)
}

func TestSend_WritesAllEightKeys(t *testing.T) {
	var sent string
	_, err := protocol.Send[any](t.Context(), capture(&sent), "event:example", 1, map[string]string{"example": "example"},
		protocol.WithID("9230c47c-3bcf-11ea-b77f-2e728ce88125"),
		protocol.WithFlowID("a47830ca-3bcf-11ea-a232-2e728ce88125"),
		protocol.WithIdentity(map[string]string{"userId": "USER_ID"}),
		protocol.WithAuth(json.RawMessage(`{"token":12345678901234567890}`)),
		protocol.WithMetadata(map[string]string{"date": "00-00-0000"}))
	require.NoError(t, err)
	requireSent(t, `{"name":"event:example","version":1,"id":"9230c47c-3bcf-11ea-b77f-2e728ce88125",`+
		`"flowId":"a47830ca-3bcf-11ea-a232-2e728ce88125","payload":{"example":"example"},"identity":{"userId":"USER_ID"},`+
		`"auth":{"token":12345678901234567890},"metadata":{"date":"00-00-0000"}}`, sent)
}

func TestSend_MakesFreshIDsAndEmptyObjects(t *testing.T) {
	var sent string
	c := capture(&sent)
	seen := make(map[string]bool)
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	for range 2 {
		_, err := protocol.Send[any](t.Context(), c, "a:b", 1, (*struct{})(nil), protocol.WithAuth(nil))
		require.NoError(t, err)
		var event map[string]json.RawMessage
		require.NoError(t, json.Unmarshal([]byte(sent), &event))
		for _, key := range []string{"payload", "identity", "auth", "metadata"} {
			require.Equal(t, `{}`, string(event[key]), key)
		}
		for _, key := range []string{"id", "flowId"} {
			var id string
			require.NoError(t, json.Unmarshal(event[key], &id))
			require.Regexp(t, uuid, id)
			seen[id] = true
		}
	}
	require.Len(t, seen, 4)
}

func TestSendEvent_PrefersTheSendThenTheEventThenTheDefaults(t *testing.T) {
	var sent string
	c := capture(&sent, protocol.WithDefaults(protocol.WithFlowID("default"), protocol.WithID("default"),
		protocol.WithMetadata(map[string]int{"default": 1}), protocol.WithIdentity(map[string]int{"default": 1})))
	event := &protocol.Event{Name: "a:b", Version: 2, FlowID: "event", Identity: json.RawMessage(`{"event":1}`), ID: "event"}
	before := *event
	_, err := c.SendEvent(t.Context(), event, protocol.WithID("send"))
	require.NoError(t, err)
	require.Equal(t, before, *event)
	requireSent(t, `{"name":"a:b","version":2,"id":"send","flowId":"event","payload":{},"identity":{"event":1},"auth":{},"metadata":{"default":1}}`, sent)
}

func TestSend_RefusesWhatCannotBeSent(t *testing.T) {
	c := protocol.NewTransportClient(func(context.Context, []byte) ([]byte, error) { panic("sent") })
	for want, send := range map[string]func() error{
		"send a:b:v1: payload: a float64 cannot be encoded as JSON": func() error { return sendOne(t, c, "a:b", 1, math.NaN()) },
		"send a:b:v1: auth: must be an object in JSON":              func() error { return sendOne(t, c, "a:b", 1, nil, protocol.WithAuth("s3cret")) },
		"send a:b:v1: timeout: must be positive":                    func() error { return sendOne(t, c, "a:b", 1, nil, protocol.WithTimeout(0)) },
		"send a:b:v1: header: a transport has none":                 func() error { return sendOne(t, c, "a:b", 1, nil, protocol.WithHeader("X", "y")) },
		"send a:b:v1: header: the name must be a token and the value without control characters": func() error {
			return sendOne(t, c, "a:b", 1, nil, protocol.WithHeader("X", "s3cret\r\n"))
		},
		"send a:b:v1: header: Host is the client's own":             func() error { return sendOne(t, c, "a:b", 1, nil, protocol.WithHeader("host", "x")) },
		"send (no name):v1: name: must not be empty":                func() error { return sendOne(t, c, "", 1, nil) },
		"send a:b:v0: version: must be at least 1":                  func() error { return sendOne(t, c, "a:b", 0, nil) },
		"send a:b:v1: event: field \"payload\": must be valid JSON": func() error { return sendOne(t, c, "a:b", 1, json.RawMessage(`{s3cret`)) },
		"send a:b:v1: an option is nil":                             func() error { return sendOne(t, c, "a:b", 1, nil, nil) },
		"event: is nil":                                             func() error { _, err := c.SendEvent(t.Context(), nil); return err },
	} {
		require.EqualError(t, send(), want)
	}
}

func sendOne(t *testing.T, c *protocol.Client, name string, version int, payload any, opts ...protocol.SendOption) error {
	t.Helper()
	_, err := protocol.Send[any](t.Context(), c, name, version, payload, opts...)
	return err
}

// stuck waits for the end of its context.
func stuck(ctx context.Context, _ []byte) ([]byte, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func TestSend_EndsWithItsTimeout(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			opts []protocol.SendOption
			want time.Duration
		}{
			{nil, time.Minute},
			{[]protocol.SendOption{protocol.WithTimeout(time.Second)}, time.Second},
		} {
			start := time.Now()
			err := sendOne(t, protocol.NewTransportClient(stuck), "a:b", 1, nil, tt.opts...)
			var timeout *protocol.TimeoutError
			require.ErrorAs(t, err, &timeout)
			require.Equal(t, tt.want, timeout.After)
			require.Equal(t, tt.want, time.Since(start))
			require.NotErrorIs(t, err, context.DeadlineExceeded)
		}
	})
}

func TestSend_ReturnsTheContextsErrorIfTheCallerHasGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := protocol.NewTransportClient(stuck, protocol.WithRetries(3))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := protocol.Send[any](ctx, c, "a:b", 1, nil)
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.NotErrorAs(t, err, new(*protocol.TimeoutError))
		require.NotErrorAs(t, err, new(*protocol.FailedDependencyError))

		why := errors.New("shutting down")
		ctx, stop := context.WithCancelCause(t.Context())
		time.AfterFunc(time.Second, func() { stop(why) })
		_, err = protocol.Send[any](ctx, c, "a:b", 1, nil)
		require.ErrorIs(t, err, context.Canceled)
		require.ErrorIs(t, err, why)
	})
}

func TestSend_TriesAgainOnlyIfAsked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		sent, failures := 0, 2
		transport := func(context.Context, []byte) ([]byte, error) {
			if sent++; sent <= failures {
				return nil, errors.New("no route")
			}
			return []byte(fine), nil
		}
		err := sendOne(t, protocol.NewTransportClient(transport), "a:b", 1, nil)
		require.ErrorAs(t, err, new(*protocol.FailedDependencyError))
		require.Equal(t, 1, sent)

		sent = 0
		start := time.Now()
		require.NoError(t, sendOne(t, protocol.NewTransportClient(transport, protocol.WithRetries(3)), "a:b", 1, nil))
		require.Equal(t, 3, sent)
		require.GreaterOrEqual(t, time.Since(start), 150*time.Millisecond)
		require.LessOrEqual(t, time.Since(start), 300*time.Millisecond)

		sent, failures = 0, math.MaxInt
		start = time.Now()
		err = sendOne(t, protocol.NewTransportClient(transport, protocol.WithRetries(1000)), "a:b", 1, nil, protocol.WithTimeout(10*time.Second))
		require.EqualError(t, err, "send a:b:v1: failed dependency: no valid answer")
		require.Less(t, time.Since(start), 10*time.Second, "a wait that would end after the timeout is not begun")
	})
}

func TestSend_DoesNotTryAgainAfterAnAnswer(t *testing.T) {
	for _, failure := range []error{
		&protocol.FailedDependencyError{Status: 503}, &protocol.BadProtocolError{}, &protocol.TimeoutError{}, os.ErrDeadlineExceeded,
	} {
		sent := 0
		c := protocol.NewTransportClient(func(context.Context, []byte) ([]byte, error) {
			sent++
			return nil, failure
		}, protocol.WithRetries(3))
		require.Error(t, sendOne(t, c, "a:b", 1, nil))
		require.Equal(t, 1, sent, "%T", failure)
	}
}

func TestSend_TakesATransportsTimeoutForOne(t *testing.T) {
	c := protocol.NewTransportClient(func(context.Context, []byte) ([]byte, error) { return nil, os.ErrDeadlineExceeded })
	err := sendOne(t, c, "a:b", 1, nil)
	require.ErrorAs(t, err, new(*protocol.TimeoutError))
	require.EqualError(t, err, "send a:b:v1: timeout: the transport waited for too long")
}

func TestWithSendMiddleware_SeesTheWholeRequest(t *testing.T) {
	var sent string
	var seen []string
	note := func(who string) protocol.Middleware {
		return func(next protocol.HandlerFunc) protocol.HandlerFunc {
			return func(ctx context.Context, event *protocol.Event) (*protocol.Event, error) {
				seen = append(seen, who+" "+event.ID)
				event.Metadata = json.RawMessage(fmt.Sprintf(`{"by":%q}`, who))
				return next(ctx, event)
			}
		}
	}
	c := capture(&sent, protocol.WithSendMiddleware(note("first"), note("second")))
	event := request
	_, err := c.SendEvent(t.Context(), &event)
	require.NoError(t, err)
	require.Equal(t, []string{"first " + request.ID, "second " + request.ID}, seen)
	require.Contains(t, sent, `"metadata":{"by":"second"}`)
	require.Equal(t, request, event)

	lost := capture(&sent, protocol.WithSendMiddleware(func(next protocol.HandlerFunc) protocol.HandlerFunc {
		return func(_ context.Context, event *protocol.Event) (*protocol.Event, error) {
			return next(context.Background(), event) //nolint:contextcheck // the mistake
		}
	}))
	require.ErrorContains(t, sendOne(t, lost, "a:b", 1, nil), "context")
}

func TestNewClient_RefusesMisuse(t *testing.T) {
	for _, url := range []string{"", "example.com/events", "ftp://x", "http://", "http://x/#f", "http://%zz", "://s3cret"} {
		_, err := protocol.NewClient(url)
		require.EqualError(t, err, "url: must be http or https with a host, and without fragment", url)
	}
	_, err := protocol.NewClient("http://x", protocol.WithDefaults(protocol.WithTimeout(-1)))
	require.EqualError(t, err, "timeout: must be positive")
	_, err = protocol.NewClient("http://x", protocol.WithDefaults(protocol.WithAuth(json.RawMessage(`{s3cret`))))
	require.EqualError(t, err, "event: field \"auth\": must be valid JSON")
	for name, misuse := range map[string]func(){
		"NewTransportClient: the transport": func() { protocol.NewTransportClient(nil) },
		"NewTransportClient: an option":     func() { protocol.NewTransportClient(stuck, nil) },
		"NewClient: an option":              func() { _, _ = protocol.NewClient("http://x", nil) },
		"NewTransportClient: header": func() {
			protocol.NewTransportClient(stuck, protocol.WithDefaults(protocol.WithHeader("X", "y")))
		},
		"WithRetries":        func() { protocol.WithRetries(0) },
		"WithMaxResponse":    func() { protocol.WithMaxResponse(0) },
		"WithHTTPClient":     func() { protocol.WithHTTPClient(nil) },
		"WithDefaults":       func() { protocol.WithDefaults(nil) },
		"WithSendMiddleware": func() { protocol.WithSendMiddleware(nil) },
	} {
		func() {
			defer func() { require.Contains(t, recover(), "protocol: "+name) }()
			misuse()
		}()
	}
}

func TestSend_DoesNotPassOnAProtocolErrorOfItsTransport(t *testing.T) {
	for _, own := range []error{protocol.NotFound("NO_OFFERS", nil), protocol.Redirect("https://x", nil)} {
		c := protocol.NewTransportClient(func(context.Context, []byte) ([]byte, error) { return nil, own })
		err := sendOne(t, c, "a:b", 1, nil)
		require.ErrorAs(t, err, new(*protocol.FailedDependencyError))
		require.NotErrorIs(t, err, own)
	}
	c := protocol.NewTransportClient(func(context.Context, []byte) ([]byte, error) {
		return nil, &protocol.Error{Type: protocol.TypeGone, Cause: os.ErrDeadlineExceeded}
	})
	err := sendOne(t, c, "a:b", 1, nil)
	require.ErrorAs(t, err, new(*protocol.TimeoutError))
	require.NotErrorAs(t, err, new(*protocol.Error))
}

type picky struct{}

func (*picky) UnmarshalJSON([]byte) error { return protocol.BadRequest("PICKY", nil) }

func TestSend_DoesNotPassOnAProtocolErrorOfADecoder(t *testing.T) {
	_, err := protocol.Send[picky](t.Context(), answering(fine), "a:b", 1, nil)
	require.ErrorAs(t, err, new(*protocol.BadProtocolError))
	require.NotErrorAs(t, err, new(*protocol.Error))
}

func TestWithSendMiddleware_MayAnswerItself(t *testing.T) {
	var answer *protocol.Event
	c := protocol.NewTransportClient(stuck, protocol.WithSendMiddleware(func(protocol.HandlerFunc) protocol.HandlerFunc {
		return func(context.Context, *protocol.Event) (*protocol.Event, error) { return answer, nil }
	}))
	require.EqualError(t, sendOne(t, c, "a:b", 1, nil), "send a:b:v1: the middleware returned neither an answer nor an error")
	answer = &protocol.Event{Name: "a:b:response", Version: 1}
	require.NoError(t, sendOne(t, c, "a:b", 1, nil))
}

// relay is a processor whose handler of "relay:it" sends "a:b" on with c and returns
// whatever comes of it.
func relay(c *protocol.Client) *protocol.Processor {
	var r protocol.Registry
	protocol.HandleEvent(&r, "relay:it", 1, func(ctx context.Context, event *protocol.Event) (*protocol.Event, error) {
		answer, err := c.SendEvent(ctx, &protocol.Event{Name: "a:b", Version: 1})
		if err != nil {
			return nil, err
		}
		return event.Response(answer.Payload)
	})
	return protocol.NewProcessor(&r)
}

func TestSend_CarriesTheIDsOfTheEventThatIsHandledAndNothingElse(t *testing.T) {
	var sent string
	relay(capture(&sent)).Process(t.Context(), []byte(`{"name":"relay:it","version":1,"id":"i","flowId":"f",`+
		`"identity":{"userId":1},"auth":{"token":"s3cret"},"metadata":{"origin":"o"}}`))
	requireSent(t, `{"name":"a:b","version":1,"id":"i","flowId":"f","payload":{},"identity":{},"auth":{},"metadata":{}}`, sent)
}

func TestSend_PrefersWhatIsSetToTheIDsOfTheEventThatIsHandled(t *testing.T) {
	var sent string
	c := capture(&sent)
	protocol.NewProcessor(handling(func(ctx context.Context, e *protocol.Event) (*protocol.Event, error) {
		_, err := c.SendEvent(ctx, &protocol.Event{Name: "a:b", Version: 1, ID: "own"}, protocol.WithFlowID("own"))
		require.NoError(t, err)
		return e.Response(nil)
	})).Process(t.Context(), []byte(`{"name":"get:event","version":1,"id":"i","flowId":"f"}`))
	requireSent(t, `{"name":"a:b","version":1,"id":"own","flowId":"own","payload":{},"identity":{},"auth":{},"metadata":{}}`, sent)
}

func TestSend_InAHandlerFailsAsADependency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for want, c := range map[string]*protocol.Client{
			"EVENT_TIMEOUT":     protocol.NewTransportClient(stuck),
			"FAILED_DEPENDENCY": answering(`{"name":"a:b:notFound","version":1,"payload":{"code":"NO_OFFERS"}}`),
		} {
			_, err := protocol.NewTransportClient(func(ctx context.Context, body []byte) ([]byte, error) {
				return relay(c).Process(ctx, body), nil
			}).SendEvent(t.Context(), &protocol.Event{Name: "relay:it", Version: 1}, protocol.WithTimeout(time.Hour))
			var failed *protocol.ResponseError
			require.ErrorAs(t, err, &failed)
			require.Equal(t, protocol.TypeError, failed.Type)
			require.Equal(t, want, failed.Code)
		}
	})
}
