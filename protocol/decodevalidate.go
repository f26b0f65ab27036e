package protocol

import (
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
	if !s.tagged {
		return nil
	}
	for v.Kind() == reflect.Pointer {
		if v.IsNil() {
			return nil
		}
		v = v.Elem()
	}
	var err error
	switch s.kind {
	case objectShape:
		err = validate().Struct(v.Addr().Interface())
	case listShape, dictShape:
		err = validate().Var(v.Interface(), "dive")
	case leafShape: // a type that reads itself has its own rules
	}
	var failed validator.ValidationErrors
	if !errors.As(err, &failed) {
		return err
	}
	var d fieldDecoder
	for _, f := range failed {
		rule := strings.TrimSuffix(f.Tag()+"="+f.Param(), "=")
		d.fail(s.reportName(f.StructNamespace()), FieldError{
			ErrorType: "value_error." + f.Tag(),
			Message:   fmt.Sprintf("fails the rule %q", rule),
		})
	}
	return MissingFields(d.errs...)
}

// reportName returns the name for errors of the field at path, which is in Go's
// names and begins with the type's: In.Embedded.Items[0].Name.
func (s *shape) reportName(path string) string {
	if s.kind != objectShape {
		return wholePayload
	}
	_, path, _ = strings.Cut(path, ".")
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
