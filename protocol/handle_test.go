package protocol

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// handleOne registers h and has it handle one payload.
func handleOne[In, Out any](t *testing.T, payload string, h func(context.Context, In) (Out, error)) (*Event, error) {
	t.Helper()
	var r Registry
	Handle(&r, "get:event:example", 1, h)
	return r.handlers[key{"get:event:example", 1}].call(t.Context(), &Event{
		Name: "get:event:example", Version: 1, ID: "id", FlowID: "flow", Payload: json.RawMessage(payload),
	})
}

func answers[Out any](out Out) func(context.Context, any) (Out, error) {
	return func(context.Context, any) (Out, error) { return out, nil }
}

func TestHandle_AnswersWithTheOutput(t *testing.T) {
	type answer struct {
		MyEventPayload string
	}
	got, err := handleOne(t, `{"example":"example"}`, func(_ context.Context, in seedSchema) (answer, error) {
		return answer{in.Example}, nil
	})
	require.NoError(t, err)
	require.Equal(t, "get:event:example:response id flow", got.Name+" "+got.ID+" "+got.FlowID)
	require.JSONEq(t, `{"MyEventPayload":"example"}`, string(got.Payload))
}

func TestHandle_EchoesNumbersToTheDigit(t *testing.T) {
	const payload = `{"an_int64":65484548474984654,"some_float":1864.4568}`
	got, err := handleOne(t, payload, func(_ context.Context, in map[string]any) (map[string]any, error) { return in, nil })
	require.NoError(t, err)
	require.Equal(t, payload, string(got.Payload))
}

func TestHandle_AnswersAnEmptyObjectForANilOutput(t *testing.T) {
	check := func(got *Event, err error) {
		t.Helper()
		require.NoError(t, err)
		require.Equal(t, "{}", string(got.Payload))
	}
	check(handleOne(t, `1`, answers((*base)(nil))))
	check(handleOne(t, `1`, answers(map[string]int(nil))))
	check(handleOne(t, `1`, answers(json.RawMessage(nil))))
	check(handleOne(t, `1`, answers(json.RawMessage("null"))))
	check(handleOne(t, `1`, answers[any](nil)))
	check(handleOne(t, `1`, answers(struct{}{})))
}

func TestHandle_FailsOnAnAnswerThatIsNoObject(t *testing.T) {
	_, err := handleOne(t, `1`, answers[any](42))
	require.EqualError(t, err, `response to "get:event:example": a int must be written as a JSON object`)
	_, err = handleOne(t, `1`, answers(json.RawMessage(`["s3cr3t"]`)))
	require.EqualError(t, err, `response to "get:event:example": a json.RawMessage must be written as a JSON object`)
}

func TestHandle_PassesOnTheHandlersError(t *testing.T) {
	want := errors.New("out of stock")
	_, err := handleOne(t, `{}`, func(context.Context, any) (base, error) { return base{Tenant: "dropped"}, want })
	require.ErrorIs(t, err, want)
}

func TestHandle_DoesNotCallTheHandlerWithABadPayload(t *testing.T) {
	_, err := handleOne(t, `{}`, func(context.Context, *seedSchema) (base, error) { panic("called") })
	require.Equal(t, "example value_error.missing field required", fieldsOf(t, err))
}

func TestMissingFields_ReportsWhatAHandlerChecksItself(t *testing.T) {
	err := MissingFields(FieldError{Name: "until", ErrorType: "value_error", Message: "must come after from"})
	require.EqualError(t, err, "protocol: badRequest MISSING_FIELDS: until: must come after from")
	require.Equal(t, "until value_error must come after from", fieldsOf(t, err))
}

type (
	hidden  struct{ example string }
	embedsP struct {
		*hidden //nolint:unused // the mistake that is tested

		A int
	}
	embedsDeep struct{ Embeds }
	Embeds     struct{ embedsP }
	withChan   struct{ Items []struct{ C chan int } }
	badTag     struct {
		A int `validate:"no_such_rule"`
	}
)

func wrong[In, Out any]() func(*Registry) {
	return func(r *Registry) {
		Handle(r, "get:event:example", 1, func(context.Context, In) (out Out, err error) { return out, nil })
	}
}

