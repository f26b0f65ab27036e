package envelope_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/internal/envelope"
)

type acceptedBody struct {
	name string
	body string
	want envelope.Fields
}

// accepted returns bodies and what is in them.
func accepted() []acceptedBody {
	fields := func(change func(f *envelope.Fields)) envelope.Fields {
		f := envelope.Fields{ID: []byte("evt_1"), Type: []byte("order.lost")}
		change(&f)

		return f
	}
	withObject := fields(func(f *envelope.Fields) {
		f.HasObject, f.ObjectID, f.ObjectType = true, []byte("ord_452"), []byte("order")
	})
	none := fields(func(*envelope.Fields) {})
	const head = `{"id":"evt_1","type":"order.lost"`

	return []acceptedBody{
		{"the least", head + `}`, none},
		{"whitespace everywhere", " \t\r\n{ \"id\" :\n\"evt_1\"\t,\r\"type\" : \"order.lost\" } \n", none},
		{
			"indentation longer than eight",
			"{\n                 \"id\": \"evt_1\",\n                \"type\":        \"order.lost\"\n}", none,
		},
		{"any order", `{"type":"order.lost","id":"evt_1"}`, none},
		{"null is absent", head + `,"created":null,"context":null,"related_object":null,"data":null}`, none},
		{"an empty context is none", head + `,"context":""}`, none},
		{
			"a related object", head + `,"related_object":{"id":"ord_452","type":"order"}}`, withObject,
		},
		{
			"a related object in camel case", head + `,"relatedObject":{"type":"order","id":"ord_452"}}`, withObject,
		},
		{
			"a related object with unknown keys and null",
			head + `,"related_object":{"x":{"id":1},"id":"ord_452","id2":[],"type":"order","url":null}}`, withObject,
		},
		{
			"everything",
			`{"id":"evt_1","object":"v2.core.event","type":"v2.core.account[configuration.merchant].updated",` +
				`"created":"2025-10-04T15:13:32.232083866Z","context":"acct_1/acct_2","livemode":false,` +
				`"related_object":{"id":"acct_9","type":"v2.core.account","url":"/v2/core/accounts/acct_9?a=.."},` +
				`"reason":{"type":"request","request":{"id":"foo"}},"data":{"a":[1,2]}}`,
			envelope.Fields{
				ID: []byte("evt_1"), Type: []byte("v2.core.account[configuration.merchant].updated"),
				Context: []byte("acct_1/acct_2"), Created: time.Date(2025, 10, 4, 15, 13, 32, 232083866, time.UTC),
				HasObject: true, ObjectID: []byte("acct_9"), ObjectType: []byte("v2.core.account"),
				ObjectURL: []byte("/v2/core/accounts/acct_9?a=.."), Data: []byte(`{"a":[1,2]}`),
				Objects: 1, Object: []byte(`"v2.core.event"`),
			},
		},
		{
			"data as it was sent", head + `,"data" :  [ 1 , "é" ]  }`,
			fields(func(f *envelope.Fields) { f.Data = []byte(`[ 1 , "é" ]`) }),
		},
		{
			"two objects", head + `,"object":{ },"\u006fbject": null ,"data":{"object":1}}`,
			fields(func(f *envelope.Fields) {
				f.Objects, f.Object, f.Data = 2, []byte("null"), []byte(`{"object":1}`)
			}),
		},
		{"data may be false", head + `,"data":false}`, fields(func(f *envelope.Fields) { f.Data = []byte(`false`) })},
		{"data may be text", head + `,"data":""}`, fields(func(f *envelope.Fields) { f.Data = []byte(`""`) })},
		{
			"escapes in keys and values",
			`{"\u0069\u0064":"\u0065vt\u005F1","t\u0079pe":"order\u002elost","context":"a\/b\\","d\u0061ta":"\n"}`,
			fields(func(f *envelope.Fields) { f.Context, f.Data = []byte(`a/b\`), []byte(`"\n"`) }),
		},
		{
			"half a surrogate pair in what is skipped",
			head + `,"x":"\ud800","y":{"\udc00":["\ud800\u0041"]},"data":"\ud83d"}`,
			fields(func(f *envelope.Fields) { f.Data = []byte(`"\ud83d"`) }),
		},
		{"a surrogate pair in a key", head + `,"\ud83c\udf35":1,"\u00e9\u20ac\b\f\n\r\t\"\\\/":2}`, none},
		{"characters beyond ASCII in what is skipped", head + `,"größe":"Größe 선인장 🌵 \u007f` + "\x7f" + `"}`, none},
		{"known keys elsewhere", head + `,"x":{"id":1,"id":2,"type":null},"ID":3,"Id":4,"url":5,"":6}`, none},
		{"unknown keys may repeat", head + `,"x":1,"x":2,"related_objects":3}`, none},
		{"numbers", head + `,"n":[0,-0,10,1.5,-1.5e3,1E+2,1e-2,0.0,0e0,12345678901234567890.5]}`, none},
		{"literals", head + `,"n":[true,false,null,{},[],"",{"a":{}},[[]],[{}]]}`, none},
		{
			"nesting of 512", head + `,"data":` + strings.Repeat("[", 511) + strings.Repeat("]", 511) + `}`,
			fields(func(f *envelope.Fields) {
				f.Data = []byte(strings.Repeat("[", 511) + strings.Repeat("]", 511))
			}),
		},
		{
			"nesting of 512 of both kinds",
			head + `,"x":` + strings.Repeat(`{"a":[`, 255) + strings.Repeat(`]}`, 255) + `}`, none,
		},
		{
			"the longest names",
			`{"id":"` + strings.Repeat("a", 256) + `","type":"` + strings.Repeat("b", 256) +
				`","context":"` + strings.Repeat("c", 256) + `"}`,
			envelope.Fields{
				ID: []byte(strings.Repeat("a", 256)), Type: []byte(strings.Repeat("b", 256)),
				Context: []byte(strings.Repeat("c", 256)),
			},
		},
	}
}

