package emulator_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestConcurrently writes from 32 goroutines and reads from 32 others, and
// counts what arrived.
func TestConcurrently(t *testing.T) {
	t.Parallel()
	const writers, calls = 32, 40
	srv := emulator.New(emulator.Config{Keys: []string{"a", "b"}, DedupWindow: 1 << 40})
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		writing.Go(func() {
			c := &client{t: t, srv: srv, key: []string{"a", "b"}[w%2], header: http.Header{}}
			for i := range calls {
				body := fmt.Sprintf(`{"batch":[{"type":"identify","userId":"u%d","anonymousId":"x%d-%d","traits":{"n":%d}},`+
					`{"type":"track","messageId":"%d-%d","userId":"u%d","event":"e%d"},{"type":"group","userId":"u%d","groupId":"g%d"},{"type":"track","userId":"u"}]}`,
					i%7, w, i, i, w, i, i%7, i%3, i%7, i%2)
				if a := c.do(http.MethodPost, "/v1/batch", body); a.status != http.StatusOK {
					t.Errorf("status %d", a.status)
				}
			}
		})
	}
	paths := []string{"/", "/people?q=u1", "/people/u1", "/events", "/objects/1/g1", "/messages?show=not+accepted", "/requests/5", "/messages?q=u1&person=u1", "/messages/5?verdict=accepted", "/messages/export?type=track", "/_emulator/people/u1?key=a",
		"/_emulator/why/u1?key=b", "/_emulator/shapes?key=a", "/_emulator/snapshot?key=a", "/_emulator/workspaces", "/_emulator/faults"}
	for r := range 32 {
		reading.Go(func() {
			c := &client{t: t, srv: srv, header: http.Header{}}
			for i := r; ; i++ {
				select {
				case <-done:
					return
				default:
				}
				a := c.do(http.MethodGet, paths[i%len(paths)], "")
				switch a.status {
				case http.StatusOK, http.StatusNotFound, http.StatusFound, http.StatusMultipleChoices: // an address without a workspace leads to the workspace that has it, or asks which one is meant
				default:
					t.Errorf("%s: %d %s", paths[i%len(paths)], a.status, a.body)
					return
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	for _, key := range srv.Keys() {
		stats, err := srv.Stats(key)
		if err != nil || stats.Requests != writers/2*calls || stats.Events != writers/2*calls || stats.People != 7 || stats.Objects != 2 ||
			stats.Messages != (emulator.MessageCounts{Accepted: 3 * writers / 2 * calls, Dropped: writers / 2 * calls}) {
			t.Errorf("%s: %+v, %v", key, stats, err)
		}
	}
}
