package sender_test

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/sender"
)

func TestSchedule_Decide(t *testing.T) {
	three := sender.Schedule{Tries: 3, Countdown: sender.Linear{Base: time.Minute}}
	tests := []struct {
		name     string
		schedule sender.Schedule
		attempt  sender.Attempt
		want     sender.Decision
	}{
		{"delivered", three, sender.Attempt{Number: 3, Outcome: sender.Delivered, Status: 204}, sender.Decision{Action: sender.Done}},
		{"first failure", three, sender.Attempt{Number: 1, Outcome: sender.Rejected, Status: 500}, sender.Decision{Action: sender.Again}},
		{"redirect", three, sender.Attempt{Number: 2, Outcome: sender.Rejected, Status: 302}, sender.Decision{Action: sender.Again, Wait: time.Minute}},
		{"network", three, sender.Attempt{Number: 2, Outcome: sender.Unreachable}, sender.Decision{Action: sender.Again, Wait: time.Minute}},
		{"timeout", three, sender.Attempt{Number: 2, Outcome: sender.TimedOut}, sender.Decision{Action: sender.Again, Wait: time.Minute}},
		{"no number", three, sender.Attempt{Outcome: sender.TimedOut}, sender.Decision{Action: sender.Again}},
		{"last", three, sender.Attempt{Number: 3, Outcome: sender.Unreachable}, sender.Decision{Action: sender.GiveUp, Reason: "attempt 3 of 3 was the last"}},
		{"zero schedule", sender.Schedule{}, sender.Attempt{Number: 1, Outcome: sender.Unreachable}, sender.Decision{Action: sender.GiveUp, Reason: "attempt 1 of 1 was the last"}},
		{"cancelled at the last", three, sender.Attempt{Number: 3, Outcome: sender.Cancelled}, sender.Decision{Action: sender.Interrupted}},
		{"refused", three, sender.Attempt{Number: 1, Outcome: sender.Refused}, sender.Decision{Action: sender.GiveUp, Reason: "it cannot be sent as it is"}},
		{
			"gone",
			three,
			sender.Attempt{Number: 1, Outcome: sender.Rejected, Status: 410},
			sender.Decision{Action: sender.GiveUp, Reason: "the endpoint answered 410 Gone, and wants no more of it"},
		},
		{
			"gone at the last",
			three,
			sender.Attempt{Number: 3, Outcome: sender.Rejected, Status: 410},
			sender.Decision{Action: sender.GiveUp, Reason: "the endpoint answered 410 Gone, and wants no more of it"},
		},
		{"gone, but no stop", sender.Schedule{Tries: 2, Stop: []int{}}, sender.Attempt{Outcome: sender.Rejected, Status: 410}, sender.Decision{Action: sender.Again}},
		{
			"stop",
			sender.Schedule{Tries: 2, Stop: []int{404, 999}},
			sender.Attempt{Outcome: sender.Rejected, Status: 999},
			sender.Decision{Action: sender.GiveUp, Reason: "the endpoint answered 999, and wants no more of it"},
		},
		{
			"stop on",
			sender.Schedule{Tries: 2, StopOn: []sender.Outcome{sender.TimedOut}},
			sender.Attempt{Outcome: sender.TimedOut},
			sender.Decision{Action: sender.GiveUp, Reason: "the attempt was timed out, which is not tried again"},
		},
		{"none", three, sender.Attempt{}, sender.Decision{Action: sender.GiveUp, Reason: "outcome(0) is not an outcome"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			require.Equal(t, tt.want, tt.schedule.Decide(tt.attempt))
		})
	}
}

func TestSchedule_HonoursRetryAfterWhereItIsLonger(t *testing.T) {
	s := sender.Schedule{Tries: 9, Countdown: sender.Fixed{Delay: time.Minute}, MaxRetryAfter: time.Hour}
	for asked, want := range map[time.Duration]time.Duration{
		0: time.Minute, time.Second: time.Minute, 2 * time.Minute: 2 * time.Minute,
		time.Hour: time.Hour, 100 * time.Hour: time.Hour, -time.Hour: time.Minute,
	} {
		a := sender.Attempt{Number: 1, Outcome: sender.Rejected, Status: 503, RetryAfter: asked}
		require.Equal(t, want, s.Decide(a).Wait, asked)
	}
	s.MaxRetryAfter = 0
	a := sender.Attempt{Number: 1, Outcome: sender.Rejected, RetryAfter: time.Hour}
	require.Equal(t, time.Minute, s.Decide(a).Wait)

	s = sender.Schedule{Tries: 9, Countdown: sender.Fixed{Delay: 2 * time.Hour}, Jitter: 1, MaxRetryAfter: time.Hour}
	for range 100 {
		require.GreaterOrEqual(t, s.Decide(a).Wait, time.Hour, "jitter does not come before what was asked for")
	}
}

