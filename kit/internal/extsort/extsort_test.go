package extsort

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"slices"
	"testing"
)

func readAll(t testing.TB, r Records) (all []string) {
	t.Helper()
	for {
		record, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, string(record))
	}
}

// With any amount of memory and any number of merges, each distinct record is returned once and in order.
func TestSorter(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ n, bytes, fanIn int }{{0, 100, 2}, {1, 100, 2}, {50, 1 << 20, 2}, {1000, 100, 2}, {1000, 300, 3}, {5000, 1000, 64}, {10, 1, 2}} {
		t.Run(fmt.Sprintf("%d in %d bytes, %d at once", tt.n, tt.bytes, tt.fanIn), func(t *testing.T) {
			rnd := rand.New(rand.NewPCG(uint64(tt.n), 1))
			dir := t.TempDir()
			s := New(dir)
			s.bytes, s.fanIn = tt.bytes, tt.fanIn
			var want []string
			for range tt.n {
				record := make([]byte, rnd.IntN(20))
				for i := range record {
					record[i] = byte(rnd.IntN(3))
				}
				want = append(want, string(record))
				if err := s.Add(record); err != nil {
					t.Fatal(err)
				}
			}
			sorted, err := s.Sorted()
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(want)
			if got := readAll(t, sorted); !slices.Equal(got, slices.Compact(want)) {
				t.Errorf("got %d records, want %d", len(got), len(want))
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
				t.Errorf("%v, files are left: %v", err, entries)
			}
			if err := s.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestSubtract(t *testing.T) {
	t.Parallel()
	list := func(s string) Records {
		sorter := New(t.TempDir())
		for i := range len(s) {
			if err := sorter.Add([]byte{s[i]}); err != nil {
				t.Fatal(err)
			}
		}
		sorted, err := sorter.Sorted()
		if err != nil {
			t.Fatal(err)
		}
		return sorted
	}
	for _, tt := range []struct{ from, those, want string }{
		{"", "", ""}, {"abc", "", "abc"}, {"", "abc", ""}, {"abc", "abc", ""}, {"abc", "b", "ac"}, {"bd", "abcde", ""}, {"ad", "bce", "ad"}, {"abcz", "az", "bc"},
	} {
		var got bytes.Buffer
		err := Subtract(list(tt.from), list(tt.those), func(b []byte) error {
			got.Write(b)
			return nil
		})
		if err != nil || got.String() != tt.want {
			t.Errorf("%q less %q is %q, want %q: %v", tt.from, tt.those, &got, tt.want, err)
		}
	}
}
