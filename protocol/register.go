package protocol

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"unicode/utf8"
)

// nameRule is what Python's registration asks of a name. It is looked for at
// the name's beginning only, so that what follows is free: get:event:example2.
const nameRule = `[a-z_]+[a-z]:[a-z_]+[a-z](:[a-z]+[a-z])*`

var nameStart = regexp.MustCompile("^" + nameRule)

// HandleEvent registers h for the events of this name and version. It is the
// raw tier below [Handle], for answers that no Go type describes.
//
// It panics if the name does not begin as Python's implementation wants it,
// with two parts of lower-case letters and underscores, each of two letters at
// least and the colon between letters: [a-z_]+[a-z]:[a-z_]+[a-z]; if the
// version is below 1; if name and version are taken; or if r has processed an
// event. Versions are handlers of their own.
func HandleEvent(r *Registry, name string, version int, h HandlerFunc, opts ...HandleOption) {
	r.add(name, version, h, nil, opts, 1)
}

// add registers call and panics on misuse. The user's line is skip frames above
// the function that calls add: 1 if the user calls that.
func (r *Registry) add(name string, version int, call HandlerFunc, t *typed, opts []HandleOption, skip int) {
	where := caller(skip + 2)
	err := checkName(name)
	if err == nil {
		err = r.register(where, key{name, version}, call, t, opts)
	}
	if err != nil {
		panic(fmt.Sprintf("protocol: handler at %s: event %q version %d: %v", where, name, version, err))
	}
}

func checkName(name string) error {
	if !utf8.ValidString(name) {
		return errors.New("the name must be valid UTF-8")
	}
	if !nameStart.MatchString(name) {
		return errors.New("the name must begin with a match of " + nameRule)
	}
	return nil
}

// register is add for names of any form.
func (r *Registry) register(where string, k key, call HandlerFunc, t *typed, opts []HandleOption) error {
	switch {
	case r == nil:
		return errors.New("the registry is nil")
	case call == nil:
		return errors.New("the handler is nil")
	case k.version < 1:
		return errors.New("the version must be at least 1")
	}
	var o handleOptions
	for _, opt := range opts {
		if opt == nil {
			return errors.New("it was given a nil option")
		}
		opt(&o)
	}
	r.mu.Lock()
	middleware := slices.Concat(r.middleware, o.middleware)
	r.mu.Unlock()
	chain := recovered(call)
	for _, mw := range slices.Backward(middleware) { // without the lock: it may look at the registry
		if mw == nil {
			return errors.New("it was given a nil middleware")
		}
		if chain = mw(chain); chain == nil {
			return errors.New("a middleware returned a nil handler")
		}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.frozen.Load() != nil {
		return errors.New("it comes after the first event: register everything at the start")
	}
	if other := r.handlers[k]; other != nil {
		return fmt.Errorf("it is already handled, registered at %s", other.where)
	}
	if r.handlers == nil {
		r.handlers = map[key]*handler{}
	}
	r.handlers[k] = &handler{where: where, key: k, call: chain, typed: t, page: o.page}
	return nil
}
