package sender_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/sender"
)

// A schedule is for people too.
func ExampleSchedule_String() {
	fmt.Println(sender.Webhooks())
	fmt.Println(sender.StandardWebhooks())
	fmt.Println(sender.Whisperer(sender.Exponential{Base: 2, Factor: 5 * time.Second, Limit: sender.Cap(time.Hour)}))
	fmt.Println(sender.Schedule{Tries: 5, Countdown: sender.Fixed{Delay: time.Minute}, Stop: []int{404, 410}, StopOn: []sender.Outcome{sender.TimedOut}})
	// Output:
	// 3 tries, waits: 0s, 1s; stops on 410
	// 10 tries, waits: 5s, 5m0s, 30m0s, 2h0m0s, 5h0m0s, 10h0m0s, 14h0m0s, 20h0m0s, 24h0m0s, less up to 10% by chance; Retry-After up to 24h0m0s; stops on 410
	// 11 tries, waits: 5s, 10s, 20s, 40s, 1m20s, 2m40s, 5m20s, 10m40s, 21m20s, 42m40s; stops on 410
	// 5 tries, waits: 1m0s each; stops on 404, 410, timed out
}

func TestSchedule_PrintsWhatItWaits(t *testing.T) {
	for want, s := range map[string]sender.Schedule{
		"1 try; stops on 410":        {},
		"1 try":                      {Tries: 1, Stop: []int{}, Countdown: sender.Fixed{Delay: time.Hour}},
		"2 tries, no waits":          {Tries: 2, Stop: []int{}},
		"2 tries, waits: 0s":         {Tries: 2, Stop: []int{}, Countdown: sender.List{}},
		"2 tries, waits: 3s each":    {Tries: 2, Stop: []int{}, Countdown: sender.Fixed{Delay: 3 * time.Second}},
		"2 tries, waits: 5s to 10s":  {Tries: 2, Stop: []int{}, Countdown: sender.Random{Min: 5 * time.Second, Max: 10 * time.Second}},
		"4 tries, waits: 0s, 1s, 1s": {Tries: 4, Stop: []int{}, Countdown: sender.Linear{Base: time.Second, Limit: sender.Cap(time.Second)}},
		"3 tries, waits: 1s, 0s":     {Tries: 3, Stop: []int{}, Countdown: sender.Exponential{Limit: sender.Cap(24 * time.Second)}},
		"13 tries, waits: 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 2ns": {
			Tries: 13, Stop: []int{}, Countdown: sender.List{Delays: append(many(11), 2)},
		},
		"14 tries, waits: 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns and so on": {
			Tries: 14, Stop: []int{}, Countdown: sender.List{Delays: many(19)},
		},
	} {
		require.Equal(t, want, s.String())
		require.Equal(t, want, fmt.Sprintf("%+v", s))
	}
}

// A countdown by itself does not know how many waits there will be.
func TestCountdown_PrintsHowItGoesOn(t *testing.T) {
	for want, c := range map[string]sender.Countdown{
		"0s each":                           sender.List{},
		"5s, 5m0s, then 30m0s each":         sender.List{Delays: []time.Duration{5 * time.Second, 5 * time.Minute, 30 * time.Minute}},
		"0s, 1s, 1s and so on, at most 1s":  sender.Linear{Base: time.Second, Limit: sender.Cap(time.Second)},
		"1s, 0s, 0s and so on, at most 24s": sender.Exponential{Limit: sender.Cap(24 * time.Second)},
		"1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, 1ns, and 7 more, then 2ns each": sender.List{Delays: append(many(19), 2)},
	} {
		require.Equal(t, want, fmt.Sprint(c))
	}
}

func many(n int) (delays []time.Duration) {
	for range n {
		delays = append(delays, 1)
	}
	return delays
}

func TestCountdowns_RefuseAFactorOfZeroAsWhispererDoes(t *testing.T) {
	for _, text := range []string{`0`, `-0`} {
		_, err := (*sender.Countdowns)(nil).Unmarshal([]byte(`{"choice": "exponential", "kwargs": {"base": 2, "factor": ` + text + `}}`))
		require.EqualError(t, err, "countdown: kwargs.factor is 0s, want 1 second or more")
	}
	c, err := (*sender.Countdowns)(nil).Unmarshal([]byte(`{"choice": "exponential", "kwargs": {"base": 2}}`))
	require.NoError(t, err)
	require.Equal(t, time.Second, c.Wait(1))

	var s sender.Schedule
	err = s.UnmarshalJSON([]byte(`{"countdown": {"choice": "exponential", "kwargs": {"base": -1, "factor": 0}}}`))
	require.EqualError(t, err, "schedule: countdown.kwargs.base is -1, want 0 or more; countdown.kwargs.factor is 0s, want 1 second or more")
}
