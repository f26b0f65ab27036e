package sender_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/sender"
	"github.com/cactuscorp/cactus/signature"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

// loopback lets examples reach their own servers. Production needs no Guard.
func loopback() *sender.Guard {
	return &sender.Guard{Allow: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")}}
}

func ExampleClient_Attempt() {
	endpoint := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Println("came:", string(body), r.Header.Get("Webhook-Id"))
		w.Header().Set("Retry-After", "30")
		http.Error(w, "come back later", http.StatusServiceUnavailable)
	}))
	defer endpoint.Close()
	client := sender.NewClient(sender.Config{Guard: loopback()})

	attempt := client.Attempt(context.Background(), &sender.Message{
		ID:     "msg_1",
		URL:    endpoint.URL,
		Header: http.Header{"Content-Type": {"application/json"}},
		Body:   []byte(`{"title":"Cactus"}`),
		Signer: signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"})),
	}, 1)
	fmt.Println(attempt.Outcome, attempt.Status, attempt.Reason, attempt.RetryAfter)
	// Output:
	// came: {"title":"Cactus"} msg_1
	// rejected 503 answered 503 30s
}

func ExampleGuard() {
	client := sender.NewClient(sender.Config{})
	attempt := client.Attempt(context.Background(), &sender.Message{URL: "http://169.254.169.254/latest/meta-data/"}, 1)
	fmt.Println(attempt.Outcome, "-", attempt.Reason)
	// Output:
	// refused - address not allowed
}

// In a network of one's own, an IPv6 address may lead to a private IPv4 address.
func ExampleGuard_nat64() {
	guard := &sender.Guard{NAT64: []netip.Prefix{netip.MustParsePrefix("2a00:64::/96")}}
	fmt.Println(guard.CheckAddr(netip.MustParseAddr("2a00:64::8.8.8.8")))
	fmt.Println(guard.CheckAddr(netip.MustParseAddr("2a00:64::10.0.0.1")))
	// Output:
	// <nil>
	// sender: address not allowed: 2a00:64::a00:1: embedded private use
}

func ExampleGuard_CheckURL() {
	var guard sender.Guard
	for _, rawURL := range []string{
		"https://93.184.215.14/hooks", "ftp://example.com", "https://user:password@example.com",
		"https://0177.0.0.1", "https://[::ffff:10.0.0.1]/",
	} {
		fmt.Println(guard.CheckURL(context.Background(), rawURL))
	}
	// Output:
	// <nil>
	// url: scheme must be http or https
	// url: must have no user name or password
	// url: host looks like an IPv4 address but is not four decimal numbers without leading zeros
	// url: host: leads to an address that is not allowed
}

func ExampleBearer() {
	fmt.Println(sender.Bearer("t0p-s3cret"))
	// Output:
	// sender.bearer(redacted)
}

func ExampleBasic() {
	h := http.Header{}
	_ = sender.Basic("Aladdin", "open sesame").Authorize(context.Background(), h)
	fmt.Println(h.Get("Authorization"))
	// Output:
	// Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==
}

func ExampleHeaderAuth() {
	fmt.Println(sender.HeaderAuth("x-api-key", "t0p-s3cret").Kind())
	// Output:
	// header:X-Api-Key
}

func ExampleProxy() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Println("asked:", r.Method, r.Host)
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer server.Close()
	proxyURL, _ := url.Parse(server.URL)
	client := sender.NewClient(sender.Config{Proxy: &sender.Proxy{URL: proxyURL}})

	for _, target := range []string{"https://10.0.0.1/", "https://8.8.8.8/"} {
		attempt := client.Attempt(context.Background(), &sender.Message{URL: target}, 1)
		fmt.Println(attempt.Outcome, "-", attempt.Reason)
	}
	// Output:
	// refused - address not allowed
	// asked: CONNECT 8.8.8.8:443
	// unreachable - the proxy answered 502
}

func ExampleClient_Handshake() {
	verifier := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}))
	source := cloudevents.New(verifier, cloudevents.WithOrigins("events.example.com"), cloudevents.WithRate(60))
	endpoint := httptest.NewServer(cactus.NewHandler(new(cactus.Registry), source))
	defer endpoint.Close()

	client := sender.NewClient(sender.Config{Guard: loopback()})
	permission, err := client.Handshake(context.Background(), endpoint.URL, sender.HandshakeRequest{
		Origin: "events.example.com", Rate: 120,
	})
	fmt.Println(permission.Granted, permission.Rate, err)
	permission, err = client.Handshake(context.Background(), endpoint.URL, sender.HandshakeRequest{Origin: "other.example.com"})
	fmt.Println(permission.Granted, permission.Reason, err)
	// Output:
	// true 60 <nil>
	// false answered 403 without WebHook-Allowed-Origin <nil>
}
