package source

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/parquet-go/parquet-go"
)

type changedRow struct {
	ID   string `parquet:"id"`
	Note string `parquet:"note"`
}

func parquetOf(t *testing.T, ids ...string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := parquet.NewGenericWriter[changedRow](&out, parquet.Compression(&parquet.Uncompressed))
	for _, id := range ids {
		if _, err := w.Write([]changedRow{{id, "n"}}); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func zipped(t *testing.T, text string) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	io.WriteString(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// A file that differs from what was read is noticed, whatever was done to it. A file that was only touched does not count as changed.
func TestChanged(t *testing.T) {
	t.Parallel()
	const text = "id,note\na,1\nb,2\nc,3\n"
	big := "id,note\n" + strings.Repeat("a,1\n", 200_000)
	changes := map[string]struct {
		do      func(t *testing.T, name string, data []byte)
		changed bool
	}{
		"nothing": {func(*testing.T, string, []byte) {}, false},
		"touched": {func(t *testing.T, name string, _ []byte) {
			if err := os.Chtimes(name, time.Now(), time.Now().Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
		}, false},
		"written again as it was": {func(t *testing.T, name string, data []byte) { put(t, name, data) }, false},
		"replaced by the same": {func(t *testing.T, name string, data []byte) {
			put(t, name+".new", data)
			if err := os.Rename(name+".new", name); err != nil {
				t.Fatal(err)
			}
		}, false},
		"longer":  {func(t *testing.T, name string, data []byte) { put(t, name, append(bytes.Clone(data), "d,4\n"...)) }, true},
		"shorter": {func(t *testing.T, name string, data []byte) { put(t, name, data[:len(data)-4]) }, true},
		"gone": {func(t *testing.T, name string, _ []byte) {
			if err := os.Remove(name); err != nil {
				t.Fatal(err)
			}
		}, true},
		"another of the same length and time": {func(t *testing.T, name string, data []byte) {
			info, err := os.Stat(name)
			if err != nil {
				t.Fatal(err)
			}
			put(t, name, bytes.Replace(bytes.ReplaceAll(data, []byte("alpha"), []byte("omega")), []byte("a,1"), []byte("z,1"), 1))
			if err := os.Chtimes(name, info.ModTime(), info.ModTime()); err != nil {
				t.Fatal(err)
			}
		}, true},
	}
	for kind, data := range map[string][]byte{"csv": []byte(text), "big.csv": []byte(big), "csv.gz": zipped(t, text), "parquet": parquetOf(t, "alpha", "b", "c")} {
		for what, change := range changes {
			for _, several := range []bool{false, true} {
				t.Run(fmt.Sprint(kind, " ", what, " ", several), func(t *testing.T) {
					if what == "another of the same length and time" && kind == "csv.gz" {
						t.Skip("it would be damaged")
					}
					if runtime.GOOS == "windows" && !several && (what == "gone" || what == "replaced by the same") {
						t.Skip("Windows lets nobody remove or replace a file that is being read")
					}
					if what == "another of the same length and time" && stateTime(mustStat(t, ".")) == [2]int64{} {
						t.Skip("the system does not tell")
					}
					name := filepath.Join(t.TempDir(), "in."+kind)
					put(t, name, data)
					names := []string{name}
					if several {
						names = append(names, filepath.Join(filepath.Dir(name), "z."+kind))
						put(t, names[1], data)
					}
					src, err := OpenFiles(names, Config{})
					if err != nil {
						t.Fatal(err)
					}
					defer src.Close()
					readOut(t, src)
					if info := src.Info(); !info.Whole || info.Content == "" {
						t.Errorf("%+v", info)
					}
					for range 2 {
						change.do(t, name, data)
						why, err := src.Changed(t.Context())
						if err != nil || (why != "") != change.changed || why != "" && !strings.Contains(why, name) {
							t.Errorf("%v: %q", err, why)
						}
						if _, sizes, ok := strings.Cut(why, "it had "); ok {
							var before, after int64
							if _, err := fmt.Sscanf(sizes, "%d bytes when it was opened, and has %d now", &before, &after); err != nil || before == after {
								t.Errorf("%v: %q names no reason", err, why)
							}
						}
						if change.changed {
							break
						}
					}
				})
			}
		}
	}
}

// A file that is truncated while it is read is noticed, although the part that was read is still there.
func TestCutWhileItIsRead(t *testing.T) {
	t.Parallel()
	data := []byte("id,note\n" + strings.Repeat("a,1\n", 1<<20))
	name := filepath.Join(t.TempDir(), "in.csv")
	put(t, name, data)
	src, err := Open(name, Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if _, err := src.Columns(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(name, int64(len(data)-4)); err != nil { // beyond what is read ahead
		t.Fatal(err)
	}
	readOut(t, src)
	if why, err := src.Changed(t.Context()); why == "" || err != nil {
		t.Errorf("%v: %q", err, why)
	}
}

// The content of equal inputs has the same name, and of different inputs a different one.
func TestContent(t *testing.T) {
	t.Parallel()
	content := func(data []byte, kind string, several bool) string {
		name := filepath.Join(t.TempDir(), "in."+kind)
		put(t, name, data)
		names := []string{name}
		if several {
			names = append(names, filepath.Join(t.TempDir(), "in."+kind))
			put(t, names[1], data)
		}
		src, err := OpenFiles(names, Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		readOut(t, src)
		return src.Info().Content
	}
	a, b := []byte("id\na\n"), []byte("id\nb\n")
	for _, several := range []bool{false, true} {
		once, again, other := content(a, "csv", several), content(a, "csv", several), content(b, "csv", several)
		if once != again || once == other {
			t.Error("of text")
		}
		once, again, other = content(parquetOf(t, "a"), "parquet", several), content(parquetOf(t, "a"), "parquet", several), content(parquetOf(t, "b"), "parquet", several)
		if once != again || once == other {
			t.Error("of Parquet")
		}
	}
	pipe, err := New(strings.NewReader("id\na\n"), Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer pipe.Close()
	if pipe.Info().Whole {
		t.Error("a pipe counts as complete")
	}
}

func put(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

func mustStat(t *testing.T, name string) os.FileInfo {
	t.Helper()
	info, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// readOut reads all rows.
func readOut(t *testing.T, src Source) {
	t.Helper()
	if _, err := src.Columns(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := src.Select([]string{"id"}); err != nil {
		t.Fatal(err)
	}
	var b Batch
	for {
		if err := src.Next(t.Context(), &b); err == io.EOF {
			return
		} else if err != nil {
			t.Fatal(err)
		}
	}
}
