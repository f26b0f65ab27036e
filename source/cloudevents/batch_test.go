package cloudevents_test

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestBatch_EventsAreViewsOfTheBodyInOrder(t *testing.T) {
	tricky := eventWith(`,"data":{"a":"]},{\"\\","b":[[],{}]}`)
	envs, err := parse(batchType, "\t[ "+tricky+"\r\n, "+eventWith(`,"data":[]`)+" ]\n", nil)
	require.NoError(t, err)
	require.Len(t, envs, 2)
	require.Equal(t, tricky, string(envs[0].Raw))
	require.JSONEq(t, `{"a":"]},{\"\\","b":[[],{}]}`, string(envs[0].Data))
	require.Equal(t, `[]`, string(envs[1].Data))
}

func TestBatch_ErrorsSayWhichEventAndWhere(t *testing.T) {
	one := eventWith("")
	for body, want := range map[string]string{
		``:                                `body: a batch must be a JSON array`,
		`null`:                            `body: a batch must be a JSON array`,
		`[`:                               `body: the array does not end`,
		`[` + one:                         `body: the array does not end`,
		`[` + one + `,`:                   `body: the array does not end`,
		`["`:                              `body: the array does not end`,
		`["\`:                             `body: the array does not end`,
		`[]]`:                             `body: data after the array`,
		`[` + one + `] []`:                `body: data after the array`,
		`[,]`:                             `event 0: is empty at byte 1`,
		`[` + one + `,]`:                  `event 1: is empty at byte 57`,
		`[` + one + `, null]`:             `event 1: must be a JSON object at byte 58`,
		`[[` + one + `]]`:                 `event 0: must be a JSON object at byte 1`,
		`[` + one + one + `]`:             `event 0: data after the object at byte 56`,
		`[{]}]`:                           `body: the array does not end`,
		`[}]`:                             `body: the array does not end`,
		`[` + one + `,{"specversion":1}]`: `event 1: attribute "specversion": must be a string`,
	} {
		envs, err := parse(batchType, body, nil)
		require.ErrorContains(t, err, want, body)
		require.Empty(t, envs)
	}
}

func TestBatch_NoEventIsDispatchedUnlessAllAreSound(t *testing.T) {
	got, w := receive(t, delivery(batchType, `[`+eventWith("")+`,{"specversion":"1.0","id":"2","source":"/a"}]`))
	requireStatus(t, http.StatusBadRequest, w)
	require.Contains(t, w.Body.String(), `event 1: attribute "type": is missing`)
	require.Empty(t, got)
}
