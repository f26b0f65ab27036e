package sender_test

import (
	"encoding/json"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/sender"
)

var (
	lunch  = time.Date(2006, 11, 21, 16, 30, 0, 0, time.UTC)
	hour   = time.FixedZone("", 3600)
	micros = time.Date(2006, 11, 21, 16, 30, 1, 123_456_789, time.UTC)
)

func TestStandardJSON_FollowsTheVectors(t *testing.T) { // P17
	decimal, _, err := big.ParseFloat("0.1428571428571428571428571429", 10, 92, big.ToNearestEven)
	require.NoError(t, err)
	one := time.Date(2006, 11, 21, 16, 30, 1, 0, time.UTC)
	tests := []struct {
		in   any
		want string
	}{
		{sender.LocalTime(lunch), `"2006-11-21T16:30:00"`},
		{sender.Date(time.Date(2010, 2, 17, 0, 0, 0, 0, time.UTC)), `"2010-02-17"`},
		{sender.TimeOfDay{Time: lunch}, `"16:30:00"`},
		{sender.TimeOfDay{Time: micros}, `"16:30:01.123"`},
		{sender.TimeOfDay{Time: one.In(hour).Add(-time.Hour), Offset: true}, `"16:30:01+01:00"`},
		{sender.TimeOfDay{Time: one, Offset: true}, `"16:30:01Z"`},
		{decimal, `"0.1428571428571428571428571429"`},

		{lunch, `"2006-11-21T16:30:00Z"`},
		{micros, `"2006-11-21T16:30:01.123Z"`},
		{micros.In(hour), `"2006-11-21T17:30:01.123+01:00"`},
		{micros.In(time.FixedZone("", 75)), `"2006-11-21T16:31:16.123+00:01:15"`},
		{lunch.Add(999), `"2006-11-21T16:30:00Z"`},
		{lunch.Add(time.Microsecond), `"2006-11-21T16:30:00.000Z"`},
		{lunch.Add(time.Second - 1), `"2006-11-21T16:30:00.999Z"`},
		{sender.LocalTime(micros), `"2006-11-21T16:30:01.123"`},
		{sender.TimeOfDay{Time: micros.In(hour), Offset: true}, `"17:30:01.123+01:00"`},
		{big.NewRat(1, 7), `"1/7"`},
		{json.Number("1.10"), `1.10`},
	}
	for _, tt := range tests {
		out, err := sender.StandardJSON(tt.in)
		require.NoError(t, err)
		require.Equal(t, tt.want, string(out))
	}
}

type (
	own    struct{ time.Time } // marshals itself
	byKey  struct{ at time.Time }
	inner  struct{ At, Same time.Time }
	same   struct{ Same time.Time }
	tagged struct {
		At time.Time `json:"at"`
	}
	all struct {
		*same
		inner
		*tagged

		At      time.Time            `json:"at"`
		Pointer *time.Time           `json:"pointer,omitempty"`
		None    *time.Time           `json:"none"`
		Any     any                  `json:"any"`
		List    []time.Time          `json:"list"`
		Array   [1]*time.Time        `json:"array"`
		Map     map[string]time.Time `json:"ma\"p"` //nolint:staticcheck // json.Marshal takes the field's name then
		Keys    map[byKey]time.Time  `json:"keys"`
		Ints    map[int8][]time.Time `json:"ints"`
		Uints   map[uint]any         `json:"uints"`
		Text    string               `json:"text"`
		Own     own                  `json:"own"`
		Hidden  time.Time            `json:"-"`
		Zero    time.Time            `json:"zero,omitzero"`
		Dash    time.Time            `json:"-,"` //nolint:staticcheck // the name is a dash
		Deep    map[string]any       `json:"deep"`
		skipped time.Time
	}
)

func (k byKey) MarshalText() ([]byte, error) { return k.at.MarshalText() }

