package middleware

import (
	"context"
	"math"
	"time"
)

// NoPosition is the position of an event that has none. It is lower than all
// others, so that a store can compare it like them, but it is never stale.
const NoPosition int64 = math.MinInt64

// OrderRequest asks an [OrderStore] for a claim.
type OrderRequest struct {
	Key   Key
	Owner Owner
	// Lease is how long the claim holds from now on, unless it is renewed. It
	// is positive.
	Lease time.Duration
	// Position is the event's place among those of its key. It is NoPosition
	// for an event that is never stale.
	Position int64
}

// OrderStore remembers which keys are held, and how far each has come. Package
// ordertest tests implementations. What [DedupeStore] says of all its methods
// holds for these too: concurrency, clocks, contexts and keys.
//
// A key is held by at most one owner, or by none. It has a position, which is
// the highest that was committed, or NoPosition if there is none. The two are
// independent of each other: a claim leaves the position as it is.
//
// A store over SQL needs a row for each key, with the owner, the end of the
// lease (null: not held), the position and the end of the retention. Claim is an
// upsert under the condition that the row is neither held nor further on, and
// the other methods are updates under the condition that the owner is the same.
type OrderStore interface {
	// Claim gives the key to the owner, or says why not.
	//
	//   - Each call has a new owner.
	//   - Of several calls at once for a key that nobody holds, one gets
	//     Claimed.
	//   - A request whose position is lower than the key's is Stale, even while
	//     the key is held. One of an equal position is not, and neither is one
	//     of NoPosition.
	//   - Otherwise, a key that is held is InFlight.
	//   - A key whose lease has run out is not held. Its position is what it
	//     was before the claim.
	//   - A key whose retention has ended has NoPosition. What is committed then
	//     is its position, even if it is lower than what was forgotten.
	//   - A store without room returns ErrStoreFull. It never forgets a position
	//     early to make room.
	Claim(ctx context.Context, req OrderRequest) (ClaimResult, error)

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

	// Commit ends the owner's claim and raises the key's position.
	//
	//   - The key is not held any more, for whatever position comes next.
	//   - The key's position is the given one if that is higher. It is never
	//     lowered, and NoPosition leaves it as it is.
	//   - The key is remembered for the retention from now on, or for longer if
	//     an earlier commit said so.
	//   - It returns ErrLeaseLost, and changes nothing, if the key is somebody
	//     else's or was released.
	//   - Of a lease that ran out but was not taken over, an implementation may
	//     do either.
	//   - Committing again what this owner has committed is no error, as long as
	//     nobody else has claimed the key and it is remembered.
	Commit(ctx context.Context, key Key, owner Owner, position int64, retention time.Duration) error

	// Release ends the owner's claim and leaves the position as it is.
	//
	//   - It does nothing, without an error, if the owner does not hold the
	//     key. What is committed stays so.
	Release(ctx context.Context, key Key, owner Owner) error
}
