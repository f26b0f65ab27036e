package main

import (
	"encoding/json"
	"errors"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/cactustest"
	"github.com/cactuscorp/cactus/examples/internal/exampletest"
)

func TestMain(m *testing.M) { exampletest.Main(m, main) }

func TestOwnEvents_GoFromTheGardenToTheHandlers(t *testing.T) {
	require.Equal(t, `garden sends {"id":"evt_1","type":"plant.thirsty","created":"2025-06-01T12:00:00Z",`+
		`"related_object":{"id":"plt_7","type":"plant"},"battery":80}
  Saguaro is thirsty: its soil is at 4% (battery 80%)
garden sends {"id":"evt_2","type":"plant.watered","data":{"plant_id":"plt_7","millilitre":250}}
  plt_7 got 250 ml
garden sends {"id":"evt_3","type":"tank.empty"}
  evt_3: somebody has to fill the tank
`, exampletest.Run(t))
}

// A test of the receiving half alone needs no garden.
func TestOwnEvents_AreRefusedIfTheyAreNotValid(t *testing.T) {
	webhooks := cactus.NewHandler(newRegistry(nil), cactustest.Source())
	for body, want := range map[string]int{
		`{"id":"evt_1","type":"plant.watered","data":{"plant_id":"plt_7","millilitre":1}}`: http.StatusOK,
		`{"id":"evt_1","type":"plant.watered","data":{"plant_id":"plt_7"}}`:                http.StatusUnprocessableEntity,
		`{"id":"evt_1","type":"plant.thirsty","battery":101}`:                              http.StatusUnprocessableEntity,
		`{"id":"evt_1","type":"plant.eaten"}`:                                              http.StatusOK, // of no interest
	} {
		require.Equal(t, want, cactustest.Deliver(t, webhooks, []byte(body)).Status, body)
	}
}

func TestPlantThirsty_HasItsBatteryThinAndFull(t *testing.T) {
	e := cactustest.Event[PlantThirstyPushed](t, PlantThirstyData{Moisture: 0.5}, errors.New("the API is down"),
		func(env *cactus.Envelope) { env.Raw = json.RawMessage(`{"battery": 7}`) })
	require.Equal(t, 7, e.Battery)
	full, err := e.Pull(t.Context())
	require.NoError(t, err)
	require.Equal(t, 7, full.Battery)
	_, err = e.FetchRelatedObject(t.Context())
	require.ErrorContains(t, err, "the API is down")
}
