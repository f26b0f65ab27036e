package protocol

import (
	"cmp"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"

	"github.com/go-playground/validator/v10"
)

// validate is made at the first use: many programs have no tags.
var validate = sync.OnceValue(func() *validator.Validate {
	return validator.New(validator.WithRequiredStructEnabled())
})

// validate applies the validate tags of what was decoded. A failure is
// value_error.<tag>.
func (s *shape) validate(v reflect.Value) error {
	err := s.rules(v)
	var failed validator.ValidationErrors
	if !errors.As(err, &failed) {
		return err
	}
	var d fieldDecoder
	for _, f := range failed {
		d.fail(s.broken(f))
	}
	return MissingFields(d.errs...)
}

// withRules adds to errs, of a payload that could not be read in full, what the
// validate tags say of its other fields, and returns all in the order of the
// struct. Rules that look at several fields are left out: one of them may be
// zero because it could not be read.
func (s *shape) withRules(v reflect.Value, errs []FieldError) []FieldError {
	var failed validator.ValidationErrors
	if !errors.As(s.rules(v), &failed) {
		return errs
	}
	bad := map[string]bool{}
	for _, e := range errs {
		bad[e.Name] = true
	}
	d := fieldDecoder{errs: errs}
	for _, f := range failed {
		if name, e := s.broken(f); !bad[name] && !looksElsewhere(f.Tag()) {
			d.fail(name, e)
		}
	}
	place := func(e FieldError) int {
		return slices.IndexFunc(s.fields, func(f field) bool { return f.report == e.Name })
	}
	slices.SortStableFunc(d.errs, func(a, b FieldError) int { return cmp.Compare(place(a), place(b)) })
	return d.errs
}

// looksElsewhere reports whether a rule is about more than its own field, as
// eqfield and required_with are.
func looksElsewhere(rule string) bool {
	return slices.ContainsFunc([]string{"field", "required_", "excluded_", "skip_"}, func(part string) bool {
		return strings.Contains(rule, part) // in one that is an "or", anywhere
	})
}

// broken says which field breaks a rule, and how.
func (s *shape) broken(f validator.FieldError) (name string, e FieldError) {
	rule := f.Tag()
	if f.Param() != "" && !strings.Contains(rule, "|") { // an "or" has its parameters in it
		rule += "=" + f.Param()
	}
	return s.reportName(f.StructNamespace()), FieldError{
		ErrorType: "value_error." + f.Tag(),
		Message:   fmt.Sprintf("fails the rule %q", rule),
	}
}

// rules applies the validate tags, those of structs in lists and maps too.
func (s *shape) rules(v reflect.Value) error {
	if !s.tagged {
		return nil
	}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	if s.kind == objectShape {
		return validate().Struct(v.Addr().Interface())
	}
	levels := 0
	for at := s; at.elem != nil && !at.endless; at = at.elem {
		levels++
	}
	if levels == 0 { // a type that reads itself has its own rules
		return nil
	}
	return validate().Var(v.Interface(), strings.Repeat("dive,", levels-1)+"dive")
}

// reportName returns the name for errors of the field at path, which is in Go's
// names and begins with that of the type, if it has one:
// In.Embedded.Items[0].Name.
func (s *shape) reportName(path string) string {
	if s.kind != objectShape {
		return wholePayload
	}
	if name := s.goType.Name(); name != "" { // of a generic type, with dots in it
		path = strings.TrimPrefix(path, name+".")
	}
	t, index := s.goType, []int(nil)
	for path != "" {
		var step string
		step, path, _ = strings.Cut(path, ".")
		step, _, _ = strings.Cut(step, "[")
		sf, ok := t.FieldByName(step)
		if !ok {
			break
		}
		index = append(index, sf.Index...)
		for i := range s.fields {
			if f := &s.fields[i]; slices.Equal(f.index, index) {
				return f.report
			}
		}
		if t = sf.Type; t.Kind() == reflect.Pointer {
			t = t.Elem()
		}
		if t.Kind() != reflect.Struct {
			break
		}
	}
	return wholePayload
}
