package outbox

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ciokit/cio"
)

// logOf returns a database and its log, with that many commits in the log.
func logOf(t testing.TB, commits int) (db, wal []byte) {
	t.Helper()
	dir := t.TempDir()
	d, err := OpenDisk(DiskConfig{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	for n := range commits {
		var some []cio.Encoded
		for i := range 1 + n%3*20 { // of one page, and of several
			some = append(some, testMessage(t, 100*n+i))
		}
		if err := d.Append(t.Context(), some); err != nil {
			t.Fatal(err)
		}
	}
	for name, to := range map[string]*[]byte{databaseName: &db, databaseName + "-wal": &wal} {
		if *to, err = os.ReadFile(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	return db, wal
}

func testMessage(t testing.TB, n int) cio.Encoded {
	t.Helper()
	e, err := cio.Encode(cio.Track{UserID: "u", Event: cio.Named("Thing Done", map[string]any{"n": n}), MessageID: fmt.Sprintf("m%d", n)})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// TestWalkFindsWhatSQLiteFinds changes a log in many ways, and compares the walk with SQLite, which says how many frames it used.
func TestWalkFindsWhatSQLiteFinds(t *testing.T) {
	t.Parallel()
	db, wal := logOf(t, 12)
	whole, err := walkWAL(bytes.NewReader(wal), int64(len(wal)), nil)
	if err != nil || whole.damaged() || whole.whole < 24 || whole.cut != 0 || whole.pageSize != databasePageSize {
		t.Fatalf("%+v, %v", whole, err)
	}
	size := frameHeader + databasePageSize
	tries := 25
	if os.Getenv("CIOKIT_DEEP") != "" {
		tries = 200
	}
	for i := range tries {
		r := rand.New(rand.NewPCG(uint64(i), 7))
		b := bytes.Clone(wal)
		at := r.IntN(len(b))
		if r.IntN(2) == 0 {
			at = min(len(b)-1, walHeaderSize+r.IntN(whole.whole)*size+r.IntN(frameHeader))
		}
		what := "change"
		if r.IntN(3) == 0 {
			b, what = b[:at], "cut"
		} else {
			b[at] ^= byte(1 + r.IntN(255))
		}
		rep, err := walkWAL(bytes.NewReader(b), int64(len(b)), nil)
		if err != nil {
			t.Fatal(err)
		}
		dir := t.TempDir()
		path := filepath.Join(dir, databaseName)
		if err := os.WriteFile(path, db, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+"-wal", b, 0o600); err != nil {
			t.Fatal(err)
		}
		c, err := connect(path, "_pragma=wal_autocheckpoint(0)")
		if err != nil {
			t.Fatal(err)
		}
		row, err := c.one("PRAGMA wal_checkpoint(PASSIVE)")
		if err != nil {
			t.Fatal(err)
		}
		if row[1] != int64(rep.whole) {
			t.Errorf("%s at %d of %d: SQLite takes %v frames, the walk %+v", what, at, len(b), row[1], rep)
		}
		if frames := (len(b) - walHeaderSize) / size; what == "change" && at >= walHeaderSize+2*size && at < len(b)-2*size && (rep.whole+rep.cut == frames || !rep.damaged()) {
			t.Errorf("%s at %d of %d is not seen: %+v", what, at, len(b), rep)
		}
		if err := c.close(); err != nil {
			t.Fatal(err)
		}
	}
}

// A process that is killed while it writes a commit leaves the beginning of the commit. This is not damage.
func TestACommitThatWasKilledIsNoDamage(t *testing.T) {
	t.Parallel()
	_, wal := logOf(t, 3)
	size := frameHeader + databasePageSize
	for n := walHeaderSize; n <= len(wal); n += size {
		rep, err := walkWAL(bytes.NewReader(wal[:n]), int64(n), nil)
		if err != nil || rep.damaged() {
			t.Errorf("a log of %d bytes: %+v, %v", n, rep, err)
		}
	}
}

// If the last commit is wrong, a loss of power can be the reason. If an earlier commit is wrong, it cannot be the reason.
func TestTheLastCommitIsToldFromThoseBefore(t *testing.T) {
	t.Parallel()
	_, wal := logOf(t, 4)
	size := frameHeader + databasePageSize
	var ends []int // of commits, in frames
	for i := 0; walHeaderSize+(i+1)*size <= len(wal); i++ {
		if binary.BigEndian.Uint32(wal[walHeaderSize+i*size+4:]) != 0 {
			ends = append(ends, i)
		}
	}
	for i := 0; i <= ends[len(ends)-1]; i++ {
		b := bytes.Clone(wal)
		b[walHeaderSize+i*size+frameHeader+100] ^= 1
		rep, err := walkWAL(bytes.NewReader(b), int64(len(b)), nil)
		last := ends[len(ends)-1]
		if err != nil || rep.damaged() != (i < last) || rep.later != (i <= ends[len(ends)-2]) || rep.behind != last-i {
			t.Errorf("frame %d of %v: %+v, %v", i, ends, rep, err)
		}
	}
}

func FuzzWalk(f *testing.F) {
	_, wal := logOf(f, 3)
	f.Add(wal, 0, byte(0))
	f.Add(wal, 5000, byte(7))
	f.Add(wal[:100], 20, byte(1))
	f.Add([]byte{}, 0, byte(0))
	f.Fuzz(func(t *testing.T, b []byte, at int, change byte) {
		b = bytes.Clone(b)
		if len(b) > 0 {
			b[uint(at)%uint(len(b))] ^= change
		}
		frames := 0
		rep, err := walkWAL(bytes.NewReader(b), int64(len(b)), func(fr frame) {
			frames++
			rowsIn(fr.data[:min(len(fr.data), 512)], func(uint32) []byte { return nil }, func(r row) {
				if r.Damaged {
					t.Error("a damaged row was found")
				}
			})
		})
		if err != nil || rep.whole < 0 || rep.whole+rep.cut > frames || rep.behind < 0 {
			t.Errorf("%+v with %d frames, %v", rep, frames, err)
		}
	})
}

// FuzzRowAt searches random pages for rows: each row that is found has the right checksum.
func FuzzRowAt(f *testing.F) {
	db, _ := logOf(f, 3)
	_, wal := logOf(f, 3)
	for _, b := range [][]byte{db, wal} {
		for at := 0; at+databasePageSize <= len(b); at += databasePageSize {
			f.Add(b[at : at+databasePageSize])
		}
	}
	f.Fuzz(func(t *testing.T, page []byte) {
		if len(page) > databasePageSize || len(page) < 64 {
			return
		}
		rowsIn(page, func(n uint32) []byte { return page }, func(r row) {
			if r.Damaged && !r.dead {
				t.Error("a damaged row was found")
			}
		})
	})
}

// Each stored row is found from the pages alone, together with its parts in other pages.
func TestRowsAreFoundInPages(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := OpenDisk(DiskConfig{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[uint64]string{}
	for n := range 60 {
		e, err := cio.Encode(cio.Track{UserID: "u", Event: cio.Named("Thing Done", map[string]any{"fill": string(bytes.Repeat([]byte("x"), n*n*8))}), MessageID: fmt.Sprint(n)})
		if err != nil {
			t.Fatal(err)
		}
		if err := d.Append(t.Context(), []cio.Encoded{e}); err != nil {
			t.Fatal(err)
		}
		b, _ := e.AppendJSON(nil)
		want[uint64(n+1)] = string(b)
	}
	if err := d.Settle(t.Context(), []Settlement{{Seq: 7, Reason: "because"}, {Seq: 50, Reason: "of that"}}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(filepath.Join(dir, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	pages := pagesOf(bytes.NewReader(b))
	found := map[uint64]row{}
	for n := uint32(1); pages(n) != nil; n++ {
		rowsIn(pages(n), pages, func(r row) { found[r.Seq] = r })
	}
	for seq, text := range want {
		r, ok := found[seq]
		if !ok || string(r.Bytes) != text || r.dead != (seq == 7 || seq == 50) || r.dead && r.Reason == "" {
			t.Errorf("row %d: %v, dead %t, %q", seq, ok, r.dead, r.Reason)
		}
	}
}

func FuzzMark(f *testing.F) {
	f.Add([]byte(markLine(0)))
	f.Add([]byte(markLine(1<<62 + 5)))
	f.Add([]byte("ciokit outbox -0000000000000000001 00000000\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		last, err := parseMark(text)
		if err == nil && markLine(last) != string(text) {
			t.Errorf("%q is read as %d", text, last)
		}
	})
}

func TestTheMarkIsWrittenEverySecond(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d, err := OpenDisk(DiskConfig{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Append(t.Context(), []cio.Encoded{testMessage(t, 1), testMessage(t, 2)}); err != nil {
		t.Fatal(err)
	}
	for begun := time.Now(); ; time.Sleep(10 * time.Millisecond) {
		if last, err := readMark(dir); err == nil && last == 2 {
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("there is no mark")
		}
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
}
