package signature

import (
	"crypto/subtle"
	"errors"
	"iter"
	"net/http"
	"strings"
	"time"
)

// Diagnose implements [Diagnoser]. It compares the token with all keys, whatever
// their windows, and a few ways to write it. The body is not looked at.
func (t *Token) Diagnose(h http.Header, body []byte, at time.Time) Diagnosis {
	at = instant(at, t.Now)
	_, err := t.Verify(h, body, at)
	d := Diagnosis{Scheme: tokenName, Err: err}
	switch {
	case err == nil:
	case t.ring == nil:
		d.add(Finding{Cause: CauseNoKeys, Detail: "make it with its constructor"})
	case !present(h, t.header.name):
		d.Findings = absent(h, tokenName, t.header.name)
	case errors.Is(err, ErrBadHeader):
		d.add(Finding{Cause: CauseBadHeader, Detail: strings.TrimPrefix(err.Error(), ErrBadHeader.Error()+": ")})
	default:
		t.explain(&d, h[t.header.name][0], at)
	}
	return d
}

// explain notes which key a token is that was refused, if any.
func (t *Token) explain(d *Diagnosis, token string, at time.Time) {
	for change, variant := range tokenVariants(token) {
		k := t.find(variant)
		if k == nil {
			continue
		}
		if change != "" && k.validAt(at) {
			d.add(Finding{Cause: CauseHeaderForm, Key: k.name, Detail: "it is the token " + change})
			return
		}
		(&inquest{}).good(d, k, at)
		return
	}
	d.add(Finding{Cause: CauseUnexplained, Detail: "probably another token, or a stranger's"})
}

// find returns the key that a token is, in its window or not.
func (t *Token) find(token string) *ringKey {
	sum := sumOf(token)
	for i := range *t.sums {
		if subtle.ConstantTimeCompare(sum[:], (*t.sums)[i][:]) == 1 {
			return &t.ring.keys[i]
		}
	}
	return nil
}

// tokenVariants returns what a token that came may stand for, with words for how
// it was written. The token itself comes first, without words.
func tokenVariants(token string) iter.Seq2[string, string] {
	trimmed := strings.TrimSpace(token)
	word, rest, hasWord := strings.Cut(trimmed, " ")
	return func(yield func(string, string) bool) {
		_ = yield("", token) &&
			yield("with white space around it", trimmed) &&
			yield("in quotes", strings.Trim(trimmed, `"'`)) &&
			(!hasWord || yield("after a word that is not part of the secret", strings.TrimSpace(rest))) &&
			(hasWord || yield("without the word Bearer", "Bearer "+trimmed)) &&
			(hasWord || yield("without the word Basic", "Basic "+trimmed)) &&
			(!strings.EqualFold(word, "Bearer") || yield("with its first word in another case", "Bearer "+rest)) &&
			(!strings.EqualFold(word, "Basic") || yield("with its first word in another case", "Basic "+rest))
	}
}