func TestSchedule_JittersWithinItsPart(t *testing.T) {
	for jitter, low := range map[float64]time.Duration{0: 100, 0.25: 75, 1: 0, 7: 0, -1: 100, math.NaN(): 100} {
		s := sender.Schedule{Tries: 2, Countdown: sender.Fixed{Delay: 100}, Jitter: jitter}
		least, most := time.Duration(100), time.Duration(0)
		for range 5000 {
			wait := s.Decide(sender.Attempt{Outcome: sender.Unreachable}).Wait
			least, most = min(least, wait), max(most, wait)
		}
		require.Equal(t, low, least, jitter)
		require.Equal(t, time.Duration(100), most, jitter)
	}
	s := sender.Schedule{Tries: 2, Countdown: sender.Fixed{Delay: forever}, Jitter: 1}
	require.GreaterOrEqual(t, s.Decide(sender.Attempt{Outcome: sender.Unreachable}).Wait, time.Duration(0))
}

// broken waits a negative time and is never content.
type broken struct {
	A int `json:"a"`
}

var errBroken = errors.New("a is never right")

func (broken) Wait(int) time.Duration { return -time.Hour }
func (broken) Validate() error        { return errBroken }

func TestSchedule_ValidateNamesEveryField(t *testing.T) {
	s := sender.Schedule{
		Tries: -1, Countdown: sender.Random{Min: 2, Max: 1}, Jitter: math.NaN(), MaxRetryAfter: -1,
		Stop: []int{410, 200, 1000}, StopOn: []sender.Outcome{sender.TimedOut, sender.Delivered, 0},
	}
	require.EqualError(t, s.Validate(), "schedule: tries is -1, want 0 or more; "+
		"countdown.kwargs.max_value is 1ns, want more than min_value, which is 2ns; "+
		"jitter is NaN, want a number from 0 to 1; max_retry_after is -1ns, want 0 or more; "+
		"stop[1] is 200, want a status from 300 to 999; stop[2] is 1000, want a status from 300 to 999; "+
		"stop_on[1] is delivered, want rejected, unreachable or timed out; "+
		"stop_on[2] is outcome(0), want rejected, unreachable or timed out")
	require.NoError(t, sender.Schedule{}.Validate())

	s = sender.Schedule{Tries: 2, Countdown: broken{}}
	require.EqualError(t, s.Validate(), "schedule: countdown.kwargs is refused: a is never right")
	require.ErrorIs(t, s.Validate(), errBroken)
	require.Zero(t, s.Decide(sender.Attempt{Outcome: sender.Unreachable}).Wait)

	s.Countdown = (*sender.Fixed)(nil)
	require.EqualError(t, s.Validate(), "schedule: countdown is a nil *sender.Fixed, want a countdown or none")
}

func TestAction_HasAName(t *testing.T) {
	require.Equal(t, "done again give up interrupted action(0)",
		fmt.Sprint(sender.Done, " ", sender.Again, " ", sender.GiveUp, " ", sender.Interrupted, " ", sender.Action(0)))
}

// run plays a schedule against an endpoint that never delivers, and returns when
// each attempt was made.
func run(s sender.Schedule) []time.Duration {
	start := time.Now()
	var at []time.Duration
	for number := 1; ; number++ {
		at = append(at, time.Since(start))
		d := s.Decide(sender.Attempt{Number: number, Outcome: sender.Rejected, Status: 400})
		if d.Action != sender.Again {
			return at
		}
		time.Sleep(d.Wait)
	}
}

func TestPresets_AttemptWhenTheirSourcesSay(t *testing.T) {
	standard := sender.StandardWebhooks()
	require.InDelta(t, 0.1, standard.Jitter, 0)
	standard.Jitter = 0
	table := []string{"0s", "5s", "5m5s", "35m5s", "2h35m5s", "7h35m5s", "17h35m5s", "31h35m5s", "51h35m5s", "75h35m5s"}
	want := make([]time.Duration, len(table))
	for i, text := range table {
		var err error
		want[i], err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	synctest.Test(t, func(t *testing.T) {
		require.Equal(t, want, run(standard))
		require.Equal(t, []time.Duration{0, 0, time.Second}, run(sender.Webhooks()))
		require.Equal(t, []time.Duration{0, 0, time.Second, 3 * time.Second}, run(sender.WebhooksSimple()))

		whisperer := run(sender.Whisperer(sender.Exponential{Base: 2}))
		require.Len(t, whisperer, 11)
		require.Equal(t, []time.Duration{0, time.Second, 3 * time.Second, 7 * time.Second}, whisperer[:4])
	})
	require.PanicsWithValue(t, "sender: Whisperer: the countdown is nil", func() { sender.Whisperer(nil) })
}

func TestPresets_BelongToTheirCaller(t *testing.T) {
	first := sender.StandardWebhooks()
	first.Countdown.(sender.List).Delays[0] = time.Hour
	require.Equal(t, 5*time.Second, sender.StandardWebhooks().Countdown.Wait(1))
	for _, s := range []sender.Schedule{first, sender.Webhooks(), sender.WebhooksSimple(), sender.Whisperer(sender.Fixed{})} {
		require.NoError(t, s.Validate())
	}
}
