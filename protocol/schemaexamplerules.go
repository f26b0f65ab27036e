package protocol

import (
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
)

// exampleRules are what a validate tag says of one value, as far as an example is
// made by it. Limits are of a number, or of a length.
type exampleRules struct {
	text         string  // nothing: any
	low, high    float64 // infinite: none
	above, below bool    // without low, without high
}

// readRules reads a validate tag up to what is about the elements of a list.
// Rules that it does not know, and those with an "or", are left out.
func readRules(tag string, t reflect.Type) exampleRules {
	r := exampleRules{low: math.Inf(-1), high: math.Inf(1)}
	for rule := range strings.SplitSeq(tag, ",") {
		name, param, _ := strings.Cut(rule, "=")
		switch {
		case name == "dive":
			return r
		case strings.Contains(rule, "|"):
			continue
		}
		switch name {
		case "email":
			r.text = "user@example.com"
		case "uuid", "uuid4":
			r.text = "9230c47c-3bcf-41ea-b77f-2e728ce88125"
		case "url", "uri", "http_url":
			r.text = "https://example.com"
		case "oneof":
			r.text = firstChoice(param)
		case "eq":
			if t.Kind() == reflect.String {
				r.text = param
				continue
			}
			r.limit(param, t, true, true)
		case "len":
			r.limit(param, t, true, true)
		case "min", "gte":
			r.limit(param, t, true, false)
		case "max", "lte":
			r.limit(param, t, false, true)
		case "gt":
			r.above = r.limit(param, t, true, false)
		case "lt":
			r.below = r.limit(param, t, false, true)
		}
	}
	return r
}

// limit sets low or high or both, if param is a number or, for a
// [time.Duration], a time.
func (r *exampleRules) limit(param string, t reflect.Type, low, high bool) bool {
	n, err := strconv.ParseFloat(param, 64)
	if err != nil && t == reflect.TypeFor[time.Duration]() {
		var d time.Duration
		d, err = time.ParseDuration(param)
		n = float64(d)
	}
	if err != nil {
		return false
	}
	if low {
		r.low = n
	}
	if high {
		r.high = n
	}
	return true
}

// count returns normal, or the whole number nearest to it within the limits.
func (r *exampleRules) count(normal int) int {
	low, high := r.low, r.high
	if r.above {
		low++
	}
	if r.below {
		high--
	}
	const exact = 1 << 53
	return int(min(max(float64(normal), low, -exact), high, exact))
}

// number returns the choice that there is, if it is a number, or made.
func (r *exampleRules) number(made string) string {
	if isNumber(r.text) {
		return r.text
	}
	return made
}

// fitted returns the text that there must be, or normal, as long as it must be.
func (r *exampleRules) fitted(normal string) string {
	if r.text != "" {
		return r.text
	}
	n := max(min(r.count(len(normal)), maxExample), 0)
	return strings.Repeat(normal, n/len(normal)+1)[:n]
}

// firstChoice returns the first of oneof's words, which may stand in quotes.
func firstChoice(param string) string {
	if inner, ok := strings.CutPrefix(param, "'"); ok {
		word, _, _ := strings.Cut(inner, "'")
		return word
	}
	word, _, _ := strings.Cut(param, " ")
	return word
}

// elements returns the part of a tag for what is in a list or dict.
func elements(tag string) string {
	_, below, _ := strings.Cut(","+tag, ",dive,")
	if _, values, ofKeys := strings.Cut(","+below, ",endkeys,"); ofKeys {
		return values
	}
	return below
}

// keys returns the part of a tag for the keys of a dict.
func keys(tag string) string {
	_, below, _ := strings.Cut(","+tag, ",dive,keys,")
	own, _, _ := strings.Cut(below, ",endkeys")
	return own
}
