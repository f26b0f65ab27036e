package envelope

import "time"

// parseTime reads what [time.RFC3339Nano] describes, to the letter: [time.Parse]
// lets an hour of one digit, a decimal comma and an offset of 24 hours pass.
// Digits beyond the nanosecond are dropped. A time with offset zero is in UTC.
func parseTime(s []byte) (time.Time, bool) {
	const layout = "2006-01-02T15:04:05"
	if len(s) <= len(layout) {
		return time.Time{}, false
	}
	d := (*[len(layout)]byte)(s)
	if d[4] != '-' || d[7] != '-' || d[10] != 'T' || d[13] != ':' || d[16] != ':' {
		return time.Time{}, false
	}

	var (
		century = twoDigits(d[0], d[1])
		years   = twoDigits(d[2], d[3])
		month   = twoDigits(d[5], d[6])
		day     = twoDigits(d[8], d[9])
		hour    = twoDigits(d[11], d[12])
		minute  = twoDigits(d[14], d[15])
		second  = twoDigits(d[17], d[18])
		year    = century*100 + years
	)
	if century < 0 || years < 0 || month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return time.Time{}, false
	}

	nano, s, ok := parseFraction(s[len(layout):])
	if !ok {
		return time.Time{}, false
	}
	offset, ok := parseOffset(s)
	if !ok {
		return time.Time{}, false
	}

	t := time.Unix(unixDay(year, month, day)*86400+int64(hour*3600+minute*60+second), int64(nano)).UTC()
	if offset != 0 {
		t = t.Add(time.Duration(-offset) * time.Second).In(time.FixedZone("", offset))
	}

	return t, true
}

//nolint:gochecknoglobals // a table
var powersOfTen = [...]int{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9}

// unixDay returns the number of days from 1970-01-01 to a day of the Gregorian
// calendar. It counts years from March, so that a leap day comes last, and
// months by the line of slope 30.6 that their beginnings lie on. It is what
// [time.Date] does with less to consider.
func unixDay(year, month, day int) int64 {
	if month <= 2 {
		year--
		month += 12
	}

	year += 400 // one whole cycle, so that no division has to round a negative

	return int64(365*year+year/4-year/100+year/400+(153*month-457)/5+day) - 719469 - 146097
}

// parseFraction reads the fraction of a second that s may begin with, in
// nanoseconds, and returns what follows it.
func parseFraction(s []byte) (nano int, rest []byte, ok bool) {
	if len(s) == 0 || s[0] != '.' {
		return 0, s, true
	}

	i := 1
	for ; i < len(s) && i <= 9 && isDigit(s[i]); i++ {
		nano = nano*10 + int(s[i]-'0')
	}
	nano *= powersOfTen[10-i]
	for i < len(s) && isDigit(s[i]) {
		i++
	}

	return nano, s[i:], i > 1
}

// parseOffset reads an offset from UTC, in seconds.
func parseOffset(s []byte) (int, bool) {
	if len(s) == 1 && s[0] == 'Z' {
		return 0, true
	}
	if len(s) != len("+07:00") || s[3] != ':' {
		return 0, false
	}

	hour, minute := twoDigits(s[1], s[2]), twoDigits(s[4], s[5])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 {
		return 0, false
	}
	offset := (hour*60 + minute) * 60

	switch s[0] {
	case '+':
		return offset, true
	case '-':
		return -offset, true
	default:
		return 0, false
	}
}

// twoDigits returns the number of two decimal digits, or -1 if one is not.
func twoDigits(tens, units byte) int {
	tens, units = tens-'0', units-'0'
	if tens > 9 || units > 9 {
		return -1
	}

	return int(tens)*10 + int(units)
}

// daysIn returns the number of days of a month, of the Gregorian calendar at
// all times, as RFC 3339 has it.
func daysIn(year, month int) int {
	switch month {
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}

		return 28
	case 4, 6, 9, 11:
		return 30
	default:
		return 31
	}
}
