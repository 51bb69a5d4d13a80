package emulator_test

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"

	"github.com/ciokit/cio/emulator"
)

// TestStreamCountsForList tells a page with a list how many messages arrived
// that the list would have, and no others, also after a reset.
func TestStreamCountsForList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, emulator.Config{})
		c.send(`{"type":"track","userId":"u1"}`)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		streams := make(map[string]*bufio.Scanner)
		for _, query := range []string{"", "&since=1", "&since=1&verdict=dropped", "&since=1&q=bought+-u2", "&since=1&verdict=lost"} {
			req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://emulator/_page/stream?w=&after=0"+query, nil)
			if err != nil {
				t.Fatal(err)
			}
			resp, err := c.srv.Transport().RoundTrip(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			streams[query] = bufio.NewScanner(resp.Body)
		}
		next := func(query string) *int {
			for lines := streams[query]; lines.Scan(); {
				if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
					var u struct{ New *int }
					if err := json.Unmarshal([]byte(data), &u); err != nil {
						t.Fatal(err)
					}
					return u.New
				}
			}
			t.Fatal("the stream ended")
			return nil
		}
		check := func(all, dropped, bought int) {
			t.Helper()
			for query, want := range map[string]int{"&since=1": all, "&since=1&verdict=dropped": dropped, "&since=1&q=bought+-u2": bought} {
				if n := next(query); n == nil || *n != want {
					t.Errorf("%s: %s, want %d", query, encode(t, n), want)
				}
			}
			for _, query := range []string{"", "&since=1&verdict=lost"} {
				if n := next(query); n != nil {
					t.Errorf("%s: %d", query, *n)
				}
			}
			synctest.Wait()
		}
		check(0, 0, 0)
		c.send(`{"type":"track","userId":"u1","event":"Bought"},{"type":"track","userId":"u2","event":"Bought"},{"type":"track","userId":"u3"}`)
		check(3, 1, 1)
		c.send(`{"type":"track","userId":"u3"}`)
		check(4, 2, 1)
		if err := c.srv.ResetWorkspace(c.key); err != nil {
			t.Fatal(err)
		}
		check(0, 0, 0)
		c.send(`{"type":"track","userId":"u1","event":"Bought"}`)
		check(1, 0, 1)
	})
}
