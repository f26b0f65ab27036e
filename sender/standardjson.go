package sender

import (
	"encoding/json"
	"errors"
	"reflect"
	"time"
)

// StandardJSON marshals like the Python package standardjson, on which the package
// webhooks relies. It is [json.Marshal] but for these rules:
//
//   - A [time.Time], wherever in v it stands, has its fraction cut to
//     milliseconds, and none if it has no microseconds; +00:00 is Z.
//   - [LocalTime], [Date] and [TimeOfDay] are written by the same rules. They are
//     here because Go has no types for times without a zone or a day, and marshal
//     alike under json.Marshal.
//   - Decimals are strings. Go has no decimal type either: a *[big.Float] is a
//     string already, and so are the decimals of the usual packages, which
//     marshal themselves. A *[big.Rat] is a string too, but a fraction. Floats
//     and a [json.Number] are numbers.
//
// What marshals itself is left as it is: a type that embeds time.Time does, and a
// big.Float that is not a pointer is {} as under json.Marshal.
//
// A year outside 0 to 9999 is an error.
func StandardJSON(v any) ([]byte, error) {
	in, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	value := reflect.ValueOf(v)
	if !value.IsValid() || !canHoldTime(value.Type()) {
		return in, nil
	}
	r := &timeRewriter{in: in, out: make([]byte, 0, len(in))}
	if err := r.value(value); err != nil {
		return nil, err
	}
	return r.out, nil
}

// LocalTime is a time without a zone, as its clock shows it: 2006-11-21T16:30:00.
type LocalTime time.Time

// Date is the day of a time: 2010-02-17.
type Date time.Time

// TimeOfDay is the time of day of a time: 16:30:01.123.
type TimeOfDay struct {
	Time   time.Time
	Offset bool // write the zone's offset too: 16:30:01+01:00
}

// String returns t as StandardJSON writes it.
func (t LocalTime) String() string {
	return time.Time(t).Format("2006-01-02T15:04:05" + fraction(time.Time(t)))
}

// String returns d as StandardJSON writes it.
func (d Date) String() string { return time.Time(d).Format(time.DateOnly) }

// String returns t as StandardJSON writes it. It keeps the offset beside a
// fraction, where standardjson loses it.
func (t TimeOfDay) String() string {
	layout := "15:04:05" + fraction(t.Time)
	if t.Offset {
		layout += zone(t.Time)
	}
	return t.Time.Format(layout)
}

// MarshalText returns String. It serves encoding/json too. A year outside 0 to
// 9999 is an error.
func (t LocalTime) MarshalText() ([]byte, error) { return []byte(t.String()), checkYear(time.Time(t)) }

// MarshalText returns String. It serves encoding/json too. A year outside 0 to
// 9999 is an error.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), checkYear(time.Time(d)) }

// MarshalText returns String. It serves encoding/json too.
func (t TimeOfDay) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

var errYear = errors.New("year is outside 0 to 9999")

func checkYear(t time.Time) error {
	if year := t.Year(); year < 0 || year > 9999 {
		return errYear
	}
	return nil
}

func appendStandardTime(out []byte, t time.Time) []byte {
	return t.AppendFormat(out, "2006-01-02T15:04:05"+fraction(t)+zone(t))
}

// fraction returns the layout of t's milliseconds, which Format cuts. What is
// less than a microsecond does not count, because Python has none of it.
func fraction(t time.Time) string {
	if t.Nanosecond() < int(time.Microsecond) {
		return ""
	}
	return ".000"
}

// zone returns the layout of t's offset, which in old times had seconds.
func zone(t time.Time) string {
	if _, offset := t.Zone(); offset%60 != 0 {
		return "Z07:00:00"
	}
	return "Z07:00"
}
