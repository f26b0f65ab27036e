package inbox

import (
	"context"
	"errors"
	"time"
)

// Sentinels of an [Inbox] and its stores. All of them may arrive wrapped.
var (
	// ErrFull is returned by a [Store] that has no room for another item. The
	// sender is asked to come back: 503.
	ErrFull = errors.New("inbox: store full")
	// ErrLeaseLost is returned by a [Store] to an owner that does not hold the
	// item, usually because its lease ran out and somebody else has claimed it
	// since. It is the cause of a handler's context that ended for that.
	ErrLeaseLost = errors.New("inbox: lease lost")
	// ErrShutdown is for a request that came after [Inbox.Shutdown], and is the
	// cause of a handler's context that ended with it.
	ErrShutdown = errors.New("inbox: shut down")
)

// Claim is one item in the hands of one owner.
type Claim struct {
	ID    ID
	Owner Owner
}

// ClaimRequest asks a [Store] for work.
type ClaimRequest struct {
	Owner Owner
	Max   int // items; at least 1
	// Lease is how long the claims hold from now on, unless they are renewed. It
	// is at least a millisecond.
	Lease time.Duration
}

// Claimed is an item that a [Store] has given to an owner.
type Claimed struct {
	Item     *Item
	Attempts int // failures that counted, since the item was added or replayed
	// Lost is how often in a row a lease on the item ran out, since it was last
	// retried, released, added or replayed.
	Lost int
	// Age is how long ago the item was added or replayed.
	Age time.Duration
}

// Retry is why and when an item is to be claimed again.
type Retry struct {
	Wait   time.Duration // at least 0
	Count  bool          // as an attempt
	Reason string        // valid UTF-8 without NUL, at most 1 KiB
}

// Burial is why an item became a dead letter. Its texts are valid UTF-8 without
// NUL, at most 1 KiB each.
type Burial struct {
	Reason    string
	EventType string // of the first event; empty if the body could not be parsed
	EventID   string // likewise
	Count     bool   // one more attempt
}

// Letter is a dead letter.
type Letter struct {
	Item      *Item
	Reason    string
	EventType string
	EventID   string
	Attempts  int
	Added     time.Time // when it came into the store, by the store's clock
	Buried    time.Time // when it became a dead letter, by the store's clock
}

// Stats is what is in a store. The four numbers add up to its items.
type Stats struct {
	Ready     int // to be claimed, those among them whose lease has run out
	Scheduled int // waiting for another attempt
	Running   int // claimed, by whomever
	Dead      int // dead letters
	// Oldest is how long ago the oldest item that is no dead letter was added or
	// replayed; zero if there is none.
	Oldest time.Duration
}

// Left is how many items are not done, dead letters not counted.
func (s Stats) Left() int { return s.Ready + s.Scheduled + s.Running }

// Store keeps items until they are done. Package inboxtest tests
// implementations. For all methods:
//
//   - They are safe for concurrent use, by several processes if the store is
//     shared, and each is atomic. One SQL statement is enough for each.
//   - Durations count from the call, by the store's own clock, so that the
//     clocks of its callers need not agree.
//   - They return when ctx is done. A call that fails may or may not have taken
//     effect, and its caller may repeat it.
//   - A slice of claims or ids has no duplicates and up to some hundreds of
//     elements. An empty one does nothing, without an error.
//   - What an Item points to is shared: a store may keep it, and changes
//     nothing of it.
//
// An item is scheduled until a time, which may be now, or held by one owner until
// its lease runs out, or a dead letter. One column can be both times: what is no
// dead letter is ready when that time is over.
//
//nolint:interfacebloat // a method a statement; none of them can be had from the others
type Store interface {
	// Add keeps the item, ready at once.
	//
	//   - It is durable when Add returns: the sender is told then.
	//   - Adding an id that is in the store changes nothing and is no error.
	//   - A store without room returns ErrFull. It never drops an item to make
	//     room, dead letters neither.
	//   - Method, URL, Header, Path, Tenant, Key, ReceivedAt and Body come back as
	//     they were: repeated and invalid UTF-8 values byte by byte, a URL as its
	//     String has it and a request is parsed, times to the nanosecond but in any
	//     location. What was empty may come back nil, and the other way round.
	Add(ctx context.Context, item *Item) error

	// Claim gives up to Max items that are ready to the owner.
	//
	//   - Each call has a new owner.
	//   - An item is given to one of several calls at once. A call need not wait
	//     for another: it may return fewer than there are.
	//   - Those that have been ready for longest come first; of those that became
	//     ready at once, the smaller id.
	//   - An item whose lease has run out is ready since then. Claiming it adds one
	//     to its Lost.
	//   - With nothing ready it returns none, without an error and without waiting.
	Claim(ctx context.Context, req ClaimRequest) ([]Claimed, error)

	// Renew makes the leases end a whole lease from now, and returns the ids of
	// those that it renewed, in any order.
	//
	//   - It leaves out, and does not change, those that their owner does not hold.
	//   - Of a lease that ran out but was not taken over, an implementation may
	//     do either. This holds for all methods that take claims.
	Renew(ctx context.Context, lease time.Duration, claims []Claim) ([]ID, error)

	// Complete removes the items, and returns how many.
	//
	//   - It leaves out those that their owner does not hold.
	Complete(ctx context.Context, claims []Claim) (int, error)

	// Release makes the items ready at once, as if they had not been claimed, and
	// returns how many.
	//
	//   - It leaves out those that their owner does not hold.
	//   - It sets Lost to zero.
	Release(ctx context.Context, claims []Claim) (int, error)

	// Retry schedules the item.
	//
	//   - It is ready when the wait is over.
	//   - Attempts grow by one if Count is set. Lost becomes zero.
	//   - It returns ErrLeaseLost, and changes nothing, if the owner does not hold
	//     the item.
	Retry(ctx context.Context, claim Claim, retry Retry) error

	// Bury makes the item a dead letter, which is never claimed.
	//
	//   - It returns ErrLeaseLost, and changes nothing, if the owner does not hold
	//     the item.
	Bury(ctx context.Context, claim Claim, burial Burial) error

	// Dead returns up to limit dead letters with ids greater than after, in the
	// order of their ids.
	Dead(ctx context.Context, after ID, limit int) ([]Letter, error)

	// Replay makes the dead letters ready at once, with Attempts, Lost and Age
	// zero, and returns how many.
	//
	//   - It leaves out ids that are no dead letters.
	Replay(ctx context.Context, ids []ID) (int, error)

	// Discard removes the dead letters, and returns how many.
	//
	//   - It leaves out ids that are no dead letters.
	Discard(ctx context.Context, ids []ID) (int, error)

	// Stats counts what is in the store.
	Stats(ctx context.Context) (Stats, error)
}
