package protocoltest_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/cactuscorp/cactus/protocol/protocoltest"
)

func ExampleSend() {
	t := exampleTB{} // in a test, its *testing.T
	request := protocoltest.New(t, "get:greeting", 1, nil)
	answer := protocoltest.Send(t, greeting(), request)
	fmt.Println(answer.Name, protocoltest.Code(t, answer))
	// Output: get:greeting:unauthorized NO_USER
}

// exampleTB stands for a *testing.T, which an example does not have.
type exampleTB struct{ testing.TB }

func (exampleTB) Helper()                           {}
func (exampleTB) Context() context.Context          { return context.Background() }
func (exampleTB) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
