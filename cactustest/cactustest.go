// Package cactustest helps to test programs that receive Cactus events. None of
// it belongs into a program that real events reach.
//
//   - [Event] makes a typed event whose pulls answer from memory, for the test
//     of a single handler.
//   - [Deliver] and [Post] send a signed request, or one that is not as it
//     should be, through a whole receiver.
//   - [API] and [Server] are a fake of Cactus Corp's API. It can be told to
//     fail, and says what it was asked.
//   - [Recorder] is a middleware that remembers what became of each event.
//   - [Chaos] delivers many events as a sender does on a bad day, and [Effects]
//     tells whether each had its effect once.
//
// Functions that take a [testing.TB] end the test when they cannot do what they
// are for. Each of them may be called by any test at any time; nothing is
// shared between two of their results.
package cactustest

import (
	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/signature"
)

// Secret is the secret that requests are signed with unless [WithSecret] names
// another. It is well known: nothing but a test may accept it.
const Secret = "whsec_Y2FjdHVzdGVzdC1ub3QtYS1yZWFsLXNlY3JldA==" //nolint:gosec // G101: decodes to "cactustest-not-a-real-secret"

// APIKey is the key that a [Server] accepts.
const APIKey = "ck_test_not_a_real_key" //nolint:gosec // G101: as it says

// KeyName is what the Key of an event's Meta says once [Scheme] verified it.
const KeyName = "test"

// Scheme returns a signer and verifier with [Secret] as its only key.
func Scheme() *signature.StandardWebhooks {
	return signature.Must(signature.NewStandardWebhooks(signature.Key{Name: KeyName, Secret: Secret}))
}

// Source returns the source of requests that are signed with [Secret]: what
// [cactus.NewHandler] needs to receive from [Deliver] and [Post].
func Source() cactus.Source { return cactus.Thin(Scheme()) }
