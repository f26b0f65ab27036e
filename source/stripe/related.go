package stripe

import (
	"errors"
	"fmt"
	"strings"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/internal/envelope"
)

var errDataObject = errors.New(`field "data.object": must be an object`)

// relatedObject returns the reference to the object that data shows. It is zero
// if that does not say what it is. An id that Stripe's users choose, of a coupon
// say, may be any text.
func relatedObject(data []byte) (cactus.ObjectRef, error) {
	object, err := only(data, "data.", "object")
	if err != nil {
		return cactus.ObjectRef{}, err
	}
	if object[0] == nil || object[0][0] != '{' {
		return cactus.ObjectRef{}, errDataObject
	}
	values, err := only(object[0], "data.object.", "object", "id")
	if err != nil {
		return cactus.ObjectRef{}, err
	}
	var ref cactus.ObjectRef
	if values[0] != nil {
		ref.Type, _ = unquote(values[0])
	}
	if problem := envelope.CheckType(ref.Type); problem != nil {
		return cactus.ObjectRef{}, nil //nolint:nilerr // an event about something that cannot be named
	}
	if values[1] != nil {
		ref.ID, _ = unquote(values[1])
	}
	ref.URL = objectURL(ref.Type, ref.ID)
	return ref, nil
}

// only returns the values of up to two members of a JSON object, nil for one
// that is not there. A member that is there twice is an error, with prefix before
// its name.
func only(object []byte, prefix string, names ...string) (values [2][]byte, err error) {
	err = envelope.Each(object, func(key, value []byte) error {
		for i, name := range names {
			if string(key) != name {
				continue
			}
			if values[i] != nil {
				return fmt.Errorf("field %q: is there twice", prefix+name)
			}
			values[i] = value
		}
		return nil
	})
	return values, err
}

// objectURL returns where Stripe's API has an object, and nothing where that is
// not known from its type and id alone.
func objectURL(typ, id string) string {
	path := "/v1/" + strings.ReplaceAll(typ, ".", "/")
	switch typ {
	case "balance", "balance_settings", "tax.settings": // an account has one
		return path
	case "bank_account", "capability", "card", "cash_balance", "customer_cash_balance_transaction",
		"discount", "fee_refund", "person", "transfer_reversal":
		return "" // below another object
	case "scheduled_query_run": // whose type does not say that it is Sigma's
		path = "/v1/sigma/" + typ
	}
	if envelope.CheckID(id) != nil {
		return ""
	}
	if path += "s/" + id; envelope.CheckPath(path) != nil {
		return ""
	}
	return path
}
