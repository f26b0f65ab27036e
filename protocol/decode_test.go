package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// fieldsOf returns what is wrong with a payload as its wire form has it, one
// field a line: "name errorType message".
func fieldsOf(t *testing.T, err error) string {
	t.Helper()
	var e *Error
	require.ErrorAs(t, err, &e)
	require.Equal(t, "badRequest", e.Type)
	require.Equal(t, "MISSING_FIELDS", e.Code)
	text, err := json.Marshal(e.Parameters)
	require.NoError(t, err)
	var wire struct {
		Fields []FieldError `json:"fields"`
	}
	require.NoError(t, json.Unmarshal(text, &wire))
	lines := make([]string, len(wire.Fields))
	for i, f := range wire.Fields {
		lines[i] = f.Name + " " + f.ErrorType + " " + f.Message
	}
	return strings.Join(lines, "\n")
}

type seedSchema struct {
	Example   string `json:"example"`
	SomeCount *int   `json:"some_count"`
	IDs       []int  `json:"ids,omitempty"`
}

func TestDecodePayload_AnswersAsTheSeedDoes(t *testing.T) {
	tests := []struct{ payload, want string }{
		{`{}`, `{"fields":[{"name":"example","errorType":"value_error.missing","message":"field required"}]}`},
		{
			`{"example":{"a":1},"someCount":"x","ids":[1,"b"]}`,
			`{"fields":[{"name":"example","errorType":"type_error.str","message":"str type expected"},` +
				`{"name":"someCount","errorType":"type_error.integer","message":"value is not a valid integer"},` +
				`{"name":"ids","errorType":"type_error.integer","message":"value is not a valid integer"}]}`,
		},
	}
	for _, tt := range tests {
		var in seedSchema
		err := decodePayload(json.RawMessage(tt.payload), &in)
		var e *Error
		require.ErrorAs(t, err, &e)
		require.Equal(t, "badRequest MISSING_FIELDS", e.Type+" "+e.Code)
		got, err := json.Marshal(e.Parameters)
		require.NoError(t, err)
		require.JSONEq(t, tt.want, string(got))
	}
}

type base struct {
	Tenant string `json:"tenant"`
}

type address struct {
	City string `json:"city"`
	Zip  int    `json:"zip_code,omitempty"`
}

// upper reads itself.
type upper string

func (u *upper) UnmarshalJSON(data []byte) error {
	if bytes.Contains(data, []byte("bad")) {
		return fmt.Errorf("upper: %s", data)
	}
	*u = upper(strings.ToUpper(strings.Trim(string(data), `"`)))
	return nil
}

type everything struct {
	base

	Name   string             `json:"name"`
	Count  int                `json:"item_count"`
	Small  int8               `json:"small,omitempty"`
	Size   uint16             `json:"size,omitzero"`
	Rate   float64            `json:"rate,omitempty"`
	On     bool               `json:"on,omitempty"`
	At     time.Time          `json:"at,omitempty"` //nolint:modernize // an omitempty is what is tested
	Addr   netip.Addr         `json:"addr,omitzero"`
	Upper  upper              `json:"upper,omitempty"`
	Home   address            `json:"home,omitzero"`
	Work   *address           `json:"work"`
	List   []address          `json:"list,omitempty"`
	Pair   [2]int             `json:"pair,omitzero"`
	Map    map[string]address `json:"map,omitempty"`
	ByID   map[int]bool       `json:"by_id,omitempty"`
	Any    any                `json:"any,omitempty"`
	Raw    json.RawMessage    `json:"raw,omitempty"`
	Number json.Number        `json:"number,omitempty"`
	Bytes  []byte             `json:"bytes,omitempty"`
	Quoted int                `json:"quoted,omitempty,string"`
	Hidden string             `json:"-"`
	NoName string             `json:",omitempty"` //nolint:tagliatelle // the field's name counts
}

