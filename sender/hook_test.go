package sender

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func TestHook_SendsWhatTheFunctionReturns(t *testing.T) {
	s := &scripted{}
	result, err := Hook(s, same)(t.Context(), greenfelds, URL(where))
	require.NoError(t, err)
	require.True(t, result.OK())
	require.Equal(t, Sent, result.State)
	require.Equal(t, where, result.URL)
	require.Len(t, s.sent(), 1)
	m := s.sent()[0]
	require.Same(t, m, result.Message, "what was posted")
	require.JSONEq(t, `{"husband":"Daniel Roy Greenfeld","wife":"Audrey Roy Greenfeld"}`, string(m.Body))
	require.Equal(t, http.Header{"Content-Type": {"application/json"}}, m.Header)
	require.Greater(t, len(result.ID), 10)
	require.Equal(t, result.ID, m.ID)
}

func TestHook_PanicsAtSetUp(t *testing.T) { // P1
	type other struct{}
	s := &scripted{}
	var noFunc func(context.Context, wedding) (any, error)
	var noClient *Client
	signer := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: secret}))
	count := 0
	twice := func() string { return "evt_1" }
	for name, c := range map[string]struct {
		hook func()
		want string
	}{
		"no sender":        {func() { Hook(nil, same) }, "the sender is nil"},
		"a nil client":     {func() { Hook(noClient, same) }, "the sender is nil"},
		"no function":      {func() { Hook(s, noFunc) }, "the payload function is nil"},
		"a nil option":     {func() { Hook(s, same, nil) }, "an option is nil"},
		"a fixed id":       {func() { Hook(s, same, MessageID("evt_1")) }, "it would be the id of every message"},
		"a repeated id":    {func() { Hook(s, same, ID(twice)) }, "the same id twice"},
		"a wrong input":    {func() { Hook(s, same, From(func(other) Option { return nil })) }, "it takes sender.other, but the input is sender.wedding"},
		"no From":          {func() { Hook(s, same, From[wedding](nil)) }, "option From: the function is nil"},
		"a relative URL":   {func() { Hook(s, same, URL("/hooks")) }, "url: scheme must be http or https"},
		"credentials":      {func() { Hook(s, same, Header("authorization", "Basic x")) }, "use option Authorize"},
		"a reserved":       {func() { Hook(s, same, Header("content-length", "1")) }, "Content-Length: cannot be set"},
		"a content type":   {func() { Hook(s, same, Header("Content-Type", ";")) }, "must be a media type"},
		"a broken header":  {func() { Hook(s, same, Header("X-A", "a\r\nX-B: b")) }, "must have no control characters"},
		"no marshaller":    {func() { Hook(s, same, Marshal(nil)) }, "option Marshal"},
		"no generator":     {func() { Hook(s, same, ID(nil)) }, "option ID: the function is nil"},
		"no encoding":      {func() { Hook(s, same, func(s *Settings) { s.Encoding = 2 }) }, "encoding must be EncodeJSON or EncodeForm, got 2"}, // P11
		"no time":          {func() { Hook(s, same, Timeout(0)) }, "option Timeout: must be positive"},
		"no size":          {func() { Hook(s, same, MaxBody(0)) }, "option MaxBody: must be positive"},
		"a wrong secret":   {func() { Hook(s, same, Secret("whsec_short")) }, "option Secret: "},
		"no signer":        {func() { Hook(s, same, Sign(nil)) }, "option Sign: the signer is nil"},
		"no authorizer":    {func() { Hook(s, same, Authorize(nil)) }, "option Authorize: the authorizer is nil"},
		"no notify":        {func() { Hook(s, same, Notify(nil)) }, "option Notify: the function is nil"},
		"no recorder":      {func() { Hook(s, same, Record((*Ring)(nil))) }, "option Record: the recorder is nil"},
		"a wrong schedule": {func() { Hook(s, same, Retry(Schedule{Tries: -1})) }, "tries is -1"},
		"a wrong key":      {func() { Hook(s, same, Value([]int{1}, 1)) }, "the key must be comparable, got []int"},
		"a nil key":        {func() { Hook(s, same, Value(nil, 1)) }, "the key must be comparable, got nil"},
		"no id to write":   {func() { Hook(s, same, NoID(), HashKey("hash")) }, "options NoID and HashKey"},
		"no id to sign":    {func() { Hook(s, same, NoID(), Sign(signer)) }, "a Standard Webhooks signature needs an id"},
		"inside a preset":  {func() { Hook(s, same, Options(JSON(), Options(Timeout(-1)))) }, "option Timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			text := mustPanic(t, c.hook)
			require.Contains(t, text, c.want)
			require.Regexp(t, `^sender: hook at .*hook_test\.go:\d+: `, text)
			require.NotContains(t, text, "whsec_short")
		})
	}
	require.NotPanics(t, func() {
		Hook(s, same, ID(func() string { count++; return strconv.Itoa(count) }))
		Hook(s, same, ID(func() string { return "" })) // none is not repeated
		Hook(s, same, From(func(any) Option { return MessageID("evt_1") }))
	})
}

