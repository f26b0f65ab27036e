package sqlstore

import (
	"fmt"
	"regexp"
)

// Option changes a store of this package.
type Option func(*options)

type options struct {
	prefix string
	limit  int
}

func newOptions(opts []Option) options {
	o := options{prefix: "cactus_"}
	for _, opt := range opts {
		opt(&o)
	}
	return o
}

// prefixes are what a name may begin with in both dialects without quotes. The
// longest name behind it is 19 bytes, and PostgreSQL cuts names after 63.
var prefixes = regexp.MustCompile(`^[a-z_][a-z0-9_]{0,39}$`)

// WithPrefix sets what the names of the store's tables and indexes begin with.
// The default is "cactus_". It panics if prefix is not a letter or an underscore
// and up to 39 letters, digits and underscores, all letters in lower case.
func WithPrefix(prefix string) Option {
	if !prefixes.MatchString(prefix) {
		panic(fmt.Sprintf("sqlstore: WithPrefix(%q): want a lower-case letter or underscore, then up to 39 of those and digits", prefix))
	}
	return func(o *options) { o.prefix = prefix }
}

// WithMaxRows sets how many rows the store's table has at most. When it is full,
// new keys get middleware.ErrStoreFull, and new items inbox.ErrFull, until rows
// end; none is deleted early, and keys that have a row are served. An item ends
// when it is complete or discarded. The default is no limit.
//
// The rows are not counted at each claim or Add. A count is good for as many of
// them as an eighth of the room that was left, and for ten seconds at the most;
// below eight rows of room each of them counts, which reads as many index entries
// as there are rows, so leave some air. When the store is full, the next count is a
// second later. The limit is exact for the process that alone has the table. Of
// several, each may exceed it by an eighth of the room that it saw last.
//
// It panics if rows is less than 1.
func WithMaxRows(rows int) Option {
	if rows < 1 {
		panic(fmt.Sprintf("sqlstore: WithMaxRows(%d): at least one is needed", rows))
	}
	return func(o *options) { o.limit = rows }
}
