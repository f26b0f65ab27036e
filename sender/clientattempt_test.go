package sender

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/signature"
)

func TestAttempt_TheStatusDecides(t *testing.T) {
	t.Parallel()

	rawURL, _ := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		status, _ := strconv.Atoi(r.URL.Path[1:])
		w.Header().Set("Location", "/200")
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(status)
		if status != http.StatusNoContent && status != http.StatusNotModified {
			_, _ = io.WriteString(w, "said")
		}
	})
	c := loopbackClient(t, Config{})
	for status, want := range map[int]Outcome{
		200: Delivered, 201: Delivered, 202: Delivered, 204: Delivered, 299: Delivered,
		301: Rejected, 302: Rejected, 307: Rejected, 308: Rejected, 304: Rejected,
		400: Rejected, 404: Rejected, 410: Rejected, 429: Rejected, 500: Rejected, 503: Rejected,
	} {
		a := c.Attempt(t.Context(), &Message{URL: rawURL + "/" + strconv.Itoa(status), Body: []byte("{}")}, 3)
		require.Equal(t, want, a.Outcome, status)
		require.Equal(t, status, a.Status)
		require.Equal(t, 3, a.Number)
		require.Equal(t, 7*time.Second, a.RetryAfter)
		require.NoError(t, a.Err)
		require.False(t, a.Truncated)
		require.Equal(t, "/200", a.Header.Get("Location"))
		require.Positive(t, a.Duration)
		switch {
		case want == Delivered:
			require.Empty(t, a.Reason)
		case status < 400:
			require.Equal(t, "answered "+strconv.Itoa(status)+": redirects are not followed", a.Reason)
		default:
			require.Equal(t, "answered "+strconv.Itoa(status), a.Reason)
			require.Equal(t, "said", string(a.Body))
		}
	}
}

func TestAttempt_PostsTheMessageSignedAndAuthorized(t *testing.T) {
	t.Parallel()

	scheme := signature.Must(signature.NewStandardWebhooks(signature.Key{Secret: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"}))
	var requests atomic.Int32
	rawURL, _ := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		body, _ := io.ReadAll(r.Body)
		_, err := scheme.Verify(r.Header, body, time.Now())
		switch {
		case err != nil || r.Header.Get("Webhook-Id") != "msg_1":
			w.WriteHeader(http.StatusUnauthorized)
		case r.Method != http.MethodPost || string(body) != `{"a":1}` || r.ContentLength != 7 || r.Host == "":
			w.WriteHeader(http.StatusBadRequest)
		case r.Header.Get("X-Mine") != "yes" || r.Header.Get("User-Agent") != "cactus-go/"+version || r.Header.Get("Accept-Encoding") != "":
			w.WriteHeader(http.StatusNotAcceptable)
		case r.Header.Get("Authorization") != "Bearer t0ken" || r.Header.Get("Idempotency-Key") != "k":
			w.WriteHeader(http.StatusForbidden)
		}
	})
	m := &Message{
		ID: "msg_1", URL: rawURL, Body: []byte(`{"a":1}`),
		Header: http.Header{"X-Mine": {"yes"}, "Idempotency-Key": {"k"}, "X-Empty": nil},
		Signer: scheme, SignedBy: "standard-webhooks", Authorizer: Bearer("t0ken"), AuthorizedBy: "bearer",
	}
	c := loopbackClient(t, Config{})
	for range 2 {
		a := c.Attempt(t.Context(), m, 1)
		require.Equal(t, Delivered, a.Outcome, "%d", a.Status)
	}
	require.EqualValues(t, 2, requests.Load())
	require.Len(t, m.Header, 3, "the message is as it was")

	m.Header = http.Header{"User-Agent": {"mine"}}
	require.Equal(t, 406, c.Attempt(t.Context(), m, 1).Status, "it can have a User-Agent of its own")
	m = &Message{URL: rawURL}
	require.Equal(t, 401, c.Attempt(t.Context(), m, 1).Status, "a body may be empty")
}

// drip answers with head and then a byte a second, for ever.
func drip(head string) func(net.Conn, <-chan struct{}) {
	return func(conn net.Conn, gone <-chan struct{}) {
		_, err := io.WriteString(conn, head)
		for err == nil && pause(time.Second, gone) {
			_, err = io.WriteString(conn, "x")
		}
	}
}

func TestAttempt_EndsInTimeHoweverSlowlyTheEndpointAnswers(t *testing.T) {
	t.Parallel()

	for name, c := range map[string]struct {
		serve func(net.Conn, <-chan struct{})
		want  Outcome
	}{
		"says nothing":           {silent, TimedOut},
		"drips a header":         {drip("HTTP/1.1 200 OK\r\nX-Drip: "), TimedOut},
		"drips a body after 200": {drip("HTTP/1.1 200 OK\r\nContent-Length: 9999\r\n\r\n"), Delivered},
		"drips without a length": {drip("HTTP/1.1 200 OK\r\n\r\n"), Delivered},
		"drips a body after 500": {drip("HTTP/1.1 500 No\r\n\r\n"), Rejected},
		"drips after 16 KiB":     {drip("HTTP/1.1 200 OK\r\n\r\n" + strings.Repeat("y", maxAnswer)), Delivered},
		"drips 1xx":              {dripInterim, TimedOut},
		"stops in a chunk":       {drip("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffff\r\n"), Delivered},
		"stops after switching":  {drip("HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n"), Rejected},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				client := pipeClient(t, Config{}, c.serve)
				begin := time.Now()
				a := client.Attempt(t.Context(), &Message{URL: "http://example.com", Body: []byte("{}"), Timeout: 10 * time.Second}, 1)
				require.Equal(t, c.want, a.Outcome, a.Err)
				if a.Status == 101 {
					require.Zero(t, time.Since(begin))
					return
				}
				require.Equal(t, 10*time.Second, time.Since(begin))
				require.Equal(t, 10*time.Second, a.Duration)
				require.Equal(t, begin, a.Start)
				require.Equal(t, c.want != TimedOut, a.Truncated)
				if c.want == TimedOut {
					require.Equal(t, "no answer in time", a.Reason)
				}
			})
		})
	}
}

