package protocol

import "net/http"

// Health answers as the health route of Python's server does when all is well:
// 200 and {"checks":[]}. It says that the program takes requests, and nothing
// of what it depends on.
func Health() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		writeJSON(w, []byte(`{"checks":[]}`))
	})
}