func TestDecodePayload_ReadsFieldByFieldWhatUnmarshalRefuses(t *testing.T) {
	var in everything
	err := decodePayload(json.RawMessage(` {
		"tenant":"t", "name": 12.50, "itemCount": "7", "small": "-8", "size": 1e3, "rate": "1.5", "on": "Yes",
		"at": "2026-01-02T03:04:05Z", "addr": "10.0.0.1", "upper": "up", "home": {"city": "c", "zipCode": "4"},
		"work": {"city": "w"}, "list": [{"city": 1}], "pair": ["1", 2, 3], "map": {"k": {"city": "m", "ZIP_CODE": 3}},
		"byId": {"5": "true"}, "any": {"n": 65484548474984654}, "raw": [1, 1864.4568], "number": "12",
		"bytes": "aGk=", "quoted": 5, "noName": "u", "unknown": {"x": [1]}, "esc\u0061pe": 1} `), &in)
	require.NoError(t, err)
	require.Equal(t, everything{
		base: base{Tenant: "t"}, Name: "12.50", Count: 7, Small: -8, Size: 1000, Rate: 1.5, On: true,
		At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Addr: netip.MustParseAddr("10.0.0.1"), Upper: "UP",
		Home: address{City: "c", Zip: 4}, Work: &address{City: "w"}, List: []address{{City: "1"}}, Pair: [2]int{1, 2},
		Map: map[string]address{"k": {City: "m", Zip: 3}}, ByID: map[int]bool{5: true},
		Any: map[string]any{"n": json.Number("65484548474984654")}, Raw: json.RawMessage("[1, 1864.4568]"), Number: "12",
		Bytes: []byte("hi"), Quoted: 5, NoName: "u",
	}, in)
}

func TestDecodePayload_ReportsEveryBadFieldInOrder(t *testing.T) {
	const secret = "s3cr3t"
	var in everything
	err := decodePayload(json.RawMessage(`{
		"number": "s3cr3t", "bytes": "!s3cr3t", "by_id": {"s3cr3t": true}, "map": {"s3cr3t": {}}, "pair": {}, "list": [{}, null, 1],
		"work": {"city": null}, "home": ["s3cr3t"], "upper": "bad s3cr3t", "addr": "s3cr3t", "at": "s3cr3t", "on": "s3cr3t",
		"rate": "s3cr3t", "size": -1, "small": 300, "item_count": 1.5, "name": null, "quoted": "s3cr3t"}`), &in)
	require.Equal(t, strings.TrimSpace(`
tenant value_error.missing field required
name type_error.none.not_allowed none is not an allowed value
itemCount type_error.integer value is not a valid integer
small type_error.integer value is not a valid integer
size type_error.integer value is not a valid integer
rate type_error.float value is not a valid float
on type_error.bool value could not be parsed to a boolean
at value_error.datetime invalid datetime format
addr value_error value is not valid
upper value_error value is not valid
home type_error.dict value is not a valid dict
work type_error.none.not_allowed none is not an allowed value
list value_error.missing field required
list type_error.none.not_allowed none is not an allowed value
list type_error.dict value is not a valid dict
pair type_error.list value is not a valid list
map value_error.missing field required
byId type_error.dict value is not a valid dict
number type_error.float value is not a valid float
bytes type_error.bytes byte type expected
quoted type_error.integer value is not a valid integer`), fieldsOf(t, err))
	require.NotContains(t, err.Error(), secret)
	require.NotContains(t, errors.Unwrap(err).Error(), secret)
}

func TestDecodePayload_RefusesAPayloadThatIsNotOne(t *testing.T) {
	const isNull = "payload type_error.none.not_allowed none is not an allowed value"
	const broken = "payload value_error.json Invalid JSON"
	const noDict = "payload type_error.dict value is not a valid dict"
	for payload, want := range map[string]string{
		"null": isNull, " null ": isNull, "{": broken, "{} {}": broken, " ": broken, "[]": noDict, `"x"`: noDict, "1": noDict,
	} {
		require.Equal(t, want, fieldsOf(t, decodePayload(json.RawMessage(payload), new(seedSchema))), payload)
		require.Equal(t, want, fieldsOf(t, decodePayload(json.RawMessage(payload), new(*seedSchema))), payload)
	}
	require.Equal(t, isNull, fieldsOf(t, decodePayload(json.RawMessage("null"), new(any))))
	require.Equal(t, isNull, fieldsOf(t, decodePayload(json.RawMessage("null"), new(json.RawMessage))))
	require.Equal(t, broken, fieldsOf(t, decodePayload(json.RawMessage("1 2"), new(any))))
}

func TestDecodePayload_TakesAnyJSONForATypeThatIsNoStruct(t *testing.T) {
	var number int
	require.NoError(t, decodePayload(json.RawMessage(`"42"`), &number))
	require.Equal(t, 42, number)
	require.Equal(t, "payload type_error.integer value is not a valid integer",
		fieldsOf(t, decodePayload(json.RawMessage(`"x"`), &number)))

	var list []address
	require.Equal(t, "payload value_error.missing field required", fieldsOf(t, decodePayload(json.RawMessage(`[{}]`), &list)))

	var anything any
	require.NoError(t, decodePayload(nil, &anything))
	require.Equal(t, map[string]any{}, anything)
}