// silent never answers.
func silent(_ net.Conn, gone <-chan struct{}) { <-gone }

// pause waits for d, and reports false if the client is gone before.
func pause(d time.Duration, gone <-chan struct{}) bool {
	select {
	case <-time.After(d):
		return true
	case <-gone:
		return false
	}
}

func dripInterim(conn net.Conn, gone <-chan struct{}) {
	var err error
	for err == nil && pause(4*time.Second, gone) {
		_, err = io.WriteString(conn, "HTTP/1.1 103 Early Hints\r\n\r\n")
	}
}

func TestAttempt_TellsItsOwnDeadlineFromItsCallers(t *testing.T) {
	t.Parallel()
	m := &Message{URL: "http://example.com", Body: []byte("{}")}
	synctest.Test(t, func(t *testing.T) {
		c := pipeClient(t, Config{Timeout: 20 * time.Second, HeaderTimeout: 12 * time.Second}, silent)
		a := c.Attempt(t.Context(), m, 1)
		require.Equal(t, TimedOut, a.Outcome)
		require.Equal(t, 12*time.Second, a.Duration, "the header's own")

		short, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		a = c.Attempt(short, m, 1)
		require.Equal(t, Cancelled, a.Outcome)
		require.Equal(t, "cancelled", a.Reason)
		require.ErrorIs(t, a.Err, context.DeadlineExceeded)
		require.Equal(t, 2*time.Second, a.Duration)

		require.Equal(t, Cancelled, c.Attempt(short, m, 1).Outcome, "before it begins")

		ctx, stop := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, stop)
		a = c.Attempt(ctx, m, 1)
		require.Equal(t, Cancelled, a.Outcome)
		require.Equal(t, time.Second, a.Duration)
	})
	synctest.Test(t, func(t *testing.T) {
		c := pipeClient(t, Config{}, silent)
		require.Equal(t, DefaultTimeout, c.Attempt(t.Context(), m, 1).Duration)
		long, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		require.Equal(t, TimedOut, c.Attempt(long, m, 1).Outcome, "ours is earlier")
	})
}

