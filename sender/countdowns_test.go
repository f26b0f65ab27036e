package sender_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/sender"
)

// fibonacci is a countdown of a user's own.
type fibonacci struct {
	First  time.Duration `json:"first"`
	Second time.Duration `json:"second"`
	Note   string        `json:"note,omitempty"`
	Extra  *extra        `json:"extra"`
	Codes  []uint8       `json:"codes,omitempty"`
	Kept   string        `json:"-"`
}

type extra struct {
	Name string `json:"name"`
}

func (f *fibonacci) Wait(failures int) time.Duration {
	a, b := f.First, f.Second
	for range min(failures, 50) - 1 {
		a, b = b, a+b
	}
	return a
}

func TestCountdowns_ReadWhatTheyWrite(t *testing.T) {
	var own sender.Countdowns
	sender.RegisterCountdown[*fibonacci](&own, "fibonacci")
	tests := []struct {
		schedule sender.Schedule
		want     string
	}{
		{sender.Schedule{}, `{}`},
		{sender.Webhooks(), `{"tries":3,"countdown":{"choice":"linear","kwargs":{"base":1}}}`},
		{
			sender.Schedule{Tries: 2, Countdown: sender.Fixed{}, Jitter: 0.5, MaxRetryAfter: time.Hour, Stop: []int{}, StopOn: []sender.Outcome{sender.TimedOut}},
			`{"tries":2,"countdown":{"choice":"fixed","kwargs":{"seconds":0}},"jitter":0.5,"max_retry_after":3600,"stop":[],"stop_on":["timed out"]}`,
		},
		{sender.Schedule{Stop: []int{404, 410}}, `{"stop":[404,410]}`},
		{
			sender.Schedule{Countdown: sender.Linear{Base: time.Minute, Limit: sender.Cap(0)}},
			`{"countdown":{"choice":"linear","kwargs":{"base":60,"limit":0}}}`,
		},
		{
			sender.Schedule{Countdown: sender.Exponential{Base: 3, Factor: 2 * time.Second, Limit: sender.Cap(time.Hour)}},
			`{"countdown":{"choice":"exponential","kwargs":{"base":3,"factor":2,"limit":3600}}}`,
		},
		{
			sender.Schedule{Countdown: sender.Random{Min: 0, Max: 9223372036 * time.Second}},
			`{"countdown":{"choice":"random","kwargs":{"min_value":0,"max_value":9223372036}}}`,
		},
		{
			sender.Schedule{Countdown: sender.List{Delays: []time.Duration{0, time.Minute}}},
			`{"countdown":{"choice":"list","kwargs":{"seconds":[0,60]}}}`,
		},
		{
			sender.Schedule{Countdown: &fibonacci{First: time.Second, Second: 2 * time.Second, Note: "a", Extra: &extra{"b"}, Codes: []byte("c")}},
			`{"countdown":{"choice":"fibonacci","kwargs":{"first":1,"second":2,"note":"a","extra":{"name":"b"},"codes":"Yw=="}}}`,
		},
		{
			sender.Schedule{Countdown: &fibonacci{}},
			`{"countdown":{"choice":"fibonacci","kwargs":{"first":0,"second":0,"extra":null}}}`,
		},
	}
	for _, tt := range tests {
		out, err := own.MarshalSchedule(tt.schedule)
		require.NoError(t, err)
		require.Equal(t, tt.want, string(out))
		read, err := own.UnmarshalSchedule(out)
		require.NoError(t, err)
		require.Equal(t, tt.schedule, read)
		if strings.Contains(tt.want, "fibonacci") {
			continue
		}
		out, err = json.Marshal(map[string]sender.Schedule{"s": tt.schedule})
		require.NoError(t, err)
		require.Equal(t, `{"s":`+tt.want+`}`, string(out))
		var again map[string]sender.Schedule
		require.NoError(t, json.Unmarshal(out, &again))
		require.Equal(t, tt.schedule, again["s"])
	}
}

