package benchmarks

import (
	"net/http"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/stripe"
)

// The thin event through ServeHTTP.
var (
	thinCactus = Case{Name: "cactus", Start: working(func() Work {
		s := standardScheme(secretKey)
		return serving(thinRing(s), http.StatusOK, thinGain, thinHandler(cactus.Thin(s)))
	})}
	thinSvix = Case{Name: "svix + encoding/json", Start: working(func() Work {
		ring := thinRing(svixNames{standardScheme(secretKey)})
		return serving(ring, http.StatusOK, thinGain, newPeer(svixVerify()))
	})}
	thinStandard = Case{Name: "standard-webhooks + encoding/json", Start: working(func() Work {
		return serving(thinRing(standardScheme(secretKey)), http.StatusOK, thinGain, newPeer(standardVerify()))
	})}
	thinTyped = Case{Name: "svix, encoding/json by type", Start: working(func() Work {
		ring := thinRing(svixNames{standardScheme(secretKey)})
		return serving(ring, http.StatusOK, thinGain, newTypedPeer(svixVerify()))
	})}
	stripeCactus = Case{Name: "cactus, Stripe's scheme", Start: working(func() Work {
		s := stripeScheme(secretKey)
		return serving(thinRing(s), http.StatusOK, thinGain, thinHandler(stripe.Thin(s)))
	})}
	stripeCactusFields = Case{Name: "cactus, Stripe's scheme, all fields", Start: working(func() Work {
		return serving(thinRing(stripeScheme(secretKey)), http.StatusOK, thinGain, fieldsHandler)
	})}
	stripeGo = Case{Name: "stripe-go", Start: working(func() Work {
		return serving(thinRing(stripeScheme(secretKey)), http.StatusOK, thinGain, newStripePeer)
	})}
	manyTypes = Case{Name: "cactus, 1000 types", Start: working(func() Work {
		return serving(thinRing(standardScheme(secretKey)), http.StatusOK, thinGain, manyHandler)
	})}
	thinForged = Case{Name: "cactus, bad signature", Start: working(func() Work {
		ring := thinRing(standardScheme(forgersKey))
		return serving(ring, http.StatusUnauthorized, noGain, thinHandler(cactus.Thin(standardScheme(secretKey))))
	})}
	harness = Case{Name: "harness alone", Start: working(func() Work {
		return serving(thinRing(standardScheme(secretKey)), http.StatusOK, noGain, nothing)
	})}
)

// The full event through ServeHTTP.
var (
	fullCactus = Case{Name: "cactus", Start: working(func() Work {
		s := standardScheme(secretKey)
		return serving(fullRing(s), http.StatusOK, fullGain, fullHandler(cactus.Thin(s)))
	})}
	fullSvix = Case{Name: "svix + encoding/json", Start: working(func() Work {
		ring := fullRing(svixNames{standardScheme(secretKey)})
		return serving(ring, http.StatusOK, fullGain, newPeer(svixVerify()))
	})}
	fullStandard = Case{Name: "standard-webhooks + encoding/json", Start: working(func() Work {
		return serving(fullRing(standardScheme(secretKey)), http.StatusOK, fullGain, newPeer(standardVerify()))
	})}
	slackCactus = Case{Name: "cactus, Slack's scheme", Start: working(func() Work {
		s := slackScheme(secretKey)
		return serving(fullRing(s), http.StatusOK, fullGain, fullHandler(slackSource{s}))
	})}
	slackGo = Case{Name: "slack-go + encoding/json", Start: working(func() Work {
		return serving(fullRing(slackScheme(secretKey)), http.StatusOK, fullGain, newPeer(slackVerify()))
	})}
)

// Verification alone.
var (
	verifyThin = Case{Name: "cactus", Start: working(func() Work {
		s := standardScheme(secretKey)
		return verifying(thinRing(s), s, nil)
	})}
	verifyFull = Case{Name: "cactus", Start: working(func() Work {
		s := standardScheme(secretKey)
		return verifying(fullRing(s), s, nil)
	})}
	verifyForged = Case{Name: "cactus, bad signature", Start: working(func() Work {
		return verifying(thinRing(standardScheme(forgersKey)), standardScheme(secretKey), signature.ErrMismatch)
	})}
	verifySlack = Case{Name: "cactus, Slack's scheme", Start: working(func() Work {
		s := slackScheme(secretKey)
		return verifying(fullRing(s), s, nil)
	})}
	verifySlackGo = Case{Name: "slack-go", Start: working(func() Work {
		return verifyingPeer(fullRing(slackScheme(secretKey)), slackVerify())
	})}
)

// The floors.
var (
	thinMade = Case{Name: "HMAC made anew", Start: working(func() Work {
		return hashing(thinRing(standardScheme(secretKey)), madeHMAC)
	})}
	thinKept = Case{Name: "HMAC kept", Start: working(func() Work {
		return hashing(thinRing(standardScheme(secretKey)), keptHMAC())
	})}
	fullMade = Case{Name: "HMAC made anew", Start: working(func() Work {
		return hashing(fullRing(standardScheme(secretKey)), madeHMAC)
	})}
	fullKept = Case{Name: "HMAC kept", Start: working(func() Work {
		return hashing(fullRing(standardScheme(secretKey)), keptHMAC())
	})}
	decodeMade = Case{Name: "Unmarshal + HMAC made anew", Start: working(func() Work {
		return decoding(fullRing(standardScheme(secretKey)), madeHMAC)
	})}
	decodeKept = Case{Name: "Unmarshal + HMAC kept", Start: working(func() Work {
		return decoding(fullRing(standardScheme(secretKey)), keptHMAC())
	})}
)

// The thin event over loopback HTTP: with net/http's client, and with one that
// costs next to nothing.
var (
	loopbackCactus = overHTTP("cactus", loopbackHandler, thinGain, connectUser)
	loopbackDrain  = overHTTP("a handler that drains", drain, noGain, connectUser)
	bareCactus     = overHTTP("cactus, bare client", loopbackHandler, thinGain, connectBare)
	bareDrain      = overHTTP("a handler that drains, bare client", drain, noGain, connectBare)
)

func overHTTP(name string, newHandler func(*tally) http.Handler, gain int, connect func(string) (client, error)) Case {
	return Case{Name: name, Batch: loopbackBatch, Start: overLoopback(newHandler, gain, connections, connect)}
}

func loopbackHandler(seen *tally) http.Handler {
	return thinHandler(cactus.Thin(standardScheme(secretKey)))(seen)
}