type refusedBody struct {
	name string
	body string
	want string
}

// refused returns bodies and the texts of their errors.
func refused() []refusedBody {
	const (
		head = `{"id":"evt_1","type":"order.lost"`
		ref  = head + `,"related_object":`
	)
	cases := []refusedBody{
		{"nothing", "", "body: is empty"},
		{"nothing but whitespace", " \n", "body: is empty"},
		{"an array", "[]", "body: must be a JSON object"},
		{"a string after whitespace", "  \"\"", "body: must be a JSON object at byte 2"},
		{"no JSON at all", "id=evt_1", "body: must be a JSON object"},
		{"a byte order mark", "\ufeff{}", "body: must not begin with a byte order mark"},
		{"UTF-16", "\xff\xfe{\x00}\x00", "body: must be a JSON object"},
		{"data after the object", head + `} {}`, "body: data after the object at byte 35"},
		{"a NUL after the object", head + "}\x00", "body: data after the object at byte 34"},

		{"a comma after the last member", head + `,}`, "body: expected a key at byte 34"},
		{"a comma before the first member", `{,"id":"e"}`, "body: expected a key at byte 1"},
		{"no comma", `{"id":"evt_1" "type":"t"}`, "body: expected a comma or a closing brace at byte 14"},
		{"no colon", `{"id" "evt_1"}`, "body: expected a colon at byte 6"},
		{"no value", `{"id":}`, "body: expected a value at byte 6"},
		{"no value of an unknown key", `{"x":,}`, "body: expected a value at byte 5"},
		{"a bare key", `{id:"evt_1"}`, "body: expected a key at byte 1"},
		{"single quotes", `{'id':'evt_1'}`, "body: expected a key at byte 1"},
		{"a comment", `{/**/}`, "body: expected a key at byte 1"},
		{"whitespace that is not JSON's", "{\v}", "body: expected a key at byte 1"},
		{"a no-break space", "{\u00a0}", "body: expected a key at byte 1"},
		{"a wrong bracket", `{"x":[}`, "body: expected a value at byte 6"},
		{"a wrong bracket later", `{"x":[1}`, "body: expected a comma or a closing bracket at byte 7"},
		{"a wrong brace", `{"x":{"a":1]`, "body: expected a comma or a closing brace at byte 11"},
		{"a comma at the end of an array", `{"x":[1,]}`, "body: expected a value at byte 8"},
		{"a comma at the end of an object", `{"x":{"a":1,}}`, "body: expected a key at byte 12"},
		{"no key in a skipped object", `{"x":{1:2}}`, "body: expected a key at byte 6"},
		{"no colon in a skipped object", `{"x":{"a",2}}`, "body: expected a colon at byte 9"},

		{"a literal in capitals", `{"x":True}`, "body: expected a value at byte 5"},
		{"a wrong literal", `{"x":trve}`, "body: invalid literal at byte 7"},
		{"a wrong null", `{"id":nil}`, "body: invalid literal at byte 7"},
		{"a literal that goes on", `{"x":nulls}`, "body: expected a comma or a closing brace at byte 9"},
		{"not a number", `{"x":NaN}`, "body: expected a value at byte 5"},
		{"a plus", `{"x":+1}`, "body: expected a value at byte 5"},
		{"a leading zero", `{"x":01}`, "body: expected a comma or a closing brace at byte 6"},
		{"a lone minus", `{"x":-}`, "body: invalid number at byte 6"},
		{"no digit before the point", `{"x":-.5}`, "body: invalid number at byte 6"},
		{"no digit after the point", `{"x":1.}`, "body: invalid number at byte 7"},
		{"no digit in the exponent", `{"x":1e+}`, "body: invalid number at byte 8"},
		{"a hexadecimal number", `{"x":0x1}`, "body: expected a comma or a closing brace at byte 6"},

		{"a newline in a string", "{\"x\":\"a\n\"}", "body: control character in a string at byte 7"},
		{"a NUL in a key", "{\"a\x00\":1}", "body: control character in a string at byte 3"},
		{"a control character in the id", "{\"id\":\"evt_\x1f\"}", "body: control character in a string at byte 11"},
		{"an unknown escape", `{"x":"abcdefgh\x"}`, "body: invalid escape at byte 14"},
		{"an escape with too few digits", `{"x":"\u12g4"}`, "body: invalid escape at byte 10"},
		{"half a surrogate pair in the id", `{"id":"\ud800"}`, "body: half of a surrogate pair in a string at byte 6"},
		{"half a surrogate pair in a key", `{"\udc00":1}`, "body: half of a surrogate pair in a string at byte 1"},
		{"half a pair, then text", `{"id":"\ud800abcdef"}`, "body: half of a surrogate pair in a string at byte 6"},
		{"half a pair, then a newline", `{"id":"\ud800\nabcd"}`, "body: half of a surrogate pair in a string at byte 6"},
		{"two high halves", `{"id":"\ud800\ud800"}`, "body: half of a surrogate pair in a string at byte 6"},

		{"invalid UTF-8 in a value", "{\"x\":\"a\xff\"}", "body: invalid UTF-8 at byte 7"},
		{"invalid UTF-8 in a key", "{\"x\xc3\":1}", "body: invalid UTF-8 at byte 3"},
		{"invalid UTF-8 in the id", "{\"id\":\"\xed\xa0\x80\"}", "body: invalid UTF-8 at byte 7"},
		{"an overlong character", "{\"x\":\"\xc0\xaf\"}", "body: invalid UTF-8 at byte 6"},
		{"invalid UTF-8 between values", "{\"x\":1\xff}", "body: expected a comma or a closing brace at byte 6"},
		{
			"nesting of 513", head + `,"x":` + strings.Repeat("[", 512) + strings.Repeat("]", 512) + `}`,
			"body: nesting deeper than 512 at byte 549",
		},
		{
			"nesting of 513 in the related object",
			ref + `{"x":` + strings.Repeat("[", 511) + strings.Repeat("]", 511) + `}}`,
			"body: nesting deeper than 512 at byte 566",
		},
		{"endless nesting", `{"x":` + strings.Repeat("[", 100_000), "body: nesting deeper than 512 at byte 516"},

		{"no id", `{"type":"order.lost"}`, `envelope field "id": is missing`},
		{"no type", `{"id":"evt_1"}`, `envelope field "type": is missing`},
		{"nothing in the object", `{}`, `envelope field "id": is missing`},
		{"a null id", `{"id":null,"type":"t"}`, `envelope field "id": is missing`},
		{"a null type", `{"id":"e","type":null}`, `envelope field "type": is missing`},
		{"no id is said before no type", `{"related_object":{}}`, `envelope field "id": is missing`},
		{"no type is said before no object id", `{"related_object":{},"id":"e"}`, `envelope field "type": is missing`},
		{"no object id", ref + `{"type":"order"}}`, `envelope field "related_object.id": is missing`},
		{"no object type", ref + `{"id":"ord_1"}}`, `envelope field "related_object.type": is missing`},
		{"null object id", ref + `{"type":"order","id":null}}`, `envelope field "related_object.id": is missing`},

		{"a number as id", `{"id":1}`, `envelope field "id": must be a string, not a number`},
		{"an object as id", `{"id":{}}`, `envelope field "id": must be a string, not an object`},
		{"an array as type", `{"type":[]}`, `envelope field "type": must be a string, not an array`},
		{"a boolean as context", `{"context":true}`, `envelope field "context": must be a string, not a boolean`},
		{"a Unix time", `{"created":1735689600}`, `envelope field "created": must be a string, not a number`},
		{"a string as object", `{"related_object":"o"}`, `envelope field "related_object": must be an object, not a string`},
		{"an array as object", `{"relatedObject":[]}`, `envelope field "related_object": must be an object, not an array`},
		{"a number as object id", ref + `{"id":-1}}`, `envelope field "related_object.id": must be a string, not a number`},
		{
			"a boolean as object type", ref + `{"type":false}}`,
			`envelope field "related_object.type": must be a string, not a boolean`,
		},
		{"an object as URL", ref + `{"url":{}}}`, `envelope field "related_object.url": must be a string, not an object`},

		{"an id twice", `{"id":"a","id":"a"}`, `envelope field "id": is given twice`},
		{"an id twice, once escaped", `{"id":"a","\u0069d":"a"}`, `envelope field "id": is given twice`},
		{"a null id and an id", `{"id":null,"id":"a"}`, `envelope field "id": is given twice`},
		{"a type twice", `{"type":"a","type":"b"}`, `envelope field "type": is given twice`},
		{"created twice", `{"created":null,"created":null}`, `envelope field "created": is given twice`},
		{"a context twice", `{"context":"a","context":"b"}`, `envelope field "context": is given twice`},
		{"data twice", `{"data":1,"data":2}`, `envelope field "data": is given twice`},
		{
			"related objects of both spellings", `{"related_object":null,"relatedObject":null}`,
			`envelope field "related_object": is given twice`,
		},
		{"an object id twice", ref + `{"id":"a","id":"a"}}`, `envelope field "related_object.id": is given twice`},
		{"an object type twice", ref + `{"type":"a","type":"a"}}`, `envelope field "related_object.type": is given twice`},
		{"a URL twice", ref + `{"url":null,"url":null}}`, `envelope field "related_object.url": is given twice`},

		{"an empty id", `{"id":""}`, `envelope field "id": is empty`},
		{
			"a long context", `{"context":"` + strings.Repeat("a", 257) + `"}`,
			`envelope field "context": is longer than 256 bytes`,
		},
		{"a space in the context", `{"context":"a b"}`, `envelope field "context": has a byte that is not printable ASCII`},
		{
			"a newline in the context", `{"context":"a\r\nX-Evil: 1"}`,
			`envelope field "context": has a byte that is not printable ASCII`,
		},
		{
			"an escaped slash in the id", `{"id":"evt\u002f1"}`,
			`envelope field "id": has a byte that is none of A-Z a-z 0-9 _ . : -`,
		},
		{"an object id of two dots", ref + `{"id":".."}}`, `envelope field "related_object.id": must not be a dot segment`},
		{
			"a type with a space", `{"type":"order lost"}`,
			`envelope field "type": has a byte that is none of A-Z a-z 0-9 _ . : / [ ] -`,
		},
		{
			"an absolute URL", ref + `{"url":"https://evil.example/"}}`,
			`envelope field "related_object.url": must begin with exactly one slash`,
		},
		{
			"a URL with dots", ref + `{"url":"/v1/orders/../keys"}}`,
			`envelope field "related_object.url": must not have a dot segment`,
		},
		{"no time", `{"created":"yesterday"}`, `envelope field "created": must be an RFC 3339 time`},
		{"the first of two", `{"id":1,"type":`, `envelope field "id": must be a string, not a number`},
		{"the first of two of another order", `{"x":01,"id":1}`, `body: expected a comma or a closing brace at byte 6`},
	}

	return cases
}

