package benchmarks

// senderBatch is how many events a sender delivers in a round.
const senderBatch = 1000

// senderCase delivers thin events over eight connections.
func senderCase(name string, receive func(*tally) receiver, newSender func(url string) client) Case {
	return Case{Name: name, Batch: senderBatch, Start: delivering(receive, newSender)}
}

// Why a sender falls short of its aims, where it does.
const (
	whyTrip = "it is net/http's transport for both, and ours takes little more than its RoundTrip alone, which stands below"
	whyWire = "system calls and net/http's transport are most of a delivery, and the same for both"
)

// senderComparison holds a sender.Client against what one would use instead, all of
// them signed and with a deadline, and against the floor under all.
func senderComparison(name string, receive func(*tally) receiver) Comparison {
	ours := standardScheme(secretKey)
	return Comparison{
		Ours: senderCase("cactus", receive, newAttempting(ours)),
		Peers: []Case{
			senderCase("http.Client, tuned", receive, newByHand(ours.Sign)),
			senderCase("go-retryablehttp, same transport", receive, newRetryable(tunedTransport)),
			senderCase("resty, same transport", receive, newRested(tunedTransport)),
			senderCase("Transport.RoundTrip, signed, no more", receive, newOnlyTrip),
		},
		Rows: []Row{
			{Name: name, Peer: 0, Aim: atLeast(1), Why: whyWire},
			{Name: name, Peer: 1, Aim: atLeast(1.25), Why: whyTrip},
			{Name: name, Peer: 2, Aim: atLeast(1.5), Why: whyWire},
			{Name: name, Peer: 3},
		},
	}
}

// more adds peers without an aim.
func (c Comparison) more(peers ...Case) Comparison {
	for _, p := range peers {
		c.Rows = append(c.Rows, Row{Name: c.Rows[0].Name, Peer: len(c.Peers)})
		c.Peers = append(c.Peers, p)
	}
	return c
}

// senderComparisons are those of deliveries.
func senderComparisons() []Comparison {
	ours := standardScheme(secretKey)
	bare := senderComparison("Sender", bareReceiver).more(
		senderCase("http.Client, standard-webhooks", bareReceiver, newByHand(standardSign())),
		senderCase("go-retryablehttp as it comes", bareReceiver, newRetryable(nil)),
		senderCase("resty as it comes", bareReceiver, newRested(nil)),
	)
	bare.Rows = append(bare.Rows,
		Row{Name: "Sender, allocations", Quantity: Allocs, Aim: atMost(1), Share: true},
		Row{Name: "Sender, bytes", Quantity: Bytes, Aim: atMost(1), Share: true},
	)
	return []Comparison{
		bare,
		senderComparison("Sender, net/http receives", httpReceiver),
		against("Sender, signing", Case{Name: "signing", Batch: senderBatch, Start: onlySigning},
			senderCase("cactus, all of a delivery", bareReceiver, newAttempting(ours)), atMost(0.05)),
	}
}
