package cactus

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/time/rate"

	"github.com/cactuscorp/cactus/signature"
)

// A stranger who chooses ever new and long tenants, and errors, makes nothing grow.
func TestShares_RememberSoManyAndNoMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, row := range []struct {
			perSecond rate.Limit
			burst     int
		}{{0, 0}, {1e-9, 1}, {1000, 50}} {
			s := newShares(row.perSecond, row.burst)
			long := strings.Repeat("x", maxLogged)
			got := 0
			for i := range 3000 {
				if s.begin(fmt.Sprint(i, long), fmt.Errorf("%w: %d", signature.ErrRefused, i)) {
					got++
					s.end()
				}
				time.Sleep(time.Second / 10)
			}
			require.Positive(t, got)
			require.LessOrEqual(t, len(s.last), shareMemory+s.burst+1)
			for its := range s.last {
				require.Len(t, its.tenant, maxLogged)
				require.Equal(t, -1, its.refusal)
			}
			require.Equal(t, 3000-got, s.takeSkipped())
		}
	})
}

func TestShares_AnInfiniteRateLeavesNothingOut(t *testing.T) {
	for _, perSecond := range []rate.Limit{rate.Inf, rate.Limit(math.Inf(1))} {
		s := newShares(perSecond, 2)
		for range 100 {
			require.True(t, s.begin("a", signature.ErrMismatch))
			s.end()
		}
		require.True(t, s.begin("a", errors.New("other")))
		require.True(t, s.begin("a", errors.New("other")))
		require.False(t, s.begin("a", errors.New("other")), "as many as may run")
	}
}
