package sendertest_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/sender/sendertest"
	"github.com/cactuscorp/cactus/signature"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

var script = []sendertest.Step{
	{Status: 503, RetryAfter: 1500 * time.Millisecond, Header: http.Header{"x-note": {"a"}}, Body: "later"},
	sendertest.Redirect("https://example.com/elsewhere"),
	sendertest.Reset(),
	sendertest.Hang(),
	sendertest.DripHeader(),
	{Status: 201, Fault: sendertest.DrippingBody, Body: "first"},
	{Delay: 50 * time.Millisecond, Body: "fine"},
}

// play sends one message for each step of script, and another one.
func play(t *testing.T, client *sender.Client, url string, r *sendertest.Receiver) {
	t.Helper()
	attempts := make([]sender.Attempt, len(script)+1)
	for i := range attempts {
		m := sender.Message{URL: url, Timeout: time.Minute}
		if script[min(i, len(script)-1)].Fault > sendertest.Resetting { // it does not end
			m.Timeout = 2 * time.Second // the real clock goes on while a loaded machine begins to answer
		}
		attempts[i] = post(t, client, m)
	}
	require.Equal(t, sender.Rejected, attempts[0].Outcome, attempts[0].Err)
	require.Equal(t, 503, attempts[0].Status)
	require.Equal(t, 2*time.Second, attempts[0].RetryAfter)
	require.Equal(t, "later", string(attempts[0].Body))
	require.Equal(t, "a", attempts[0].Header.Get("X-Note"))
	require.Equal(t, sender.Rejected, attempts[1].Outcome)
	require.Equal(t, 307, attempts[1].Status)
	require.Equal(t, sender.Unreachable, attempts[2].Outcome)
	require.ErrorContains(t, attempts[2].Err, "connection reset by peer")
	require.Equal(t, sender.TimedOut, attempts[3].Outcome)
	require.Equal(t, sender.TimedOut, attempts[4].Outcome)
	require.Equal(t, sender.Delivered, attempts[5].Outcome, "the status decides")
	require.Equal(t, 201, attempts[5].Status)
	require.True(t, attempts[5].Truncated)
	require.True(t, strings.HasPrefix(string(attempts[5].Body), "first."), string(attempts[5].Body))
	for _, a := range attempts[6:] {
		require.Equal(t, sender.Delivered, a.Outcome, "the last step repeats")
		require.Equal(t, "fine", string(a.Body))
		require.GreaterOrEqual(t, a.Duration, 50*time.Millisecond)
	}
	require.Len(t, r.Received(), len(attempts))
}

func TestServer_AnswersByScript(t *testing.T) {
	t.Parallel()
	s := sendertest.NewServer(t, script...)
	play(t, sendertest.Client(t), s.URL, s.Receiver)
}

func TestNewClient_AnswersByScriptInFakeTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := sendertest.NewReceiver(t, script...)
		start := time.Now()
		play(t, sendertest.NewClient(r), "https://example.com/hooks", r)
		require.Equal(t, 6100*time.Millisecond, time.Since(start), "three time-outs and two delays")
	})
}

func TestNewClient_PlaysDaysAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := sendertest.NewReceiver(t, sendertest.Answer(500))
		client := sendertest.NewClient(r)
		schedule := sender.StandardWebhooks()
		schedule.Jitter = 0
		start := time.Now()
		for number := 1; ; number++ {
			m := &sender.Message{URL: "https://example.com/hooks", Body: []byte(`{}`)}
			d := schedule.Decide(client.Attempt(t.Context(), m, number))
			if d.Action != sender.Again {
				break
			}
			time.Sleep(d.Wait)
		}
		require.Len(t, r.Received(), 10)
		require.Equal(t, 75*time.Hour+35*time.Minute+5*time.Second, time.Since(start))
	})
}

func TestReceiver_RecordsWhatCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := sendertest.NewReceiver(t)
		require.Empty(t, r.Received())
		time.Sleep(time.Hour)
		a := post(t, sendertest.NewClient(r), sender.Message{
			URL: "https://example.com/hooks?a=b", Header: http.Header{"Content-Type": {"text/plain"}, "X-Own": {"1"}}, Body: []byte("hello"),
		})
		require.Equal(t, sender.Delivered, a.Outcome, a.Err)
		require.Equal(t, 200, a.Status)
		got := r.Wait(1)
		require.Len(t, got, 1)
		require.Equal(t, http.MethodPost, got[0].Method)
		require.Equal(t, "/hooks?a=b", got[0].URL.String())
		require.Equal(t, "example.com", got[0].Host)
		require.Equal(t, "1", got[0].Header.Get("X-Own"))
		require.Equal(t, "hello", string(got[0].Body))
		require.Equal(t, a.Start, got[0].At)
		require.NotEmpty(t, got[0].RemoteAddr)
		require.Empty(t, got[0].Key)
		require.NoError(t, got[0].Err)
	})
}

