package cactus_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

func TestOutcomeOf_TheOutermostStatementDecidesAndOfSeveralTheWorst(t *testing.T) {
	tests := []struct {
		err  error
		want cactus.Outcome
	}{
		{nil, cactus.OutcomeHandled},
		{errHandler, cactus.OutcomeFailed},
		{context.Canceled, cactus.OutcomeFailed},
		{cactus.ErrIgnored, cactus.OutcomeIgnored},
		{fmt.Errorf("a: %w", fmt.Errorf("b: %w", cactus.ErrGone)), cactus.OutcomeGone},
		{cactus.Permanent(cactus.RetryAfter(time.Second, errHandler)), cactus.OutcomePermanent},
		{cactus.RetryAfter(time.Second, cactus.Permanent(errHandler)), cactus.OutcomeRetry},
		{errors.Join(cactus.ErrIgnored, cactus.Permanent(errHandler)), cactus.OutcomePermanent},
		{errors.Join(cactus.ErrIgnored, fmt.Errorf("x: %w", errors.Join(errHandler))), cactus.OutcomeFailed},
		{fmt.Errorf("%w and %w", cactus.ErrIgnored, cactus.ErrNoTenant), cactus.OutcomeNoTenant},
		{cactus.Permanent(errors.Join(errHandler)), cactus.OutcomePermanent},
		{signature.ErrTooOld, cactus.OutcomeRefused},
		{fmt.Errorf("verify: %w", signature.ErrMismatch), cactus.OutcomeRefused},
		{&cactus.PanicError{Value: cactus.ErrIgnored}, cactus.OutcomeFailed},
		{&cactus.APIError{Status: 410}, cactus.OutcomePermanent},
		{&cactus.APIError{Status: 429, After: time.Second}, cactus.OutcomeRetry},
		{&cactus.APIError{Status: 401}, cactus.OutcomeFailed},
		{&cactus.APIError{Status: 404}, cactus.OutcomeFailed},
		{emptyError{}, cactus.OutcomeFailed},
		{(*cactus.Error)(nil), cactus.OutcomeFailed},
		{&cactus.Error{}, cactus.OutcomeFailed},
		{manyErrors{}, cactus.OutcomeFailed},
		{manyErrors{nil, nil}, cactus.OutcomeFailed},
		{manyErrors{nil, cactus.ErrIgnored}, cactus.OutcomeIgnored},
		{circleError{}, cactus.OutcomeFailed},
		{manyErrors{circleError{}, circlesError{}}, cactus.OutcomeFailed},
		{errors.Join(cactus.Permanent(errHandler), &cactus.Error{Outcome: cactus.OutcomeMalformed}), cactus.OutcomeMalformed},
		{errors.Join(&cactus.Error{Outcome: cactus.OutcomeMalformed}, cactus.Permanent(errHandler)), cactus.OutcomeMalformed},
		{(*cactus.APIError)(nil), cactus.OutcomeFailed},
	}
	for _, tt := range tests {
		require.Equal(t, tt.want, cactus.OutcomeOf(tt.err), "%v", tt.err)
	}
}

type emptyError struct{}

func (emptyError) Error() string { return "odd" }
func (emptyError) Unwrap() error { return nil }

type manyErrors []error

func (manyErrors) Error() string     { return "many" }
func (m manyErrors) Unwrap() []error { return m }

type circleError struct{}

func (circleError) Error() string   { return "circle" }
func (c circleError) Unwrap() error { return c }

type circlesError struct{}

func (circlesError) Error() string     { return "circles" }
func (m circlesError) Unwrap() []error { return []error{m, m} }

func TestWaitOf_IsTheLongestThatIsAskedFor(t *testing.T) {
	require.Zero(t, cactus.WaitOf(nil))
	require.Zero(t, cactus.WaitOf(errHandler))
	require.Zero(t, cactus.WaitOf(cactus.Permanent(cactus.RetryAfter(time.Second, nil))))
	require.Equal(t, 3*time.Second, cactus.WaitOf(errors.Join(
		errHandler, cactus.RetryAfter(time.Second, nil), fmt.Errorf("x: %w", &cactus.APIError{Status: 503, After: 3 * time.Second}))))
}

func TestOutcome_NamesAndStatuses(t *testing.T) {
	for o, want := range map[cactus.Outcome]string{
		cactus.OutcomeHandled: "handled 200", cactus.OutcomeBusy: "busy 409", cactus.OutcomeFailed: "failed 500",
		-1: "outcome(-1) 500", 99: "outcome(99) 500",
	} {
		require.Equal(t, want, fmt.Sprint(o, " ", o.Status()))
	}
}

func TestError_SaysOutcomeAndCause(t *testing.T) {
	require.NoError(t, cactus.Permanent(nil))
	require.EqualError(t, cactus.Permanent(errHandler), "permanent: handler failed")
	require.EqualError(t, cactus.RetryAfter(time.Second, nil), "cactus: retry")
	require.ErrorIs(t, cactus.RetryAfter(time.Second, errHandler), errHandler)
	require.EqualError(t, cactus.NewPanicError("boom"), "panic: boom")
	require.NoError(t, errors.Unwrap(cactus.NewPanicError("boom")))
}
