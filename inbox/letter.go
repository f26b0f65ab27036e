package inbox

import (
	"context"
	"iter"
)

// Dead letters are read so many at once: a few at first, and more while their bodies
// are small, because one of them may be as large as a receiver takes.
const (
	page      = 100
	firstPage = 8
	pageBytes = 4 << 20
)

// Dead yields the dead letters of the store in the order of their ids, which is
// about that in which they were received. It reads them page by page: what becomes
// a dead letter meanwhile may be missed. After an error it ends.
func (in *Inbox) Dead(ctx context.Context) iter.Seq2[Letter, error] {
	return func(yield func(Letter, error) bool) {
		var after ID
		for limit := firstPage; ; {
			letters, err := in.store.Dead(ctx, after, limit)
			if err != nil {
				yield(Letter{}, err)
				return
			}
			size := 0
			for _, letter := range letters {
				if !yield(letter, nil) {
					return
				}
				after = letter.Item.ID
				size += len(letter.Item.Body)
			}
			if len(letters) < limit {
				return
			}
			if size > pageBytes {
				limit = max(limit/2, 1)
			} else if 2*size <= pageBytes {
				limit = min(2*limit, page)
			}
		}
	}
}

// Replay has dead letters worked on again, with fresh attempts, and returns how
// many. Ids of no dead letter are left out; without ids it does nothing.
//
// It needs no Force of the middleware's Dedupe, which remembers only what has
// succeeded: of a batch, the events that did are not run again.
func (in *Inbox) Replay(ctx context.Context, ids ...ID) (int, error) {
	if len(ids) == 0 {
		return 0, nil
	}
	n, err := chunked(ids, func(ids []ID) (int, error) { return in.store.Replay(ctx, ids) })
	notify(in.wake)
	return n, err
}

// ReplayAll replays all dead letters that there are when it begins, and returns
// how many.
func (in *Inbox) ReplayAll(ctx context.Context) (n int, err error) {
	var ids []ID
	for letter, err := range in.Dead(ctx) {
		if err != nil {
			return 0, err
		}
		ids = append(ids, letter.Item.ID)
	}
	return in.Replay(ctx, ids...)
}

// Discard removes dead letters for good, and returns how many. Ids of no dead
// letter are left out.
func (in *Inbox) Discard(ctx context.Context, ids ...ID) (int, error) {
	return chunked(ids, func(ids []ID) (int, error) { return in.store.Discard(ctx, ids) })
}

// chunked calls f with as many ids as a store takes at once.
func chunked(ids []ID, f func([]ID) (int, error)) (n int, err error) {
	for len(ids) > 0 && err == nil {
		var some int
		some, err = f(ids[:min(len(ids), page)])
		n, ids = n+some, ids[min(len(ids), page):]
	}
	return n, err
}