func TestCountdowns_ReadWhisperersConfig(t *testing.T) {
	tests := []struct {
		config string
		want   sender.Countdown
	}{
		{`{"choice": "linear", "kwargs": {"base": 60, "limit": null}}`, sender.Linear{Base: time.Minute}},
		{` {"kwargs": {"base": 2}, "choice": "exponential"} `, sender.Exponential{Base: 2}},
		{`{"choice": "exponential", "kwargs": {"base": 0, "factor": 1}}`, sender.Exponential{Factor: time.Second}},
		{`{"choice": "random", "kwargs": {"min_value": 1, "max_value": 2}}`, sender.Random{Min: time.Second, Max: 2 * time.Second}},
	}
	var builtin sender.Countdowns
	for _, tt := range tests {
		got, err := builtin.Unmarshal([]byte(tt.config))
		require.NoError(t, err)
		require.Equal(t, tt.want, got)
	}
	require.Equal(t, []string{"exponential", "fixed", "linear", "list", "random"}, builtin.Names())
}

const seconds64 = "a whole number of seconds from 0 to 9223372036"

func TestCountdowns_RefuseWhatMakesNoSense(t *testing.T) {
	tests := []struct{ config, want string }{
		{`{"choice":"fixed","kwargs":{}}`, "kwargs.seconds is missing, want " + seconds64},
		{`{"choice":"fixed","kwargs":{"seconds":null}}`, "kwargs.seconds is null, want " + seconds64},
		{`{"choice":"fixed","kwargs":{"seconds":"1"}}`, "kwargs.seconds is a string, want " + seconds64},
		{`{"choice":"fixed","kwargs":{"seconds":1.5}}`, "kwargs.seconds is 1.5, want " + seconds64},
		{`{"choice":"fixed","kwargs":{"seconds":-1}}`, "kwargs.seconds is -1, want " + seconds64},
		{`{"choice":"fixed","kwargs":{"seconds":9223372037}}`, "kwargs.seconds is 9223372037, want " + seconds64},
		{`{"choice":"fixed","kwargs":{"Seconds":1}}`, "kwargs.Seconds is unknown, want one of seconds; kwargs.seconds is missing, want " + seconds64},
		{`{"choice":"fixed","kwargs":{"seconds":1,"seconds":2}}`, "kwargs.seconds is there twice"},
		{`{"choice":"fixed","kwargs":[]}`, "kwargs is an array, want an object"},
		{`{"choice":"Fixed","kwargs":{"seconds":1}}`, `choice is "Fixed", want one of exponential, fixed, linear, list, random`},
		{`{"choice":7,"kwargs":{}}`, "choice is 7, want a string"},
		{`{}`, "choice is missing, want the name of a countdown; kwargs is missing, want an object"},
		{`{"choice":"exponential","kwargs":{"base":-1,"factor":0}}`, "kwargs.base is -1, want 0 or more; kwargs.factor is 0s, want 1 second or more"},
		{`{"choice":"exponential","kwargs":{"base":1,"factor":null}}`, "kwargs.factor is null, want " + seconds64},
		{`{"choice":"exponential","kwargs":{"base":1e400}}`, "kwargs.base is 1e400, want a whole number"},
		{`{"choice":"random","kwargs":{"min_value":5,"max_value":5}}`, "kwargs.max_value is 5s, want more than min_value, which is 5s"},
		{`{"choice":"random","kwargs":{"min_value":-5}}`, "kwargs.min_value is -5, want " + seconds64 + "; kwargs.max_value is missing, want " + seconds64},
		{`{"choice":"list","kwargs":{"seconds":[]}}`, "kwargs.seconds is empty, want at least one"},
		{`{"choice":"list","kwargs":{"seconds":[1,true,null]}}`, "kwargs.seconds[1] is true, want " + seconds64 + "; kwargs.seconds[2] is null, want " + seconds64},
		{`[]`, "is an array, want an object"},
		{`{"choice":"none","kwargs":{"x":1}}`, `choice is "none", want one of exponential, fixed, linear, list, random`},
		{`null`, "is null, want an object"},
		{``, "is not JSON: unexpected EOF"},
		{`{"choice":`, "is not JSON: unexpected EOF"},
		{`{} {}`, "is not JSON: there is more after its end"},
		{
			`{"x` + strings.Repeat("é", 50) + `":1}`,
			"x" + strings.Repeat("é", 19) + "... is unknown, want one of choice, kwargs; choice is missing, want the name of a countdown; kwargs is missing, want an object",
		},
	}
	var builtin sender.Countdowns
	for _, tt := range tests {
		got, err := builtin.Unmarshal([]byte(tt.config))
		require.EqualError(t, err, "countdown: "+tt.want, tt.config)
		require.Nil(t, got)
	}
}

