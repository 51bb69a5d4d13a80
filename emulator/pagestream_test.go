package emulator_test

import (
	"testing"
	"testing/synctest"

	"github.com/ciokit/cio/emulator"
)

// TestStreamCountsForList checks that a page with a list learns how many new
// messages belong to the list, also after a reset.
func TestStreamCountsForList(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := newClient(t, emulator.Config{})
		c.send(`{"type":"track","userId":"u1"}`)
		streams := make(map[string]func(any))
		for _, query := range []string{"", "&since=1", "&since=1&verdict=dropped", "&since=1&q=bought+-u2", "&since=1&verdict=lost"} {
			streams[query] = c.stream(query)
		}
		next := func(query string) *int {
			var u struct{ New *int }
			streams[query](&u)
			return u.New
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
