package protocol

import (
	"encoding/json"
	"math/big"
	"net/netip"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// picky reads one text and panics on others.
type picky struct{ OK bool }

func (p *picky) UnmarshalJSON(data []byte) error {
	if string(data) != `{"OK":false}` {
		panic("no")
	}
	return nil
}

// ruled has the rules that an example can be made to keep.
type ruled struct {
	Long    string            `json:"long"            validate:"required,min=10,max=12"`
	Short   string            `json:"short"           validate:"max=2"`
	Exact   string            `json:"exact"           validate:"len=3"`
	Above   string            `json:"above"           validate:"gt=4,lt=6"`
	Mail    string            `json:"mail"            validate:"email,min=3"`
	Choice  string            `json:"choice"          validate:"oneof='two words' b"`
	Level   int               `json:"level"           validate:"oneof=3 5"`
	Low     int8              `json:"low"             validate:"gte=-5,lte=-2"`
	More    uint              `json:"more"            validate:"gt=7"`
	Less    int               `json:"less"            validate:"lt=0"`
	Part    float64           `json:"part"            validate:"gt=0,lt=1"`
	Rate    float32           `json:"rate"            validate:"lte=0.5"`
	Same    int               `json:"same"            validate:"eq=4"`
	Pair    []string          `json:"pair"            validate:"len=2,dive,min=5"`
	Few     []int             `json:"few"             validate:"min=3,max=4,dive,gt=2"`
	Labels  map[string]string `json:"labels"          validate:"min=1,dive,keys,max=3,endkeys,len=2"`
	ByID    map[int]bool      `json:"by_id"           validate:"min=1"`
	Text    string            `json:"text,string"     validate:"min=6"`
	On      bool              `json:"on,string"`
	Count   *int              `json:"count,string"    validate:"gte=3"`
	Free    *string           `json:"free"            validate:"omitempty,min=7"`
	Number  json.Number       `json:"number"`
	Addr    netip.Addr        `json:"addr"`
	Big     *big.Int          `json:"big"`
	Picky   picky             `json:"picky"`
	Upper   upper             `json:"upper"`
	At      time.Time         `json:"at"              validate:"required"`
	Took    time.Duration     `json:"took"            validate:"min=5"`
	Bytes   []byte            `json:"bytes"           validate:"min=1"`
	Nested  []*ruled          `json:"nested,omitzero"`
	Address address           `json:"address"`
}

// What the pages show is what the handler takes.
func TestExample_IsAccepted(t *testing.T) {
	for _, target := range []any{
		new(ruled), new(everything), new(seedSchema), new(node), new(words), new(chain), new(forest), new([]ruled),
		new(map[string][]address), new(int), new(string), new([][]byte), new(any), new(json.RawMessage), new([2]bool), new(price), new(grade),
	} {
		typ := reflect.TypeOf(target).Elem()
		text := exampleOf(typ, false)
		require.True(t, json.Valid(text), "%s: %s", typ, text)
		require.NoError(t, decodePayload(text, target), "%s: %s", typ, text)
	}
}
