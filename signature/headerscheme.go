package signature

import (
	"net/http"
	"strconv"
	"strings"
	"time"
)

// headerScheme is what GitHub, Slack and templates have in common: an HMAC in
// a header of its own, the timestamp and the id, if any, in others.
type headerScheme struct {
	ring      *ring
	signature *header
	stamp, id *header // without a name if parts do not have them
	prefix    string
	separator string // empty: one signature
	encoding  Encoding
	parts     []part
	reserved  string // characters that an id may not contain
}

// clock is the fields by which a scheme judges time.
type clock struct {
	tolerance time.Duration
	now       func() time.Time
}

func (s *headerScheme) verify(h http.Header, body []byte, at time.Time, c clock) (string, error) {
	if s == nil {
		return "", ErrNoKey
	}
	lines, err := s.signature.lines(h)
	if err != nil {
		return "", err
	}
	if len(lines) > 1 && s.separator == "" {
		return "", s.signature.repeated
	}
	at = instant(at, c.now)
	stamp, err := s.readStamp(h, at, c.tolerance)
	if err != nil {
		return "", err
	}
	id, err := s.readID(h)
	if err != nil {
		return "", err
	}
	sc := s.ring.get()
	defer s.ring.put(sc)
	s.collect(sc, lines)
	if err := s.signature.outcome(sc); err != nil {
		return "", err
	}
	s.compose(sc, id, stamp)
	return s.ring.match(sc, body, at)
}

// readStamp returns the timestamp's text, and nothing if none is signed.
func (s *headerScheme) readStamp(h http.Header, at time.Time, tolerance time.Duration) (string, error) {
	if s.stamp.name == "" {
		return "", nil
	}
	text, err := s.stamp.only(h)
	if err != nil {
		return "", err
	}
	stamp, ok := parseStamp(text)
	if !ok {
		return "", s.stamp.malformed
	}
	return text, checkAge(stamp, at, tolerance)
}

// readID returns the id, and nothing if none is signed.
func (s *headerScheme) readID(h http.Header) (string, error) {
	if s.id.name == "" {
		return "", nil
	}
	id, err := s.id.only(h)
	if err != nil {
		return "", err
	}
	if !validID(id, s.reserved) {
		return "", s.id.malformed
	}
	return id, nil
}

// collect takes the signatures that have the prefix.
func (s *headerScheme) collect(sc *scratch, lines []string) {
	for _, rest := range lines {
		for rest != "" {
			one := rest
			rest = ""
			if s.separator != "" {
				one, rest, _ = strings.Cut(one, s.separator)
				one = trimSpace(one)
			}
			if text, ok := strings.CutPrefix(one, s.prefix); ok && one != "" {
				sc.takeHMAC(s.encoding, text)
			}
		}
	}
}

// compose puts together the text that is signed before and after the body.
func (s *headerScheme) compose(sc *scratch, id, stamp string) {
	for i := range s.parts {
		switch p := &s.parts[i]; p.field {
		case fieldBody:
			sc.cut = len(sc.text)
		case fieldTimestamp:
			sc.text = append(sc.text, stamp...)
		case fieldID:
			sc.text = append(sc.text, id...)
		default:
			sc.text = append(sc.text, p.text...)
		}
	}
}

func (s *headerScheme) sign(h http.Header, id string, body []byte, at time.Time, now func() time.Time) error {
	switch {
	case s == nil:
		return errNoSigningKey
	case h == nil:
		return errNilHeader
	case s.id.name != "" && !validID(id, s.reserved):
		return errSignID
	}
	at = instant(at, now)
	stamp, err := s.writeStamp(at)
	if err != nil {
		return err
	}
	sc := s.ring.get()
	defer s.ring.put(sc)
	signers, err := s.ring.signers(sc, at, s.separator != "")
	if err != nil {
		return err
	}
	s.compose(sc, id, stamp)
	for _, i := range signers {
		if len(sc.out) > 0 {
			sc.out = append(sc.out, s.separator...)
		}
		sc.out = append(sc.out, s.prefix...)
		sc.out = s.encoding.append(sc.out, sc.hmac(&s.ring.keys[i], i, body))
	}
	h[s.signature.name] = []string{string(sc.out)}
	if s.stamp.name != "" {
		h[s.stamp.name] = []string{stamp}
	}
	if s.id.name != "" {
		h[s.id.name] = []string{id}
	}
	return nil
}

// writeStamp returns the timestamp to sign, and nothing if none is signed.
func (s *headerScheme) writeStamp(at time.Time) (string, error) {
	if s.stamp.name == "" {
		return "", nil
	}
	seconds, err := stampOf(at)
	if err != nil {
		return "", err
	}
	return strconv.FormatInt(seconds, 10), nil
}

// diagnose is Diagnose for a scheme of that name.
func (s *headerScheme) diagnose(name string, h http.Header, body []byte, at time.Time, c clock) Diagnosis {
	at = instant(at, c.now)
	_, err := s.verify(h, body, at, c)
	q := inquest{scheme: name, tolerance: c.tolerance}
	if s != nil {
		q.ring, q.signature, q.stampName = s.ring, s.signature.name, s.stamp.name
		q.form = s.prefix + "<" + s.encoding.String() + ">"
		q.id, q.stamp = looseValue(h, s.id.name), looseValue(h, s.stamp.name)
		for _, p := range s.parts {
			q.signed += p.text + string(p.field)
		}
	}
	return q.diagnose(h, body, at, err)
}

// trimSpace cuts the spaces and tabs that may surround an item of a list
// (RFC 9110, 5.6.1).
func trimSpace(item string) string {
	for item != "" && (item[0] == ' ' || item[0] == '\t') {
		item = item[1:]
	}
	for item != "" && (item[len(item)-1] == ' ' || item[len(item)-1] == '\t') {
		item = item[:len(item)-1]
	}
	return item
}