func TestStandardJSON_FindsTimesWhereverTheyAre(t *testing.T) {
	const was, is = `"2006-11-21T16:30:01.123456789Z"`, `"2006-11-21T16:30:01.123Z"`
	v := &all{
		At: micros, Pointer: &micros, Any: micros, List: []time.Time{micros}, Array: [1]*time.Time{&micros},
		Map: map[string]time.Time{"a\"<\xff": micros, "b": micros}, Keys: map[byKey]time.Time{{micros}: micros},
		Ints: map[int8][]time.Time{-1: {micros}}, Uints: map[uint]any{1: &micros},
		Text: "2006-11-21T16:30:01.123456789Z", Own: own{micros}, Hidden: micros, Dash: micros,
		Deep:    map[string]any{"x": []any{map[string]any{"y": []any{1, `"]}`, micros, nil}}}},
		inner:   inner{At: micros, Same: micros},
		tagged:  &tagged{At: micros},
		skipped: micros,
	}
	plain, err := json.Marshal(v)
	require.NoError(t, err)
	require.Contains(t, string(plain), was)
	out, err := sender.StandardJSON(v)
	require.NoError(t, err)
	//nolint:testifylint // the bytes are the contract
	require.Equal(t, `{"At":`+is+`,"at":`+is+`,"pointer":`+is+`,"none":null,"any":`+is+`,"list":[`+is+`],"array":[`+is+`],`+
		`"Map":{"a\"\u003c\ufffd":`+is+`,"b":`+is+`},"keys":{`+was+`:`+is+`},"ints":{"-1":[`+is+`]},"uints":{"1":`+is+`},`+
		`"text":`+was+`,"own":`+was+`,"-":`+is+`,"deep":{"x":[{"y":[1,"\"]}",`+is+`,null]}]}}`, string(out))
	_ = v.skipped
}

func TestStandardJSON_GuessesNoKey(t *testing.T) {
	out, err := sender.StandardJSON(map[string]time.Time{"\xff": micros, "\xfe": lunch})
	require.NoError(t, err)
	require.Contains(t, string(out), "16:30:01.123456789Z")
	require.Contains(t, string(out), "16:30:00Z")
}

func TestStandardJSON_LeavesOthersAlone(t *testing.T) {
	for _, v := range []any{
		nil,
		1,
		"x",
		[]byte("x"),
		map[string]any{},
		[]any{},
		struct{}{},
		json.RawMessage(`{"a": "2006-11-21T16:30:01.123456789Z"}`),
		map[string]any{"a": []any{1.5, true, map[string]int{"b": 1}, "]", nil}, "c": json.RawMessage(`[{}, [] ]`)},
		(*all)(nil),
	} {
		want, err := json.Marshal(v)
		require.NoError(t, err)
		out, err := sender.StandardJSON(v)
		require.NoError(t, err)
		require.Equal(t, string(want), string(out))
	}
}

func TestStandardJSON_RefusesWhatHasNoJSON(t *testing.T) {
	for _, v := range []any{
		make(chan int), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		sender.Date(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)), sender.LocalTime(time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC)),
	} {
		_, err := sender.StandardJSON(v)
		require.Error(t, err)
	}
}

func BenchmarkStandardJSON(b *testing.B) {
	type order struct {
		ID    string    `json:"id"`
		At    time.Time `json:"at"`
		Lines []struct {
			Name string `json:"name"`
			Due  time.Time
		} `json:"lines"`
	}
	v := order{ID: "order_1", At: micros}
	for range 10 {
		v.Lines = append(v.Lines, struct {
			Name string `json:"name"`
			Due  time.Time
		}{"a line", micros})
	}
	for name, marshal := range map[string]func(any) ([]byte, error){"standard": sender.StandardJSON, "encoding": json.Marshal} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := marshal(&v); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func FuzzStandardJSON(f *testing.F) {
	f.Add([]byte(`{"a":[1,"\"",{"b":null}],"c":{}}`), int64(123))
	f.Add([]byte(`[[],{"":[]},-1.5e3,"\u2028"]`), int64(-1))
	f.Fuzz(func(t *testing.T, data []byte, ns int64) {
		var v any
		if json.Unmarshal(data, &v) != nil {
			return
		}
		at := time.Unix(0, ns).UTC()
		out, err := sender.StandardJSON(map[string]any{"v": v, "at": at})
		require.NoError(t, err)
		var got struct {
			V  any       `json:"v"`
			At time.Time `json:"at"`
		}
		require.NoError(t, json.Unmarshal(out, &got))
		require.Equal(t, v, got.V)
		require.True(t, at.Truncate(time.Millisecond).Equal(got.At), "%v %v", at, got.At)
	})
}
