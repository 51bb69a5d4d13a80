package load

import (
	"cmp"
	"encoding/binary"
	"os"
	"slices"

	"github.com/ciokit/cio/kit/internal/nameless"
)

// pair says that a thing, given by its hash, occurred together with another thing, and where.
type pair struct {
	key   [2]uint64
	other uint64
	at    uint64
}

// pairs finds the things that occur together with more than one other thing, in constant memory. Pairs are added in the order of their places. When
// memory is full, they are written to a file without a name, in buckets by their hashes. At the end a few buckets at a time are read back. The pairs
// of a bucket are still in order, so they need no sorting: a table with one entry for each key knows the first thing that the key occurred with. A
// key takes one entry in the table, even if it occurs often.
type pairs struct {
	dir   string // for the file
	most  int    // pairs in memory; mostPairs except in tests
	table int    // approximate number of keys in memory at the end; tablePairs except in tests

	memory []pair
	file   *os.File
	out    []byte
	runs   []pairRun
	totals [pairBuckets]int64
}

// pairRun describes one write to the file: where each bucket begins, in pairs, and where the last ends.
type pairRun [pairBuckets + 1]uint32

const (
	pairBytes   = 32
	pairBuckets = 512
	mostPairs   = 1 << 16
	tablePairs  = 1 << 15
)

func newPairs(dir string) *pairs { return &pairs{dir: dir, most: mostPairs, table: tablePairs} }

func (p pair) bucket() int { return int(p.key[0] % pairBuckets) }

func (p *pairs) add(x pair) error {
	if len(p.memory) >= p.most {
		if err := p.spill(); err != nil {
			return err
		}
	}
	p.memory = append(p.memory, x)
	return nil
}

// spill writes what is in memory to the file.
func (p *pairs) spill() error {
	if p.file == nil {
		var err error
		if p.file, err = nameless.Create(p.dir); err != nil {
			return err
		}
	}
	var run pairRun
	for _, x := range p.memory {
		run[x.bucket()+1]++
	}
	for i := range pairBuckets {
		p.totals[i] += int64(run[i+1])
		run[i+1] += run[i]
	}
	next := run
	p.out = slices.Grow(p.out[:0], len(p.memory)*pairBytes)[:len(p.memory)*pairBytes]
	for _, x := range p.memory {
		place := &next[x.bucket()]
		out := (*[pairBytes]byte)(p.out[*place*pairBytes:])
		*place++
		binary.LittleEndian.PutUint64(out[0:], x.key[0])
		binary.LittleEndian.PutUint64(out[8:], x.key[1])
		binary.LittleEndian.PutUint64(out[16:], x.other)
		binary.LittleEndian.PutUint64(out[24:], x.at)
	}
	if _, err := p.file.WriteAt(p.out, p.runStart(len(p.runs))); err != nil {
		return err
	}
	p.runs = append(p.runs, run)
	p.memory = p.memory[:0]
	return nil
}

// runStart returns where a run begins in the file. Every run except the last is full.
func (p *pairs) runStart(run int) int64 { return int64(run) * int64(p.most) * pairBytes }

// close releases the memory and the file.
func (p *pairs) close() error {
	p.memory, p.out, p.runs = nil, nil, nil
	if p.file == nil {
		return nil
	}
	err := p.file.Close()
	p.file = nil
	return err
}

// shared is what a key occurred with.
type shared struct {
	key           [2]uint64
	other         uint64
	first, second uint64 // where it occurred first, and where first with another thing
	pairs         int64
	several       bool
}

// sharedPairs counts the keys that occurred with more than one thing, and the pairs with such a key. first are the earliest of these keys, in their
// order, at most so many.
func (p *pairs) sharedPairs(most int) (keys, of int64, first []shared, err error) {
	t := &pairTable{}
	collect := func() {
		for i := range t.all {
			s := &t.all[i]
			if !s.several {
				continue
			}
			keys++
			of += s.pairs
			if at, _ := slices.BinarySearchFunc(first, s, func(a shared, b *shared) int { return cmp.Compare(a.first, b.first) }); at < most {
				first = slices.Insert(first, at, *s)[:min(len(first)+1, most)]
			}
		}
	}
	if p.file == nil {
		t.begin(len(p.memory))
		for _, x := range p.memory {
			t.add(x)
		}
		collect()
		return keys, of, first, nil
	}
	if len(p.memory) > 0 {
		if err := p.spill(); err != nil {
			return 0, 0, nil, err
		}
	}
	p.memory, p.out = nil, nil
	buf := make([]byte, 64<<10)
	for lo := 0; lo < pairBuckets; {
		hi, size := lo+1, p.totals[lo]
		for hi < pairBuckets && size+p.totals[hi] <= int64(p.table) {
			size += p.totals[hi]
			hi++
		}
		t.begin(int(min(size, int64(p.table))))
		for i := range p.runs {
			start := p.runStart(i)
			if err := t.read(p.file, start+int64(p.runs[i][lo])*pairBytes, start+int64(p.runs[i][hi])*pairBytes, buf); err != nil {
				return 0, 0, nil, err
			}
		}
		collect()
		lo = hi
	}
	return keys, of, first, nil
}

// pairTable has one entry for each key.
type pairTable struct {
	all   []shared
	slots []uint32 // 1 + the index in all, 0 for a free slot; a power of two, at most half of them used
}

// begin empties the table and prepares it for about so many keys.
func (t *pairTable) begin(about int) {
	t.all = t.all[:0]
	size := 16
	for size < 2*about {
		size *= 2
	}
	t.all = slices.Grow(t.all, about)
	if size > len(t.slots) {
		t.slots = make([]uint32, size)
	} else {
		clear(t.slots)
	}
}

func (t *pairTable) add(x pair) {
	if 2*len(t.all) >= len(t.slots) {
		t.grow()
	}
	slot := t.slot(x.key)
	if *slot == 0 {
		t.all = append(t.all, shared{key: x.key, other: x.other, first: x.at, pairs: 1})
		*slot = uint32(len(t.all))
		return
	}
	s := &t.all[*slot-1]
	s.pairs++
	if !s.several && s.other != x.other {
		s.several, s.second = true, x.at
	}
}

// slot returns the slot of the key, or a free one for it.
func (t *pairTable) slot(key [2]uint64) *uint32 {
	mask := uint64(len(t.slots) - 1)
	for i := key[1] & mask; ; i = (i + 1) & mask {
		if s := &t.slots[i]; *s == 0 || t.all[*s-1].key == key {
			return s
		}
	}
}

func (t *pairTable) grow() {
	t.slots = make([]uint32, 2*len(t.slots))
	for i := range t.all {
		*t.slot(t.all[i].key) = uint32(i + 1)
	}
}

// read adds the pairs in a file from one position to another.
func (t *pairTable) read(f *os.File, from, to int64, buf []byte) error {
	for from < to {
		buf = buf[:min(int64(cap(buf)), to-from)]
		if _, err := f.ReadAt(buf, from); err != nil {
			return err
		}
		from += int64(len(buf))
		for in := buf; len(in) > 0; in = in[pairBytes:] {
			t.add(pair{[2]uint64{binary.LittleEndian.Uint64(in), binary.LittleEndian.Uint64(in[8:])}, binary.LittleEndian.Uint64(in[16:]), binary.LittleEndian.Uint64(in[24:])})
		}
	}
	return nil
}
