package types

// Movie is what movie events are about.
type Movie struct {
	ID          string `json:"id" validate:"required"`
	Title       string `json:"title"`
	ReleaseYear int    `json:"release_year"`
}

// ObjectType is the movie's type on the wire.
func (Movie) ObjectType() string { return "movie" }
