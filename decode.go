package cactus

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"

	"github.com/cactuscorp/cactus/internal/envelope"
)

// load makes an event ready for its handler, innermost, under all middleware:
// a full event gets its data, which is pulled if it did not come along.
//
// What is decoded goes into an event of the attempt's own: middleware may use the
// one that it holds meanwhile, and a handler may have kept or changed that of an
// earlier attempt.
func (k *kind) load(ctx context.Context, event Event, prefetch bool) (Event, error) {
	s := *event.embedFullOrPushed()
	if s == nil { // made by a middleware or a test
		return event, nil
	}
	if prefetch {
		if err := s.prefetch(ctx, k.pulls()); err != nil {
			return nil, err
		}
	}
	var came payload
	if s.payload != nil {
		came = *s.payload
	}
	if !k.hasData && !k.readsRaw() {
		return event, nil
	}
	if k.hasData && came.data == nil {
		return s.loadPulled(ctx, k)
	}
	event, _ = s.again(k, nil)
	if err := k.decode(event, came.data, came.raw, s.deps); err != nil {
		return nil, Permanent(err) // the same bytes will not fit better next time
	}
	return event, nil
}

func (s *state) loadPulled(ctx context.Context, k *kind) (Event, error) {
	env, err := s.envelope(ctx)
	if err != nil {
		return nil, err
	}
	event, fresh := s.again(k, env)
	if err := k.decode(event, env.Data, env.Raw, fresh.deps); err != nil {
		s.forget(env)
		return nil, err
	}
	return event, nil
}

// pulls reports whether there is anything to pull for an event of this kind.
func (k *kind) pulls() bool {
	return k.hasData || k.full != nil || k.name == ""
}

// decode fills event's data and own fields and validates them.
func (k *kind) decode(event Event, data, raw json.RawMessage, d *deps) error {
	if e, ok := event.(*RawEvent); ok {
		e.Data, e.Raw = data, raw
		return nil
	}
	if err := k.decodeAll(event, data, raw, d); err != nil {
		return fmt.Errorf("decode %s: %w", k.name, err)
	}
	return nil
}

func (k *kind) decodeAll(event Event, data, raw json.RawMessage, d *deps) error {
	if err := k.decodeExtras(event, raw); err != nil {
		return err
	}
	if holder, ok := event.(dataHolder); ok {
		target := holder.dataTarget()
		switch {
		case data != nil:
			if err := unmarshal(data, target); err != nil {
				return redact("data", data, reflect.TypeOf(target).Elem(), err)
			}
		case !k.dataMayBeNil:
			return errors.New("the event has no data")
		}
		if err := d.check("data", target, k.tagged && !k.taggedExtras); err != nil {
			return err
		}
	}
	if k.taggedExtras || d.validate != nil && len(k.extras) > 0 {
		return d.check("", event, k.taggedExtras)
	}
	return nil
}

// show fills the user's own fields for middleware, as far as they fit. What is wrong
// with them, load finds once more below it.
func (k *kind) show(next HandlerFunc) HandlerFunc {
	return func(ctx context.Context, event Event) error {
		if s := *event.embedFullOrPushed(); s.payload != nil {
			_ = recovered(func() error { return k.decodeExtras(event, s.payload.raw) })
		}
		return next(ctx, event)
	}
}

// decodeExtras fills the user's own fields. A field that stands twice is an
// error, as in the envelope.
func (k *kind) decodeExtras(event Event, raw json.RawMessage) error {
	if len(k.extras) == 0 || raw == nil {
		return nil
	}
	value := reflect.ValueOf(event).Elem()
	var seen uint64
	return envelope.Each(raw, func(key, field []byte) error {
		for i := range k.extras {
			e := &k.extras[i]
			if e.name != string(key) {
				continue
			}
			if i < 64 && seen&(1<<i) != 0 {
				return fmt.Errorf("field %q: is there twice", e.name)
			}
			seen |= 1 << i
			target := value.FieldByIndex(e.index)
			if e.plain && setPlain(target, field) {
				continue
			}
			if err := json.Unmarshal(field, target.Addr().Interface()); err != nil {
				return redact(e.name, field, target.Type(), err)
			}
		}
		return nil
	})
}

// setPlain reads the values that need no decoder: a bool, and a string without
// escapes. It reports whether it did.
func setPlain(target reflect.Value, field []byte) bool {
	switch {
	case target.Kind() == reflect.Bool && (string(field) == "true" || string(field) == "false"):
		target.SetBool(field[0] == 't')
	case target.Kind() == reflect.String && field[0] == '"' && bytes.IndexByte(field, '\\') < 0:
		target.SetString(string(field[1 : len(field)-1]))
	default:
		return false
	}
	return true
}

