package signature

import "time"

const (
	// maxDigits bounds a timestamp: seconds since 1970 up to the year 33657.
	// Milliseconds have 13 digits today, and are refused.
	maxDigits = 12
	// maxStamp is the first timestamp with more digits.
	maxStamp = 1_000_000_000_000
)

// instant returns at, or the present if at is zero.
func instant(at time.Time, now func() time.Time) time.Time {
	switch {
	case !at.IsZero():
		return at
	case now != nil:
		return now()
	default:
		return time.Now()
	}
}

// parseStamp reads Unix seconds in canonical decimal digits: no sign, no space
// and no leading zero. Some libraries sign the text as it came and others the
// number printed again; only the canonical form is the same to both.
func parseStamp(text string) (int64, bool) {
	if text == "" || len(text) > maxDigits || text[0] == '0' && len(text) > 1 {
		return 0, false
	}
	var stamp int64
	for i := range len(text) {
		digit := text[i] - '0'
		if digit > 9 {
			return 0, false
		}
		stamp = stamp*10 + int64(digit)
	}
	return stamp, true
}

// stampOf returns the timestamp to sign for t.
func stampOf(t time.Time) (int64, error) {
	stamp := t.Unix()
	if stamp < 0 || stamp >= maxStamp {
		return 0, errSignTime
	}
	return stamp, nil
}

// checkAge refuses a timestamp that is more than the tolerance away from at.
// Exactly the tolerance is accepted.
func checkAge(stamp int64, at time.Time, tolerance time.Duration) error {
	if tolerance < 0 {
		return nil
	}
	if tolerance == 0 {
		tolerance = DefaultTolerance
	}
	age := at.Sub(time.Unix(stamp, 0))
	switch {
	case age > tolerance:
		return ErrTooOld
	case age < -tolerance:
		return ErrTooNew
	default:
		return nil
	}
}
