package cloudevents_test

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/source/cloudevents"
)

// eventWith returns an event that has more members, or others.
func eventWith(members string) string {
	return `{"specversion":"1.0","id":"1","source":"/a","type":"t"` + members + `}`
}

func TestParse_RefusesAndNamesTheAttribute(t *testing.T) {
	long := strings.Repeat("x", 1025)
	for body, want := range map[string]string{
		`{"id":"1","source":"/a","type":"t"}`:                        `attribute "specversion": is missing`,
		`{"specversion":"0.3","id":"1","source":"/a","type":"t"}`:    `attribute "specversion": must be "1.0"`,
		`{"specversion":"","id":"1","source":"/a","type":"t"}`:       `attribute "specversion": must be "1.0"`,
		`{"specversion":1.0,"id":"1","source":"/a","type":"t"}`:      `attribute "specversion": must be a string`,
		`{"specversion":"1.0","source":"/a","type":"t"}`:             `attribute "id": is missing`,
		`{"specversion":"1.0","id":null,"source":"/a","type":"t"}`:   `attribute "id": is missing`,
		`{"specversion":"1.0","id":"","source":"/a","type":"t"}`:     `attribute "id": is empty`,
		`{"specversion":"1.0","id":7,"source":"/a","type":"t"}`:      `attribute "id": must be a string`,
		`{"specversion":"1.0","id":"..","source":"/a","type":"t"}`:   `attribute "id": must not be a dot segment`,
		`{"specversion":"1.0","id":"1","type":"t"}`:                  `attribute "source": is missing`,
		`{"specversion":"1.0","id":"1","source":"","type":"t"}`:      `attribute "source": is empty`,
		`{"specversion":"1.0","id":"1","source":"/a"}`:               `attribute "type": is missing`,
		`{"specversion":"1.0","id":"1","source":"/a","type":[]}`:     `attribute "type": must be a string`,
		`{"specversion":"1.0","ID":"1","source":"/a","type":"t"}`:    `attribute "id": is missing`,
		`{"specversion":"1.0","id":"` + long + `","source":"/a"}`:    `attribute "id": is longer than 1024 bytes`,
		`{"specversion":"1.0","id":"a\nb","source":"/a"}`:            `attribute "id": has a control character`,
		`{"specversion":"1.0","id":"\u0085","source":"/a"}`:          `attribute "id": has a control character`,
		"{\"specversion\":\"1.0\",\"id\":\"\x7f\",\"source\":\"a\"}": `attribute "id": has a control character`,
		`{"specversion":"1.0","id":"\ud800","source":"/a"}`:          `attribute "id": has half of a surrogate pair`,
		eventWith(`,"id":"2"`):                                       `attribute "id": is there twice`,
		eventWith(`,"\u0069d":"1"`):                                  `attribute "id": is there twice`,
		eventWith(`,"specversion":"1.0"`):                            `attribute "specversion": is there twice`,
		eventWith(`,"subject":null,"subject":"a"`):                   `attribute "subject": is there twice`,
		eventWith(`,"dataschema":"a","dataschema":"b"`):              `attribute "dataschema": is there twice`,
		eventWith(`,"datacontenttype":1,"datacontenttype":1`):        `attribute "datacontenttype": is there twice`,
		eventWith(`,"data":1,"data":1`):                              `attribute "data": is there twice`,
		eventWith(`,"data_base64":null,"data_base64":""`):            `attribute "data_base64": is there twice`,
		eventWith(`,"time":"yesterday"`):                             `attribute "time": must be an RFC 3339 time`,
		eventWith(`,"time":"2018-04-05"`):                            `attribute "time": must be an RFC 3339 time`,
		eventWith(`,"time":1522900584`):                              `attribute "time": must be a string`,
		eventWith(`,"data":1,"data_base64":"AA=="`):                  `only one may be there`,
		eventWith(`,"data_base64":"AA==","data":null`):               `only one may be there`,
		eventWith(`,"data_base64":{}`):                               `member "data_base64": must be a string`,
		eventWith(`,"data_base64":"AA"`):                             `member "data_base64": must be padded base64`,
		eventWith(`,"data_base64":"AB=="`):                           `member "data_base64": must be padded base64`,
		eventWith(`,"data_base64":"-_8="`):                           `member "data_base64": must be padded base64`,
		eventWith(`,"data_base64":"AA==\n"`):                         `member "data_base64": must be padded base64`,
		eventWith(`,"data_base64":"AA==AA=="`):                       `member "data_base64": must be padded base64`,
		eventWith(`,"x":`):                                           `body`,
		eventWith(``) + eventWith(``):                                `data after the object`,
		``:                                                           `is empty`,
	} {
		envs, err := parse(structuredType, body, nil)
		require.ErrorContains(t, err, want, body)
		require.Empty(t, envs)

		envs, err = parse(batchType, "["+eventWith("")+","+body+"]", nil)
		require.Error(t, err, body)
		require.Empty(t, envs)
	}
}

