package load

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
	"github.com/ciokit/cio/kit/source/sqldb"
)

// mostMemory returns the most memory that the process has had since the last call, of all allocators: that of SQLite is not Go's.
func mostMemory(t *testing.T) int64 {
	t.Helper()
	if runtime.GOOS != "linux" {
		t.Skip("the memory of a process is looked up as Linux has it")
	}
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Skip(err)
	}
	_, text, _ := strings.Cut(string(status), "VmHWM:")
	text, _, _ = strings.Cut(text, "kB")
	kb, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	debug.FreeOSMemory()
	if err := os.WriteFile("/proc/self/clear_refs", []byte("5"), 0); err != nil {
		t.Skip("the highest memory of a process cannot be set back here: ", err)
	}
	return kb << 10
}

// The memory of a load does not grow with the values of its rows, mapped or not.
func TestMemoryOfWideRows(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("memory is not measured in short tests and under the race detector")
	}
	rows, size := 4, 20_000_000
	if deep() {
		rows = 40
	}
	table := &queryTable{t: t, dir: t.TempDir()}
	table.execute("CREATE TABLE people (id INTEGER PRIMARY KEY, doc TEXT)", fmt.Sprintf("WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n+1 FROM c WHERE n < %d) INSERT INTO people SELECT n, printf('%%.*c', %d, 'x') FROM c", rows, size))
	ofQuery := func(order ...string) func() (source.Source, error) {
		return func() (source.Source, error) {
			return sqldb.Open(t.Context(), "sqlite:"+filepath.Join(table.dir, "people.db"), sqldb.Query{SQL: "SELECT * FROM people", OrderBy: order})
		}
	}
	ofText := func(cfg source.Config, head, before, after string) func() (source.Source, error) {
		return func() (source.Source, error) {
			parts := []io.Reader{strings.NewReader(head)}
			for i := range rows {
				parts = append(parts, strings.NewReader(fmt.Sprintf(before, i+1)), io.LimitReader(letters{}, int64(size)), strings.NewReader(after))
			}
			return source.New(io.MultiReader(parts...), cfg)
		}
	}
	const mapsID, mapsAll = "messages:\n  - identify: {userId: $id, traits: {a: 1}}\n", "messages:\n  - identify: {userId: $id, traits: {doc: $doc}}\n"
	for _, tt := range []struct {
		name, mapping string
		open          func() (source.Source, error)
		rejected      bool
		most          int64
	}{
		{"a query, not read", mapsID, ofQuery(), false, 24 << 20},
		{"a query in an order, not read", mapsID, ofQuery("id"), false, 24 << 20},
		{"a query, read", mapsAll, ofQuery(), true, 140 << 20},
		{"a query in an order, read", mapsAll, ofQuery("id"), true, 140 << 20},
		{"CSV", mapsAll, ofText(source.Config{Format: source.FormatCSV}, "id,doc\n", "%d,", "\n"), true, 40 << 20},
		{"CSV in quotes", mapsAll, ofText(source.Config{Format: source.FormatCSV}, "id,doc\n", `%d,"`, "\"\n"), true, 40 << 20},
		{"JSON Lines", mapsAll, ofText(source.Config{Format: source.FormatJSONLines}, "", `{"id":%d,"doc":"`, "\"}\n"), true, 40 << 20},
	} {
		t.Run(tt.name, func(t *testing.T) {
			mostMemory(t)
			before := mostMemory(t)
			src, err := tt.open()
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			rejects := filepath.Join(t.TempDir(), "rejects.jsonl")
			s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, tt.mapping), Client: sinkClient(t), RejectsFile: rejects})
			if err != nil {
				t.Fatal(err)
			}
			took := mostMemory(t) - before
			t.Logf("%d MiB more than before", took>>20)
			if tt.rejected && s.RowsRejected != int64(rows) || !tt.rejected && s.Accepted != int64(rows) {
				t.Errorf("%s", counts(s))
			}
			if took > tt.most {
				t.Errorf("%d MiB of memory for rows of %d MB, want at most %d", took>>20, size/1_000_000, tt.most>>20)
			}
		})
	}
}

// letters is an endless text.
type letters struct{}

func (letters) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	return len(p), nil
}
