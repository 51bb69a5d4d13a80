package emulator

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"time"
)

const (
	// maxStreams bounds the pages that are open at the same time.
	maxStreams = 100
	// streamEvery is the least time between two updates of a page: faster
	// than that nobody reads.
	streamEvery = 250 * time.Millisecond
	// streamIdle is after how long a stream without news says so, so that a
	// page that went away is noticed.
	streamIdle = 15 * time.Second
)

// update is one event of the stream.
type update struct {
	Stats Stats `json:"stats"`
	// Rows are the newest messages, oldest first, at most streamRows.
	Rows []streamRow `json:"rows"`
	// Skipped counts the messages since the last update that are not in
	// Rows.
	Skipped uint64 `json:"skipped"`
}

// serveStream sends the page's live updates as server-sent events.
func (page *webPage) serveStream(w http.ResponseWriter, r *http.Request) {
	if r.Method != http.MethodGet {
		w.Header().Set("Allow", http.MethodGet)
		writeErrors(w, http.StatusMethodNotAllowed, "use GET")
		return
	}
	if page.streams.Add(1) > maxStreams {
		page.streams.Add(-1)
		writeErrors(w, http.StatusServiceUnavailable, "too many pages are open")
		return
	}
	defer page.streams.Add(-1)
	w.Header().Set("Content-Type", "text/event-stream")
	w.WriteHeader(http.StatusOK)
	flush := http.NewResponseController(w)

	handle := r.URL.Query().Get("w")
	var after uint64
	_, _ = fmt.Sscan(r.URL.Query().Get("after"), &after)
	for {
		_, key, _ := chosenWorkspace(page.s, handle)
		changed, err := page.s.Changed(key)
		if err != nil {
			return // the workspace is gone, and the browser connects anew
		}
		var u update
		u, after = updateAfter(page.s, handle, key, after)
		text, err := json.Marshal(u)
		if err != nil {
			return
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", text); err != nil {
			return
		}
		if flush.Flush() != nil || !wait(r.Context(), streamEvery) {
			return
		}
		for waiting := true; waiting; {
			idle := time.NewTimer(streamIdle)
			select {
			case <-changed:
				waiting = false
			case <-idle.C:
				if _, err := fmt.Fprint(w, ": still here\n\n"); err != nil || flush.Flush() != nil {
					idle.Stop()
					return
				}
			case <-r.Context().Done():
				idle.Stop()
				return
			}
			idle.Stop()
		}
	}
}

// updateAfter returns what happened after the message with the sequence, and
// the sequence of the newest.
func updateAfter(s *Server, handle, key string, after uint64) (update, uint64) {
	u := update{Rows: []streamRow{}}
	stats, err := s.Stats(key)
	if err != nil {
		return u, 0
	}
	u.Stats = stats
	newest, err := s.Messages(MessagesQuery{Key: key, Limit: streamRows})
	if err != nil || len(newest.Messages) == 0 {
		return u, 0
	}
	last := newest.Messages[0].Sequence
	if after > last {
		after = 0 // the workspace was reset since
	}
	for _, r := range slices.Backward(newest.Messages) {
		if r.Sequence > after {
			u.Rows = append(u.Rows, newStreamRow(handle, r))
		}
	}
	u.Skipped = last - after - uint64(len(u.Rows))
	return u, last
}
