package signature_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// A sender signs a request, and a receiver verifies it before it reads it.
func Example() {
	scheme, err := signature.NewStandardWebhooks(signature.Key{
		Name:   "2026-01",
		Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
	})
	if err != nil {
		fmt.Println(err)
		return
	}

	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil {
			http.Error(w, "cannot read body", http.StatusBadRequest)
			return
		}
		key, err := scheme.Verify(r.Header, body, time.Now())
		if err != nil {
			http.Error(w, "refused", http.StatusUnauthorized)
			return
		}
		fmt.Fprintf(w, "accepted, signed with %s", key)
	}))
	defer receiver.Close()

	body := `{"id": "evt_441", "type": "order.shipped"}`
	req, err := http.NewRequestWithContext(context.Background(), http.MethodPost, receiver.URL, strings.NewReader(body))
	if err != nil {
		fmt.Println(err)
		return
	}
	if err = scheme.Sign(req.Header, "evt_441", []byte(body), time.Now()); err != nil {
		fmt.Println(err)
		return
	}
	resp, err := receiver.Client().Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	fmt.Println(string(answer), err)
	// Output: accepted, signed with 2026-01 <nil>
}

// Both secrets are accepted while the sender changes from one to the other.
// The old one ends by itself.
func Example_rotation() {
	change := time.Date(2026, time.March, 1, 0, 0, 0, 0, time.UTC)
	receiver := signature.Must(signature.NewStandardWebhooks(
		signature.Key{Name: "old", Secret: "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk", NotAfter: change.Add(24 * time.Hour)},
		signature.Key{Name: "new", Secret: "whsec_bmV3bmV3bmV3bmV3bmV3bmV3bmV3bmV3"},
	))
	sender := signature.Must(signature.NewStandardWebhooks(
		signature.Key{Secret: "whsec_b2xkb2xkb2xkb2xkb2xkb2xkb2xkb2xk"},
	))

	for _, at := range []time.Time{change, change.Add(48 * time.Hour)} {
		h := make(http.Header)
		if err := sender.Sign(h, "evt_441", []byte("body"), at); err != nil {
			fmt.Println(err)
		}
		key, err := receiver.Verify(h, []byte("body"), at)
		fmt.Printf("%q %v\n", key, err)
	}
	// Output:
	// "old" <nil>
	// "" signature: mismatch
}