func TestHook_RefusesTheSameAtACall(t *testing.T) {
	s := &scripted{}
	send := Hook(s, same, URL(where))
	for _, opt := range []Option{
		nil, URL("ftp://example.com"), From(func(int) Option { return nil }), Timeout(-1),
		ID(func() string { panic("no more") }), func(*Settings) { panic("by hand") },
	} {
		result, err := send(t.Context(), greenfelds, opt)
		require.Error(t, err)
		require.Equal(t, Failed, result.State)
		require.Equal(t, err, result.Err)
	}
	require.Empty(t, s.sent())
}

func TestHook_CallWins(t *testing.T) { // P11
	s := &scripted{}
	preset := Options(Header("X-Creator", "pydanny"), Timeout(time.Minute))
	send := Hook(s, same, URL("https://example.com/a"), preset, Header("X-Kept", "yes"))
	_, err := send(t.Context(), greenfelds, URL("https://example.com/b"), Header("x-creator", " audreyr "), MessageID("evt_1"))
	require.NoError(t, err)
	_, err = send(t.Context(), greenfelds)
	require.NoError(t, err)

	first, second := s.sent()[0], s.sent()[1]
	require.Equal(t, "https://example.com/b", first.URL)
	require.Equal(t, "audreyr", first.Header.Get("X-Creator"))
	require.Equal(t, "yes", first.Header.Get("X-Kept"))
	require.Equal(t, "evt_1", first.ID)
	require.Equal(t, "https://example.com/a", second.URL, "a call leaves the hook as it was")
	require.Equal(t, "pydanny", second.Header.Get("X-Creator"))
	require.Equal(t, time.Minute, second.Timeout)
	require.NotContains(t, string(second.Body), "pydanny", "P3: options do not leak into the payload")
}

func TestFrom_TakesItsPlaceAmongTheOptions(t *testing.T) {
	fromWife := From(func(w wedding) Option { return URL("https://example.com/" + w.Wife) })
	w := wedding{Wife: "audrey"}
	for name, c := range map[string]struct {
		hook, call []Option
		want       string
	}{
		"alone":              {hook: []Option{fromWife}, want: "https://example.com/audrey"},
		"after another":      {hook: []Option{URL(where), fromWife}, want: "https://example.com/audrey"},
		"before another":     {hook: []Option{fromWife, URL(where)}, want: where},
		"at the call":        {hook: []Option{URL(where)}, call: []Option{fromWife}, want: "https://example.com/audrey"},
		"before the call's":  {hook: []Option{fromWife}, call: []Option{URL(where)}, want: where},
		"of an interface":    {hook: []Option{From(func(any) Option { return URL(where) })}, want: where},
		"that has no option": {hook: []Option{URL(where), From(func(wedding) Option { return nil })}, want: where},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{}
			_, err := Hook(s, same, c.hook...)(t.Context(), w, c.call...)
			require.NoError(t, err)
			require.Equal(t, c.want, s.sent()[0].URL)
		})
	}
	_, err := Hook(&scripted{}, same, fromWife)(t.Context(), wedding{Wife: "\x00"})
	require.ErrorContains(t, err, "url: ", "what comes of an input is checked, too")
	_, err = NewMessage(w, fromWife)
	require.ErrorContains(t, err, "there is no input outside a hook")
}