func TestParse_AcceptsWhatTheSpecificationDoes(t *testing.T) {
	for members, want := range map[string]string{
		``:                                   "",
		`,"data":null`:                       "null",
		`,"data":"a\u0000"`:                  `"a\u0000"`,
		`,"data":[1, 2]`:                     `[1, 2]`,
		`,"data":false,"data_base64":null`:   `false`,
		`,"data_base64":""`:                  `""`,
		`,"data_base64":"AP//"`:              `"AP//"`,
		`,"data_base64":"AP\/\u002f"`:        `"AP//"`,
		`,"time":null,"subject":null`:        "",
		`,"comexampleother":5,"unknown":{}`:  "",
		`,"datacontenttype":"a/b","data":""`: `""`,
	} {
		envs, err := parse(structuredType, eventWith(members), nil)
		require.NoError(t, err, members)
		require.Len(t, envs, 1)
		require.Equal(t, want, string(envs[0].Data), members)
		require.Equal(t, want == "", envs[0].Data == nil, members)
		require.JSONEq(t, eventWith(members), string(envs[0].Raw))
	}
	envs, err := parse(structuredType, `{"specversion":"1.\u0030","id":"a b/\u00e9\ud83d\ude00","source":"s","type":"ein Typ",`+
		`"time":"2018-04-05T03:56:24.5+02:00"}`, nil)
	require.NoError(t, err)
	require.Equal(t, "a b/é😀", envs[0].ID)
	require.Equal(t, "ein Typ", envs[0].Type)
	require.True(t, envs[0].Created.Equal(time.Date(2018, 4, 5, 1, 56, 24, 5e8, time.UTC)))
}

func TestParse_DataOfAnyLengthIsCheckedToItsEnd(t *testing.T) {
	for n := range 2400 {
		text := base64.StdEncoding.EncodeToString(make([]byte, n))
		envs, err := parse(structuredType, eventWith(`,"data_base64":"`+text+`"`), nil)
		require.NoError(t, err)
		var data []byte
		require.NoError(t, json.Unmarshal(envs[0].Data, &data))
		require.Len(t, data, n)
	}
	piece := base64.StdEncoding.EncodeToString(make([]byte, 767)) // padded, as long as a piece
	_, err := parse(structuredType, eventWith(`,"data_base64":"`+piece+piece+`"`), nil)
	require.ErrorContains(t, err, "must be padded base64")
}

func TestParse_DedupeIDTellsEverySourceAndIDApart(t *testing.T) {
	seen := map[string]bool{}
	for _, pair := range [][2]string{{"a", "b c"}, {"a b", "c"}, {"a ", "b c"}, {"1 a", "b"}, {"a", " b c"}, {"a", "b"}, {"b", "a"}} {
		body, err := json.Marshal(map[string]string{"specversion": "1.0", "source": pair[0], "id": pair[1], "type": "t"})
		require.NoError(t, err)
		envs, err := parse(structuredType, string(body), nil)
		require.NoError(t, err)
		require.False(t, seen[envs[0].DedupeID], envs[0].DedupeID)
		seen[envs[0].DedupeID] = true
	}
}

func TestNew_HandlersAreFoundByAnyTypeAndDataIsDecoded(t *testing.T) {
	var r cactus.Registry
	var got []string
	cactus.On(&r, func(_ context.Context, e *photographed) error {
		got = append(got, string(e.Data)+" "+e.ContentType)
		return nil
	})
	r.Handle("com.example.*", func(_ context.Context, e *cactus.RawEvent) error {
		got = append(got, e.Type)
		return nil
	})
	h := cactus.NewHandler(&r, cloudevents.New(scheme()))
	requireStatus(t, http.StatusNoContent, serve(h, delivery(batchType, `[`+
		`{"specversion":"1.0","id":"1","source":"/a","type":"com.example.photographed","data_base64":"aGV5","datacontenttype":"text/plain"},`+
		`{"specversion":"1.0","id":"1","source":"/a","type":"com.example.photographed","data":null},`+
		`{"specversion":"1.0","id":"1","source":"/a","type":"com.example.été à la plage"}]`)))
	require.Equal(t, []string{"hey text/plain", " ", "com.example.été à la plage"}, got)
}

func TestNew_AForgedRequestIsRefused(t *testing.T) {
	req := delivery(structuredType, eventWith(""))
	req.Header.Set("Webhook-Id", "msg_2")
	_, w := receive(t, req)
	requireStatus(t, http.StatusUnauthorized, w)
}

func TestNew_PanicsOnMisuse(t *testing.T) {
	require.Panics(t, func() { cloudevents.New(nil) })
	require.Panics(t, func() { cloudevents.New(scheme(), nil) })
	require.Panics(t, func() { cloudevents.WithOrigins() })
	require.Panics(t, func() { cloudevents.WithOrigins("a", "") })
	require.Panics(t, func() { cloudevents.WithRate(0) })
	for _, bad := range []string{"", "Text/Plain", "text/plain; charset=utf-8", "text /", structuredType, "application/cloudevents+xml"} {
		require.Panics(t, func() { cloudevents.WithBinary(bad) }, bad)
	}
}
