package cactus

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/time/rate"

	"github.com/cactuscorp/cactus/signature"
)

// Diagnoser is optional on a [Source]: it finds out why Verify refuses a
// request, see [signature.Diagnoser]. Diagnose may not change req.
type Diagnoser interface {
	Diagnose(ctx context.Context, req *Request) signature.Diagnosis
}

// Diagnose finds out why src refuses req, for those who call [Registry.Receive].
// It reports false if src does not know how to, or its [Resolver] chose nothing.
// A zero ReceivedAt is now. The Diagnosis has req's path, if it has a URL, and
// the tenant.
//
// It costs many times what Receive does, and nobody counts here how often it is
// called. The sender must learn neither what it says nor how long it took.
func Diagnose(ctx context.Context, src Source, req *Request) (signature.Diagnosis, bool) {
	if src == nil || req == nil {
		panic("cactus: Diagnose needs a source and a request")
	}
	its := *req // a Resolver notes the tenant
	chosen, err := resolve(ctx, src, &its)
	if err != nil {
		return signature.Diagnosis{}, false
	}
	diagnoser, ok := chosen.(Diagnoser)
	if !ok {
		return signature.Diagnosis{}, false
	}
	return diagnosed(ctx, diagnoser, &its), true
}

// diagnosed asks a Diagnoser and says which request it was about.
func diagnosed(ctx context.Context, diagnoser Diagnoser, req *Request) signature.Diagnosis {
	its := diagnoser.Diagnose(ctx, req)
	its.Tenant = printable(req.Tenant)
	if req.URL != nil {
		its.Path = printable(req.URL.EscapedPath())
	}
	return its
}

// printable returns at most maxLogged bytes of a stranger's text, with question
// marks for what could write into a log or a terminal.
func printable(text string) string {
	return strings.Map(func(r rune) rune {
		if r == utf8.RuneError || !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, text[:min(len(text), maxLogged)])
}

// WithDiagnostics calls hook with the reason why a signature was refused, for
// sources that are a [Diagnoser], as all of this module are: a body that was
// encoded anew on the way, a clock, an old key, a secret of the wrong kind. What
// hook is given has no part of a secret, a body or a signature in it, and no
// query. It names the request's path and, of a [Resolver], the tenant: nobody has
// verified either, so they are what a stranger asked for. If your paths are
// secrets, keep Path out of the log.
//
// Hook runs on a goroutine of its own, maybe after the sender was answered, and
// the answer is the same as without. Its context has the values of the request's
// and is not cancelled. It is called once a second on average, and up to five
// times at once after a pause; what was left out is counted in the next
// Diagnosis. [WithDiagnosticsRate] changes that. No more calls run at the same
// time than may come at once. A panic of hook is logged. A nil hook is none.
//
// A sender who is refused all the time does not use that up: of one tenant and one
// kind of refusal, such as a missing signature, come no more than three at once,
// and those that had no Diagnosis lately go first.
func WithDiagnostics(hook func(ctx context.Context, d signature.Diagnosis)) HandlerOption {
	return func(h *handler) {
		h.diagnoses = nil
		if hook != nil {
			h.diagnoses = &diagnoses{hook: hook}
		}
	}
}

// WithDiagnosticsRate is how many diagnoses [WithDiagnostics] makes a second, and
// how many may come at once, the half of which, rounded down, is kept for who had
// none lately. Each hashes up to 64 MiB, which with the encodings of a large body
// takes up to some tenths of a second of a core. It panics unless both are
// positive.
func WithDiagnosticsRate(perSecond float64, burst int) HandlerOption {
	if !(perSecond > 0) || burst <= 0 { // nor NaN
		panic("cactus: WithDiagnosticsRate needs a positive rate and burst")
	}
	return func(h *handler) { h.diagnosesRate, h.diagnosesBurst = rate.Limit(perSecond), burst }
}

// diagnoses is what a handler needs to look into refused requests.
type diagnoses struct {
	*shares

	hook func(ctx context.Context, d signature.Diagnosis)
}

// limit sets the rate. A zero burst is the default's.
func (s *diagnoses) limit(perSecond rate.Limit, burst int) { s.shares = newShares(perSecond, burst) }

// diagnose looks into a request that src refused, beside the answer: how long
// that takes tells what is found.
func (h *handler) diagnose(ctx context.Context, src Source, d *delivery, err error) {
	diagnoser, ok := src.(Diagnoser)
	if !ok || !errors.Is(err, signature.ErrRefused) || !h.diagnoses.begin(d.req.Tenant, err) {
		return
	}
	d.kept = true // the body is not reused
	req := d.req
	req.Header = req.Header.Clone() // whoever called us may change them once we are done
	req.URL = cloneURL(req.URL)
	ctx = context.WithoutCancel(ctx)
	go func() {
		defer h.diagnoses.end()
		if err := recovered(func() error {
			its := diagnosed(ctx, diagnoser, &req)
			its.Skipped = h.diagnoses.takeSkipped()
			h.diagnoses.hook(ctx, its)
			return nil
		}); err != nil {
			h.log.LogAttrs(ctx, slog.LevelError, "diagnostics failed", slog.String("error", err.Error()))
		}
	}()
}

func cloneURL(u *url.URL) *url.URL {
	if u == nil {
		return nil
	}
	its := *u
	return &its
}
