package middleware

import (
	"context"
	"encoding/hex"
	"errors"
	"time"
)

// Sentinels of the stores. All of them may arrive wrapped.
var (
	// ErrLeaseLost is returned by a [DedupeStore] or an [OrderStore] to an owner
	// that does not hold the claim, usually because its lease ran out and somebody
	// else has claimed the key since.
	ErrLeaseLost = errors.New("middleware: lease lost")
	// ErrStoreFull is returned by a [DedupeStore] or an [OrderStore] that has no
	// room for another key. The sender is asked to come back: 503.
	ErrStoreFull = errors.New("middleware: store full")
)

// Key is what makes two deliveries one event or, in an [OrderStore], two events
// wait for each other. All three fields count, each by
// itself: {"a", "bc"} is not {"ab", "c"}.
type Key struct {
	Source string // the name given by WithSource
	Tenant string // the event's Meta.Tenant
	// ID is the event's Meta.DedupeID, or its Meta.ID if that is empty. In an
	// OrderStore it is what the function of WithOrderKey returns.
	ID string
}

// Owner is the token of one claim, unlike that of any other claim of any
// process. It is what a late owner is told apart by.
type Owner [16]byte

// String returns o in hexadecimal digits.
func (o Owner) String() string { return hex.EncodeToString(o[:]) }

// ClaimRequest asks a [DedupeStore] for a claim.
type ClaimRequest struct {
	Key   Key
	Owner Owner
	// Lease is how long the claim holds from now on, unless it is renewed. It
	// is positive.
	Lease time.Duration
	// Force claims a key that is done, too. It does not break a claim that
	// somebody holds. See [Force].
	Force bool
}

// ClaimStatus is how a claim ended. The zero value is none of them.
type ClaimStatus int

// Every ClaimStatus.
const (
	// Claimed means that the key is the owner's until its lease runs out.
	Claimed ClaimStatus = iota + 1
	// InFlight means that somebody else holds the key.
	InFlight
	// Done means that the key was committed within its retention. Only a
	// DedupeStore says so.
	Done
	// Stale means that a later position was committed within its retention. Only
	// an OrderStore says so.
	Stale
)

// ClaimResult is a store's answer to a [ClaimRequest] or an [OrderRequest].
type ClaimResult struct {
	Status ClaimStatus
	// Left is how long the other owner's lease still holds, of InFlight.
	Left time.Duration
}

// DedupeStore remembers which events are done and who is at which. Package
// dedupetest tests implementations. For all methods:
//
//   - They are safe for concurrent use, by several processes if the store is
//     shared, and each is atomic.
//   - Durations count from the call, by the store's own clock, so that the
//     clocks of its callers need not agree.
//   - They return when ctx is done. A call that fails may or may not have taken
//     effect, and its caller may repeat it, except for Claim.
//   - A key counts byte by byte: no folding of case, no trimming.
//
// A key is held by at most one owner, and it is free, held or done. It may be
// both held and done, namely while a forced claim holds it.
type DedupeStore interface {
	// Claim gives the key to the owner, or says why not.
	//
	//   - Each call has a new owner.
	//   - Of several calls at once for a free key, one gets Claimed.
	//   - A key whose lease has run out is as it was before it was claimed.
	//   - A key that is held is InFlight, even if it is done as well.
	//   - A key that is done is Done until its retention ends, and free then.
	//   - A store without room returns ErrStoreFull. It never forgets a key
	//     early to make room.
	Claim(ctx context.Context, req ClaimRequest) (ClaimResult, error)

	// Renew makes the owner's lease end a whole lease from now.
	//
	//   - It returns ErrLeaseLost, and changes nothing, if the owner does not
	//     hold the key: released, or somebody else's.
	//   - Of a lease that ran out but was not taken over, an implementation may
	//     do either.
	//   - Of what this owner has committed it changes nothing, with ErrLeaseLost
	//     or without an error. A store that commits in transactions of handlers
	//     returns none, because ErrLeaseLost cancels a handler that runs on.
	Renew(ctx context.Context, key Key, owner Owner, lease time.Duration) error

	// Commit makes the owner's key done, for the retention from now on.
	//
	//   - It returns ErrLeaseLost, and changes nothing, if the key is somebody
	//     else's or was released.
	//   - Of a lease that ran out but was not taken over, an implementation may
	//     do either.
	//   - Committing again what this owner has committed is no error.
	Commit(ctx context.Context, key Key, owner Owner, retention time.Duration) error

	// Release makes the owner's key what it was before: free, or done if the
	// claim was forced.
	//
	//   - It does nothing, without an error, if the owner does not hold the
	//     key. What is done stays done.
	Release(ctx context.Context, key Key, owner Owner) error
}
