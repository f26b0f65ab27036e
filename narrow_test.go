package cactus

import (
	"encoding/json"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// narrowed has a field of every sort that encoding/json treats in its own way.
type narrowed struct {
	embedded
	*Promoted

	ID       string `json:"id"`
	NoTag    int
	Nested   *nestedStruct           `json:"nested,omitempty"`
	Items    []nestedStruct          `json:"items"`
	Fixed    [2]nestedStruct         `json:"fixed"`
	Free     map[string]nestedStruct `json:"free"`
	Any      any                     `json:"any"`
	Raw      json.RawMessage         `json:"raw"`
	Time     time.Time               `json:"time"`
	Own      readsItselfType         `json:"own"`
	Ignored  string                  `json:"-"`
	Dash     string                  `json:"-,"` //nolint:staticcheck // a field that is called "-"
	Number   int                     `json:"number,string"`
	Twice    nestedStruct            `json:"twice"`
	TWICE    nestedStruct            `json:"TWICE"` //nolint:tagliatelle // told from twice by its case
	Again    *narrowed               `json:"again"`
	hidden   string                  //nolint:unused // as in anybody's struct
	Shop     string                  `json:"shop"`
	Kelvin   string                  `json:"kelvin"`
	Children []*nestedStruct
}

type embedded struct {
	Promise string `json:"promise"`
	ID      int    `json:"id"` // below the outer one
}

// Promoted has a field that is promoted.
type Promoted struct {
	Deep nestedStruct `json:"deep"`
}

type nestedStruct struct {
	A  string        `json:"a"`
	Up *nestedStruct `json:"up"`
}

type readsItselfType struct{ text string }

func (r *readsItselfType) UnmarshalJSON(b []byte) error {
	r.text = string(b)
	return nil
}

func narrowSeeds() []string {
	return []string{
		`{"id":"x","NoTag":1,"notag":2,"unknown":{"a":[1,2,{"b":null}]},"nested":{"a":"1","b":{},"up":{"A":"2","z":3}}}`,
		`{"items":[{"a":"1","x":1},{"x":2},null],"fixed":[{"a":"f","g":1},{"a":"h"},{"a":"i"}],"free":{"k":{"a":"v","w":1}}}`,
		`{"any":{"a":1,"b":[{}]},"raw":{"kept": [1, 2]},"time":"2025-10-04T15:13:32Z","own":{"x": 1},"number":"17"}`,
		`{"twice":{"a":"1"},"TWICE":{"a":"2"},"Twice":{"a":"3"},"-":"d","Ignored":"no","hidden":"no"}`,
		`{"again":{"again":{"id":"deep","junk":1},"junk":2},"junk":3,"id":"a","id":"b","ID":"c"}`,
		`{"\u0069d":"escaped","\u017fhop":"long s","ſhop":"long s","Kelvin":"sign","promise":"p","deep":{"a":"d","b":1}}`,
		`{"id":5,"junk":1}`, `{"items":{"a":"not an array"}}`, `{"nested":[1]}`, `[1,2]`, `null`, ` {} `, `{"id":"x"`, `{"junk":01}`,
		`{"id":"x"}junk`, "{\"junk\":\"\xff\",\"id\":\"\xff\"}", `{"junk":"\ud800","id":"\ud800"}`, `{,}`, `{"id" : "spaced" , "j" : [ ] , "NoTag" : 1 }`,
		`{"Children":[{"a":"c","b":[]},null,{"up":{"up":{"a":"x","q":0}}}]}`,
		strings.Repeat(`{"again":`, 600) + `{}` + strings.Repeat(`}`, 600),
	}
}

// requireSame decodes a value with and without leaving anything out.
func requireSame(tb testing.TB, data []byte) {
	tb.Helper()
	var want, got narrowed
	wantErr := json.Unmarshal(data, &want) //nolint:musttag // it has fields without tags on purpose
	n := narrowOf(reflect.TypeFor[*narrowed]())
	require.NotNil(tb, n.known)
	n.pause.Store(0)
	gotErr := json.Unmarshal(n.apply(data), &got) //nolint:musttag // likewise
	require.Equal(tb, wantErr == nil, gotErr == nil, "%v, %v", wantErr, gotErr)
	require.Equal(tb, want, got)
	if wantErr != nil {
		require.IsType(tb, wantErr, gotErr) //nolint:testifylint // the type alone is compared
	}
}

func TestNarrow_decodesAsTheWholeDoes(t *testing.T) {
	for _, seed := range narrowSeeds() {
		requireSame(t, []byte(seed))
	}
}

func FuzzNarrow(f *testing.F) {
	for _, seed := range narrowSeeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) { requireSame(t, data) })
}