func TestAttempt_KeepsTheFirst16KiBOfAnAnswer(t *testing.T) {
	t.Parallel()

	var conns atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n, _ := strconv.Atoi(r.URL.Query().Get("n"))
		if r.URL.Path == "/gzip" {
			w.Header().Set("Content-Encoding", "gzip")
		}
		if r.URL.Path == "/known" {
			w.Header().Set("Content-Length", strconv.Itoa(n))
		}
		_, _ = io.WriteString(w, strings.Repeat("z", n))
	}))
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			conns.Add(1)
		}
	}
	server.Start()
	t.Cleanup(server.Close)
	c := loopbackClient(t, Config{})
	for _, path := range []string{"/known", "/chunked", "/gzip"} {
		for _, n := range []int{0, 1, maxAnswer - 1, maxAnswer, maxAnswer + 1, maxAnswer + maxDrain - 1} {
			a := c.Attempt(t.Context(), &Message{URL: server.URL + path + "?n=" + strconv.Itoa(n)}, 1)
			require.Equal(t, Delivered, a.Outcome)
			require.Len(t, a.Body, min(n, maxAnswer))
			require.Equal(t, n > maxAnswer, a.Truncated, n)
		}
	}
	require.EqualValues(t, 1, conns.Load(), "the rest is read, so that the connection stays")

	a := c.Attempt(t.Context(), &Message{URL: server.URL + "/?n=9000000"}, 1)
	require.Len(t, a.Body, maxAnswer)
	require.True(t, a.Truncated)
	c.Attempt(t.Context(), &Message{URL: server.URL + "/"}, 1)
	require.EqualValues(t, 2, conns.Load(), "what is too much is not read")
}

func TestAttempt_SaysWhyNoAnswerCame(t *testing.T) {
	t.Parallel()

	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closed := listener.Addr().String()
	require.NoError(t, listener.Close())

	say := func(text string) string {
		addr, _ := serveRaw(t, func(conn net.Conn) { _, _ = io.WriteString(conn, text) })
		return addr
	}
	reset, _ := serveRaw(t, func(conn net.Conn) {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0)
		}
	})
	c := loopbackClient(t, Config{Guard: &Guard{Allow: prefixes("127.0.0.0/8"), Resolver: (&fakeDNS{}).resolver()}})
	for rawURL, want := range map[string]string{
		"http://" + closed:                       "could not connect: connection refused",
		"http://missing.example/?token=secret1":  "name not found",
		"http://" + say(""):                      "the connection was lost before an answer came",
		"http://" + reset:                        "the connection was lost before an answer came",
		"http://" + say("HTTP/1.1 200"):          "the connection was lost before an answer came",
		"http://" + say("SSH-2.0-hello\r\n\r\n"): "no valid answer",
		"http://" + say("HTTP/1.1 200 OK\r\nX: "+strings.Repeat("x", 2*maxAnswerHeader)+"\r\n\r\n"): "the answer's header is too large",
		"https://" + say("HTTP/1.1 400 Bad Request\r\n\r\n"):                                        "TLS: the endpoint does not speak it",
	} {
		a := c.Attempt(t.Context(), &Message{URL: rawURL, Body: []byte("{}")}, 1)
		require.Equal(t, Unreachable, a.Outcome, want)
		require.Equal(t, want, a.Reason)
		require.Error(t, a.Err)
		require.NotContains(t, a.Err.Error(), "secret1")
		require.Zero(t, a.Status)
	}
	a := NewClient(Config{}).Attempt(t.Context(), &Message{URL: "http://127.0.0.1:1/"}, 1)
	require.Equal(t, Refused, a.Outcome)
	require.Equal(t, "address not allowed", a.Reason)
}

func TestAttempt_TheStatusStandsIfTheBodyBreaksOff(t *testing.T) {
	t.Parallel()

	for _, text := range []string{
		"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
	} {
		addr, _ := serveRaw(t, func(conn net.Conn) { _, _ = io.WriteString(conn, text) })
		a := loopbackClient(t, Config{}).Attempt(t.Context(), &Message{URL: "http://" + addr}, 1)
		require.Equal(t, Delivered, a.Outcome)
		require.Equal(t, "abc", string(a.Body))
		require.True(t, a.Truncated)
	}
}

