package mapping

import (
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// These are ids of files that were loaded already. After a change Customer.io would accept the same rows twice.
func TestMessageIDsNeverChange(t *testing.T) {
	t.Parallel()
	const in = "id,n\r\n1,a\r\n2,\r\n1,a\r\n"
	tests := []struct{ name, yaml, want string }{
		{"a key", "messages:\n  - track: {userId: $id, event: E, messageId: [$id, $n]}\n", "f37060353b923885ef6c784e8261d2a9 f1e243282b0fc0b05dd335c4fd06a996 f37060353b923885ef6c784e8261d2a9"},
		{"a key in the second message", "messages:\n  - identify: {userId: $id, messageId: [$id]}\n  - track: {userId: $id, event: E, messageId: [$id]}\n", "8ac51323d35804f358bb13c6fb7a66cb a07d7ab1088d5bcd9b3a72b90fb13e71 7a2859d3f227cd6d0eec15e5e4700b70 9c99a546f4c254c969e7c956899e6991 " +
			"8ac51323d35804f358bb13c6fb7a66cb a07d7ab1088d5bcd9b3a72b90fb13e71"},
		{"the row", "messages:\n  - track: {userId: $id, event: E}\n  - track: {userId: $id, event: E}\n", "b403f749c5e90bc768b47c746c2b8984 d904c612b436f4851a5f2eb9f44b5383 43e6f18633c14b89b2e69ff890303f69 4ce72af399b18a0dd0040a7a06525a10 " +
			"aabc9596bcf239936aa67a6a94063f16 b69459c58f16c8997ae0b271a6439dd2"},
		{"as it is", "messages:\n  - track: {userId: $id, event: E, messageId: =id + \"x\"}\n", "1x 2x 1x"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(ids(t, in, tt.yaml), " "); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}

// ids returns the message ids of rows.
func ids(t *testing.T, in, yaml string) []string {
	t.Helper()
	made, _, _ := mapRows(t, mustMapping(t, yaml), mustSource(t, in, source.Config{}))
	var list []string
	for _, m := range made {
		_, rest, _ := strings.Cut(m, `"messageId":"`)
		id, _, _ := strings.Cut(rest, `"`)
		list = append(list, id)
	}
	return list
}

// Without a messageId, the id of a row depends on the rows before it and on its bytes, but not on line ends and the rest of the file.
func TestRowIDs(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - page: {userId: $id}\n"
	first := ids(t, "id\n1\n1\n", yaml)
	if first[0] == first[1] {
		t.Error("equal rows have the same id")
	}
	if again := ids(t, "id\r\n\r\n1\r\n1\r\n2\r\n", yaml); again[0] != first[0] || again[1] != first[1] {
		t.Error("line ends change the ids")
	}
	if other := ids(t, "id\n2\n1\n", yaml); other[0] == first[0] || other[1] != first[1] {
		t.Error("the id is not that of the row's bytes and place")
	}
	// With a key, the place in the file does not matter. An empty value cannot be confused with another, and neither can the border between two
	// values.
	const keyed = "messages:\n  - page: {userId: u, messageId: [$a, $b]}\n"
	list := ids(t, "a,b\n1,\n,1\n11,\n1,1\n12,3\n1,23\n1,\n", keyed)
	seen := make(map[string]int)
	for i, id := range list {
		if before, ok := seen[id]; ok && !(before == 0 && i == 6) {
			t.Errorf("rows %d and %d have the same id", before, i)
		}
		seen[id] = i
	}
	if list[0] != list[6] {
		t.Error("the same key gives another id further down")
	}
}
