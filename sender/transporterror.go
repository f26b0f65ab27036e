package sender

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"net"
	"strings"
	"syscall"
)

// connectError is why there is no connection, and how to say it to a stranger.
type connectError struct {
	reason string
	err    error
}

func (e *connectError) Error() string { return e.reason + ": " + e.err.Error() }
func (e *connectError) Unwrap() error { return e.err }

// Causes by which an attempt's own deadline is told from its caller's.
var errAttemptTime = errors.New("sender: the attempt's time is over")

// classify says what it means that a request of context ctx failed with err.
func classify(ctx context.Context, err error) (Outcome, string) {
	if errors.Is(err, ErrBlocked) {
		return Refused, "address not allowed"
	}
	if ctx.Err() != nil {
		if errors.Is(context.Cause(ctx), errAttemptTime) {
			return TimedOut, "no answer in time"
		}
		return Cancelled, "cancelled"
	}
	var connect *connectError
	if errors.As(err, &connect) {
		return Unreachable, connect.reason
	}
	var timeout interface{ Timeout() bool }
	var op *net.OpError
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return Unreachable, lookupReason(err)
	case errors.As(err, &op) && op.Op == "dial":
		return Unreachable, dialReason(err)
	case errors.As(err, &timeout) && timeout.Timeout():
		return TimedOut, "no answer in time"
	}
	return Unreachable, answerReason(err)
}

func dialReason(err error) string {
	switch {
	case errors.Is(err, syscall.ECONNREFUSED):
		return "could not connect: connection refused"
	case errors.Is(err, syscall.EHOSTUNREACH), errors.Is(err, syscall.ENETUNREACH):
		return "could not connect: no route"
	default:
		return "could not connect"
	}
}

// answerReason is about connections on which no answer came. Some errors of
// net/http can only be told by their text.
func answerReason(err error) string {
	text := err.Error()
	switch {
	case isAlert(err): // after the handshake, as TLS 1.3 refuses a client's certificate
		return refusedTLS
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, net.ErrClosed),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE), errors.Is(err, errSentOnce),
		strings.Contains(text, "server closed idle connection"):
		return "the connection was lost before an answer came"
	case strings.Contains(text, "response headers exceeded"), strings.Contains(text, "response header list larger"):
		return "the answer's header is too large"
	default:
		return "no valid answer"
	}
}

// withoutAnswer keeps out of err's text what may quote the other side: that may be
// an echo of the request, with its URL and its credentials. Text replaces it.
func withoutAnswer(err error, text string) error {
	var connect *connectError
	var op *net.OpError
	var dns *net.DNSError
	if errors.As(err, &connect) || errors.As(err, &op) || errors.As(err, &dns) {
		return err
	}
	for _, plain := range []error{
		ErrBlocked, context.Canceled, context.DeadlineExceeded, errAttemptTime, errSentOnce,
		io.EOF, io.ErrUnexpectedEOF, net.ErrClosed,
	} {
		if errors.Is(err, plain) {
			return err
		}
	}
	return &shownError{text, err}
}

func lookupReason(err error) string {
	var dns *net.DNSError
	if !errors.As(err, &dns) {
		return "name could not be looked up"
	}
	switch {
	case dns.IsNotFound:
		return "name not found"
	case dns.IsTimeout:
		return "name could not be looked up in time"
	default:
		return "name could not be looked up"
	}
}

// withoutNames keeps the names in certificates out of err's text. They are what
// the endpoint likes.
func withoutNames(err error) error {
	var name x509.HostnameError
	var invalid x509.CertificateInvalidError
	var verify *tls.CertificateVerificationError
	switch {
	case errors.As(err, &name):
		return &shownError{"it is not for " + name.Host, err}
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return err // which has times alone
	case errors.As(err, &verify), strings.Contains(err.Error(), "parse certificate"):
		return &shownError{"see the certificate itself", err}
	}
	return err
}

// isAlert reports whether the endpoint has ended TLS with an alert. The type of
// alerts over TCP is not exported: [tls.AlertError] is for QUIC.
func isAlert(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "remote error"
}

const refusedTLS = "TLS: refused by the endpoint"

// tlsReason does not quote the certificate, which has the names of others.
func tlsReason(err error) string {
	var invalid x509.CertificateInvalidError
	var unknown x509.UnknownAuthorityError
	var name x509.HostnameError
	var record tls.RecordHeaderError
	switch {
	case errors.As(err, &invalid) && invalid.Reason == x509.Expired:
		return "TLS: certificate has expired or is not yet valid"
	case errors.As(err, &invalid):
		return "TLS: certificate is not valid"
	case errors.As(err, &unknown):
		return "TLS: certificate is signed by an unknown authority"
	case errors.As(err, &name):
		return "TLS: certificate is for another name"
	case isAlert(err):
		return refusedTLS
	case errors.As(err, &record):
		return "TLS: the endpoint does not speak it"
	default:
		return "TLS: handshake failed"
	}
}
