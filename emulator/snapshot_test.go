package emulator_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestSnapshot makes a snapshot over HTTP, changes the workspace, compares, and
// restores.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.send(`{"type":"identify","userId":"u","traits":{"plan":"<b>&","score":1.50,"gone":true}}`,
		`{"type":"group","userId":"u","groupId":"g","traits":{"name":"G"}}`,
		`{"type":"track","anonymousId":"a","event":"Seen","properties":{"x": [1 , 2]}}`,
		`{"type":"track","userId":"s","event":"User Suppressed"}`,
		`{"type":"track","userId":"u"}`)
	snapshot := c.do(http.MethodGet, "/_emulator/snapshot", "").body
	before := c.person("u") + encode(t, c.stats())
	c.send(`{"type":"identify","userId":"u","anonymousId":"a","traits":{"plan":"pro","gone":null}}`,
		`{"type":"identify","userId":"v"}`, `{"type":"track","anonymousId":"x","event":"Object Deleted","properties":{"objectId":"g"}}`)

	a := c.do(http.MethodPost, "/_emulator/diff", `{"from":`+snapshot+`}`)
	want := `{"people":[{"what":"changed","name":"u","attributes":[{"name":"gone","before":true},{"name":"plan","before":"<b>&","after":"pro"}],"events":1,"relationships":-1},` +
		`{"what":"added","name":"v","attributes":[{"name":"id","after":"v"}]}],"objects":[{"what":"removed","name":"g","type":"1","attributes":[{"name":"name","before":"G"}]}],` +
		`"peopleChanged":2,"objectsChanged":1,"messages":{"accepted":3,"dropped":0,"rejected":0}}`
	if a.status != 200 || strings.TrimSpace(a.body) != want {
		t.Errorf("diff %d\n%s\nwant\n%s", a.status, a.body, want)
	}
	if a := c.do(http.MethodPost, "/_emulator/restore", snapshot); a.status != 200 {
		t.Fatalf("restore: %d %s", a.status, a.body)
	}
	if after := c.person("u") + encode(t, c.stats()); after != before {
		t.Errorf("restored\n%s\nwas\n%s", after, before)
	}
	// The restored workspace also has what is kept for later: the anonymous
	// event, and the suppression.
	c.send(`{"type":"identify","userId":"u","anonymousId":"a"}`, `{"type":"identify","userId":"s"}`)
	if got := c.events("u"); got != "Seen" || c.last().Rule != "suppressed" {
		t.Errorf("events %s, then %s", got, c.last().Rule)
	}
}

// TestDamagedSnapshots checks that a damaged snapshot does not change the
// workspace.
func TestDamagedSnapshots(t *testing.T) {
	t.Parallel()
	c := newClient(t, emulator.Config{})
	c.send(`{"type":"identify","userId":"u","traits":{"a":1}}`, `{"type":"group","userId":"u","groupId":"g"}`)
	snapshot := c.do(http.MethodGet, "/_emulator/snapshot", "").body
	before := c.person("u")
	for _, change := range [][2]string{
		{`"version":1`, `"version":2`}, {`"v":"1"`, `"v":"{"`}, {`"o":1`, `"o":7`}, {`"type":"1","id":"g"`, `"type":"1","id":"h"`},
		{`"number":1`, `"number":0`}, {`"sequence":2`, `"sequence":1`}, {`"raw":"{`, `"raw":"[{`}, {snapshot, `null`}, {snapshot, `{}`},
	} {
		damaged := strings.Replace(snapshot, change[0], change[1], 1)
		if damaged == snapshot {
			t.Errorf("%s is not in the snapshot %s", change[0], snapshot)
			continue
		}
		if a := c.do(http.MethodPost, "/_emulator/restore", damaged); a.status != http.StatusBadRequest {
			t.Errorf("%s: %d %s", change[1], a.status, a.body)
		}
		if after := c.person("u"); after != before {
			t.Errorf("%s: the person is now %s", change[1], after)
		}
	}
}

// FuzzRestore restores any bytes. A snapshot that is accepted can be read and
// used.
func FuzzRestore(f *testing.F) {
	c := newClient(f, emulator.Config{})
	c.send(`{"type":"identify","userId":"u","anonymousId":"a","traits":{"email":"a@b.example"}}`, `{"type":"group","userId":"u","groupId":"g"}`,
		`{"type":"track","anonymousId":"b","event":"e","properties":{}}`, `{"type":"track","userId":"s","event":"User Suppressed"}`)
	f.Add([]byte(c.do(http.MethodGet, "/_emulator/snapshot", "").body))
	f.Fuzz(func(t *testing.T, text []byte) {
		var s emulator.Snapshot
		if json.Unmarshal(text, &s) != nil {
			return
		}
		c := newClient(t, emulator.Config{MaxMessages: 10})
		if c.srv.Restore("key", s) != nil {
			return
		}
		c.send(`{"type":"identify","userId":"u","anonymousId":"b"}`, `{"type":"track","userId":"u","event":"User Deleted"}`,
			`{"type":"track","anonymousId":"x","event":"Object Deleted","properties":{"objectId":"g"}}`)
		for _, path := range []string{"/", "/people", "/people/u", "/objects", "/events", "/messages", "/_emulator/people/u", "/_emulator/snapshot"} {
			if a := c.do(http.MethodGet, path, ""); a.status != 200 && a.status != 404 {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
	})
}
