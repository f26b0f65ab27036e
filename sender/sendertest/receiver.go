package sendertest

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/cactuscorp/cactus/signature"
)

// Request is what came.
type Request struct {
	Method     string
	URL        *url.URL // as in the request line, mostly a path
	Host       string
	Header     http.Header
	Body       []byte
	At         time.Time // when its body was there
	RemoteAddr string
	// Key is the name of the key that verified it. Empty: no verifier was given,
	// or Err is set.
	Key string
	// Err is why it did not verify, or why its body could not be read.
	Err error
}

// Receiver is an [http.Handler] that answers by script and records what comes.
// Make it with [NewReceiver], or with [NewServer] for one on the network. It is
// safe for concurrent use.
type Receiver struct {
	// Patience is how long Wait waits. Zero is 10 seconds. Raise it inside a
	// testing/synctest bubble, where a schedule's hours pass as well.
	Patience time.Duration

	tb   testing.TB
	stop chan struct{} // closed when the test ends

	running sync.WaitGroup // calls of ServeHTTP

	mu       sync.Mutex
	steps    []Step
	next     int
	received []Request
	changed  chan struct{} // closed and replaced when a request is recorded
	verifier signature.Verifier
}

const (
	defaultPatience = 10 * time.Second
	maxBody         = 64 << 20 // keeps a runaway test from the machine's memory
)

// NewReceiver returns a receiver that answers the first request by the first step,
// and so on. After the end of the script its last step repeats; without any it
// answers 200. A step that makes no sense ends the test.
func NewReceiver(tb testing.TB, steps ...Step) *Receiver {
	tb.Helper()
	for i, step := range steps {
		if err := step.check(); err != nil {
			tb.Fatalf("sendertest: step %d: %v", i+1, err)
		}
	}
	r := &Receiver{
		tb: tb, steps: slices.Clone(steps),
		stop: make(chan struct{}), changed: make(chan struct{}),
	}
	tb.Cleanup(func() { close(r.stop) })
	return r
}

// VerifyWith has the signature of every further request checked. One that fails is
// an error of the test and is answered 401; it is recorded, but takes no step of
// the script. Nil checks nothing.
func (r *Receiver) VerifyWith(v signature.Verifier) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.verifier = v
}

// Received returns what came so far, in order of arrival. The requests are not
// copied: do not change them.
func (r *Receiver) Received() []Request {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.received)
}

// Wait returns what came as soon as that is n requests or more. It ends the test
// if they do not come in time: see Patience.
func (r *Receiver) Wait(n int) []Request {
	r.tb.Helper()
	patience := r.Patience
	if patience <= 0 {
		patience = defaultPatience
	}
	timer := time.NewTimer(patience)
	defer timer.Stop()
	for {
		r.mu.Lock()
		received, changed := slices.Clone(r.received), r.changed
		r.mu.Unlock()
		if len(received) >= n {
			return received
		}
		select {
		case <-changed:
		case <-timer.C:
			r.tb.Fatalf("sendertest: %d of %d requests came within %v", len(received), n, patience)
			return received
		}
	}
}

// ServeHTTP implements [http.Handler]. A step that resets or drips its header
// needs a connection that can be hijacked: a [Server]'s or a [NewClient]'s. With
// others it ends the answer with [http.ErrAbortHandler].
func (r *Receiver) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	r.running.Add(1)
	defer r.running.Done()
	body, err := io.ReadAll(http.MaxBytesReader(w, req.Body, maxBody))
	step, ok := r.record(&Request{
		Method: req.Method, URL: req.URL, Host: req.Host, Header: req.Header.Clone(),
		Body: bytes.Clone(body), At: time.Now(), RemoteAddr: req.RemoteAddr, Err: err,
	})
	if !ok {
		http.Error(w, "the request does not verify", http.StatusUnauthorized)
		return
	}
	e := exchange{w: w, gone: req.Context().Done(), stop: r.stop}
	e.play(step)
}

// record takes a request down and returns the step for it, or false if it does
// not verify.
func (r *Receiver) record(req *Request) (Step, bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	verified := true
	if r.verifier != nil && req.Err == nil {
		req.Key, req.Err = r.verifier.Verify(req.Header, req.Body, req.At)
		verified = req.Err == nil
	}
	r.received = append(r.received, *req)
	close(r.changed)
	r.changed = make(chan struct{})
	if !verified {
		r.tb.Errorf("sendertest: request %d does not verify: %v", len(r.received), req.Err)
		return Step{}, false
	}
	if len(r.steps) == 0 {
		return Step{}, true
	}
	step := r.steps[min(r.next, len(r.steps)-1)]
	r.next++
	return step, true
}