func TestDecodePayload_CountsAZeroAsPresent(t *testing.T) {
	var in struct {
		N int             `json:"n"`
		S string          `json:"s"`
		B bool            `json:"b"`
		L []int           `json:"l"`
		A any             `json:"a"`
		R json.RawMessage `json:"r"`
		U upper           `json:"u"`
	}
	var at struct {
		T time.Time `json:"t"`
	}
	require.Equal(t, "t type_error.none.not_allowed none is not an allowed value",
		fieldsOf(t, decodePayload(json.RawMessage(`{"t":null}`), &at)))
	require.NoError(t, decodePayload(json.RawMessage(`{"n":0,"s":"","b":false,"l":[],"a":null,"r":null,"u":null}`), &in))
	require.Nil(t, in.A)
	require.JSONEq(t, "null", string(in.R))
	require.Equal(t, upper("NULL"), in.U)
	require.Equal(t, "l type_error.none.not_allowed none is not an allowed value",
		fieldsOf(t, decodePayload(json.RawMessage(`{"n":0,"s":"","b":false,"l":null,"a":null,"r":null,"u":null}`), &in)))
}

func TestDecodePayload_PrefersTheExactNameToAnotherSpelling(t *testing.T) {
	for _, payload := range []string{
		`{"example":"","some_count":1,"someCount":2}`, `{"example":"","someCount":2,"some_count":1}`,
		`{"example":"","someCount":2,"SOME_COUNT":1}`,
	} {
		var in seedSchema
		require.NoError(t, decodePayload(json.RawMessage(payload), &in))
		require.Equal(t, 1, *in.SomeCount)
	}
}

func TestDecodePayload_FollowsTheRulesOfEmbedding(t *testing.T) {
	type A struct {
		X string `json:"x"`
		Y string `json:"y"`
	}
	type B struct{ Z string }
	var in struct {
		A
		*B

		X int `json:"x"`
	}
	require.Equal(t, "x value_error.missing field required\ny value_error.missing field required",
		strings.Join(reverse(strings.Split(fieldsOf(t, decodePayload(nil, &in)), "\n")), "\n"))
	require.NoError(t, decodePayload(json.RawMessage(`{"x":"1","y":"y","z":5}`), &in))
	require.Equal(t, 1, in.X)
	require.Equal(t, "5", in.Z)
}

func reverse(s []string) []string { s[0], s[1] = s[1], s[0]; return s }

func TestDecodePayload_AppliesValidateTags(t *testing.T) {
	type Inner struct {
		Email string `json:"e_mail" validate:"email"`
	}
	type in struct {
		Inner

		Amount int     `json:"amount"          validate:"gte=1"`
		Lines  []Inner `json:"order_lines"     validate:"max=2,dive"`
		Zero   int     `json:"zero,omitempty"  validate:"required"`
	}
	err := decodePayload(json.RawMessage(`{"e_mail":"s3cr3t","amount":0,"order_lines":[{"e_mail":"a@b.de"},{"e_mail":"s3cr3t"}],"zero":1}`), new(in))
	require.Equal(t, strings.TrimSpace(`
eMail value_error.email fails the rule "email"
amount value_error.gte fails the rule "gte=1"
orderLines value_error.email fails the rule "email"`), fieldsOf(t, err))
	require.NotContains(t, err.Error(), "s3cr3t")
	require.Equal(t, `zero value_error.required fails the rule "required"`, fieldsOf(t,
		decodePayload(json.RawMessage(`{"e_mail":"a@b.de","amount":1,"order_lines":[],"zero":0}`), new(*in))))
	require.Equal(t, `payload value_error.email fails the rule "email"`,
		fieldsOf(t, decodePayload(json.RawMessage(`[{"e_mail":"x"}]`), new([]Inner))))
}

type node struct {
	Next *node `json:"next"`
	N    int   `json:"n"`
}

func TestDecodePayload_EndsSoonOnADeepPayload(t *testing.T) {
	const depth = 5000
	deep := strings.Repeat(`{"n":1,"next":`, depth) + `{"n":"x"}` + strings.Repeat("}", depth)
	require.Equal(t, "next type_error.dict value is not a valid dict",
		fieldsOf(t, decodePayload(json.RawMessage(deep), new(node))))
}

func TestCamelCase_WritesNamesAsPythonDoes(t *testing.T) {
	for in, want := range map[string]string{
		"some_count": "someCount", "someCount": "someCount", "ID": "id", "URLPath": "urlPath", "SomeCount": "someCount",
		"_": "_", "_a": "a", "x__y": "xY", "été_é": "étéÉ", "a1_2": "a12",
	} {
		require.Equal(t, want, camelCase(in))
	}
}

