package source

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/parquet-go/parquet-go/encoding/delta"
)

// wideDeltas encodes numbers like a writer that calculates with 64 bits: in blocks of 128 with 4 parts.
func wideDeltas(numbers []int64) []byte {
	b := binary.AppendUvarint(binary.AppendUvarint(binary.AppendUvarint(nil, 128), 4), uint64(len(numbers)))
	b = binary.AppendVarint(b, numbers[0])
	var deltas []int64
	for i := 1; i < len(numbers); i++ {
		deltas = append(deltas, numbers[i]-numbers[i-1])
	}
	for block := range slices.Chunk(deltas, 128) {
		least := slices.Min(block)
		b = binary.AppendVarint(b, least)
		at := len(b)
		b = append(b, 0, 0, 0, 0)
		i := 0
		for part := range slices.Chunk(block, 32) {
			width := 0
			for _, d := range part {
				width = max(width, bits.Len64(uint64(d-least)))
			}
			b[at+i] = byte(width)
			i++
			packed := make([]byte, 4*width)
			for n, d := range part {
				for bit := range width {
					if uint64(d-least)>>bit&1 > 0 {
						packed[(n*width+bit)/8] |= 1 << ((n*width + bit) % 8)
					}
				}
			}
			b = append(b, packed...)
		}
	}
	return b
}

// 32-bit numbers that a writer stores as 64-bit differences are read with their values.
func TestNarrowDeltas(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		numbers := make([]int64, 1+r.IntN(400))
		signed, spread := r.IntN(2) == 0, 1+r.IntN(32)
		for i := range numbers {
			n := r.Uint32()
			if r.IntN(4) > 0 {
				n >>= 32 - spread
			}
			if numbers[i] = int64(n); signed {
				numbers[i] = int64(int32(n))
			}
		}
		data := wideDeltas(numbers)
		if err := narrowDeltas(data); err != nil {
			t.Fatal(err)
		}
		got, err := new(delta.BinaryPackedEncoding).DecodeInt32(nil, append(data, make([]byte, 64)...)[:len(data)])
		if err != nil || len(got) != len(numbers) {
			t.Fatalf("%v: %d of %d numbers", err, len(got), len(numbers))
		}
		for i, n := range numbers {
			if got[i] != int32(n) {
				t.Fatalf("number %d is %d, not %d", i, got[i], int32(n))
			}
		}
	}
}

// FuzzNarrowDeltas checks that no input causes a panic.
func FuzzNarrowDeltas(f *testing.F) {
	f.Add(wideDeltas([]int64{1, 1<<32 - 1, 2, 1 << 31}))
	f.Add([]byte{0x80, 0x01, 4, 2, 0, 0, 64, 0, 0, 0})
	f.Fuzz(func(t *testing.T, data []byte) {
		length := len(data)
		if err := narrowDeltas(data); err == nil && len(data) != length {
			t.Fatal("it is longer")
		}
	})
}