func TestHook_IDsAreUnique(t *testing.T) { // P2, P3
	s := &scripted{}
	send := Hook(s, same, URL(where))
	seen := map[string]bool{}
	for range 30 {
		result, err := send(t.Context(), greenfelds)
		require.NoError(t, err)
		require.Regexp(t, `^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`, result.ID)
		seen[result.ID] = true
	}
	require.Len(t, seen, 30)

	placebo := ID(func() string { return "" })
	for _, none := range []Option{NoID(), placebo} {
		result, err := send(t.Context(), greenfelds, none)
		require.NoError(t, err)
		require.Empty(t, result.ID)
		require.Empty(t, result.Message.ID)
	}
}

func TestHook_RunsThePayloadFunctionOnceASend(t *testing.T) { // P9
	calls := 0
	s := &scripted{answers: []Attempt{rejected(500), rejected(500), {Outcome: Delivered, Status: 204}}}
	result, err := Hook(s, func(context.Context, wedding) (int, error) { calls++; return calls, nil },
		URL(where), Retry(Schedule{Tries: 5}))(t.Context(), greenfelds)
	require.NoError(t, err)
	require.Len(t, result.Attempts, 3)
	require.Equal(t, 1, calls)
	for _, m := range s.sent() {
		require.Equal(t, "1", string(m.Body))
	}
}

func TestHook_PostsNothingWhenThePayloadFails(t *testing.T) {
	wrong := errors.New("no such project")
	for name, c := range map[string]struct {
		payload func(context.Context, wedding) (any, error)
		check   func(error)
	}{
		"an error": {func(context.Context, wedding) (any, error) { return nil, wrong }, func(err error) { require.ErrorIs(t, err, wrong) }},
		"a panic": {func(context.Context, wedding) (any, error) { panic("hush: " + secret) }, func(err error) {
			var p *PanicError
			require.ErrorAs(t, err, &p)
			require.NotContains(t, err.Error(), "hush")
			require.Contains(t, string(p.Stack), "hook_test.go")
		}},
		"an error as panic": {func(context.Context, wedding) (any, error) { panic(wrong) }, func(err error) { require.ErrorIs(t, err, wrong) }},
		"null":              {func(context.Context, wedding) (any, error) { return (*wedding)(nil), nil }, func(err error) { require.ErrorContains(t, err, "it is null") }},
	} {
		t.Run(name, func(t *testing.T) {
			s := &scripted{}
			send := Hook(senderFunc(func(ctx context.Context, call *Call) (*Result, error) {
				_, err := call.Message(ctx)
				require.Error(t, err)
				return attemptAll(ctx, s, call) // asks again, as a retry would
			}), c.payload, URL(where))
			result, err := send(t.Context(), greenfelds)
			c.check(err)
			require.Equal(t, Failed, result.State)
			require.Equal(t, "the message could not be made", result.Reason)
			require.Empty(t, s.sent())
		})
	}
}

type senderFunc func(context.Context, *Call) (*Result, error)

func (f senderFunc) Send(ctx context.Context, call *Call) (*Result, error) { return f(ctx, call) }

func TestHook_KeepsASendersPromise(t *testing.T) {
	wrong := errors.New("wrong")
	for name, c := range map[string]struct {
		result *Result
		err    error
		want   string
	}{
		"neither":               {nil, nil, "returned neither a result nor an error"},
		"an error alone":        {nil, wrong, "wrong"},
		"a failure alone":       {&Result{State: Failed, Err: wrong}, nil, "wrong"},
		"no state":              {&Result{}, nil, "no state"},
		"a failure out of JSON": {&Result{State: Failed, Reason: "gone"}, nil, "gone"},
	} {
		t.Run(name, func(t *testing.T) {
			send := Hook(senderFunc(func(context.Context, *Call) (*Result, error) { return c.result, c.err }), same)
			result, err := send(t.Context(), greenfelds)
			require.ErrorContains(t, err, c.want)
			require.Equal(t, Failed, result.State)
		})
	}
}
