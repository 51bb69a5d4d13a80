package outbox_test

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox"
	"github.com/ciokit/cio/outbox/outboxtest"
)

// scene has the files of a directory, and the messages that were in it.
type scene struct {
	name  string
	files map[string][]byte
	// ever has the bytes of all messages that were ever stored. queue and dead have those that must still be there.
	ever        map[string]bool
	queue, dead map[string]bool
}

func openDisk(t testing.TB, dir string, found *[]outbox.Damage) (*outbox.Disk, error) {
	t.Helper()
	return outbox.OpenDisk(outbox.DiskConfig{Dir: dir, Logger: slog.New(slog.DiscardHandler), OnDamage: func(d outbox.Damage) {
		if found == nil {
			t.Errorf("damage: %v", d)
		} else {
			*found = append(*found, d)
		}
	}})
}

func message(n int) cio.Encoded {
	fill := ""
	if n%17 == 5 {
		fill = strings.Repeat("long ", n%4000)
	}
	e, err := cio.Encode(cio.Track{UserID: fmt.Sprintf("u%d", n%5), Event: cio.Named("Thing Done", map[string]any{"n": n, "fill": fill}), MessageID: fmt.Sprintf("m%d", n)})
	if err != nil {
		panic(err)
	}
	return e
}

// makeScene fills a directory in that many commits, some of which settle messages. It keeps the files in the state that a killed process leaves, or
// one that has closed.
func makeScene(t testing.TB, name string, commits, each int, closes bool) *scene {
	t.Helper()
	dir := t.TempDir()
	d, err := openDisk(t, dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &scene{name: name, files: map[string][]byte{}, ever: map[string]bool{}}
	n := 0
	for c := range commits {
		var some []cio.Encoded
		for range each {
			m := message(n)
			b, _ := m.AppendJSON(nil)
			s.ever[string(b)] = true
			some = append(some, m)
			n++
		}
		if err := d.Append(t.Context(), some); err != nil {
			t.Fatal(err)
		}
		if c%3 != 2 {
			continue
		}
		records, err := d.Read(t.Context(), uint64(n/2), 1+each/3)
		if err != nil {
			t.Fatal(err)
		}
		var done []outbox.Settlement
		for i, r := range records {
			reason := ""
			if i == 0 {
				reason = "rejected"
			}
			done = append(done, outbox.Settlement{Seq: r.Seq, Reason: reason})
		}
		if err := d.Settle(t.Context(), done); err != nil {
			t.Fatal(err)
		}
	}
	s.queue, s.dead = contents(t, d)
	if closes {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	} else {
		// The mark is written every second.
		for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
			if b, err := os.ReadFile(filepath.Join(dir, "mark")); err == nil && strings.Contains(string(b), fmt.Sprintf("%020d", n)) {
				break
			}
			if time.Since(begun) > time.Minute {
				t.Fatal("no mark")
			}
		}
	}
	for _, name := range []string{"outbox.db", "outbox.db-wal", "mark"} {
		if b, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			s.files[name] = b
		}
	}
	if !closes {
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
	}
	return s
}