// decodeChecked decodes an object that the API answered with and validates it.
func decodeChecked(what string, body []byte, target any, d *deps) error {
	if string(bytes.TrimSpace(body)) == "null" {
		return fmt.Errorf("decode %s: it is null", what)
	}
	if err := json.Unmarshal(body, target); err != nil {
		return fmt.Errorf("decode %s: %w", what, redact("", body, reflect.TypeOf(target).Elem(), err))
	}
	if err := d.check("", target, hasValidateTag(reflect.TypeOf(target).Elem())); err != nil {
		return fmt.Errorf("decode %s: %w", what, err)
	}
	return nil
}

// check validates what target points to, which stands at path: with the
// registry's own function, or with validator/v10 where the type has tags.
func (d *deps) check(path string, target any, tagged bool) error {
	if d.validate != nil {
		return d.validate(target)
	}
	if !tagged {
		return nil
	}
	value := reflect.ValueOf(target).Elem()
	for value.Kind() == reflect.Pointer {
		if value.IsNil() {
			return nil
		}
		value = value.Elem()
	}
	var err error
	switch value.Kind() { //nolint:exhaustive // only these can have tags below them
	case reflect.Struct:
		err = validate().Struct(value.Addr().Interface())
	case reflect.Slice, reflect.Array, reflect.Map:
		err = validate().Var(value.Interface(), "dive")
	}
	var failed validator.ValidationErrors
	if !errors.As(err, &failed) {
		return err
	}
	texts := make([]string, len(failed))
	for i, f := range failed {
		field := withoutKeys(strings.ReplaceAll(f.Namespace(), inlined+".", ""), value.Type())
		if value.Kind() == reflect.Struct {
			field = "." + strings.TrimPrefix(field, value.Type().Name()+".")
		}
		rule := strings.TrimSuffix(f.Tag()+"="+f.Param(), "=")
		texts[i] = inField(strings.TrimPrefix(path+field, ".")) + fmt.Sprintf("fails %q", rule)
	}
	return &redactedError{strings.Join(texts, ", "), err}
}

// withoutKeys replaces what stands in brackets if some of it may be a map's key:
// keys are part of the body, and may contain brackets themselves.
func withoutKeys(namespace string, t reflect.Type) string {
	first, last := strings.IndexByte(namespace, '['), strings.LastIndexByte(namespace, ']')
	if first < 0 || last < first || !anyBelow(t, isMap, map[reflect.Type]bool{}) {
		return namespace
	}
	return namespace[:first] + "[...]" + namespace[last+1:]
}

func isMap(t reflect.Type, _ reflect.StructTag) bool { return t.Kind() == reflect.Map }

// validate is made at the first use: most programs have no tags.
var validate = sync.OnceValue(func() *validator.Validate {
	v := validator.New(validator.WithRequiredStructEnabled())
	v.RegisterTagNameFunc(func(f reflect.StructField) string {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == "" && f.Anonymous {
			return inlined
		}
		return name
	})
	return v
})

// inlined stands in validator's paths for a struct whose fields are its owner's
// in JSON.
const inlined = "\x00"

var taggedTypes sync.Map // reflect.Type -> bool

// hasValidateTag reports whether t, or a type below it, has a validate tag.
func hasValidateTag(t reflect.Type) bool {
	if known, ok := taggedTypes.Load(t); ok {
		return known.(bool) //nolint:errcheck,forcetypeassert // only bools are stored
	}
	found := anyBelow(t, isTagged, map[reflect.Type]bool{})
	taggedTypes.Store(t, found)
	return found
}

func isTagged(_ reflect.Type, tag reflect.StructTag) bool { return tag.Get("validate") != "" }

// anyBelow reports whether is holds of t or a type below it. It is given the tag
// of the field that has the type, if one has.
func anyBelow(t reflect.Type, is func(reflect.Type, reflect.StructTag) bool, seen map[reflect.Type]bool) bool {
	for t.Kind() == reflect.Pointer || t.Kind() == reflect.Slice || t.Kind() == reflect.Array || t.Kind() == reflect.Map {
		if is(t, "") {
			return true
		}
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct || seen[t] {
		return false
	}
	seen[t] = true
	for i := range t.NumField() {
		f := t.Field(i)
		if is(f.Type, f.Tag) || anyBelow(f.Type, is, seen) {
			return true
		}
	}
	return false
}
