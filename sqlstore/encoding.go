package sqlstore

import (
	"context"
	"errors"
	"fmt"
)

// ErrEncoding is returned by the Migrate of an [Inbox] for a PostgreSQL database
// whose encoding is neither UTF8 nor SQL_ASCII, where a header or the text of an
// error may have no form: an item that has one could not be added, or never be
// settled.
var ErrEncoding = errors.New("sqlstore: an inbox needs a database whose encoding is UTF8")

// checkEncoding looks at the database's encoding. SQL_ASCII takes all bytes.
func (t *table) checkEncoding(ctx context.Context) error {
	if t.dialect != PostgreSQL || t.name != inboxKind.name {
		return nil
	}
	var encoding string
	if err := t.db.QueryRowContext(ctx, `SHOW server_encoding`).Scan(&encoding); err != nil {
		return fmt.Errorf("read server_encoding: %w", err)
	}
	if encoding != "UTF8" && encoding != "SQL_ASCII" {
		return fmt.Errorf("%w, not %s", ErrEncoding, encoding)
	}
	return nil
}
