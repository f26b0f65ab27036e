package benchmarks

// Quantity is what a row compares.
type Quantity int

const (
	// Time is wall time, compared as a ratio.
	Time Quantity = iota
	// Allocs is heap allocations each time, compared with the aim as it is, unless
	// the row says otherwise.
	Allocs
	// Bytes is bytes of heap each time, likewise.
	Bytes
)

// Aim is what a figure should be. The zero Aim is none.
type Aim struct {
	Set   bool
	Least bool // peer/ours is to be at least Value; else ours/peer, or ours, at most
	Value float64
}

func atLeast(v float64) Aim { return Aim{Set: true, Least: true, Value: v} }
func atMost(v float64) Aim  { return Aim{Set: true, Value: v} }

// met reports whether figure is as the aim wants it. Ratios are held against it
// with two decimals, as they are printed.
func (a Aim) met(figure float64) bool {
	if a.Least {
		return figure >= a.Value-0.005
	}
	return figure < a.Value+0.005
}

// Row is one line of the table.
type Row struct {
	Name     string
	Quantity Quantity
	Peer     int // index among the peers; -1: none
	Aim      Aim
	Why      string // said where the row is short
	Share    bool   // Allocs and Bytes are compared as a ratio, ours/peer
}

// Comparison is ours and its peers, which are measured in turn, round by round.
type Comparison struct {
	Ours  Case
	Peers []Case
	Rows  []Row
	// Floors says that the peers are the floor with an HMAC that is made anew
	// and with one that is kept, and that the latter decides where their
	// verdicts differ.
	Floors bool
}

// against is a comparison with one peer, with a row for the time.
func against(name string, ours, theirs Case, aim Aim) Comparison {
	return Comparison{Ours: ours, Peers: []Case{theirs}, Rows: []Row{{Name: name, Aim: aim}}}
}

// because says why the rows there are so far are short, where they are.
func (c Comparison) because(why string) Comparison {
	for i := range c.Rows {
		c.Rows[i].Why = why
	}
	return c
}

// memory adds rows for allocations and bytes.
func (c Comparison) memory(name string, allocs, bytes Aim) Comparison {
	c.Rows = append(c.Rows,
		Row{Name: name + ", allocations", Quantity: Allocs, Aim: allocs},
		Row{Name: name + ", bytes", Quantity: Bytes, Aim: bytes},
	)
	return c
}

// overFloors is a comparison with both floors.
func overFloors(name string, ours, made, kept Case, aim Aim) Comparison {
	return Comparison{Ours: ours, Peers: []Case{made, kept}, Floors: true, Rows: []Row{
		{Name: name, Aim: aim, Peer: 0},
		{Name: name, Aim: aim, Peer: 1},
	}}
}

// Why the thin event falls short of its aims, where it does.
const (
	whySix    = "hash, clock, strict scan and three allocations alone take about a sixth of the peer's time"
	whyStripe = "the floor is the same as above"
	whyPush   = "two SHA-256 of 8 KB, for the signature and for what makes a duplicate, and encoding/json on what is read"
	whyCloud  = "encoding/json decodes the order for both, which is four fifths of our time"
	whyFloor  = "the margin is small, and other programs on the machine slow the rest more than the hash"
)

// Comparisons returns all there are, in the order of the table.
func Comparisons() []Comparison {
	none := Aim{}
	all := []Comparison{
		against("thin event", thinCactus, thinSvix, atLeast(6)).because(whySix).
			memory("thin event", atMost(3), atMost(512)),
		against("thin event", thinCactus, thinStandard, atLeast(6)).because(whySix),
		against("thin event", thinCactus, thinTyped, none),
		against("thin event", stripeCactus, stripeGo, atLeast(6)).because(whyStripe),
		against("thin event, all its fields", stripeCactusFields, stripeGo, none),
		overFloors("thin event", thinCactus, thinMade, thinKept, atMost(4.5)).because(whyFloor),
		overFloors("verify 345 B", verifyThin, thinMade, thinKept, atMost(2)).memory("verify 345 B", atMost(0), none),
		overFloors("verify 4 KB", verifyFull, fullMade, fullKept, atMost(1.25)),
		against("verify 4 KB", verifySlack, verifySlackGo, none),
		against("verify bad signature", verifyForged, named(verifyThin, "good signature"), atMost(1.15)).
			memory("verify bad signature", atMost(0), none),
		against("bad signature", thinForged, named(thinCactus, "good signature"), atMost(1.15)).
			memory("bad signature", atMost(0), none),
		against("1000 types", manyTypes, named(thinCactus, "1 type"), atMost(1.15)),
		against("full event", fullCactus, fullSvix, none).memory("full event", none, none),
		against("full event", fullCactus, fullStandard, none),
		against("full event", slackCactus, slackGo, none),
		overFloors("full event", fullCactus, decodeMade, decodeKept, atMost(1.25)),
		against("GitHub push", pushCactus, pushGoGitHub, atLeast(1.5)).because(whyPush).memory("GitHub push", none, none),
		against("GitHub push, all its fields", pushCactusWhole, pushGoGitHub, none),
		against("GitHub push, same struct", pushCactus, pushSmallGitHub, none),
		against("CloudEvent 657 B", smallCloudCactus, smallCloudSDK, atLeast(2)).memory("CloudEvent 657 B", none, none),
		against("CloudEvent 657 B, both signed", smallCloudCactusSigned, smallCloudSDKSigned, none),
		against("CloudEvent 4 KB", cloudCactus, cloudSDK, atLeast(2)).because(whyCloud).memory("CloudEvent 4 KB", none, none),
		against("CloudEvent 4 KB, both signed", cloudCactusSigned, cloudSDKSigned, none),
		against("thin event over loopback", loopbackCactus, loopbackDrain, atLeast(0.88)),
		against("thin event over loopback", bareCactus, bareDrain, none),
	}
	all = append(all, inboxComparisons()...)
	all = append(all, senderComparisons()...)
	all = append(all, protocolComparisons()...)
	return append(all, Comparison{Ours: harness, Rows: []Row{{Name: "harness alone", Peer: -1}}})
}

// named returns c under another name, for a case of ours that stands as a peer.
func named(c Case, name string) Case {
	c.Name = name
	return c
}
