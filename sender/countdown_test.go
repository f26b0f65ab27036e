package sender_test

import (
	"math"
	"math/big"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/sender"
)

const forever = time.Duration(math.MaxInt64)

// seconds returns x seconds, at most limit and at most the longest duration.
func seconds(x *big.Int, limit *time.Duration) time.Duration {
	x = new(big.Int).Mul(x, big.NewInt(int64(time.Second)))
	d := forever
	if x.IsInt64() {
		d = time.Duration(x.Int64())
	}
	if limit != nil {
		d = min(d, *limit)
	}
	return d
}

// The reference computes without limits of size. Its n is Whisperer's, which is
// one less than the failures.
func TestCountdowns_FollowTheirFormulas(t *testing.T) {
	limits := []*time.Duration{nil, sender.Cap(0), sender.Cap(time.Second), sender.Cap(90 * time.Second), sender.Cap(forever)}
	for n := range int64(101) {
		failures := int(n) + 1
		require.Equal(t, 7*time.Second, sender.Fixed{Delay: 7 * time.Second}.Wait(failures))
		for _, limit := range limits {
			for _, base := range []int64{0, 1, 2, 3, 10, 1_000_000_000} {
				b := big.NewInt(base)
				linear := sender.Linear{Base: time.Duration(base) * time.Second, Limit: limit}
				require.Equal(t, seconds(new(big.Int).Mul(b, big.NewInt(n)), limit), linear.Wait(failures), "%+v %d", linear, n)

				for _, factor := range []int64{1, 5, 1000} {
					power := new(big.Int).Exp(b, big.NewInt(n), nil)
					want := seconds(power.Mul(power, big.NewInt(factor)), limit)
					e := sender.Exponential{Base: int(base), Factor: time.Duration(factor) * time.Second, Limit: limit}
					require.Equal(t, want, e.Wait(failures), "%+v %d", e, n)
					if factor == 1 {
						e.Factor = 0
						require.Equal(t, want, e.Wait(failures), "factor is 1 second by default")
					}
				}
			}
		}
		r := sender.Random{Min: time.Duration(n) * time.Second, Max: time.Duration(n+1) * time.Second}
		for range 20 {
			wait := r.Wait(failures)
			require.True(t, r.Min <= wait && wait <= r.Max, wait)
		}
		l := sender.List{Delays: []time.Duration{3, 1, 4}}
		require.Equal(t, l.Delays[min(n, 2)], l.Wait(failures))
	}
}

func TestRandom_ReachesBothEnds(t *testing.T) {
	r := sender.Random{Min: 1, Max: 3}
	seen := map[time.Duration]bool{}
	for range 1000 {
		seen[r.Wait(1)] = true
	}
	require.Equal(t, map[time.Duration]bool{1: true, 2: true, 3: true}, seen)
	require.GreaterOrEqual(t, sender.Random{Max: forever}.Wait(1), time.Duration(0))
}

func TestCountdowns_NeverWaitANegativeTime(t *testing.T) {
	for _, c := range []sender.Countdown{
		sender.Fixed{Delay: -1},
		sender.Linear{Base: -1},
		sender.Linear{Base: 1, Limit: sender.Cap(-1)},
		sender.Exponential{Base: -2},
		sender.Exponential{Base: 2, Factor: -1},
		sender.Exponential{Base: 2, Limit: sender.Cap(-1)},
		sender.Random{Min: -5, Max: -1},
		sender.Random{Min: 3, Max: 1},
		sender.List{},
		sender.List{Delays: []time.Duration{-1}},
	} {
		for _, failures := range []int{math.MinInt, -1, 0, 1, 2, 3, math.MaxInt} {
			require.GreaterOrEqual(t, c.Wait(failures), time.Duration(0), "%+v", c)
		}
		require.Error(t, c.(interface{ Validate() error }).Validate())
	}
}

func TestExponential_AnswersAtOnceAfterManyFailures(t *testing.T) {
	require.Equal(t, forever, sender.Exponential{Base: 2}.Wait(math.MaxInt))
	require.Equal(t, time.Second, sender.Exponential{Base: 1}.Wait(math.MaxInt))
	require.Zero(t, sender.Exponential{Base: 0}.Wait(math.MaxInt))
	require.Equal(t, forever, sender.Linear{Base: 2}.Wait(math.MaxInt))
}

func TestCountdowns_ValidateNamesEveryArgument(t *testing.T) {
	tests := []struct {
		countdown sender.Countdown
		want      string
	}{
		{sender.Fixed{Delay: -1}, "seconds is -1ns, want 0 or more"},
		{sender.Linear{Base: -1, Limit: sender.Cap(-2)}, "base is -1ns, want 0 or more; limit is -2ns, want 0 or more"},
		{
			sender.Exponential{Base: -1, Factor: time.Millisecond, Limit: sender.Cap(-2)},
			"base is -1, want 0 or more; factor is 1ms, want 1 second or more; limit is -2ns, want 0 or more",
		},
		{sender.Random{Min: -1, Max: -2}, "min_value is -1ns, want 0 or more; max_value is -2ns, want 0 or more"},
		{sender.Random{Min: 5, Max: 5}, "max_value is 5ns, want more than min_value, which is 5ns"},
		{sender.Random{}, "max_value is 0s, want more than min_value, which is 0s"},
		{sender.List{}, "seconds is empty, want at least one"},
		{sender.List{Delays: []time.Duration{1, -1, -1}}, "seconds[1] is -1ns, want 0 or more; seconds[2] is -1ns, want 0 or more"},
	}
	for _, tt := range tests {
		v, ok := tt.countdown.(interface{ Validate() error })
		require.True(t, ok)
		require.EqualError(t, v.Validate(), tt.want)
	}
	for _, c := range []interface{ Validate() error }{
		sender.Fixed{}, sender.Linear{Limit: sender.Cap(0)}, sender.Exponential{}, sender.Random{Max: 1}, sender.List{Delays: []time.Duration{0}},
	} {
		require.NoError(t, c.Validate())
	}
}