func TestSchedule_RefusesJSONThatMakesNoSense(t *testing.T) {
	tests := []struct{ text, want string }{
		{
			`{"tries":"3","countdown":{"choice":"fixed","kwargs":{}},"jitter":2,"max_retry_after":-1,"stop":[1,"x"],"stop_on":["delivered"],"wait":1}`,
			"wait is unknown, want one of tries, countdown, jitter, max_retry_after, stop, stop_on; tries is a string, want a whole number; " +
				"countdown.kwargs.seconds is missing, want " + seconds64 + "; max_retry_after is -1, want " + seconds64 + "; " +
				"stop[1] is a string, want a whole number; jitter is 2, want a number from 0 to 1; stop[0] is 1, want a status from 300 to 999; " +
				"stop_on[0] is delivered, want rejected, unreachable or timed out",
		},
		{`{"tries":null}`, "tries is null, want a whole number"},
		{`{"stop":7}`, "stop is 7, want an array"},
		{`{"stop_on":[1]}`, "stop_on[0] is 1, want the name of an outcome"},
		{`{"countdown":"fixed"}`, "countdown is a string, want an object"},
		{`3`, "is 3, want an object"},
	}
	for _, tt := range tests {
		var s sender.Schedule
		require.EqualError(t, json.Unmarshal([]byte(tt.text), &s), "schedule: "+tt.want)
		require.Zero(t, s)
	}
	s := sender.Webhooks()
	require.NoError(t, json.Unmarshal([]byte(`null`), &s))
	require.Equal(t, sender.Webhooks(), s)
	require.NoError(t, json.Unmarshal([]byte(`{"stop":null,"countdown":null}`), &s))
	require.Zero(t, s)
	require.ErrorContains(t, json.Unmarshal([]byte(`{"stop_on":["x"]}`), &s), "stop_on[0] is refused: ")
}

func TestSchedule_RefusesToWriteWhatCannotBeRead(t *testing.T) {
	_, err := json.Marshal(sender.Schedule{Tries: -1})
	require.ErrorContains(t, err, "schedule: tries is -1, want 0 or more")
	_, err = json.Marshal(sender.Schedule{Countdown: sender.Fixed{Delay: time.Millisecond}, MaxRetryAfter: 1500 * time.Millisecond})
	require.ErrorContains(t, err, "countdown.kwargs.seconds is 1ms, want whole seconds; max_retry_after is 1.5s, want whole seconds")
	_, err = json.Marshal(sender.Schedule{Countdown: &fibonacci{}})
	require.ErrorContains(t, err, "schedule: countdown is a *sender_test.fibonacci, want one that is registered: see RegisterCountdown")
	_, err = (*sender.Countdowns)(nil).Marshal(nil)
	require.EqualError(t, err, "countdown: there is none")
	_, err = (*sender.Countdowns)(nil).Marshal(sender.Random{})
	require.EqualError(t, err, "countdown: kwargs.max_value is 0s, want more than min_value, which is 0s")

	out, err := (*sender.Countdowns)(nil).Marshal(&sender.Fixed{Delay: time.Second})
	require.NoError(t, err)
	require.Equal(t, `{"choice":"fixed","kwargs":{"seconds":1}}`, string(out)) //nolint:testifylint // the bytes are the contract
}

func TestRegisterCountdown_DecodesArgumentsStrictly(t *testing.T) {
	var own sender.Countdowns
	sender.RegisterCountdown[*fibonacci](&own, "fibonacci")
	sender.RegisterCountdown[broken](&own, "broken")
	tests := []struct{ config, want string }{
		{`{"choice":"fibonacci","kwargs":{"first":1}}`, "kwargs.second is missing, want " + seconds64},
		{`{"choice":"fibonacci","kwargs":{"first":1,"second":1,"Kept":"x"}}`, "kwargs.Kept is unknown, want one of first, second, note, extra, codes"},
		{`{"choice":"fibonacci","kwargs":{"first":1,"second":1,"note":1}}`, "kwargs.note is 1, want a string"},
		{`{"choice":"fibonacci","kwargs":{"first":1,"second":1,"extra":{"nam":""}}}`, `kwargs.extra is refused: json: unknown field "nam"`},
		{`{"choice":"fibonacci","kwargs":{"first":1,"second":1,"extra":7}}`, "kwargs.extra is 7, want an object"},
		{`{"choice":"broken","kwargs":{"a":1}}`, "kwargs is refused: a is never right"},
	}
	for _, tt := range tests {
		_, err := own.Unmarshal([]byte(tt.config))
		require.EqualError(t, err, "countdown: "+tt.want)
	}
	require.Contains(t, own.Names(), "fibonacci")
}

