package sender

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// fieldErrors are the problems of several fields, named by their paths in JSON.
type fieldErrors []fieldError

type fieldError struct {
	path string // "": the whole
	text string
	err  error // what text was made from; nil: nothing
}

func (e fieldError) String() string {
	if e.path == "" {
		return e.text
	}
	return e.path + " " + e.text
}

func (l *fieldErrors) addf(path, format string, args ...any) {
	*l = append(*l, fieldError{path: path, text: fmt.Sprintf(format, args...)})
}

func (l *fieldErrors) notNegative(path string, d time.Duration) {
	if d < 0 {
		l.addf(path, "is %v, want 0 or more", d)
	}
}

func (l *fieldErrors) limit(limit *time.Duration) {
	if limit != nil {
		l.notNegative("limit", *limit)
	}
}

// follow adds the problems of what was read, except those of a path that could not
// be read and so has none of its own.
func (l *fieldErrors) follow(problems fieldErrors) {
	for _, problem := range problems {
		same := func(known fieldError) bool { return known.path == problem.path }
		if !slices.ContainsFunc(*l, same) {
			*l = append(*l, problem)
		}
	}
}

// under returns the problems as one error about what, or nil if there are none.
func (l *fieldErrors) under(what string) error {
	if len(*l) == 0 {
		return nil
	}
	return &argumentError{what: what, list: *l}
}

// argumentError is all that is wrong with one schedule or countdown.
type argumentError struct {
	what string
	list fieldErrors
}

// Error implements error. The problems are in one line.
func (e *argumentError) Error() string {
	texts := make([]string, len(e.list))
	for i, problem := range e.list {
		texts[i] = problem.String()
	}
	text := strings.Join(texts, "; ")
	if e.what == "" {
		return text
	}
	return e.what + ": " + text
}

// Unwrap returns the errors that a countdown's own Validate has returned.
func (e *argumentError) Unwrap() []error {
	var causes []error
	for _, problem := range e.list {
		if problem.err != nil {
			causes = append(causes, problem.err)
		}
	}
	return causes
}

// validator is optional on a [Countdown].
type validator interface{ Validate() error }

// checkCountdown asks c what is wrong with it. Path is where it stands in JSON.
func checkCountdown(path string, c Countdown) fieldErrors {
	var list fieldErrors
	if v := reflect.ValueOf(c); v.Kind() == reflect.Pointer && v.IsNil() {
		list.addf(path, "is a nil %T, want a countdown or none", c)
		return list
	}
	if v, ok := c.(validator); ok {
		list = nest(join(path, "kwargs"), v.Validate())
	}
	return list
}

// nest returns the problems of a countdown's arguments, which stand at path.
func nest(path string, err error) fieldErrors {
	if err == nil {
		return nil
	}
	own, ok := err.(*argumentError) //nolint:errorlint // one that somebody has wrapped is theirs
	if !ok {
		return fieldErrors{{path: path, text: "is refused: " + err.Error(), err: err}}
	}
	list := make(fieldErrors, len(own.list))
	for i, problem := range own.list {
		problem.path = join(path, problem.path)
		list[i] = problem
	}
	return list
}

func join(path, name string) string {
	if path == "" || name == "" {
		return path + name
	}
	return path + "." + name
}

func element(path string, i int) string { return path + "[" + strconv.Itoa(i) + "]" }
