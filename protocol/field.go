package protocol

import (
	"errors"
	"reflect"
	"slices"
	"strings"
)

// FieldError says what is wrong with one field of a payload, in the words of
// events-protocol's Python implementation, which are those of pydantic 1.10.
type FieldError struct {
	// Name is the JSON name in camelCase of the payload's field in which the
	// error is, however deep below. It is "payload" for the payload itself.
	Name string `json:"name"`
	// ErrorType is value_error or type_error, most often with a suffix:
	// value_error.missing.
	ErrorType string `json:"errorType"` //nolint:tagliatelle // the wire's case
	// Message is for people. It has nothing of the payload in it.
	Message string `json:"message"`
}

// MissingFields returns the error that [Handle] answers for a payload that does
// not fit: badRequest, MISSING_FIELDS, with the fields as parameters. Use it for
// the rules that a handler checks by itself. Let the messages quote nothing that
// the caller may not see in a log.
func MissingFields(fields ...FieldError) error {
	texts := make([]string, len(fields))
	for i, f := range fields {
		texts[i] = f.Name + ": " + f.Message
	}
	return &Error{
		Type: "badRequest", Code: "MISSING_FIELDS",
		Parameters: fieldParameters{Fields: slices.Clone(fields)},
		Cause:      errors.New(strings.Join(texts, "; ")),
	}
}

// fieldParameters are the parameters of MISSING_FIELDS.
type fieldParameters struct {
	Fields []FieldError `json:"fields"`
}

// wholePayload is the name for an error in no field.
const wholePayload = "payload"

// What pydantic 1.10 calls errors, and their texts.
var (
	errMissing  = FieldError{ErrorType: "value_error.missing", Message: "field required"}
	errNull     = FieldError{ErrorType: "type_error.none.not_allowed", Message: "none is not an allowed value"}
	errNoJSON   = FieldError{ErrorType: "value_error.json", Message: "Invalid JSON"}
	errDict     = FieldError{ErrorType: "type_error.dict", Message: "value is not a valid dict"}
	errList     = FieldError{ErrorType: "type_error.list", Message: "value is not a valid list"}
	errString   = FieldError{ErrorType: "type_error.str", Message: "str type expected"}
	errInteger  = FieldError{ErrorType: "type_error.integer", Message: "value is not a valid integer"}
	errFloat    = FieldError{ErrorType: "type_error.float", Message: "value is not a valid float"}
	errBool     = FieldError{ErrorType: "type_error.bool", Message: "value could not be parsed to a boolean"}
	errBytes    = FieldError{ErrorType: "type_error.bytes", Message: "byte type expected"}
	errDatetime = FieldError{ErrorType: "value_error.datetime", Message: "invalid datetime format"}
	errValue    = FieldError{ErrorType: "value_error", Message: "value is not valid"}
)

// unfit returns the error for a value that is not one of the shape's.
func (s *shape) unfit() FieldError {
	switch {
	case s.goType == timeType:
		return errDatetime
	case s.own:
		return errValue
	}
	switch s.goType.Kind() { //nolint:exhaustive // the rest has no word of its own
	case reflect.Struct, reflect.Map:
		return errDict
	case reflect.Array:
		return errList
	case reflect.Slice:
		if s.kind == leafShape {
			return errBytes
		}
		return errList
	case reflect.String:
		if s.goType == numberType {
			return errFloat
		}
		return errString
	case reflect.Bool:
		return errBool
	case reflect.Float32, reflect.Float64:
		return errFloat
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64,
		reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		return errInteger
	default:
		return errValue
	}
}