func TestScan_Accepts(t *testing.T) {
	t.Parallel()

	for _, tt := range accepted() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			got := envelope.Fields{ID: []byte("old"), ObjectURL: []byte("old"), Data: []byte("old")}
			require.NoError(t, envelope.Scan([]byte(tt.body), &got))
			require.Equal(t, tt.want, got)

			want, err := referenceScan([]byte(tt.body))
			require.NoError(t, err)
			requireFields(t, want, got)
		})
	}
}

func TestScan_Refuses(t *testing.T) {
	t.Parallel()

	for _, tt := range refused() {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()

			got := envelope.Fields{ID: []byte("old")}
			err := envelope.Scan([]byte(tt.body), &got)
			require.EqualError(t, err, tt.want)
			requireError(t, []byte(tt.body), err)
			require.Equal(t, envelope.Fields{}, got)

			_, err = referenceScan([]byte(tt.body))
			require.Error(t, err)
		})
	}
}

// A body that ends early is always refused, and nearly always for that.
func TestScan_RefusesEveryPrefix(t *testing.T) {
	t.Parallel()

	for _, tt := range accepted() {
		body := strings.TrimRight(tt.body, " \n")
		for n := range len(body) {
			var f envelope.Fields
			err := envelope.Scan([]byte(body[:n]), &f)
			require.Error(t, err, "%q", body[:n])

			var e *envelope.Error
			require.ErrorAs(t, err, &e)
			if e.Problem != "is empty" && e.Problem != "invalid UTF-8" {
				require.Equal(t, "unexpected end", e.Problem, "%q", body[:n])
				require.Equal(t, n, e.Offset)
			}
		}
	}
}

