package protocol

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

type limited struct {
	Amount int `json:"amount" validate:"gte=1"`
}

// paged is generic: its name has dots and slashes in it.
type paged[T any] struct {
	Total int `json:"total"           validate:"gte=1"`
	Items []T `json:"items,omitempty" validate:"dive"`
}

func TestDecodePayload_NamesTheFieldOfARuleInEveryKindOfStruct(t *testing.T) {
	const amount = `amount value_error.gte fails the rule "gte=1"`
	require.Equal(t, amount, fieldsOf(t, decodePayload(json.RawMessage(`{"amount":0}`), new(struct {
		Amount int `json:"amount" validate:"gte=1"`
	}))))
	require.Equal(t, "homeAddress"+strings.TrimPrefix(amount, "amount"), fieldsOf(t,
		decodePayload(json.RawMessage(`{"home_address":{"amount":0}}`), new(struct {
			Home struct {
				Amount int `json:"amount" validate:"gte=1"`
			} `json:"home_address"`
		}))))
	require.Equal(t, strings.TrimSpace(`
total value_error.gte fails the rule "gte=1"
items value_error.gte fails the rule "gte=1"`), fieldsOf(t,
		decodePayload(json.RawMessage(`{"total":0,"items":[{"amount":1},{"amount":0},{"amount":-1}]}`), new(paged[limited]))))
	for payload, target := range map[string]any{
		`[{"amount":0}]`: new([]limited), `[[{"amount":0}]]`: new([][]limited), `{"a.b[0]":[{"amount":0}]}`: new(map[string][]limited),
	} {
		require.Equal(t, "payload"+strings.TrimPrefix(amount, "amount"), fieldsOf(t, decodePayload(json.RawMessage(payload), target)))
	}
}

// A caller mends all that is wrong in one go.
func TestDecodePayload_ReportsRulesAndMisfitsTogether(t *testing.T) {
	type in struct {
		First  int            `json:"first"            validate:"gte=1"`
		Second int            `json:"second"`
		Third  string         `json:"third,omitempty"  validate:"max=3"`
		Fourth paged[limited] `json:"fourth,omitzero"  validate:"omitempty"`
		Fifth  int            `json:"fifth,omitempty"  validate:"gtefield=Second"`
		Sixth  *int           `json:"sixth"            validate:"required_with=First"`
	}
	require.Equal(t, strings.TrimSpace(`
first value_error.gte fails the rule "gte=1"
second type_error.integer value is not a valid integer
third value_error.max fails the rule "max=3"
fourth type_error.list value is not a valid list`), fieldsOf(t, decodePayload(json.RawMessage(
		`{"first":"0","second":"x","third":"s3cret","fourth":{"total":0,"items":{}},"fifth":-1}`), new(in))))
	require.Equal(t, strings.TrimSpace(`
fifth value_error.gtefield fails the rule "gtefield=Second"
sixth value_error.required_with fails the rule "required_with=First"`), fieldsOf(t,
		decodePayload(json.RawMessage(`{"first":1,"second":0,"fifth":-1}`), new(in))))
}

func TestDecodePayload_NamesARuleOfSeveralAsTheTagHasIt(t *testing.T) {
	type in struct {
		Text string `json:"text" validate:"len=0|len=3|ip"`
	}
	require.Equal(t, `text value_error.len=0|len=3|ip fails the rule "len=0|len=3|ip"`,
		fieldsOf(t, decodePayload(json.RawMessage(`{"text":"x"}`), new(in))))
}

func TestDecodePayload_LeavesOutARuleThatMayBeAboutAFieldItCouldNotRead(t *testing.T) {
	type in struct {
		First  int    `json:"first"`
		Second string `json:"second,omitempty" validate:"len=3|required_without=First"`
	}
	require.Equal(t, "first type_error.integer value is not a valid integer",
		fieldsOf(t, decodePayload(json.RawMessage(`{"first":"x"}`), new(in))))
}