// Each failed check is an error of its own, for the log. The sender is told
// nothing but that the request was refused.
func Example_errors() {
	scheme := signature.Must(signature.NewStandardWebhooks(
		signature.Key{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	))
	at := time.Unix(1614265330, 0)
	h := make(http.Header)
	if err := scheme.Sign(h, "evt_441", []byte("body"), at); err != nil {
		fmt.Println(err)
	}

	_, err := scheme.Verify(h, []byte("another body"), at)
	fmt.Println(err)
	_, err = scheme.Verify(h, []byte("body"), at.Add(time.Hour))
	fmt.Println(err)
	h.Del("Webhook-Id")
	_, err = scheme.Verify(h, []byte("body"), at)
	fmt.Println(err)
	fmt.Println(errors.Is(err, signature.ErrBadHeader), errors.Is(err, signature.ErrRefused))
	// Output:
	// signature: mismatch
	// signature: timestamp too old
	// signature: bad header: no Webhook-Id
	// true true
}

// With an asymmetric key, the receiver has nothing to sign with.
func ExampleStandardWebhooks_asymmetric() {
	sender := signature.Must(signature.NewStandardWebhooks(signature.Key{
		Secret: "whsk_6Xb/dCcHpPea21PS1N9VY/NZW723CEc77N4rJCubMbfVKIDij2HKpMKkioLlX0dRqSKJp4AJ6p9lMicMFs6Kvg==",
	}))
	receiver := signature.Must(signature.NewStandardWebhooks(signature.Key{
		Name: "sender", Secret: "whpk_1SiA4o9hyqTCpIqC5V9HUakiiaeACeqfZTInDBbOir4=",
	}))

	at := time.Unix(1614265330, 0)
	body := []byte(`{"test": 2432232314}`)
	h := make(http.Header)
	if err := sender.Sign(h, "msg_p5jXN8AQM9LWM0D4loKWxJek", body, at); err != nil {
		fmt.Println(err)
	}
	fmt.Println(h.Get("Webhook-Signature")[:14])
	fmt.Println(receiver.Verify(h, body, at))
	fmt.Println(receiver.Sign(h, "msg_2", body, at))
	// Output:
	// v1a,hnO3f9T8Yt
	// sender <nil>
	// signature: cannot sign: no key that can sign is valid at that time
}

func ExampleStandardWebhooks() {
	scheme := signature.Must(signature.NewStandardWebhooks(
		signature.Key{Name: "main", Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"},
	))
	h := http.Header{
		"Webhook-Id":        {"msg_p5jXN8AQM9LWM0D4loKWxJek"},
		"Webhook-Timestamp": {"1614265330"},
		"Webhook-Signature": {"v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="},
	}
	fmt.Println(scheme.Verify(h, []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0)))
	// Output: main <nil>
}

// A body that waited in a queue is judged by the time at which it arrived.
func ExampleStripe() {
	scheme := signature.Must(signature.NewStripe(
		signature.Key{Name: "endpoint", Secret: "whsec_test_secret"},
	))
	h := http.Header{"Stripe-Signature": {
		"t=1495999758,v1=f26e05cd5bf8cafb10d42a792fa57c879481a87775a7d3d020a2ee3b20127359",
	}}
	body := []byte(`{"id": "evt_849", "type": "order.lost", "related_object": null}`)
	received := time.Unix(1495999760, 0)
	fmt.Println(scheme.Verify(h, body, received))

	_, err := scheme.Verify(h, body, time.Now())
	fmt.Println(err)
	// Output:
	// endpoint <nil>
	// signature: timestamp too old
}

func ExampleGitHub() {
	scheme := signature.Must(signature.NewGitHub(
		signature.Key{Name: "repository", Secret: "It's a Secret to Everybody"},
	))
	h := http.Header{"X-Hub-Signature-256": {
		"sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
	}}
	fmt.Println(scheme.Verify(h, []byte("Hello, World!"), time.Now()))

	_, err := scheme.Verify(http.Header{"X-Hub-Signature": {"sha1=01dc10d0c83e72ed246219cdd91669667fe2ca59"}}, nil, time.Now())
	fmt.Println(err)
	// Output:
	// repository <nil>
	// signature: unsupported version or algorithm: X-Hub-Signature is SHA-1, and there is no X-Hub-Signature-256
}

func ExampleSlack() {
	scheme := signature.Must(signature.NewSlack(
		signature.Key{Name: "app", Secret: "e6b19c573432dcc6b075501d51b51bb8"},
	))
	at := time.Unix(1531431954, 0)
	h := make(http.Header)
	if err := scheme.Sign(h, "", []byte("token=x&team_id=T1"), at); err != nil {
		fmt.Println(err)
	}
	fmt.Println(h.Get("X-Slack-Request-Timestamp"), h.Get("X-Slack-Signature")[:3])
	fmt.Println(scheme.Verify(h, []byte("token=x&team_id=T1"), at))
	// Output:
	// 1531431954 v0=
	// app <nil>
}

func ExampleTemplate() {
	gitea := signature.Must(signature.NewTemplate(
		signature.Format{Header: "X-Gitea-Signature"},
		signature.Key{Name: "gitea", Secret: "0123456789abcdef"},
	))
	h := http.Header{"X-Gitea-Signature": {
		"b1f8020f5b4cd42042f807dd939015c4a418bc1ff7f604dd55b0a19b5d953d9b",
	}}
	fmt.Println(gitea.Verify(h, []byte(`{"yo":true}`), time.Now()))

	_, err := signature.NewTemplate(
		signature.Format{Header: "X-Signature", TimestampHeader: "X-Timestamp"},
		signature.Key{Secret: "0123456789abcdef"},
	)
	fmt.Println(err)
	// Output:
	// gitea <nil>
	// template: format's TimestampHeader is "X-Timestamp", but Signed has no {timestamp}: what is not signed is not trusted
}

func ExampleMust() {
	defer func() { fmt.Println(recover()) }()
	signature.Must(signature.NewStripe(signature.Key{Name: "shop", Secret: "sk_live_0123456789"}))
	// Output: stripe: key "shop" (number 1): secret starts with sk_ and is a secret API key, want an endpoint's signing secret
}

// A key can be printed and logged.
func ExampleKey() {
	k := signature.Key{Name: "shop", Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}
	fmt.Printf("%v\n%#v\n", k, k)
	// Output:
	// key "shop"
	// signature.Key{Name:"shop", Secret:hidden}
}

// One variable can hold any scheme.
func ExampleVerifier() {
	verifiers := map[string]signature.Verifier{
		"github": signature.Must(signature.NewGitHub(signature.Key{Secret: "0123456789abcdef"})),
		"slack":  signature.Must(signature.NewSlack(signature.Key{Secret: "0123456789abcdef"})),
	}
	_, err := verifiers["slack"].Verify(http.Header{}, nil, time.Now())
	fmt.Println(err)
	// Output: signature: no signature: no X-Slack-Signature
}

// Something between the sender and the receiver has decoded the JSON and encoded
// it anew. Whoever runs the receiver is told, the sender is not.
func ExampleDiagnosis() {
	scheme := signature.Must(signature.NewStripe(signature.Key{Name: "2026-01", Secret: "whsec_8kQ2mZ0aLr7TtYx3Vb5NcW1d"}))
	arrival := time.Unix(1700000000, 0)
	h := make(http.Header)
	if err := scheme.Sign(h, "", []byte(`{"id": "evt_441", "type": "order.shipped"}`), arrival); err != nil {
		fmt.Println(err)
		return
	}
	arrived := []byte(`{"id":"evt_441","type":"order.shipped"}`)

	_, err := scheme.Verify(h, arrived, arrival)
	fmt.Println(err)
	fmt.Println(scheme.Diagnose(h, arrived, arrival))
	// Output:
	// signature: mismatch
	// Stripe: the body was changed on the way: the signature is good (key "2026-01") once the JSON is written with a space after each comma and colon
}
