package outbox

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"testing"
)

// packOfSome returns a pack of n messages, some of them removed, and the messages by their numbers.
func packOfSome(first uint64, n int, out func(i int) bool) (pack []byte, want map[uint64]string) {
	want = map[uint64]string{}
	pack = make([]byte, packHead)
	for i := range n {
		var sealed []byte
		if seq := first + uint64(i); !out(i) {
			text := fmt.Sprintf(`{"n":%d,"fill":%q}`, i, bytes.Repeat([]byte("x"), 3*i))
			sealed = appendSealed(nil, seq, 1_790_000_000_000+int64(i), func(b []byte) []byte { return append(b, text...) })
			want[seq] = text
		}
		pack = appendToPack(pack, sealed)
	}
	sealPack(first, n, pack)
	return pack, want
}

func TestPack(t *testing.T) {
	t.Parallel()
	for _, out := range []func(int) bool{func(int) bool { return false }, func(i int) bool { return i%3 == 0 }, func(i int) bool { return i > 1 && i < 7 }} {
		pack, want := packOfSome(500, 9, out)
		records, right := unpack(nil, 500, pack)
		if !right || len(records) != len(want) {
			t.Errorf("%d of %d, right %t", len(records), len(want), right)
		}
		for _, r := range records {
			if want[r.Seq] != string(r.Bytes) || r.Damaged || r.At.UnixMilli() != 1_790_000_000_000+int64(r.Seq)-500 {
				t.Errorf("%d is %s, and was %s", r.Seq, r.Bytes, want[r.Seq])
			}
		}
		if _, right := unpack(nil, 501, pack); right {
			t.Error("it is right under another number")
		}
	}
}

// If any byte of a pack is wrong, at most one message is lost, the loss is reported, and no message is found that was not stored.
func TestEachByteOfAPack(t *testing.T) {
	t.Parallel()
	for _, out := range []func(int) bool{func(int) bool { return false }, func(i int) bool { return i%3 == 0 }} {
		pack, want := packOfSome(700, 8, out)
		for at := range pack {
			for bit := range 8 {
				b := bytes.Clone(pack)
				b[at] ^= 1 << bit
				records, right := unpack(nil, 700, b)
				if right {
					t.Errorf("bit %d of byte %d is not missed", bit, at)
				}
				found := 0
				for _, r := range records {
					switch {
					case r.Damaged:
					case want[r.Seq] != string(r.Bytes):
						t.Errorf("bit %d of byte %d: %d is %s, and was %s", bit, at, r.Seq, r.Bytes, want[r.Seq])
					default:
						found++
					}
				}
				if found < len(want)-1 {
					t.Errorf("bit %d of byte %d: %d of %d are found", bit, at, found, len(want))
				}
			}
		}
	}
}

func FuzzUnpack(f *testing.F) {
	pack, _ := packOfSome(40, 12, func(i int) bool { return i == 4 })
	f.Add(pack, uint64(40))
	f.Add(pack[:50], uint64(40))
	f.Add(appendSealed(nil, 7, 5, func(b []byte) []byte { return append(b, "{}"...) }), uint64(7))
	f.Add([]byte{}, uint64(1))
	f.Fuzz(func(t *testing.T, data []byte, first uint64) {
		if len(data) > 512 {
			return
		}
		records, right := unpack(nil, first, data)
		last := uint64(0)
		for i, r := range records {
			if i > 0 && r.Seq <= last || r.Seq < first || r.Seq > first+255 || right && r.Damaged {
				t.Errorf("record %d is %d behind %d, damaged %t", i, r.Seq, last, r.Damaged)
			}
			last = r.Seq
			if !r.Damaged && unseal(r.Seq, appendSealed(nil, r.Seq, r.At.UnixMilli(), func(b []byte) []byte { return append(b, r.Bytes...) })).Damaged {
				t.Error("a message is found that has no checksum")
			}
		}
		if len(records) == 0 && len(data) > packRows*2+packHead {
			t.Error("nothing is found")
		}
	})
}

// TestSumOfHead compares sumOfHead with package crc32 for the same bytes, because files of all versions have these checksums.
func TestSumOfHead(t *testing.T) {
	t.Parallel()
	for _, letter := range []byte("mpb") {
		for _, n := range []uint64{0, 1, 255, 1 << 20, 1<<63 - 1, 1<<64 - 1} {
			if got, want := sumOfHead(letter, n), crc32.Checksum(binary.BigEndian.AppendUint64([]byte{letter}, n), castagnoli); got != want {
				t.Errorf("%c %d: got %x, want %x", letter, n, got, want)
			}
		}
	}
}
