package envelope_test

import (
	"errors"
	"fmt"

	"github.com/cactuscorp/cactus/internal/envelope"
)

func ExampleScan() {
	body := []byte(`{"id": "evt_441", "type": "order.shipped", "related_object": {"id": "ord_452", "type": "order"}}`)

	var f envelope.Fields
	if err := envelope.Scan(body, &f); err != nil {
		fmt.Println(err)

		return
	}
	fmt.Printf("%s: %s of %s\n", f.ID, f.Type, f.ObjectID)
	fmt.Println("thin:", f.Data == nil)
	// Output:
	// evt_441: order.shipped of ord_452
	// thin: true
}

func ExampleError() {
	var f envelope.Fields
	err := envelope.Scan([]byte(`{"id": 441, "type": "order.shipped"}`), &f)

	var problem *envelope.Error
	if errors.As(err, &problem) {
		fmt.Println(problem.Field, "at byte", problem.Offset)
	}
	fmt.Println(err)
	fmt.Println(envelope.Scan([]byte(`{"id": "evt_441"`), &f))
	// Output:
	// id at byte 7
	// envelope field "id": must be a string, not a number
	// body: unexpected end at byte 16
}

func ExampleEach() {
	err := envelope.Each([]byte(`{"success": true, "attempt_num": 2}`), func(key, value []byte) error {
		_, err := fmt.Printf("%s = %s\n", key, value)

		return err
	})
	fmt.Println(err)
	// Output:
	// success = true
	// attempt_num = 2
	// <nil>
}

func ExampleCheckID() {
	fmt.Println(envelope.CheckID("evt_441"))
	fmt.Println(envelope.CheckID("../keys"))
	// Output:
	// <nil>
	// has a byte that is none of A-Z a-z 0-9 _ . : -
}

func ExampleCheckType() {
	fmt.Println(envelope.CheckType("v2.core.account[configuration.merchant].updated"))
	fmt.Println(envelope.CheckType(".updated"))
	// Output:
	// <nil>
	// must begin with a letter or a digit
}

func ExampleCheckPath() {
	fmt.Println(envelope.CheckPath("/v1/orders/ord_452"))
	fmt.Println(envelope.CheckPath("//evil.example/v1/orders/ord_452"))
	// Output:
	// <nil>
	// must begin with exactly one slash
}
