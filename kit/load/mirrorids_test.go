package load

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// TestMirrorWithoutIDs turns some people's ids into texts that are not ids, in many ways and with many seeds: nobody is deleted, and the summary says
// why.
func TestMirrorWithoutIDs(t *testing.T) {
	t.Parallel()
	words := []string{"NULL", "null", "nan", "None", "N/A", "-", "undefined"}
	for seed := range uint64(60) {
		rng := rand.New(rand.NewPCG(seed, 3))
		spoil := []func(id string) string{
			func(string) string { return words[int(seed)%len(words)] },
			func(id string) string { return id + ".0" },
			func(id string) string { return " " + id },
			func(id string) string { return id + "\u200b" },
			func(string) string { return "1.2346E+04" },
		}[rng.IntN(5)]
		before, after := [][2]string{}, [][2]string{}
		spoilt := 1 + rng.IntN(12)
		for i := range 30 {
			id := fmt.Sprint(10_000 + i)
			before = append(before, [2]string{id, "1"})
			if i < spoilt {
				id = spoil(id)
			}
			after = append(after, [2]string{id, "1"})
		}
		rng.Shuffle(len(after), func(i, j int) { after[i], after[j] = after[j], after[i] })
		c := newMirroring(t, "messages:\n  - identify: {userId: $id, traits: {n: $n}}\n")
		load := func(rows [][2]string) (Summary, error) {
			job := c.job
			var in strings.Builder
			in.WriteString("id,n\n")
			for _, r := range rows {
				fmt.Fprintf(&in, "\"%s\",%s\n", r[0], r[1])
			}
			job.Source = mustSource(t, in.String(), source.Config{Format: source.FormatCSV, Escape: source.None})
			s, err := Run(t.Context(), job)
			if err != nil && !errors.As(err, new(*StopError)) {
				t.Fatal(err)
			}
			checkSum(t, s)
			return s, err
		}
		load(before)
		if s, err := load(after); s.Removed != 0 || s.RowsRejected != int64(spoilt) || s.LeftAlone != int64(spoilt) && err == nil {
			t.Errorf("seed %d: %q: removed %d, left alone %d, rejected %d rows of %d, %v", seed, after[0][0], s.Removed, s.LeftAlone, s.RowsRejected, spoilt, err)
		}
		if s, _ := load(before); s.Removed != 0 || s.Left != 0 {
			t.Errorf("seed %d: %d of those who were there all the time have left", seed, s.Left)
		}
	}
}
