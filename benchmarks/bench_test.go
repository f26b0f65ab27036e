package benchmarks

import "testing"

// bench runs a case as an ordinary benchmark.
func bench(b *testing.B, cases ...Case) {
	b.Helper()
	for _, c := range cases {
		b.Run(c.Name, func(b *testing.B) {
			work, stop := c.Start()
			defer stop()
			b.ReportAllocs()
			b.ResetTimer()
			if err := work(b.N); err != nil {
				b.Fatal(err)
			}
		})
	}
}

func BenchmarkThin(b *testing.B) {
	bench(b, thinCactus, thinSvix, thinStandard, thinTyped, thinMade, thinKept, harness)
}

func BenchmarkThinStripe(b *testing.B) {
	bench(b, stripeCactus, stripeCactusFields, stripeGo)
}

func BenchmarkThinTypes(b *testing.B) {
	bench(b, named(thinCactus, "1 type"), named(manyTypes, "1000 types"))
}

func BenchmarkFull(b *testing.B) {
	bench(b, fullCactus, fullSvix, fullStandard, slackCactus, slackGo, decodeMade, decodeKept)
}

func BenchmarkVerifyThin(b *testing.B) {
	bench(b, verifyThin, thinMade, thinKept)
}

func BenchmarkVerifyFull(b *testing.B) {
	bench(b, verifyFull, verifySlack, verifySlackGo, fullMade, fullKept)
}

func BenchmarkPush(b *testing.B) {
	bench(b, pushCactus, pushCactusWhole, pushGoGitHub, pushSmallGitHub)
}

func BenchmarkCloudEvent(b *testing.B) {
	bench(b, smallCloudCactus, smallCloudSDK, smallCloudCactusSigned, smallCloudSDKSigned)
	bench(b, named(cloudCactus, "cactus, 4 KB"), named(cloudSDK, "sdk-go, 4 KB"))
}

func BenchmarkBadSignature(b *testing.B) {
	bench(b, named(thinForged, "ServeHTTP"), named(verifyForged, "verify"))
}

func BenchmarkLoopback(b *testing.B) {
	bench(b, loopbackCactus, loopbackDrain, bareCactus, bareDrain)
}

func BenchmarkInbox(b *testing.B) {
	for _, c := range inboxComparisons() {
		b.Run(c.Rows[0].Name, func(b *testing.B) { bench(b, c.Ours, c.Peers[0]) })
	}
}

func BenchmarkSender(b *testing.B) {
	for _, c := range senderComparisons() {
		b.Run(c.Rows[0].Name, func(b *testing.B) { bench(b, append([]Case{c.Ours}, c.Peers...)...) })
	}
}
