package subject

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"sync"
	"testing"

	"github.com/ciokit/cio/bench/internal/workload"
)

// All clients send the same events. Only the ids, the times and the client's own additions differ.
func TestSubjectsSendTheSame(t *testing.T) {
	const n = 1100
	for _, shape := range []workload.Shape{workload.ShapeSmall, workload.ShapeLarge} {
		want := canonical(t, shape)
		for _, name := range Names() {
			t.Run(string(shape)+"/"+name, func(t *testing.T) {
				t.Parallel()
				got := deliver(t, name, Config{Shape: shape}, n)
				if len(got) != n {
					t.Fatalf("%d events arrived", len(got))
				}
				seen := map[string]int{}
				for _, e := range got {
					user, properties := e.person(), e.properties(t)
					if e.Event != workload.EventName || properties["order_id"] != user {
						t.Fatalf("%+v", e)
					}
					seen[user]++
					if have, _ := json.Marshal(properties); string(have) != want[user] {
						t.Fatalf("got %s, want %s", have, want[user])
					}
				}
				if len(seen) != workload.Orders {
					t.Errorf("%d people", len(seen))
				}
			})
		}
	}
}

// The ceilings write the same bytes as our client, except for the id and the time.
func TestCeilingsWriteOurBytes(t *testing.T) {
	masked := regexp.MustCompile(`"messageId":"[0-9a-f]{32}","timestamp":"[-0-9T:.]+Z"`)
	for _, shape := range []workload.Shape{workload.ShapeSmall, workload.ShapeLarge} {
		for _, kind := range []string{"typed", "map"} {
			messages := map[string]map[string]string{}
			for _, name := range []string{"ours-", "ceiling-", "tuned-"} {
				byUser := map[string]string{}
				for _, e := range deliver(t, name+kind, Config{Shape: shape}, workload.Orders) {
					byUser[e.person()] = masked.ReplaceAllString(string(e.raw), "")
				}
				messages[name] = byUser
			}
			for user, want := range messages["ours-"] {
				for _, name := range []string{"ceiling-", "tuned-"} {
					if got := messages[name][user]; got != want {
						t.Fatalf("%s %s%s:\n%s\nours:\n%s", shape, name, kind, got, want)
					}
				}
			}
		}
	}
}

func TestUnknownSubject(t *testing.T) {
	if _, err := New("nobody", Config{}); err == nil {
		t.Error("a client that does not exist was made")
	}
}

// canonical returns the event of every person, as encoding/json writes its map.
func canonical(t *testing.T, shape workload.Shape) map[string]string {
	t.Helper()
	byUser := map[string]string{}
	for _, o := range workload.Make(shape) {
		b, err := json.Marshal(o.Map)
		if err != nil {
			t.Fatal(err)
		}
		byUser[o.UserID] = string(b)
	}
	return byUser
}

type message struct {
	Event      string          `json:"event"`
	UserID     string          `json:"userId"`
	DistinctID string          `json:"distinct_id"`
	Properties json.RawMessage `json:"properties"`
	raw        json.RawMessage
}

func (m message) person() string { return m.UserID + m.DistinctID }

// properties returns the properties of the event, without what posthog adds.
func (m message) properties(t *testing.T) map[string]any {
	t.Helper()
	var p map[string]any
	if err := json.Unmarshal(m.Properties, &p); err != nil {
		t.Fatal(err)
	}
	delete(p, "$lib")
	delete(p, "$lib_version")
	return p
}

// deliver sends n events and returns what the server received.
func deliver(t *testing.T, name string, c Config, n int) []message {
	t.Helper()
	var mu sync.Mutex
	var got []message
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var body struct {
			Batch []json.RawMessage `json:"batch"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil {
			t.Error(err)
		}
		for _, raw := range body.Batch {
			m := message{raw: raw}
			if err := json.Unmarshal(raw, &m); err != nil {
				t.Error(err)
			}
			mu.Lock()
			got = append(got, m)
			mu.Unlock()
		}
		io.WriteString(w, "{}")
	}))
	defer srv.Close()
	c.URL = srv.URL
	s, err := New(name, c)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		if err := s.Put(i); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	return got
}