func TestAttempt_SendsOnceWhateverTheHeader(t *testing.T) {
	t.Parallel()

	for _, body := range []string{"{}", ""} {
		var requests atomic.Int32
		addr, conns := serveRaw(t, func(conn net.Conn) {
			requests.Add(1)
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
			if readRequest(conn) { // the next one on this connection is never answered
				requests.Add(1)
			}
		})
		m := &Message{
			URL: "http://" + addr, Body: []byte(body),
			Header: http.Header{"Idempotency-Key": {"a"}, "X-Idempotency-Key": {"b"}},
		}
		c := loopbackClient(t, Config{})
		require.Equal(t, Delivered, c.Attempt(t.Context(), m, 1).Outcome)
		a := c.Attempt(t.Context(), m, 2)
		require.Equal(t, Unreachable, a.Outcome)
		require.EqualValues(t, 2, requests.Load())
		require.EqualValues(t, 1, conns.Load())
	}
}

// badSigner signs however it is told to.
type badSigner func(h http.Header) error

func (s badSigner) Sign(h http.Header, _ string, _ []byte, _ time.Time) error { return s(h) }

type badAuthorizer func(ctx context.Context, h http.Header) error

func (badAuthorizer) Kind() string { return "bad" }

func (a badAuthorizer) Authorize(ctx context.Context, h http.Header) error { return a(ctx, h) }

func TestAttempt_RefusesWhatCannotBeSentSafely(t *testing.T) {
	t.Parallel()

	var reached atomic.Int32
	rawURL, port := serveHTTP(t, func(http.ResponseWriter, *http.Request) { reached.Add(1) })
	dns := &fakeDNS{answers: map[string][][]string{"remote.example.": {{"127.0.0.1"}}}}
	c := loopbackClient(t, Config{Guard: &Guard{Allow: prefixes("127.0.0.0/8"), Resolver: dns.resolver()}})
	remote := "http://remote.example:" + port
	var typedNil *signature.StandardWebhooks
	for want, m := range map[string]*Message{
		"message: is nil":                   nil,
		"url: is missing":                   {},
		"timeout: must not":                 {URL: rawURL, Timeout: -1},
		"signer: the message was signed":    {URL: rawURL, SignedBy: "github"},
		"authorizer: the message was":       {URL: rawURL, AuthorizedBy: "basic"},
		"url: scheme must be https, bec":    {URL: remote, Authorizer: Basic("u", "p")},
		"url: scheme must be https,":        {URL: remote, Header: http.Header{"Authorization": {"Bearer x"}}},
		"header Content-Length: cannot":     {URL: rawURL, Header: http.Header{"Content-Length": {"1"}}},
		"header Webhook-Signature: cannot":  {URL: rawURL, Header: http.Header{"Webhook-Signature": {"v1,"}}},
		`header "host": must be written`:    {URL: rawURL, Header: http.Header{"host": {"x"}}},
		`header "A b": is not a header's`:   {URL: rawURL, Header: http.Header{"A b": {"x"}}},
		"header X-Bad: must have no cont":   {URL: rawURL, Header: http.Header{"X-Bad": {"a\r\nHost: b"}}},
		"signer: ":                          {URL: rawURL, Signer: badSigner(func(http.Header) error { return errors.New("no") })},
		"signer: header X-Mine: is set":     {URL: rawURL, Header: http.Header{"X-Mine": {"1"}}, Signer: badSigner(func(h http.Header) error { h.Set("X-Mine", "2"); return nil })},
		"authorizer: header X-Mine: is set": {URL: rawURL, Header: http.Header{"X-Mine": {"1"}}, Authorizer: HeaderAuth("x-mine", "2")},
		"authorizer: header X-Y: is set":    {URL: rawURL, Header: http.Header{"X-Y": {"1"}}, Authorizer: badAuthorizer(func(_ context.Context, h http.Header) error { h.Add("X-Y", "2"); return nil })},
		"signer panicked (string)":          {URL: rawURL, Signer: badSigner(func(http.Header) error { panic("secret2") })},
		"signer panicked: runtime error":    {URL: rawURL, Signer: badSigner(func(h http.Header) error { _ = []int{}[len(h)]; return nil })},
		"signer":                            {URL: rawURL, Signer: typedNil},
		"authorizer panicked (string)":      {URL: rawURL, Authorizer: badAuthorizer(func(context.Context, http.Header) error { panic("secret2") })},
	} {
		a := c.Attempt(t.Context(), m, 1)
		require.Equal(t, Refused, a.Outcome, want)
		require.ErrorContains(t, a.Err, want)
		require.NotEmpty(t, a.Reason)
		require.NotContains(t, a.Err.Error()+a.Reason, "secret2")
	}
	a := c.Attempt(nil, &Message{URL: rawURL}, 1) //nolint:staticcheck // a nil context must not panic either
	require.Equal(t, Refused, a.Outcome)
	require.Zero(t, reached.Load())

	local := "http://localhost:" + port
	require.True(t, c.mayCarryCredentials(mustTarget(t, local)))
	require.Equal(t, Delivered, c.Attempt(t.Context(), &Message{URL: rawURL, Authorizer: Basic("u", "p")}, 1).Outcome, "loopback")
	proxied := &Client{proxied: true}
	require.False(t, proxied.mayCarryCredentials(mustTarget(t, local)), "loopback would be the proxy's")
	require.True(t, proxied.mayCarryCredentials(mustTarget(t, "https://example.com")))
}

