// Package memo remembers the first success of a fallible, cancellable load.
package memo

import (
	"context"
	"sync/atomic"
)

// Memo runs a load until it succeeds once and remembers that value.
//
// Callers queue behind a one-place channel rather than a mutex, so that a
// waiter gives up with its own context. Each caller loads with its own context
// too: a leader that is cancelled fails alone, and the next in the queue takes
// over. A failure is never remembered.
//
// A Memo must be made ready with [Memo.Init] and not be copied after that. It is
// safe for concurrent use.
type Memo[T any] struct {
	turn  chan struct{}
	value atomic.Pointer[T]
}

// Init makes the zero Memo ready. It must come before any other method.
func (m *Memo[T]) Init() { m.turn = make(chan struct{}, 1) }

// Peek returns the remembered value, or false if there is none yet.
func (m *Memo[T]) Peek() (T, bool) {
	if v := m.value.Load(); v != nil {
		return *v, true
	}
	var zero T
	return zero, false
}

// Get returns the remembered value, or loads it.
func (m *Memo[T]) Get(ctx context.Context, load func(context.Context) (T, error)) (T, error) {
	if v, ok := m.Peek(); ok {
		return v, nil
	}
	return m.load(ctx, load, false)
}

// Forget drops the remembered value if it is the one that turned out to be of no
// use. Another, which somebody has loaded meanwhile, stays.
func (m *Memo[T]) Forget(useless func(T) bool) {
	if v := m.value.Load(); v != nil && useless(*v) {
		m.value.CompareAndSwap(v, nil)
	}
}

// Refresh loads whatever is remembered, and on success replaces it. A failed
// Refresh leaves the old value in place.
func (m *Memo[T]) Refresh(ctx context.Context, load func(context.Context) (T, error)) (T, error) {
	return m.load(ctx, load, true)
}

func (m *Memo[T]) load(ctx context.Context, load func(context.Context) (T, error), again bool) (T, error) {
	var zero T
	if ctx.Err() != nil {
		return zero, context.Cause(ctx)
	}
	select {
	case m.turn <- struct{}{}:
	case <-ctx.Done():
		return zero, context.Cause(ctx)
	}
	defer func() { <-m.turn }() // also when load panics

	if v, ok := m.Peek(); ok && !again {
		return v, nil
	}
	v, err := load(ctx)
	if err != nil {
		return zero, err
	}
	m.value.Store(&v)
	return v, nil
}
