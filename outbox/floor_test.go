package outbox_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/outbox"
)

// BenchmarkDrainFloor measures the least that sending from disk costs in addition to a Batcher's work: to read the messages from a file of SQLite, to
// decode them, and to remove them, in the largest parts that are possible. It computes no checksums, counts nothing, searches for no row, and uses
// one goroutine. best-of-batcher is the share of a Batcher's speed, by processor time, that an Outbox would have if it did only this work.
//
// The file has one message in a row, as an Outbox stores them, or many, as it might.
func BenchmarkDrainFloor(b *testing.B) {
	if processorTime() == 0 {
		b.Skip("the time of processors is not measured on this system")
	}
	all := make([]cio.Encoded, 50_000)
	for i := range all {
		var err error
		if all[i], err = cio.Encode(small(i)); err != nil {
			b.Fatal(err)
		}
	}
	for _, inRow := range []int{1, 64} {
		b.Run(fmt.Sprintf("row=%d", inRow), func(b *testing.B) {
			var read, decoded, removed, batcher time.Duration
			for b.Loop() {
				f := newFloor(b, all, inRow)
				f.measure(&read, func() error { return f.read(false) })
				both := time.Duration(0)
				f.measure(&both, func() error { return f.read(true) })
				decoded += both
				f.measure(&removed, f.remove)
				c, stop := sink(b, "loopback")
				before := processorTime()
				batchAll(b, c, all)
				batcher += processorTime() - before
				stop()
			}
			decoded -= read
			many := float64(len(all) * b.N)
			for unit, d := range map[string]time.Duration{"µs-read": read, "µs-decode": decoded, "µs-remove": removed, "µs-batcher": batcher} {
				b.ReportMetric(float64(d.Nanoseconds())/1000/many, unit)
			}
			b.ReportMetric(batcher.Seconds()/(batcher+read+decoded+removed).Seconds(), "best-of-batcher")
		})
	}
}

// floor is a file with messages in it.
type floor struct {
	b     *testing.B
	db    *outbox.Bare
	rows  int
	inRow int
	many  int
}

// A commit removes as much as one of an Outbox at the most, and as much is read at once.
const (
	floorRead   = 1_000
	floorRemove = 5_000
)

func newFloor(b *testing.B, all []cio.Encoded, inRow int) *floor {
	b.Helper()
	f := &floor{b: b, db: outbox.OpenBare(b, filepath.Join(b.TempDir(), "bare.db")), inRow: inRow, many: len(all)}
	for part := range slices.Chunk(all, 1_024) {
		f.exec("BEGIN IMMEDIATE")
		for pack := range slices.Chunk(part, inRow) {
			var data []byte
			for _, m := range pack {
				data = binary.BigEndian.AppendUint32(data, uint32(m.Len()))
				data, _ = m.AppendJSON(data) // cannot fail
			}
			f.rows++
			f.exec("INSERT INTO messages (seq, data) VALUES (?, ?)", int64(f.rows), data)
		}
		f.exec("COMMIT")
	}
	return f
}

func (f *floor) exec(text string, args ...any) {
	f.b.Helper()
	if err := f.db.Exec(text, args...); err != nil {
		f.b.Fatal(err)
	}
}

// measure adds how much time of a processor do takes.
func (f *floor) measure(to *time.Duration, do func() error) {
	f.b.Helper()
	before := processorTime()
	if err := do(); err != nil {
		f.b.Fatal(err)
	}
	*to += processorTime() - before
}

// read reads all messages, and decodes them if asked to.
func (f *floor) read(decode bool) error {
	n, step := 0, max(1, floorRead/f.inRow)
	for at := 0; at < f.rows; at += step {
		if err := f.db.Blobs("SELECT data FROM messages WHERE seq > ? ORDER BY seq LIMIT ?", func(data []byte) error {
			for ; len(data) > 4; n++ {
				size := binary.BigEndian.Uint32(data)
				text := data[4 : 4+size]
				data = data[4+size:]
				if !decode {
					continue
				}
				if err := new(cio.Encoded).UnmarshalJSON(text); err != nil {
					return err
				}
			}
			return nil
		}, int64(at), int64(step)); err != nil {
			return err
		}
	}
	if n != f.many {
		return errors.New("not all messages were read")
	}
	return nil
}

// remove removes all messages.
func (f *floor) remove() error {
	step := max(1, floorRemove/f.inRow)
	for at := 0; at < f.rows; at += step {
		f.exec("BEGIN IMMEDIATE")
		f.exec("DELETE FROM messages WHERE seq BETWEEN ? AND ?", int64(at+1), int64(at+step))
		f.exec("COMMIT")
	}
	return nil
}
