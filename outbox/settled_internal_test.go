package outbox

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/ciokit/cio"
)

func openSilently(t testing.TB, dir string, shared bool) *Disk {
	t.Helper()
	d, err := OpenDisk(DiskConfig{Dir: dir, Shared: shared, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func fillDisk(t testing.TB, d *Disk, n int) {
	t.Helper()
	var all []cio.Encoded
	for i := range n {
		all = append(all, Encode(t, i)...)
	}
	for part := range slices.Chunk(all, 300) {
		if err := d.Append(context.Background(), part); err != nil {
			t.Fatal(err)
		}
	}
}

// queueOf returns the numbers of the queued messages.
func queueOf(t testing.TB, d *Disk) map[uint64]bool {
	t.Helper()
	all := map[uint64]bool{}
	for after := uint64(0); ; {
		records, err := d.Read(context.Background(), after, 100)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range records {
			if r.Seq <= after || r.Damaged {
				t.Fatalf("%d follows %d, damaged %t", r.Seq, after, r.Damaged)
			}
			after = r.Seq
			all[after] = true
		}
		if len(records) < 100 {
			return all
		}
	}
}

// settleRandomly settles most messages up to some number, some of them as dead letters, and returns which are settled.
func settleRandomly(t testing.TB, d *Disk, r *rand.Rand, upTo uint64, keep int) map[uint64]bool {
	t.Helper()
	out := map[uint64]bool{}
	var all []Settlement
	for seq := uint64(1); seq <= upTo; seq++ {
		if r.IntN(keep) == 0 {
			continue
		}
		s := Settlement{Seq: seq}
		if r.IntN(50) == 0 {
			s.Reason = "rejected"
		}
		all = append(all, s)
		out[seq] = true
	}
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for part := range slices.Chunk(all, 200) {
		if err := d.Settle(context.Background(), part); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// copyOf copies the files of a directory in the state that a kill would leave.
func copyOf(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range []string{databaseName, databaseName + "-wal", markName} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(to, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return to
}

// A settled message is no longer in the queue: not for a reader at once, not after a kill, and not after it was removed from its row.
func TestSettledIsOutOfTheQueue(t *testing.T) {
	t.Parallel()
	for _, keep := range []int{2, 8, 200} {
		dir := t.TempDir()
		d := openSilently(t, dir, false)
		const many = 3_000
		fillDisk(t, d, many)
		r := rand.New(rand.NewPCG(3, uint64(keep)))
		out := settleRandomly(t, d, r, 2_500, keep)
		look := func(doing string, d *Disk) {
			left := queueOf(t, d)
			for seq := uint64(1); seq <= many; seq++ {
				if left[seq] == out[seq] {
					t.Errorf("%s, one in %d: %d is settled %t and waits %t", doing, keep, seq, out[seq], left[seq])
				}
			}
			st, err := d.Stats(t.Context())
			if err != nil || st.Queued != int64(many-len(out)) || st.Last != many {
				t.Errorf("%s, one in %d: %+v, %v", doing, keep, st, err)
			}
		}
		look("at once", d)
		if other := openSilently(t, dir, true); other != nil {
			look("for another process", other)
			if err := other.Close(); err != nil {
				t.Error(err)
			}
		}
		killed := openSilently(t, copyOf(t, dir), false)
		look("after a kill", killed)
		if found := killed.Damages(); len(found) > 0 {
			t.Errorf("after a kill there is damage: %v", found)
		}
		if err := killed.Close(); err != nil {
			t.Error(err)
		}
		if err := d.between(t.Context(), d.sweepAll); err != nil {
			t.Fatal(err)
		}
		look("after it was swept", d)
		for seq := uint64(1); seq <= 2_500; seq += 100 { // some of these are settled again
			if err := d.Settle(t.Context(), []Settlement{{Seq: seq}, {Seq: seq + 7, Reason: "later"}}); err != nil {
				t.Fatal(err)
			}
			out[seq], out[seq+7] = true, true
		}
		look("when more was settled", d)
		if err := d.Close(); err != nil {
			t.Error(err)
		}
		d = openSilently(t, dir, false)
		look("after Close", d)
		if found := d.Damages(); len(found) > 0 {
			t.Errorf("after Close there is damage: %v", found)
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// If a byte of the rows that say which messages are settled is wrong, none of these messages is queued again: it is not known whether they were sent.
func TestDamageToWhatIsSettled(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openSilently(t, dir, false)
	const many = 2_600
	fillDisk(t, d, many)
	out := settleRandomly(t, d, rand.New(rand.NewPCG(5, 5)), 2_500, 6)
	if err := d.between(t.Context(), d.emptyLog); err != nil {
		t.Fatal(err)
	}
	killed := copyOf(t, dir)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	db, err := os.ReadFile(filepath.Join(killed, databaseName))
	if err != nil {
		t.Fatal(err)
	}
	pages := pagesOf(bytes.NewReader(db))
	var where []int
	for n := uint32(1); pages(n) != nil; n++ {
		has := false
		rowsIn(pages(n), pages, func(r row) { has = has || r.bits })
		if has {
			where = append(where, int(n-1)*databasePageSize)
		}
	}
	if len(where) == 0 {
		t.Fatal("there is no page of it")
	}
	r := rand.New(rand.NewPCG(9, 9))
	tries := 60
	if os.Getenv("CIOKIT_FULL") != "" {
		tries = 600
	}
	for range tries {
		at := where[r.IntN(len(where))] + r.IntN(databasePageSize)
		if r.IntN(3) == 0 { // its head
			at = at - at%databasePageSize + r.IntN(20)
		}
		b := bytes.Clone(db)
		b[at] ^= 1 << r.IntN(8)
		two := t.TempDir()
		if err := os.WriteFile(filepath.Join(two, databaseName), b, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Link(filepath.Join(killed, markName), filepath.Join(two, markName)); err != nil {
			t.Fatal(err)
		}
		d := openSilently(t, two, false)
		waits := queueOf(t, d)
		dead := map[uint64]bool{}
		for after := uint64(0); ; {
			letters, err := d.Dead(t.Context(), after, 500)
			if err != nil {
				t.Fatal(err)
			}
			if len(letters) == 0 {
				break
			}
			for _, l := range letters {
				after = l.Seq
				dead[after] = true
			}
		}
		for seq := uint64(1); seq <= many; seq++ {
			if out[seq] && waits[seq] {
				t.Fatalf("byte %d of its page: %d was settled and waits again; %v", at%databasePageSize, seq, d.Damages())
			}
			if !out[seq] && !waits[seq] && !dead[seq] {
				t.Fatalf("byte %d of its page: %d is lost; %v", at%databasePageSize, seq, d.Damages())
			}
		}
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}

// makeOld changes a database to version 1.
func makeOld(t testing.TB, dir string) {
	t.Helper()
	c, err := connect(filepath.Join(dir, databaseName), pragmas)
	if err != nil {
		t.Fatal(err)
	}
	rows := map[int64][]byte{}
	if err := eachRow(c, "ASC", func(records []Record, _ bool) error {
		for _, r := range records {
			rows[int64(r.Seq)] = appendSealed(nil, r.Seq, r.At.UnixMilli(), func(b []byte) []byte { return append(b, r.Bytes...) })
		}
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	text := "BEGIN; DROP TABLE settled; DELETE FROM messages;"
	for _, seq := range slices.Sorted(maps.Keys(rows)) {
		text += fmt.Sprintf("INSERT INTO messages VALUES (%d, x'%x');", seq, rows[seq])
	}
	if err := c.script(text + "PRAGMA user_version = 1; UPDATE state SET id = 1; COMMIT"); err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
}

// A directory of version 1 is not changed while another process uses it. A process that opens it alone changes it to this version.
func TestAnOlderVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := openSilently(t, dir, false)
	fillDisk(t, d, 700)
	if err := d.Settle(t.Context(), []Settlement{{Seq: 3, Reason: "rejected"}}); err != nil {
		t.Fatal(err)
	}
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	makeOld(t, dir)
	lock, err := takeLock(dir, 0)
	if err != nil {
		t.Fatal(err)
	}
	d = openSilently(t, dir, true)
	if err := d.Append(t.Context(), append(Encode(t, 1000), Encode(t, 1001)...)); err != nil {
		t.Error(err)
	}
	if err := d.Settle(t.Context(), []Settlement{{Seq: 1}, {Seq: 2}, {Seq: 5, Reason: "rejected"}, {Seq: 3}}); err != nil {
		t.Error(err)
	}
	if n, err := d.Retry(t.Context(), []uint64{3}); n != 1 || err != nil {
		t.Error(n, err)
	}
	if n, _, err := d.Purge(t.Context(), func(b []byte) bool { return bytes.Contains(b, []byte(`"n":500`)) }); n != 1 || err != nil {
		t.Error(n, err)
	}
	if d.w.version != 1 {
		t.Errorf("it has the version %d", d.w.version)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	if err := lock.release(); err != nil {
		t.Error(err)
	}
	d = openSilently(t, dir, false)
	if n := len(queueOf(t, d)); n != 698 || d.w.version != schemaVersion || len(d.Damages()) > 0 { // 700 and 3, without 1, 2, 3, 5 and 501
		t.Errorf("%d wait, the version is %d, %v", n, d.w.version, d.Damages())
	}
	settleRandomly(t, d, rand.New(rand.NewPCG(1, 1)), 703, 5)
	if err := d.Close(); err != nil {
		t.Error(err)
	}
	d = openSilently(t, dir, false)
	if len(d.Damages()) > 0 {
		t.Error(d.Damages())
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
