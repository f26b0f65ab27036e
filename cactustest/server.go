package cactustest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"testing"

	"github.com/cactuscorp/cactus"
	"github.com/cactuscorp/cactus/types"
)

// directURL is where the API of a client without a network is said to be.
const directURL = "http://api.cactus.test"

// Client returns a client whose requests go straight to a, without a network.
// Inside a testing/synctest bubble its retries take no time.
func (a *API) Client(opts ...cactus.ClientOption) *types.Client {
	return types.NewClient(a.key, slices.Concat([]cactus.ClientOption{
		cactus.WithBaseURL(directURL),
		cactus.WithHTTPClient(&http.Client{Transport: direct{a}}),
	}, opts)...)
}

// direct is a network of one handler.
type direct struct{ handler http.Handler }

func (d direct) RoundTrip(req *http.Request) (resp *http.Response, err error) {
	if err := req.Context().Err(); err != nil {
		return nil, err
	}
	defer func() {
		if v := recover(); v != nil {
			if v != http.ErrAbortHandler { //nolint:errorlint // net/http compares with ==
				panic(v)
			}
			resp, err = nil, io.ErrUnexpectedEOF
		}
	}()
	w := httptest.NewRecorder()
	d.handler.ServeHTTP(w, req)
	resp = w.Result()
	resp.Request = req
	return resp, nil
}

// Server is an [API] on a port of this machine, which accepts [APIKey]. Make it
// with [NewServer].
type Server struct {
	*API

	URL string // of the form http://127.0.0.1:port

	http *httptest.Server
}

// NewServer starts a Server, which is stopped when the test ends.
func NewServer(tb testing.TB) *Server {
	tb.Helper()
	api := NewAPI(APIKey)
	s := httptest.NewServer(api)
	tb.Cleanup(s.Close)
	return &Server{API: api, URL: s.URL, http: s}
}

// Client returns a client that asks the server over HTTP.
func (s *Server) Client(opts ...cactus.ClientOption) *types.Client {
	return types.NewClient(APIKey, slices.Concat([]cactus.ClientOption{
		cactus.WithBaseURL(s.URL),
		cactus.WithHTTPClient(s.http.Client()),
	}, opts)...)
}