func TestNarrow_leavesOutWhatNobodyReads(t *testing.T) {
	n := narrowOf(reflect.TypeFor[*narrowed]())
	n.pause.Store(0)
	got := n.apply([]byte(`{"junk":{"a":1},"id":"x", "nested": {"b":1,"a":"y"} ,"more":[{}],"items":[{"a":"1","z":2},{"z":3}],"raw":{"z":1}}`))
	require.JSONEq(t, `{"id":"x","nested":{"a":"y"},"items":[{"a":"1"},{}],"raw":{"z":1}}`, string(got))
}

func TestNarrow_pausesWhereItSavesLittle(t *testing.T) {
	type small struct {
		A string `json:"a"`
	}
	n := narrowOf(reflect.TypeFor[*small]())
	n.pause.Store(0)
	whole := []byte(fmt.Sprintf(`{ "a": %q}`, strings.Repeat("x", 2000)))
	require.NotSame(t, &whole[0], &n.apply(whole)[0])
	for range narrowPause {
		require.Same(t, &whole[0], &n.apply(whole)[0])
	}
	require.NotSame(t, &whole[0], &n.apply(whole)[0])
}

type (
	ofItself      []ofItself
	pointerToSelf *pointerToSelf
	branch        struct {
		Name string   `json:"name"`
		Next branches `json:"next"`
	}
	branches []*branch
)

func TestNarrow_knowsTypesThatContainThemselves(t *testing.T) {
	require.Nil(t, narrowOf(reflect.TypeFor[ofItself]()).known)
	require.Nil(t, narrowOf(reflect.TypeFor[pointerToSelf]()).known)
	n := narrowOf(reflect.TypeFor[*branch]())
	n.pause.Store(0)
	got := n.apply([]byte(`{"name":"a","next":[{"name":"b","junk":0,"next":[{"junk":0}]}]}`))
	require.JSONEq(t, `{"name":"a","next":[{"name":"b","next":[{}]}]}`, string(got))
}

// streamed has the method that encoding/json calls with GOEXPERIMENT=jsonv2.
type streamed struct{ A string }

func (*streamed) UnmarshalJSONFrom(any) error { return nil }

func TestNarrow_leavesTypesAloneThatReadWhatIsLeftOver(t *testing.T) {
	type rest struct {
		A    string         `json:"a"`
		Rest map[string]any `json:",unknown"` //nolint:tagliatelle // of jsonv2, and it has no name
	}
	type inlined struct {
		A    string         `json:"a"`
		Rest map[string]any `json:",inline"`
	}
	require.Nil(t, narrowOf(reflect.TypeFor[*rest]()).known)
	require.Nil(t, narrowOf(reflect.TypeFor[*inlined]()).known)
	require.Nil(t, narrowOf(reflect.TypeFor[*streamed]()).known)
	require.NotNil(t, narrowOf(reflect.TypeFor[*struct {
		A int `json:"a,string,omitempty,omitzero"`
	}]()).known)

	data := []byte(`{"a":"x","b":1,"pad":"` + strings.Repeat("x", minNarrowed) + `"}`)
	var want, got rest
	require.NoError(t, json.Unmarshal(data, &want))
	require.NoError(t, unmarshal(data, &got))
	require.Equal(t, want, got)
}

func TestNarrow_leavesTypesAloneThatReadEverything(t *testing.T) {
	require.Nil(t, narrowOf(reflect.TypeFor[*map[string]int]()).known)
	require.Nil(t, narrowOf(reflect.TypeFor[*any]()).known)
	require.Nil(t, narrowOf(reflect.TypeFor[*[]string]()).known)
	require.Nil(t, narrowOf(reflect.TypeFor[*time.Time]()).known)
	require.Nil(t, narrowOf(reflect.TypeFor[*struct {
		Straße string //nolint:asciicheck // it is what is tested
	}]()).known)
	require.Nil(t, narrowOf(reflect.TypeFor[*struct {
		A string `json:"a,b"`        //nolint:staticcheck // an option that nobody knows
		B string `json:"\"quoted\""` //nolint:staticcheck // a name that encoding/json ignores
	}]()).known)
}
