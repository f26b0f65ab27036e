package cactustest

import (
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

const eventsPath = "/v1/events"

// Page sizes of the list of events.
const (
	defaultPage = 20
	maxPage     = 100
)

// answer is what an API says to one request.
type answer struct {
	status int // 0: close the connection
	header http.Header
	body   []byte
}

func found(body []byte) answer { return answer{status: http.StatusOK, body: body} }

func failed(status int, code, message string) answer {
	var content struct {
		Error struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	content.Error.Code, content.Error.Message = code, message
	body, err := json.Marshal(content)
	if err != nil {
		panic("cactustest: " + err.Error()) // strings can always be marshalled
	}
	return answer{status: status, body: body}
}

// notFound names what was asked for, as far as the path says it.
func notFound(path string) answer {
	message := "there is nothing at this path"
	kind, id, ok := strings.Cut(strings.TrimPrefix(path, "/v1/"), "/")
	if ok && strings.HasPrefix(path, "/v1/") && !strings.Contains(id, "/") {
		message = strings.TrimSuffix(kind, "s") + " " + id + " not found"
	}
	return failed(http.StatusNotFound, "not_found", message)
}

func (a answer) write(w http.ResponseWriter) {
	if a.status == 0 {
		panic(http.ErrAbortHandler) // net/http closes the connection and logs nothing
	}
	maps.Copy(w.Header(), a.header)
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body)
}

// list answers a page of events. The caller holds the lock.
func (a *API) list(q url.Values) answer {
	limit, err := pageSize(q.Get("limit"))
	if err != nil {
		return badQuery("limit must be a number from 1 to " + strconv.Itoa(maxPage))
	}
	var since time.Time
	if text := q.Get("since"); text != "" {
		if since, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return badQuery("since must be a time as RFC 3339 writes it")
		}
	}
	start := 0
	if after := q.Get("after"); after != "" {
		if start = a.indexOf(after) + 1; start == 0 {
			return badQuery("after must be the id of an event")
		}
	}
	page := struct {
		Data []json.RawMessage `json:"data"`
		Next string            `json:"next"`
	}{Data: []json.RawMessage{}}
	last := ""
	for _, e := range a.events[start:] {
		if !e.matches(q.Get("type"), since) {
			continue
		}
		if len(page.Data) == limit {
			page.Next = last
			break
		}
		page.Data, last = append(page.Data, e.body), e.id
	}
	body, err := json.Marshal(page)
	if err != nil {
		return failed(http.StatusInternalServerError, "internal", err.Error())
	}
	return found(body)
}

func badQuery(message string) answer {
	return failed(http.StatusBadRequest, "invalid_request", message)
}

func pageSize(text string) (int, error) {
	if text == "" {
		return defaultPage, nil
	}
	n, err := strconv.Atoi(text)
	if err == nil && (n < 1 || n > maxPage) {
		err = strconv.ErrRange
	}
	return n, err
}

// matches reports whether a list for these parameters has the event. Empty and
// zero ask for any.
func (e *storedEvent) matches(eventType string, since time.Time) bool {
	if eventType != "" && e.eventType != eventType {
		return false
	}
	return since.IsZero() || !e.created.Before(since)
}
