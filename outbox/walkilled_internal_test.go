package outbox

import (
	"bytes"
	"encoding/binary"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
)

// sealFrames writes the checksums of that frame and of those after it, as SQLite does.
func sealFrames(wal []byte, from, to int) {
	size := frameHeader + databasePageSize
	sum := stored(wal[24:])
	if from > 0 {
		sum = stored(wal[walHeaderSize+(from-1)*size+16:])
	}
	for i := from; i < to; i++ {
		f := wal[walHeaderSize+i*size:][:size]
		sum = walSum(binary.LittleEndian, walSum(binary.LittleEndian, sum, f[:8]), f[frameHeader:])
		binary.BigEndian.PutUint32(f[16:], sum[0])
		binary.BigEndian.PutUint32(f[20:], sum[1])
	}
}

// A process that is killed while it commits leaves frames. The next commit of another process overwrites their beginning. The rest was never stored.
// If the last transaction ends in these frames, or did before a byte was changed, they are damage.
func TestTheRestOfACommitThatWasKilled(t *testing.T) {
	t.Parallel()
	db, wal := logOf(t, 3)
	size := frameHeader + databasePageSize
	var ends []int
	for i := 0; walHeaderSize+(i+1)*size <= len(wal); i++ {
		if binary.BigEndian.Uint32(wal[walHeaderSize+i*size+4:]) != 0 {
			ends = append(ends, i)
		}
	}
	first, last := ends[len(ends)-2]+1, ends[len(ends)-1]
	if last-first < 2 {
		t.Fatalf("the last commit has the frames %d to %d, which are too few", first, last)
	}
	commit := func(i int) []byte { return wal[walHeaderSize+i*size+4:][:4] }
	pages := binary.BigEndian.Uint32(commit(last))
	for _, test := range []struct {
		name    string
		change  func()
		damaged bool
	}{
		{"killed", func() { binary.BigEndian.PutUint32(commit(last), 0); sealFrames(wal, first, last+1) }, false},
		{"killed at its end", func() { sealFrames(wal, first, last+1) }, true},
		{"the end is zero", func() { sealFrames(wal, first, last+1); binary.BigEndian.PutUint32(commit(last), 0) }, true},
	} {
		before := bytes.Clone(wal)
		test.change()
		binary.BigEndian.PutUint32(commit(first), pages) // a commit of one page, over the first
		sealFrames(wal, first, first+1)
		rep, err := walkWAL(bytes.NewReader(wal), int64(len(wal)), nil)
		if err != nil || rep.damaged() != test.damaged || rep.whole != first+1 {
			t.Errorf("%s: %+v, %v", test.name, rep, err)
		}
		path := filepath.Join(t.TempDir(), databaseName)
		if err := os.WriteFile(path, db, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path+"-wal", wal, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		rows, err := rowsBeyond(f, int64(len(wal)), path)
		if err != nil || !test.damaged && len(rows) > 0 {
			t.Errorf("%s: %d messages are put back, %v", test.name, len(rows), err)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
		wal = before
	}
}

// A change of any bit of the number that ends the last transaction is noticed.
func TestTheEndOfTheLastCommit(t *testing.T) {
	t.Parallel()
	_, wal := logOf(t, 4)
	at := len(wal)/(frameHeader+databasePageSize)*(frameHeader+databasePageSize) - databasePageSize - frameHeader + walHeaderSize + 4
	pages := binary.BigEndian.Uint32(wal[at:])
	for n := range uint32(70) {
		b := bytes.Clone(wal)
		if binary.BigEndian.PutUint32(b[at:], n); n >= 32 {
			binary.BigEndian.PutUint32(b[at:], pages^uint32(1)<<(n%32))
		}
		rep, err := walkWAL(bytes.NewReader(b), int64(len(b)), nil)
		if changed := !bytes.Equal(b, wal); err != nil || rep.damaged() != changed {
			t.Errorf("%d pages became %d: %+v, %v", pages, binary.BigEndian.Uint32(b[at:]), rep, err)
		}
	}
}

// A dead letter after a wrong frame is put back as a dead letter.
func TestADeadLetterBehindAWrongFrame(t *testing.T) {
	t.Parallel()
	dir, copied := t.TempDir(), t.TempDir()
	d, err := OpenDisk(DiskConfig{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	size := int64(0)
	for n := range 6 {
		info, err := os.Stat(filepath.Join(dir, databaseName+"-wal"))
		if err != nil {
			t.Fatal(err)
		}
		size = info.Size()
		if err := d.Append(t.Context(), Encode(t, n)); err != nil {
			t.Fatal(err)
		}
	}
	if err := d.Settle(t.Context(), []Settlement{{Seq: 6, Reason: "rejected"}}); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{databaseName, databaseName + "-wal"} {
		b, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		if name != databaseName {
			b[size+3000] ^= 1
		}
		if err := os.WriteFile(filepath.Join(copied, name), b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(copied, markName), []byte(markLine(6)), 0o600); err != nil {
		t.Fatal(err)
	}
	again, err := OpenDisk(DiskConfig{Dir: copied, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	letters, err := again.Dead(t.Context(), 0, 10)
	if err != nil || len(letters) != 1 || letters[0].Seq != 6 || letters[0].Reason != "rejected" {
		t.Errorf("%v, %v", letters, err)
	}
	if found := again.Damages(); len(found) != 1 || found[0].Missing != 0 || found[0].SetAside != 1 {
		t.Errorf("%v", found)
	}
	for _, d := range []*Disk{d, again} {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	}
}
