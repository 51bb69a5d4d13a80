package emulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"time"
)

const (
	// maxStreams bounds the pages that are open at the same time.
	maxStreams = 100
	// streamEvery is the shortest time between two updates of a page:
	// nobody reads faster than that.
	streamEvery = 250 * time.Millisecond
	// streamIdle is how long a stream can be silent. Then it sends a line,
	// so that the server notices a page that was closed.
	streamIdle = 15 * time.Second
)

// update is one event of the stream.
type update struct {
	Stats Stats `json:"stats"`
	// Rows are the messages since the last update, oldest first, at most
	// streamRows. If there were more, each row is for all similar messages.
	Rows []streamRow `json:"rows"`
	// New is how many messages arrived that belong to the list on the page.
	New *int `json:"new,omitempty"`
}

// newMessages counts the messages that arrive for a list on a page.
type newMessages struct {
	query MessagesQuery
	after uint64 // the last one that was counted
	n     int
}

// listed reads which list a page has. It returns nil if the page has none.
func (page *webPage) listed(query url.Values) *newMessages {
	if !query.Has("since") {
		return nil
	}
	_, q, err := parseMessageFilter(query, page.s.Clock().Now)
	if err != nil {
		return nil
	}
	c := &newMessages{query: q}
	_, _ = fmt.Sscan(query.Get("since"), &c.after)
	return c
}

// count returns how many have arrived since the list was made, or nil if the
// page has no list.
func (c *newMessages) count(s *Server, key string) *int {
	if c == nil {
		return nil
	}
	c.query.Key = key
	n, last, err := s.CountNewMessages(c.query, c.after)
	if err == nil && last < c.after { // the workspace was reset
		c.n = 0
		n, last, err = s.CountNewMessages(c.query, 0)
	}
	if err != nil {
		return nil
	}
	c.n, c.after = c.n+n, last
	total := c.n
	return &total
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
	list := page.listed(r.URL.Query())
	for {
		_, key, _ := chosenWorkspace(page.s, handle)
		changed, err := page.s.Changed(key)
		if err != nil {
			return // the workspace is gone, and the browser connects anew
		}
		var u update
		u, after = updateAfter(page.s, handle, key, after)
		u.New = list.count(page.s, key)
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
// the sequence of the newest message.
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
	if last-after > streamRows {
		groups, err := s.MessageGroups(MessageGroupsQuery{Key: key, After: after})
		if err == nil {
			u.Rows = burstRows(handle, groups)
		}
		return u, last
	}
	for _, r := range slices.Backward(newest.Messages) {
		if r.Sequence > after {
			u.Rows = append(u.Rows, newStreamRow(handle, r))
		}
	}
	return u, last
}

// burstGroups is how many rows a burst gets: the newest messages from before it
// stay in sight.
const burstGroups = 8

// burstRows are the rows of a burst: accepted messages, and above them those
// that were not accepted. Small groups beyond burstGroups share one row for
// each verdict.
func burstRows(handle string, groups []MessageGroup) []streamRow {
	slices.SortStableFunc(groups, func(a, b MessageGroup) int {
		return cmp.Or(slices.Index(bySeverity, a.Verdict)-slices.Index(bySeverity, b.Verdict), cmp.Compare(b.Count, a.Count))
	})
	rest := make(map[Verdict]*MessageGroup)
	var rows []streamRow
	for i, g := range groups {
		if i < burstGroups-len(bySeverity) || len(groups) <= burstGroups {
			rows = append(rows, newBurstRow(handle, g))
			continue
		}
		if rest[g.Verdict] == nil {
			rest[g.Verdict] = &MessageGroup{Verdict: g.Verdict}
		}
		all := rest[g.Verdict]
		all.Count += g.Count
		if g.Last > all.Last {
			all.Last, all.ReceivedAt = g.Last, g.ReceivedAt
		}
	}
	for _, verdict := range bySeverity {
		if all := rest[verdict]; all != nil {
			rows = append(rows, newBurstRow(handle, *all))
		}
	}
	slices.SortStableFunc(rows, func(a, b streamRow) int {
		return slices.Index(bySeverity, a.Verdict) - slices.Index(bySeverity, b.Verdict)
	})
	slices.Reverse(rows) // the last one ends at the top
	return rows
}

// newBurstRow is the row of a group, with the link to the list of its messages.
func newBurstRow(handle string, g MessageGroup) streamRow {
	form := messageFilterForm{Verdict: string(g.Verdict), Type: g.Type, Event: g.Event, Rule: g.Rule}
	row := streamRow{Sequence: g.Last, Count: g.Count, At: g.ReceivedAt.Format("15:04:05"), Verdict: g.Verdict, Type: g.Type, Name: g.Event, Why: g.Rule}
	if row.Type == "" && row.Why == "" {
		row.Type = "others"
	}
	row.Link = form.link(handle, "/messages", "before", g.Last+1)
	row.clip()
	return row
}