func TestAttempt_AnAuthorizerHasTheAttemptsTime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := NewClient(Config{})
		m := &Message{URL: "https://example.com", Timeout: time.Second, Authorizer: badAuthorizer(func(ctx context.Context, _ http.Header) error {
			<-ctx.Done()
			return ctx.Err()
		})}
		a := c.Attempt(t.Context(), m, 1)
		require.Equal(t, TimedOut, a.Outcome)
		require.Equal(t, time.Second, a.Duration)
	})
}

// panicking is a transport whose answers panic.
type panicking struct{ status int }

func (p panicking) RoundTrip(*http.Request) (*http.Response, error) {
	if p.status == 0 {
		panic("transport")
	}
	return &http.Response{StatusCode: p.status, Body: p, ContentLength: -1}, nil
}
func (panicking) Read([]byte) (int, error) { panic("body") }
func (panicking) Close() error             { return nil }

func TestAttempt_DoesNotPanic(t *testing.T) {
	t.Parallel()

	a := NewClient(Config{UnguardedTransport: panicking{}}).Attempt(t.Context(), &Message{URL: "http://example.com"}, 1)
	require.Equal(t, Unreachable, a.Outcome)
	a = NewClient(Config{UnguardedTransport: panicking{200}}).Attempt(t.Context(), &Message{URL: "http://example.com"}, 1)
	require.Equal(t, Delivered, a.Outcome)
	require.True(t, a.Truncated)
}

func TestAttempt_LeavesNoGoroutine(t *testing.T) {
	t.Parallel()
	// A bubble fails if one is left at its end.
	synctest.Test(t, func(t *testing.T) {
		c := pipeClient(t, Config{}, func(conn net.Conn, gone <-chan struct{}) {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			<-gone
		})
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		require.Equal(t, Delivered, c.Attempt(ctx, &Message{URL: "http://example.com"}, 1).Outcome)
		c.CloseIdleConnections()
	})
}

func TestSetBody_LetsNoRequestBeRepeatedThatMayHaveArrived(t *testing.T) {
	t.Parallel()

	for rawURL, want := range map[string]error{"https://example.com": errSentOnce, "http://example.com": nil} {
		req := &http.Request{URL: mustTarget(t, rawURL)}
		setBody(req, []byte("abc"))
		again, err := req.GetBody()
		require.NoError(t, err, "nothing was read")
		text, err := io.ReadAll(again)
		require.NoError(t, err)
		require.Equal(t, "abc", string(text))
		_, err = io.ReadAll(req.Body)
		require.NoError(t, err)
		_, err = req.GetBody()
		require.ErrorIs(t, err, want, "over HTTP/1 net/http asks only if nothing was written")
	}
}

func TestClient_SaysThatItWasNotMade(t *testing.T) {
	a := new(Client).Attempt(t.Context(), &Message{URL: where}, 1)
	require.Equal(t, Refused, a.Outcome)
	require.EqualError(t, a.Err, "client: was not made with NewClient")
	_, err := new(Client).Handshake(t.Context(), where, HandshakeRequest{Origin: "example.com"})
	require.EqualError(t, err, "handshake: client: was not made with NewClient")
}
