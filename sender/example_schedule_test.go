package sender_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/http"
	"time"

	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/signature"
)

func ExampleSchedule_Decide() {
	schedule := sender.Schedule{
		Tries:         3,
		Countdown:     sender.Exponential{Base: 2, Factor: 10 * time.Second, Limit: sender.Cap(time.Minute)},
		MaxRetryAfter: time.Hour,
	}
	for _, attempt := range []sender.Attempt{
		{Number: 1, Outcome: sender.Unreachable},
		{Number: 2, Outcome: sender.Rejected, Status: 503, RetryAfter: 5 * time.Minute},
		{Number: 2, Outcome: sender.Cancelled},
		{Number: 2, Outcome: sender.Rejected, Status: 410},
		{Number: 3, Outcome: sender.TimedOut},
		{Number: 3, Outcome: sender.Delivered, Status: 200},
	} {
		fmt.Println(attempt.Outcome, "->", schedule.Decide(attempt))
	}
	// Output:
	// unreachable -> again after 10s
	// rejected -> again after 5m0s
	// cancelled -> interrupted
	// rejected -> give up: the endpoint answered 410 Gone, and wants no more of it
	// timed out -> give up: attempt 3 of 3 was the last
	// delivered -> done
}

// A schedule is stored as JSON and read back strictly.
func ExampleSchedule() {
	text, err := json.Marshal(sender.Webhooks())
	fmt.Println(string(text), err)

	var schedule sender.Schedule
	err = json.Unmarshal([]byte(`{"tries": "3", "countdown": {"choice": "fixed", "kwargs": {"second": 5}}}`), &schedule)
	fmt.Println(err)
	// Output:
	// {"tries":3,"countdown":{"choice":"linear","kwargs":{"base":1}}} <nil>
	// schedule: tries is a string, want a whole number; countdown.kwargs.second is unknown, want one of seconds; countdown.kwargs.seconds is missing, want a whole number of seconds from 0 to 9223372036
}

func ExampleCountdown() {
	for _, countdown := range []sender.Countdown{
		sender.Fixed{Delay: time.Second},
		sender.Linear{Base: time.Second},
		sender.Exponential{Base: 2},
		sender.Exponential{Base: 3, Factor: 10 * time.Second, Limit: sender.Cap(time.Minute)},
		sender.List{Delays: []time.Duration{time.Second, time.Hour}},
	} {
		fmt.Printf("%T", countdown)
		for failures := range 4 {
			fmt.Print(" ", countdown.Wait(failures+1))
		}
		fmt.Println()
	}
	// Output:
	// sender.Fixed 1s 1s 1s 1s
	// sender.Linear 0s 1s 2s 3s
	// sender.Exponential 1s 2s 4s 8s
	// sender.Exponential 10s 30s 1m0s 1m0s
	// sender.List 1s 1h0m0s 1h0m0s 1h0m0s
}

// Polynomial is a countdown of one's own.
type Polynomial struct {
	Step  time.Duration `json:"step"`
	Power int           `json:"power,omitempty"` // 0: 1
}

// Wait implements [sender.Countdown].
func (p Polynomial) Wait(failures int) time.Duration {
	wait := p.Step
	for range max(p.Power, 1) {
		wait *= time.Duration(failures)
	}
	return wait
}

// Validate names what makes no sense.
func (p Polynomial) Validate() error {
	if p.Power < 0 || p.Power > 3 {
		return fmt.Errorf("power is %d, want 1 to 3", p.Power)
	}
	return nil
}

func ExampleRegisterCountdown() {
	var countdowns sender.Countdowns
	sender.RegisterCountdown[Polynomial](&countdowns, "polynomial")

	countdown, err := countdowns.Unmarshal([]byte(`{"choice": "polynomial", "kwargs": {"step": 10, "power": 2}}`))
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(countdown.Wait(1), countdown.Wait(2), countdown.Wait(3))

	_, err = countdowns.Unmarshal([]byte(`{"choice": "polynomial", "kwargs": {"power": 7}}`))
	fmt.Println(err)
	_, err = countdowns.Unmarshal([]byte(`{"choice": "polynomial", "kwargs": {"step": 1, "power": 7}}`))
	fmt.Println(err)
	// Output:
	// 10s 40s 1m30s
	// countdown: kwargs.step is missing, want a whole number of seconds from 0 to 9223372036
	// countdown: kwargs is refused: power is 7, want 1 to 3
}

// The presets are functions, so that nobody can change them for others.
func ExampleStandardWebhooks() {
	schedule := sender.StandardWebhooks()
	for failures := 1; failures < schedule.Tries; failures++ {
		fmt.Print(schedule.Countdown.Wait(failures), " ")
	}
	// Output: 5s 5m0s 30m0s 2h0m0s 5h0m0s 10h0m0s 14h0m0s 20h0m0s 24h0m0s
}

func ExampleLegacyWhisperer() {
	signer := signature.Must(sender.LegacyWhisperer("secret"))
	header := http.Header{}
	err := signer.Sign(header, "", []byte(`{"payload": {"id": 61}}`), time.Time{})
	fmt.Println(len(header.Get("X-Whisperer-Signature")), err)
	fmt.Printf("%#v\n", signer)
	// Output:
	// 71 <nil>
	// legacywhisperer
}

func ExampleLegacyHub() {
	signer := signature.Must(sender.LegacyHub("secret_key"))
	header := http.Header{}
	err := signer.Sign(header, "", []byte(`{"husband": "Daniel Roy Greenfeld", "wife": "Audrey Roy Greenfeld"}`), time.Time{})
	fmt.Println(header.Get("X-Hub-Signature"), err)
	// Output: sha256=67fc5147fd8555b1080b50a1db2652036d3680d9daa48a6e5c476f2939f49107 <nil>
}

func ExampleStandardJSON() {
	at := time.Date(2006, 11, 21, 16, 30, 1, 123_456_789, time.UTC)
	text, err := sender.StandardJSON(map[string]any{
		"at":    at,
		"day":   sender.Date(at),
		"local": sender.LocalTime(at),
		"price": big.NewFloat(9.95),
		"time":  sender.TimeOfDay{Time: at},
	})
	fmt.Println(string(text), err)
	// Output: {"at":"2006-11-21T16:30:01.123Z","day":"2006-11-21","local":"2006-11-21T16:30:01.123","price":"9.95","time":"16:30:01.123"} <nil>
}