func TestHandle_RefusesWrongTypesAndSaysWhy(t *testing.T) {
	_ = hidden{example: ""}
	const noObject = "it must be written as a JSON object: use a struct or a map"
	tests := []struct {
		handle func(*Registry)
		want   string
	}{
		{wrong[*Event, base](), "an Event is neither input nor output: use HandleEvent, or EventFromContext in the handler"},
		{wrong[base, *Event](), "an Event is neither input nor output: use HandleEvent, or EventFromContext in the handler"},
		{wrong[base, string](), "its output string: " + noObject},
		{wrong[base, []base](), "its output []protocol.base: " + noObject},
		{wrong[base, time.Time](), "its output time.Time: " + noObject},
		{wrong[base, **base](), "its output **protocol.base: " + noObject},
		{wrong[base, chan int](), "its output chan int: " + noObject},
		{wrong[base, withChan](), "its output protocol.withChan: field Items: field C: JSON has nothing for a chan int"},
		{wrong[withChan, base](), "its input protocol.withChan: field Items: field C: JSON has nothing for a chan int"},
		{wrong[hidden, base](), "its input protocol.hidden: no field of protocol.hidden is in its JSON: do they begin with a capital letter?"},
		{wrong[embedsP, base](), "its input protocol.embedsP: field hidden: encoding/json cannot set an embedded pointer to an unexported struct: embed it by value"},
		{wrong[embedsDeep, base](), "its input protocol.embedsDeep: field hidden: encoding/json cannot set an embedded pointer to an unexported struct: embed it by value"},
		{wrong[error, base](), "its input error: nothing can be read into the interface error"},
		{wrong[map[float64]int, base](), "its input map[float64]int: JSON has no keys for a map[float64]int"},
		{wrong[badTag, base](), "its input protocol.badTag: validate tags of protocol.badTag: Undefined validation function 'no_such_rule' on field 'A'"},
		{func(r *Registry) { Handle[base, base](r, "get:event:example", 1, nil) }, "the handler is nil"},
	}
	for _, tt := range tests {
		var r Registry
		text := func() (text any) {
			defer func() { text = recover() }()
			tt.handle(&r)
			return nil
		}()
		require.IsType(t, "", text, tt.want)
		require.Contains(t, text, tt.want)
		require.Regexp(t, `^protocol: handler at .*handle_test\.go:\d+: event "get:event:example" version 1: `, text)
		require.Empty(t, r.handlers)
	}
}

func TestHandle_NamesBothPlacesOfADuplicate(t *testing.T) {
	var r Registry
	h := func(_ context.Context, in base) (base, error) { return in, nil }
	_, file, first, _ := runtime.Caller(0)
	Handle(&r, "get:event:example", 1, h)
	defer func() {
		text, _ := recover().(string)
		require.Contains(t, text, fmt.Sprintf("%s:%d: event", file, first+7))
		require.Contains(t, text, fmt.Sprintf("%s:%d", file, first+1))
	}()
	Handle(&r, "get:event:example", 1, h)
}

func TestHandle_NamesTheLineOfAWrongType(t *testing.T) {
	_, file, line, _ := runtime.Caller(0)
	defer func() { require.Contains(t, recover(), fmt.Sprintf("%s:%d: event", file, line+2)) }()
	Handle(new(Registry), "get:event:example", 1, func(context.Context, base) (int, error) { return 0, nil })
}

func TestTyped_RefusesTwoFieldsOfOneName(t *testing.T) {
	number := reflect.TypeFor[int]()
	twins := reflect.StructOf([]reflect.StructField{ // as source, go vet would refuse it
		{Name: "A", Type: number, Tag: `json:"a"`}, {Name: "B", Type: number, Tag: `json:"a"`},
	})
	err := (&typed{in: twins, out: reflect.TypeFor[base]()}).check()
	require.ErrorContains(t, err, `fields A and B both have the JSON name "a"`)
}

func TestHandle_WritesNumbersOfAnAnyAsTheyCame(t *testing.T) {
	var r Registry
	Handle(&r, "get:echo", 1, func(_ context.Context, in map[string]any) (map[string]any, error) {
		in["more"] = []any{in["n"], 7}
		return in, nil
	})
	answer := NewProcessor(&r).Process(t.Context(), []byte(
		`{"name":"get:echo","version":1,"id":"i","flowId":"f","payload":{"n":65484548474984654,"deep":[{"f":1864.4568},1.0,1e400,-0]}}`))
	require.Contains(t, string(answer), `"payload":{"deep":[{"f":1864.4568},1.0,1e400,-0],"more":[65484548474984654,7],"n":65484548474984654}`)
}
