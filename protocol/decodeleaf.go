package protocol

import (
	"encoding/json"
	"reflect"
	"strconv"
	"strings"
)

var numberType = reflect.TypeFor[json.Number]()

// leaf reads a value as a whole: as encoding/json does, or else by pydantic's
// ways of reading one type as another.
func (d *fieldDecoder) leaf(name string, raw []byte, v reflect.Value, sh *shape, f *field) {
	text := raw
	if f.quoted && raw[0] == '"' {
		var inner string
		if json.Unmarshal(raw, &inner) == nil && json.Valid([]byte(inner)) {
			text = []byte(inner)
		}
	}
	if unmarshal(text, v.Addr().Interface(), sh.dynamic) == nil {
		return
	}
	v.SetZero()
	if sh.own || sh.kind != leafShape || !coerce(raw, v) {
		v.SetZero()
		d.fail(name, sh.unfit())
	}
}

// coerce reads a scalar from another type's JSON and reports whether it could:
// numbers from strings, strings from numbers, integers from numbers without a
// fraction, bools from pydantic's words. It is stricter than pydantic in that it
// loses nothing: no integer is cut off from 1.5 and no bool is a number.
func coerce(raw []byte, v reflect.Value) bool {
	text := string(raw)
	isString := raw[0] == '"'
	if isString {
		if json.Unmarshal(raw, &text) != nil {
			return false
		}
		text = strings.TrimSpace(text)
	}
	switch v.Kind() { //nolint:exhaustive // the others are read in one way only
	case reflect.String:
		if isString || !isNumber(text) {
			return false
		}
		v.SetString(text)
		return true
	case reflect.Bool:
		value, ok := bools[strings.ToLower(text)]
		v.SetBool(value)
		return ok
	case reflect.Float32, reflect.Float64:
		f, err := strconv.ParseFloat(text, v.Type().Bits())
		v.SetFloat(f)
		return isString && err == nil && strings.Trim(text, "+-.0123456789eE") == ""
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		n, err := strconv.ParseInt(integer(text), 10, v.Type().Bits())
		v.SetInt(n)
		return err == nil
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64, reflect.Uintptr:
		n, err := strconv.ParseUint(integer(text), 10, v.Type().Bits())
		v.SetUint(n)
		return err == nil
	default:
		return false
	}
}

// bools are what pydantic 1.10 reads as a bool.
var bools = map[string]bool{
	"true": true, "t": true, "yes": true, "y": true, "on": true, "1": true,
	"false": false, "f": false, "no": false, "n": false, "off": false, "0": false,
}

// isNumber reports whether text is a number of JSON's.
func isNumber(text string) bool {
	return text != "" && (text[0] == '-' || '0' <= text[0] && text[0] <= '9') && json.Valid([]byte(text))
}

// integer returns a number's text without a fraction of zero and without an
// exponent, to the digit: 1.0 and 1e3 are 1 and 1000. Any other text it returns
// as it is.
func integer(text string) string {
	if !isNumber(text) || !strings.ContainsAny(text, ".eE") {
		return text
	}
	mantissa, power, hasPower := strings.Cut(strings.ToLower(text), "e")
	shift := 0
	if hasPower {
		var err error
		if shift, err = strconv.Atoi(power); err != nil {
			return text
		}
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimRight(whole+fraction, "0")
	shift += len(whole) - len(digits) // zeros to put back; below 0, digits behind the point
	switch {
	case digits == "" || digits == "-":
		return "0"
	case shift < 0 || shift > maxDigits:
		return text
	}
	return digits + strings.Repeat("0", shift)
}

// maxDigits is at least what any integer type has.
const maxDigits = 20
