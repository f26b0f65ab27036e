package sender

import (
	"context"
	"net/http"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCall_MakesItsMessageOnceForAll(t *testing.T) {
	var calls atomic.Int32
	payload := func(context.Context, wedding) (wedding, error) {
		calls.Add(1)
		runtime.Gosched()
		return greenfelds, nil
	}
	send := Hook(senderFunc(func(ctx context.Context, call *Call) (*Result, error) {
		var wg sync.WaitGroup
		messages := make([]*Message, 50)
		for i := range messages {
			wg.Go(func() { messages[i], _ = call.Message(ctx) })
		}
		wg.Wait()
		for _, m := range messages {
			require.Same(t, messages[0], m)
		}
		other, err := call.With(URL("https://example.com/other"), Form())
		require.NoError(t, err)
		m, err := other.Message(ctx)
		require.NoError(t, err)
		require.Equal(t, "https://example.com/other", m.URL)
		require.Equal(t, call.ID(), m.ID, "the id is the send's")
		third, err := call.With(ID(newID))
		require.NoError(t, err)
		require.NotEqual(t, call.ID(), third.ID())
		_, err = call.With(Timeout(-1))
		require.Error(t, err)
		return QueuedResult(call.ID(), "", nil), nil
	}), payload, URL(where))
	result, err := send(t.Context(), greenfelds)
	require.NoError(t, err)
	require.Equal(t, Queued, result.State)
	require.EqualValues(t, 1, calls.Load())
}

func TestCall_TriesThePayloadAgainOnlyAfterACancelledOne(t *testing.T) {
	calls := 0
	send := Hook(senderFunc(func(ctx context.Context, call *Call) (*Result, error) {
		cancelled, cancel := context.WithCancel(ctx)
		cancel()
		_, err := call.Message(cancelled)
		require.ErrorIs(t, err, context.Canceled)
		_, err = call.Message(ctx)
		require.NoError(t, err)
		return nil, nil //nolint:nilnil // the hook makes an error of it
	}), func(context.Context, wedding) (wedding, error) { calls++; return greenfelds, nil }, URL(where))
	_, err := send(t.Context(), greenfelds)
	require.Error(t, err)
	require.Equal(t, 1, calls)
}

func TestCall_AcceptNamesWhatASenderCannotKeep(t *testing.T) {
	type owner struct{}
	for name, opt := range map[string]Option{
		"Notify": Notify(func(context.Context, Note) {}), "Record": Record(NewRing(1)), "Retry": Retry(Schedule{}),
		"Sign": Secret(secret), "Value": Value(owner{}, "ann"), "Authorize": Authorize(fixedToken{}),
	} {
		t.Run(name, func(t *testing.T) {
			send := Hook(senderFunc(func(_ context.Context, call *Call) (*Result, error) {
				require.NoError(t, call.Accept(name))
				return nil, call.Accept()
			}), same, opt)
			_, err := send(t.Context(), greenfelds)
			require.ErrorIs(t, err, ErrNotKept)
			require.ErrorContains(t, err, "option "+name)
		})
	}
	require.Contains(t, mustPanic(t, func() { _ = new(Call).Accept("retry") }), `got "retry"`)
}

type fixedToken struct{}

func (fixedToken) Kind() string { return "token" }

func (fixedToken) Authorize(_ context.Context, h http.Header) error {
	h.Set("Authorization", "Bearer hidden")
	return nil
}

func TestCall_SettingsAreACopy(t *testing.T) {
	type key struct{}
	s := &scripted{}
	send := Hook(senderFunc(func(ctx context.Context, call *Call) (*Result, error) {
		require.Equal(t, "inner", call.Value(key{}))
		require.Nil(t, call.Value("key"))
		settings := call.Settings()
		require.Equal(t, "inner", call.Settings().Value(key{}))
		settings.Header.Set("X-A", "changed")
		return s.Send(ctx, call)
	}), same, URL(where), Header("X-A", "a"), Value(key{}, "outer"))
	_, err := send(t.Context(), greenfelds, Value(key{}, "inner"))
	require.NoError(t, err)
	require.Equal(t, "a", s.sent()[0].Header.Get("X-A"))
}

func TestCall_SettingsShareNoSchedule(t *testing.T) {
	schedule := Schedule{Tries: 2, Stop: []int{404}, StopOn: []Outcome{TimedOut}}
	preset := Retry(schedule)
	schedule.Stop[0], schedule.StopOn[0] = 500, Rejected
	s := &scripted{answers: []Attempt{rejected(500)}}
	send := Hook(senderFunc(func(ctx context.Context, call *Call) (*Result, error) {
		settings := call.Settings()
		require.Equal(t, []int{404}, settings.Retry.Stop, "an option keeps what it was given")
		settings.Retry.Stop[0], settings.Retry.StopOn[0] = 500, Rejected
		return s.Send(ctx, call)
	}), same, URL(where), preset)
	result, err := send(t.Context(), greenfelds)
	require.Error(t, err)
	require.Len(t, result.Attempts, 2)

	more := func(s *Settings) { s.Retry.Tries++ }
	for range 2 {
		result, err = Hook(s, same, URL(where), preset, more)(t.Context(), greenfelds)
		require.Error(t, err)
		require.Len(t, result.Attempts, 3, "another hook's preset stays as it was")
		result, err = send(t.Context(), greenfelds, more)
		require.Error(t, err)
		require.Len(t, result.Attempts, 3, "a call leaves the hook as it was")
	}
}

func TestCall_MakesNoMessageWithoutAURL(t *testing.T) {
	calls := 0
	send := Hook(senderFunc(func(ctx context.Context, call *Call) (*Result, error) {
		_, err := call.Message(ctx)
		require.ErrorIs(t, err, ErrNoURL)
		require.Zero(t, calls)
		other, err := call.With(URL(where))
		require.NoError(t, err)
		m, err := other.Message(ctx)
		require.NoError(t, err)
		return QueuedResult(m.ID, m.URL, nil), nil
	}), func(context.Context, wedding) (int, error) { calls++; return calls, nil })
	_, err := send(t.Context(), greenfelds)
	require.NoError(t, err)
	require.Equal(t, 1, calls)
}
