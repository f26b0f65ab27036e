package types

import (
	"errors"
	"time"
)

// Date is a day of the calendar, "2006-01-02" on the wire. The zero Date is no
// date and is written as an empty string. Dates compare with ==.
type Date struct {
	Year  int
	Month time.Month
	Day   int
}

// errDate does not show the text: it is part of a body.
var errDate = errors.New("must be a date, YYYY-MM-DD")

// ParseDate reads a date as the wire writes it.
func ParseDate(text string) (Date, error) {
	t, err := time.Parse(time.DateOnly, text)
	if err != nil {
		return Date{}, errDate
	}
	year, month, day := t.Date()
	return Date{year, month, day}, nil
}

// String returns d as the wire writes it.
func (d Date) String() string {
	if d.IsZero() {
		return ""
	}
	return d.In(time.UTC).Format(time.DateOnly)
}

// IsZero reports whether d is no date.
func (d Date) IsZero() bool { return d == Date{} }

// In returns the beginning of d in loc.
func (d Date) In(loc *time.Location) time.Time {
	return time.Date(d.Year, d.Month, d.Day, 0, 0, 0, 0, loc)
}

// MarshalText writes d as YYYY-MM-DD.
func (d Date) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText reads YYYY-MM-DD. An empty text is the zero Date.
func (d *Date) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*d = Date{}
		return nil
	}
	parsed, err := ParseDate(string(text))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}