// FuzzDecodePayload compares with encoding/json: what it accepts, with every
// required field there in the tag's spelling, is accepted with the same value.
func FuzzDecodePayload(f *testing.F) {
	f.Add(`{"tenant":"","name":"","item_count":0}`)
	f.Add(`{"tenant":"t","name":"n","item_count":1,"list":[{"city":"c"}],"any":[1.0],"map":{"a":{"city":""}},"work":null}`)
	f.Add(`{"TENANT":"t","name":"\u0041","item_count":1,"by_id":{"1":true},"pair":[1,2,3],"quoted":"1","\u006eame":"x"}`)
	f.Add(`{"itemCount":"1","tenant":null,"home":{"zipCode":1}}`)
	f.Add(`[null]`)
	f.Add(`{"a`)
	f.Fuzz(func(t *testing.T, payload string) {
		var got, want everything
		gotErr := decodePayload(json.RawMessage(payload), &got)
		wantErr := unmarshal([]byte(payload), &want, true)
		if gotErr != nil {
			require.NotEmpty(t, fieldsOf(t, gotErr))
		}
		if wantErr != nil || !plainlyPresent(payload) {
			return
		}
		require.NoError(t, gotErr)
		require.Equal(t, want, got)

		var slow everything
		v := reflect.ValueOf(&slow).Elem()
		var d fieldDecoder
		d.value(wholePayload, bytes.TrimSpace([]byte(payload)), v, shapeOf(v.Type()), &field{})
		require.Empty(t, d.errs)
		require.Equal(t, want, slow)
	})
}

// plainlyPresent reports whether a payload has every required field of
// everything and the structs in it, no key twice, and no key in a spelling that
// encoding/json does not take.
func plainlyPresent(payload string) bool {
	var top map[string]any
	if json.Unmarshal([]byte(payload), &top) != nil || !hasAll(top, "tenant", "name", "item_count") || !plainKeys(payload) {
		return false
	}
	var addresses []any
	for key, value := range top {
		switch strings.ToLower(key) {
		case "home", "work":
			addresses = append(addresses, value)
		case "list":
			list, _ := value.([]any)
			for _, v := range list {
				addresses = append(addresses, v)
				if v == nil {
					return false
				}
			}
		case "map":
			m, _ := value.(map[string]any)
			for _, v := range m {
				addresses = append(addresses, v)
				if v == nil {
					return false
				}
			}
		}
	}
	for _, v := range addresses {
		if a, ok := v.(map[string]any); ok && !hasAll(a, "city") {
			return false
		}
	}
	return true
}

func hasAll(object map[string]any, keys ...string) bool {
	for _, key := range keys {
		if object[key] == nil {
			return false
		}
	}
	return true
}

// plainKeys reports whether no string in the payload is there twice but for
// case and underscores, and none is a field's name in another spelling.
func plainKeys(payload string) bool {
	seen := map[string]bool{}
	d := json.NewDecoder(strings.NewReader(payload))
	for {
		token, err := d.Token()
		if err != nil {
			return true
		}
		text, ok := token.(string)
		if !ok {
			continue
		}
		folded := strings.ToLower(strings.ReplaceAll(text, "_", ""))
		if text != "city" && seen[folded] {
			return false
		}
		seen[folded] = true
		for _, sh := range []*shape{shapeOf(reflect.TypeFor[everything]()), shapeOf(reflect.TypeFor[address]())} {
			if i, rank := sh.find([]byte(text), 0); i >= 0 && rank > 0 {
				return false
			}
		}
	}
}

// typical is what a payload is like.
type typical struct {
	OrderID  string    `json:"order_id"`
	Customer string    `json:"customer"`
	Amount   int64     `json:"amount"`
	Currency string    `json:"currency"`
	Paid     bool      `json:"paid"`
	Address  address   `json:"address"`
	Tags     []string  `json:"tags"`
	Note     *string   `json:"note"`
	Lines    []address `json:"lines"`
}

func BenchmarkDecodePayload(b *testing.B) {
	payload := json.RawMessage(`{"order_id":"9230c47c-3bcf-11ea-b77f-2e728ce88125","customer":"Blue Cactus","amount":65484548,` +
		`"currency":"BRL","paid":true,"address":{"city":"Sao Paulo","zip_code":1310},"tags":["a","gift"],` +
		`"lines":[{"city":"a","zip_code":1},{"city":"b"}]}`)
	b.Run("json", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := json.Unmarshal(payload, new(typical)); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("decodePayload", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if err := decodePayload(payload, new(typical)); err != nil {
				b.Fatal(err)
			}
		}
	})
}
