package protocol

import (
	"encoding/json"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Outer is embedded by a pointer, which encoding/json makes for its fields.
type Outer struct {
	Deep string `json:"deep"`
	Same int    `json:"same,omitempty"`
}

// odd has one field of everything that the two ways of reading could take for
// different things.
type odd struct {
	*Outer

	Same     string               `json:"same,omitempty"`
	ID       string               `json:"id"                 validate:"omitempty,min=2"`
	SomeID   **int                `json:"some_id,omitempty"`
	Quoted   bool                 `json:"quoted,string"`
	Text     string               `json:"text,omitempty,string"`
	Float    *float32             `json:"float,omitempty,string"`
	Number   json.Number          `json:"number,omitempty"`
	Any      any                  `json:"any,omitempty"`
	Anys     map[string]any       `json:"anys,omitempty"`
	Raw      json.RawMessage      `json:"raw,omitempty"`
	RawPtr   *json.RawMessage     `json:"raw_ptr"`
	Upper    *upper               `json:"upper"`
	Uppers   []upper              `json:"uppers,omitempty"`
	ByAddr   map[netip.Addr]uint8 `json:"by_addr,omitempty"`
	ByInt    map[int8][]Outer     `json:"by_int,omitempty"   validate:"dive,dive"`
	Pairs    [2]*Outer            `json:"pairs,omitempty"`
	Grid     [][]int              `json:"grid,omitempty"     validate:"max=2,dive,max=2"`
	Took     time.Duration        `json:"took,omitempty"     validate:"gte=0"`
	At       *time.Time           `json:"at"`
	Bytes    []byte               `json:"bytes,omitempty"    validate:"max=3"`
	Next     *odd                 `json:"next"`
	Kelvin   int                  `json:"kelvin,omitempty"`
	Unsigned uint64               `json:"unsigned,omitempty" validate:"eqfield=Kelvin|eq=0|gt=3"`
}

// FuzzDecodePayload_BothWaysAlike compares the two ways of reading a payload: all
// at once, as far as there is no doubt, and field by field. What is read, and
// what is said about it, must not depend on which was taken.
func FuzzDecodePayload_BothWaysAlike(f *testing.F) {
	for _, seed := range []string{
		`{"id":"ab","quoted":"true","deep":"x"}`, `{"id":"a","quoted":"true","same":"","Same":""}`,
		`{"id":"","quoted":"false","some_id":1,"text":"\"t\"","float":"1.5","number":1e400,"any":[1.0,{"a":null}],"anys":{"a":1,"a":{"b":2}}}`,
		`{"id":"","quoted":"true","raw":null,"rawPtr":null,"raw_ptr":1,"upper":null,"uppers":[null,"a"],"by_addr":{"::1":7,"10.0.0.1":0}}`,
		`{"id":"","quoted":"true","by_int":{"-1":[{"deep":""},{"deep":"","same":2}],"01":null},"pairs":[null,{"deep":""},{"deep":1}]}`,
		`{"id":"","quoted":"true","grid":[[1,2,3],null,[]],"took":-1,"at":"2026-01-02T03:04:05+01:00","bytes":"AAECAw==","deep":null}`,
		`{"id":"","quoted":"true","next":{"id":"b","quoted":"true","next":null,"unsigned":2},"unsigned":18446744073709551615}`,
		`{"ID":"","QUOTED":"true","\u212aelvin":1,"kelvin":2}`, `{"id":"\ud800\u0000","quoted":null}`, `{"id":"","quoted":true,"deep":""}`,
		`{"id":"","quoted":"true","text":"null","float":"null","number":null,"any":null,"anys":null,"pairs":null,"took":null}`,
		`{"id":"","quoted":"true","number":"","text":null,"float":null}`, `null`, "0\v", ` {"id":"" , "quoted":"true"} `, "{\"id\":\"\xff\",\"quoted\":\"true\",\"\xff\":1}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, payload string) {
		if payload == "" {
			return
		}
		alike[odd](t, payload)
		alike[everything](t, payload)
		alike[[]odd](t, "["+payload+"]")
		alike[map[string]*everything](t, `{"":`+payload+"}")
		alike[any](t, payload)
		alike[map[string]any](t, payload)
	})
}

func alike[T any](t *testing.T, payload string) {
	t.Helper()

	var got, want T
	gotErr := decodePayload(json.RawMessage(payload), &got)
	v := reflect.ValueOf(&want).Elem()
	wantErr := decodeFields(json.RawMessage(payload), v, shapeOf(v.Type()))
	require.Equal(t, wantErr == nil, gotErr == nil, "%v, field by field %v", gotErr, wantErr)
	if gotErr != nil {
		require.Equal(t, fieldsOf(t, wantErr), fieldsOf(t, gotErr))
		return
	}
	require.Equal(t, want, got)
}
