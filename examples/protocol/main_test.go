package main

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

func TestProtocol_HalvesUnderstandEachOther(t *testing.T) {
	require.Equal(t, `essential: example
full: get:event:example:response v1 in flow a47830ca-3bcf-11ea-a232-2e728ce88125: {"MyEventPayload":"example"}
unknown: send event:example:v1: answered notFound EVENT_NOT_FOUND
  {"message":"Event Name event:example of version 1 was not found"}
bad request: send get:event:example:v1: answered badRequest MISSING_FIELDS
  {"fields":[{"name":"example","errorType":"value_error.missing","message":"field required"}]}
redirect: send get:redirect:v1: answered redirect
  https://cactuscorp.example/login {"next":"home"}
`, exampletest.Run(t))
}

// What a handler answers can be tested without the client.
func TestProcessor_AnswersTheExample(t *testing.T) {
	answer := newProcessor().Process(t.Context(), []byte(`{
		"name": "get:event:example",
		"version": 1,
		"id": "9230c47c-3bcf-11ea-b77f-2e728ce88125",
		"flowId": "a47830ca-3bcf-11ea-a232-2e728ce88125",
		"payload": {"example": "example"},
		"identity": {"userId": "USER_ID"},
		"auth": {"token": "s3cret"},
		"metadata": {"date": "00-00-0000"}
	}`))
	require.JSONEq(t, `{
		"name": "get:event:example:response",
		"version": 1,
		"id": "9230c47c-3bcf-11ea-b77f-2e728ce88125",
		"flowId": "a47830ca-3bcf-11ea-a232-2e728ce88125",
		"payload": {"MyEventPayload": "example"},
		"identity": {"userId": "USER_ID"},
		"auth": {},
		"metadata": {"date": "00-00-0000"}
	}`, string(answer))
}