func contents(t testing.TB, d *outbox.Disk) (queue, dead map[string]bool) {
	t.Helper()
	queue, dead = map[string]bool{}, map[string]bool{}
	for _, r := range outboxtest.All(t, d) {
		queue[string(r.Bytes)] = true
	}
	letters, err := d.Dead(context.Background(), 0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range letters {
		if !l.Damaged {
			dead[string(l.Bytes)] = true
		}
	}
	return queue, dead
}

// write writes the files into a directory.
func (s *scene) write(t testing.TB, dir string) {
	t.Helper()
	for name, b := range s.files {
		if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// spoil changes one file of a directory and says how.
func (s *scene) spoil(t testing.TB, dir string, r *rand.Rand) string {
	t.Helper()
	names := []string{"outbox.db", "mark"}
	if len(s.files["outbox.db-wal"]) > 0 {
		names = []string{"outbox.db", "outbox.db-wal", "outbox.db-wal", "outbox.db-wal"}
		if r.IntN(10) == 0 {
			names = []string{"mark"}
		}
	} else if r.IntN(10) > 0 {
		names = names[:1]
	}
	name := names[r.IntN(len(names))]
	b := append([]byte(nil), s.files[name]...)
	at := r.IntN(len(b))
	if r.IntN(3) == 0 { // the beginning of a page or of a frame, which matters most
		at = at/4096*4096 + r.IntN(120)
		if name == "outbox.db-wal" {
			at = at/4120*4120 + r.IntN(150)
		}
		at = min(at, len(b)-1)
	}
	what := ""
	switch r.IntN(5) {
	case 4: // a restored backup over a longer file
		for range 1 + r.IntN(600) {
			b = append(b, byte(r.IntN(256)))
		}
		at, what = len(s.files[name]), "bytes appended"
	case 0:
		b = b[:at]
		what = "cut"
	case 1:
		bit := byte(1) << r.IntN(8)
		b[at] ^= bit
		what = fmt.Sprintf("bit %#x flipped", bit)
	case 2:
		b[at] ^= byte(1 + r.IntN(255))
		what = "byte changed"
	case 3:
		end := min(len(b), at/512*512+512)
		clear(b[at/512*512 : end])
		what = "block of zeros"
	}
	if err := os.WriteFile(filepath.Join(dir, name), b, 0o600); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%s: %s of %d: %s", s.name, name, len(s.files[name]), fmt.Sprintf("%s at %d", what, at))
}

// TestDamageIsReported changes a byte of a file, or cuts the file, and opens the directory. Everything is there, or the loss is reported, and nothing
// is there that nobody stored.
func TestDamageIsReported(t *testing.T) {
	t.Parallel()
	scenes := []*scene{
		makeScene(t, "log", 24, 5, false),
		makeScene(t, "closed", 60, 20, true),
		makeScene(t, "both", 200, 12, false),
	}
	files := counted(12, 20, 1000)
	reported, refused, saved, set, quiet := 0, 0, int64(0), int64(0), 0
	for i := range files {
		r := rand.New(rand.NewPCG(18, uint64(i)))
		s := scenes[i%len(scenes)]
		dir := filepath.Join(t.TempDir(), fmt.Sprint(i))
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
		s.write(t, dir)
		what := s.spoil(t, dir, r)
		var found []outbox.Damage
		d, err := openDisk(t, dir, &found)
		if err != nil {
			refused++
			t.Logf("%d: %s: %v", i, what, err)
			_ = os.RemoveAll(dir)
			continue
		}
		queue, dead := contents(t, d)
		lost := 0
		for b := range s.queue {
			if !queue[b] && !dead[b] {
				lost++
			}
		}
		for b := range s.dead {
			if !dead[b] && !queue[b] {
				lost++
			}
		}
		for _, all := range []map[string]bool{queue, dead} {
			for b := range all {
				if !s.ever[b] {
					t.Errorf("%d: %s: nobody stored %q", i, what, b)
				}
			}
		}
		if lost > 0 && len(found) == 0 {
			t.Errorf("%d: %s: %d messages are lost and not reported", i, what, lost)
		}
		for _, f := range found {
			reported++
			saved += f.Saved
			set += f.SetAside
			if f.Missing >= 0 && f.Missing < int64(lost) {
				t.Errorf("%d: %s: %d are lost, and reported are %d: %v", i, what, lost, f.Missing, f)
			}
		}
		if len(found) == 0 {
			quiet++
		}
		// The Disk still works.
		if err := d.Append(context.Background(), []cio.Encoded{message(1_000_000)}); err != nil {
			t.Errorf("%d: %s: %v", i, what, err)
		}
		if err := d.Close(); err != nil {
			t.Errorf("%d: %s: %v", i, what, err)
		}
		again, err := openDisk(t, dir, nil)
		if err != nil {
			t.Fatalf("%d: %s: after it was repaired: %v", i, what, err)
		}
		if q, _ := contents(t, again); len(q) != len(queue)+1 {
			t.Errorf("%d: %s: %d messages are %d after it was opened again", i, what, len(queue)+1, len(q))
		}
		if err := again.Close(); err != nil {
			t.Error(err)
		}
		_ = os.RemoveAll(dir)
	}
	t.Logf("%d files: %d reported (%d put back, %d set aside), %d refused, %d without effect", files, reported, saved, set, refused, quiet)
	if reported < files/4 {
		t.Error("hardly anything was found")
	}
}

// TestMarkIsRepaired spoils the file mark and opens the directory twice. The damage is reported the first time, and never again.
func TestMarkIsRepaired(t *testing.T) {
	t.Parallel()
	s := makeScene(t, "closed", 60, 20, true)
	whole := string(s.files["mark"])
	for name, text := range map[string]string{
		"longer": whole + "x", "twice": whole + whole, "much longer": whole + strings.Repeat("\x00", 5000), "shorter": whole[:10], "a line end": whole + "\n",
		"something else": "hello\n", "another number": strings.Replace(whole, "0", "1", 1),
	} {
		dir := t.TempDir()
		s.write(t, dir)
		if err := os.WriteFile(filepath.Join(dir, "mark"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		var found []outbox.Damage
		d, err := openDisk(t, dir, &found)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		queue, _ := contents(t, d)
		if err := d.Close(); err != nil || len(found) != 1 || len(queue) != len(s.queue) {
			t.Errorf("%s: %v, %d of %d messages, %v", name, err, len(queue), len(s.queue), found)
		}
		if d, err = openDisk(t, dir, nil); err != nil {
			t.Errorf("%s, again: %v", name, err)
		} else if err := d.Close(); err != nil {
			t.Errorf("%s, again: %v", name, err)
		}
		if b, err := os.ReadFile(filepath.Join(dir, "mark")); err != nil || len(b) != len(whole) {
			t.Errorf("%s: the mark is %q, %v", name, b, err)
		}
	}
}