func TestReceiver_VerifiesAndReports(t *testing.T) {
	key := signature.Key{Name: "main", Secret: secret}
	good := signature.Must(signature.NewStandardWebhooks(key))
	bad := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD"}))
	tb := &fakeTB{}
	failures := tb.run(func() {
		r := sendertest.NewReceiver(tb, sendertest.Answer(204), sendertest.Answer(500))
		r.VerifyWith(good)
		client := sendertest.NewClient(r)
		for i, want := range []int{401, 204, 401, 500} {
			m := sender.Message{ID: "msg_1", URL: "https://example.com", Signer: bad}
			if i%2 == 1 {
				m.Signer = good
			}
			a := post(t, client, m)
			if a.Status != want {
				t.Errorf("attempt %d: status %d, want %d: %v", i, a.Status, want, a.Err)
			}
		}
		received := r.Received()
		if received[1].Key != "main" || received[0].Key != "" || received[0].Err == nil || received[1].Err != nil {
			t.Errorf("%+v", received)
		}
		r.VerifyWith(nil)
		if a := post(t, client, sender.Message{URL: "https://example.com"}); a.Status != 500 {
			t.Errorf("unsigned: status %d, want 500", a.Status)
		}
	})
	require.Equal(t, []string{
		"sendertest: request 1 does not verify: signature: mismatch",
		"sendertest: request 3 does not verify: signature: mismatch",
	}, failures)
}

func TestReceiver_WaitEndsTheTestWhenNothingComes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for patience, want := range map[time.Duration]string{
			0:         "sendertest: 1 of 2 requests came within 10s",
			time.Hour: "sendertest: 1 of 2 requests came within 1h0m0s",
		} {
			tb := &fakeTB{}
			failures := tb.run(func() {
				r := sendertest.NewReceiver(tb)
				r.Patience = patience
				w := httptest.NewRecorder()
				r.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", http.NoBody))
				r.Wait(2)
				t.Error("Wait returned")
			})
			require.Equal(t, []string{want}, failures)
		}
	})
}

func TestReceiver_WaitReturnsWhenTheLastHasCome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := sendertest.NewReceiver(t)
		start := time.Now()
		go func() {
			for range 3 {
				time.Sleep(time.Second)
				r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", http.NoBody))
			}
		}()
		require.Len(t, r.Wait(3), 3)
		require.Equal(t, 3*time.Second, time.Since(start))
	})
}

func TestNewReceiver_RefusesAStepThatMakesNoSense(t *testing.T) {
	for want, step := range map[string]sendertest.Step{
		"sendertest: step 2: status is 42, want one from 200 to 999": {Status: 42},
		"sendertest: step 2: RetryAfter is -1ns, want 0 or more":     {RetryAfter: -1},
		"sendertest: step 2: delay is -1ns, want 0 or more":          {Delay: -1},
		"sendertest: step 2: every is -1ns, want 0 or more":          {Every: -1},
		"sendertest: step 2: fault is 5, want one of the constants":  {Fault: 5},
	} {
		tb := &fakeTB{}
		require.Equal(t, []string{want}, tb.run(func() { sendertest.NewReceiver(tb, sendertest.Answer(200), step) }))
		tb = &fakeTB{}
		require.Equal(t, []string{want}, tb.run(func() { sendertest.NewServer(tb, sendertest.Answer(200), step) }))
	}
}

func TestReceiver_AbortsWhereNothingCanBeHijacked(t *testing.T) {
	r := sendertest.NewReceiver(t, sendertest.Reset(), sendertest.DripHeader())
	for range 2 {
		require.PanicsWithValue(t, http.ErrAbortHandler, func() {
			r.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", http.NoBody))
		})
	}
}

func TestServer_EndsWithItsTest(t *testing.T) {
	t.Parallel()
	for _, step := range []sendertest.Step{
		sendertest.Hang(), sendertest.DripHeader(), sendertest.DripBody(200), {Delay: time.Hour},
	} {
		step.Every = time.Millisecond
		ended := make(chan struct{})
		tb := &fakeTB{}
		require.Empty(t, tb.run(func() {
			s := sendertest.NewServer(tb, step)
			go func() {
				defer close(ended)
				resp, err := http.Post(s.URL, "", nil)
				if err == nil {
					_ = resp.Body.Close()
				}
			}()
			s.Wait(1)
		}), "cleanup does not wait for the sender")
		<-ended
	}
}

func TestNewClient_PanicsWithoutAHandler(t *testing.T) {
	require.PanicsWithValue(t, "sendertest: NewClient: the handler is nil", func() { sendertest.NewClient(nil) })
}