// A fault is found wherever in a word of eight bytes it is, and however near to
// the end of the body.
func TestScan_LooksAtEveryByteOfAString(t *testing.T) {
	t.Parallel()

	for length := range 40 {
		for at := range length {
			for _, bad := range []byte{0x00, 0x1f, '"', '\\', 0x80, 0xff} {
				text := []byte(strings.Repeat("a", length))
				text[at] = bad
				body := `{"id":"e","type":"t","x":"` + string(text) + `"}`

				var f envelope.Fields
				require.Error(t, envelope.Scan([]byte(body), &f), "%q", body)
			}
			for _, good := range []string{" ", "!", "#", "[", "]", "\x7f", "é", "선", "🌵", `\"`, `\\`} {
				text := strings.Repeat("a", at) + good + strings.Repeat("~", length-at)
				body := `{"id":"e","type":"t","x":"` + text + `"}`

				var f envelope.Fields
				require.NoError(t, envelope.Scan([]byte(body), &f), "%q", body)
			}
		}
	}
}

func TestScan_ReturnsViews(t *testing.T) {
	t.Parallel()

	body := []byte(`{"id":"evt_1","type":"order.lost","data":{"a":1}}`)
	var f envelope.Fields
	require.NoError(t, envelope.Scan(body, &f))

	body[7] = 'E'
	require.Equal(t, "Evt_1", string(f.ID))
	_ = append(f.Data, '!') // must not reach the body
	require.True(t, json.Valid(body))
}

func TestScan_DoesNotAllocate(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}

	var f envelope.Fields
	for _, body := range [][]byte{[]byte(thinBody), fullBody()} {
		require.Zero(t, testing.AllocsPerRun(100, func() {
			if err := envelope.Scan(body, &f); err != nil {
				panic(err)
			}
		}))
	}
}
