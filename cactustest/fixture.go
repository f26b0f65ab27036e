package cactustest

import "github.com/cactuscorp/cactus"

// fixture is one of Cactus Corp's five events.
type fixture struct {
	thin, full string
}

// fixtures are in the order in which they are delivered. The JSON is the
// company's own, down to the spaces; a pulled order.lost has no related_object,
// a pushed one has null.
var fixtures = [...]fixture{
	{
		`{"id": "evt_441", "type": "order.shipped", "related_object": {"id": "ord_452", "type": "order"}}`,
		`{"id": "evt_441", "type": "order.shipped", "related_object": {"id": "ord_452", "type": "order"}, ` +
			`"data": {"shipping_service": "usps"}}`,
	},
	{
		`{"id": "evt_631", "type": "order.delivery_attempted", "related_object": {"id": "ord_452", "type": "order"}}`,
		`{"id": "evt_631", "type": "order.delivery_attempted", "related_object": {"id": "ord_452", "type": "order"}, ` +
			`"data": {"success": true, "attempt_num": 2, "delivery_location": "front porch"}}`,
	},
	{
		`{"id": "evt_849", "type": "order.lost", "related_object": null}`,
		`{"id": "evt_849", "type": "order.lost", "data": {"last_seen_city": "Boulder"}}`,
	},
	{
		`{"id": "evt_509", "type": "movie.started", "related_object": {"id": "mov_261", "type": "movie"}}`,
		`{"id": "evt_509", "type": "movie.started", "related_object": {"id": "mov_261", "type": "movie"}, ` +
			`"data": {"date": "2025-06-01"}}`,
	},
	{
		`{"id": "evt_606", "type": "movie.completed", "related_object": {"id": "mov_261", "type": "movie"}}`,
		`{"id": "evt_606", "type": "movie.completed", "related_object": {"id": "mov_261", "type": "movie"}, ` +
			`"data": {"user": "usr_223", "rating": 4}}`,
	},
}

// objectFixtures are the objects that the five events are about.
var objectFixtures = map[cactus.ObjectRef]string{
	{ID: "ord_452", Type: "order"}: `{"id": "ord_452", "created": "2025-05-09", "num_items": 5, "cost_cents": 300, ` +
		`"delivery_date": "2025-06-09"}`,
	{ID: "mov_261", Type: "movie"}: `{"id": "mov_261", "title": "Kung Fu Panda", "release_year": 2008}`,
}

// ThinBodies returns Cactus Corp's five events as it pushes them, in the order
// of delivery: order.shipped, order.delivery_attempted, order.lost,
// movie.started and movie.completed. An [API] has their data and objects.
func ThinBodies() [][]byte {
	bodies := make([][]byte, len(fixtures))
	for i, f := range fixtures {
		bodies[i] = []byte(f.thin)
	}
	return bodies
}

// FullBodies returns the events of [ThinBodies] with their data, as the API
// answers them.
func FullBodies() [][]byte {
	bodies := make([][]byte, len(fixtures))
	for i, f := range fixtures {
		bodies[i] = []byte(f.full)
	}
	return bodies
}
