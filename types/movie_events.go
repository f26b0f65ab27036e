package types

import (
	"context"

	"github.com/cactuscorp/cactus"
)

// MovieStarted says that somebody began to watch a movie.
type MovieStarted struct {
	cactus.Full[MovieStartedData]
	cactus.Related[Movie]
}

// MovieStartedData is the data of a [MovieStarted].
type MovieStartedData struct {
	Date Date `json:"date"`
}

// EventType names the event on the wire.
func (MovieStarted) EventType() string { return "movie.started" }

// FetchRelatedObject returns the movie, see [cactus.Related].
func (e *MovieStarted) FetchRelatedObject(ctx context.Context) (*Movie, error) {
	return e.Related.FetchRelatedObject(ctx)
}

// MovieStartedPushed is the thin form of [MovieStarted].
type MovieStartedPushed struct {
	cactus.Pushed[MovieStarted]
	cactus.Related[Movie]
}

// Pull returns the full event, see [cactus.Pushed].
func (e *MovieStartedPushed) Pull(ctx context.Context) (*MovieStarted, error) {
	return e.Pushed.Pull(ctx)
}

// FetchRelatedObject returns the movie, see [cactus.Related].
func (e *MovieStartedPushed) FetchRelatedObject(ctx context.Context) (*Movie, error) {
	return e.Related.FetchRelatedObject(ctx)
}

// MovieCompleted says that somebody saw a movie to its end.
type MovieCompleted struct {
	cactus.Full[MovieCompletedData]
	cactus.Related[Movie]
}

// MovieCompletedData is the data of a [MovieCompleted].
type MovieCompletedData struct {
	User   string `json:"user" validate:"required"` // the id of who watched
	Rating int    `json:"rating"`                   // in stars
}

// EventType names the event on the wire.
func (MovieCompleted) EventType() string { return "movie.completed" }

// FetchRelatedObject returns the movie, see [cactus.Related].
func (e *MovieCompleted) FetchRelatedObject(ctx context.Context) (*Movie, error) {
	return e.Related.FetchRelatedObject(ctx)
}

// MovieCompletedPushed is the thin form of [MovieCompleted].
type MovieCompletedPushed struct {
	cactus.Pushed[MovieCompleted]
	cactus.Related[Movie]
}

// Pull returns the full event, see [cactus.Pushed].
func (e *MovieCompletedPushed) Pull(ctx context.Context) (*MovieCompleted, error) {
	return e.Pushed.Pull(ctx)
}

// FetchRelatedObject returns the movie, see [cactus.Related].
func (e *MovieCompletedPushed) FetchRelatedObject(ctx context.Context) (*Movie, error) {
	return e.Related.FetchRelatedObject(ctx)
}
