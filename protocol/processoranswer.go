package protocol

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strconv"
	"strings"
)

// encode completes a response as the dialect has it, without changing it, and
// writes it.
func (p *Processor) encode(request, response *Event) ([]byte, error) {
	full := *response
	if full.ID == "" {
		full.ID = request.ID
	}
	if full.Version == 0 {
		full.Version = request.Version
	}
	if full.FlowID == "" {
		full.FlowID = request.FlowID
	}
	if p.dialect == Python && full.Identity == nil {
		full.Identity = request.Identity
	}
	if p.dialect == Python && full.Metadata == nil {
		full.Metadata = request.Metadata
	}
	switch {
	case p.echoAuth && full.Auth == nil:
		full.Auth = request.Auth
	case !p.echoAuth && bytes.Equal(full.Auth, request.Auth):
		full.Auth = nil
	}
	return full.appendJSON(make([]byte, 0, full.size()))
}

// finish is encode for the processor's own answers, which have to go out. What
// a handler broke of the request is left out of them.
func (p *Processor) finish(request, response *Event) []byte {
	answer, err := p.encode(request, response)
	if err == nil {
		return answer
	}
	bare := unhandled(&Event{Name: request.Name, Version: request.Version, ID: request.ID, FlowID: request.FlowID})
	if answer, err = bare.MarshalJSON(); err != nil {
		panic("protocol: an answer of the processor's own: " + err.Error()) // it has a name and constants
	}
	return answer
}

// maxLogged bounds, in bytes, each text that a caller can write into the log.
const maxLogged = 200

func logged(name, text string) slog.Attr {
	if len(text) > maxLogged {
		text = strings.ToValidUTF8(text[:maxLogged], "") // without half a character
	}
	return slog.String(name, text)
}

// report logs an event that has no answer of a handler's. A panic of the log's
// handler is dropped, so that it costs no answer: within a batch it would end
// the program.
func (p *Processor) report(ctx context.Context, level slog.Level, message string, event *Event, err error) {
	defer func() { _ = recover() }()
	if !p.log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{eventAttr(event)}
	if err != nil {
		attrs = append(attrs, slog.String("error", errorText(err)))
	}
	if e := (*PanicError)(nil); errors.As(err, &e) {
		attrs = append(attrs, slog.String("stack", string(e.Stack)))
	}
	p.log.LogAttrs(ctx, level, message, attrs...)
}

// eventAttr has the fields that Python's implementation logs of an event.
func eventAttr(e *Event) slog.Attr {
	fields := []any{
		logged("EventID", e.ID), logged("FlowID", e.FlowID),
		logged("Operation", e.Name+":v"+strconv.Itoa(e.Version)),
	}
	if id := e.UserID(); id != "" {
		fields = append(fields, logged("UserId", id))
	}
	if typ := e.UserType(); typ != "" {
		fields = append(fields, logged("UserType", typ))
	}
	return slog.Group("event", fields...)
}