type (
	hidden   struct{ a int } //nolint:unused // it only has to be there
	embedded struct{ sender.Fixed }
	double   struct {
		A int `json:"B"` //nolint:tagliatelle // the mistake under test
		B int
	}
	number int
)

func (hidden) Wait(int) time.Duration { return 0 }
func (double) Wait(int) time.Duration { return 0 }
func (number) Wait(int) time.Duration { return 0 }

func TestRegisterCountdown_PanicsOnMisuse(t *testing.T) {
	var own sender.Countdowns
	sender.RegisterCountdown[*fibonacci](&own, "fibonacci")
	tests := []struct {
		register func()
		want     string
	}{
		{func() { sender.RegisterCountdown[broken](nil, "x") }, "the registry is nil"},
		{func() { sender.RegisterCountdown[broken](&own, "") }, "the name of sender_test.broken is empty"},
		{func() { sender.RegisterCountdown[broken](&own, "fixed") }, `the name "fixed" is taken by sender.Fixed`},
		{func() { sender.RegisterCountdown[sender.Fixed](&own, "x") }, `sender.Fixed has the name "fixed" already`},
		{func() { sender.RegisterCountdown[*sender.Fixed](&own, "x") }, `*sender.Fixed has the name "fixed" already`},
		{func() { sender.RegisterCountdown[*fibonacci](&own, "x") }, `*sender_test.fibonacci has the name "fibonacci" already`},
		{func() { sender.RegisterCountdown[number](&own, "x") }, "sender_test.number is not a struct, nor a pointer to one"},
		{func() { sender.RegisterCountdown[sender.Countdown](&own, "x") }, "sender.Countdown is not a struct, nor a pointer to one"},
		{func() { sender.RegisterCountdown[hidden](&own, "x") }, "sender_test.hidden has the field a, which cannot be stored: want exported fields, none of them embedded"},
		{func() { sender.RegisterCountdown[embedded](&own, "x") }, "sender_test.embedded has the field Fixed, which cannot be stored: want exported fields, none of them embedded"},
		{func() { sender.RegisterCountdown[double](&own, "x") }, `sender_test.double has two fields with the name "B" in JSON`},
	}
	for _, tt := range tests {
		require.PanicsWithValue(t, "sender: RegisterCountdown: "+tt.want, tt.register)
	}
}

func FuzzCountdowns_UnmarshalSchedule(f *testing.F) {
	for _, seed := range []string{
		`{}`, `null`, `{"tries":3,"countdown":{"choice":"linear","kwargs":{"base":1,"limit":null}}}`,
		`{"countdown":{"choice":"exponential","kwargs":{"base":2,"factor":3,"limit":0}},"jitter":0.5}`,
		`{"countdown":{"choice":"random","kwargs":{"min_value":1,"max_value":2}},"max_retry_after":9223372036}`,
		`{"countdown":{"choice":"list","kwargs":{"seconds":[1,2]}},"stop":[],"stop_on":["rejected"]}`,
		`{"countdown":{"choice":"fibonacci","kwargs":{"first":1,"second":2,"extra":{"name":"x"},"codes":"AA=="}}}`,
		`{"tries":1,"tries":2}`, `{"stop":[null]}`, `{"jitter":1e999}`, "{\"\xff\":1}",
	} {
		f.Add([]byte(seed))
	}
	var own sender.Countdowns
	sender.RegisterCountdown[*fibonacci](&own, "fibonacci")
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := own.UnmarshalSchedule(data)
		if err != nil {
			require.Zero(t, s)
			require.True(t, strings.HasPrefix(err.Error(), "schedule: "), err)
			return
		}
		require.NoError(t, s.Validate())
		out, err := own.MarshalSchedule(s)
		require.NoError(t, err)
		again, err := own.UnmarshalSchedule(out)
		require.NoError(t, err)
		require.Equal(t, s, again)
		for _, number := range []int{0, 1, 7, 1 << 40} {
			d := s.Decide(sender.Attempt{Number: number, Outcome: sender.Unreachable, RetryAfter: time.Hour})
			require.GreaterOrEqual(t, d.Wait, time.Duration(0), "%+v", s)
		}
	})
}
