package load

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// A plan of a whole input says that a bound will stop the load if, and only if, that bound stops the load.
func TestPlanSaysWhatABoundStops(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - identify: {userId: $id}\n    when: =n != \"gone\"\n  - delete_person: {userId: $id}\n    when: =n == \"gone\"\n"
	rows := func(n, gone int) string {
		var b strings.Builder
		b.WriteString("id,n\n")
		for i := range n {
			what := "1"
			if i < gone {
				what = "gone"
			}
			fmt.Fprintf(&b, "p%02d,%s\n", i, what)
		}
		return b.String()
	}
	var everybody []string
	for i := range 20 {
		everybody = append(everybody, fmt.Sprintf("p%02d", i))
	}
	bounds := []error{ErrTooManyDeletes, ErrShrunk, ErrNotWhole}
	seen := make([]int, len(bounds)+1)
	for _, test := range []struct {
		left, gone int // people who are not in the input any more, and rows that delete
		most       int64
		shrink     int
	}{
		{0, 0, -1, 0}, {0, 2, 2, 0}, {0, 2, 1, 0}, {1, 0, -1, 0}, {1, 0, 1, 0}, {1, 2, 2, 0}, {1, 2, 3, 0}, {12, 0, 14, 0}, {12, 0, 14, 100}, {12, 2, 1, 0}, {12, 2, 13, 100},
	} {
		c := newMirroring(t, yaml)
		c.want(rows(20, 0), 0, strings.Join(everybody, " "))
		c.job.MaxDeletes, c.job.Changes.MaxShrink = test.most, test.shrink
		job, in := c.job, rows(20-test.left, test.gone)
		job.Source = mustSource(t, in, source.Config{})
		plan, err := MakePlan(t.Context(), job, AllRows)
		if err != nil {
			t.Fatal(err)
		}
		_, stopped := c.load(in)
		which := len(bounds)
		for i, bound := range bounds {
			if errors.Is(plan.Stop(), bound) != errors.Is(stopped, bound) {
				t.Errorf("%+v: the plan says %v, the load %v", test, plan.Stop(), stopped)
			}
			if errors.Is(stopped, bound) {
				which = i
			}
		}
		seen[which]++
	}
	if seen[0] == 0 || seen[1] == 0 || seen[len(bounds)] == 0 {
		t.Errorf("the cases are not all there: %d", seen)
	}
}

// A plan of the beginning of an input estimates the rest from it.
func TestPlanBoundsTheRest(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(file, []byte("id\n"+strings.Repeat("c00001\n", 10_000)), 0o600); err != nil {
		t.Fatal(err)
	}
	for most, want := range map[int64]string{50: "100 messages delete or suppress something, and the limit is 50", 5_000: "estimated from these rows: about ", 50_000: ""} {
		src, err := source.Open(file, source.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		plan, err := MakePlan(t.Context(), Job{Source: src, Mapping: mustMapping(t, "messages:\n  - delete_person: {userId: $id}\n"), MaxDeletes: most}, 100)
		if err != nil {
			t.Fatal(err)
		}
		stop := plan.Stop()
		if (stop == nil) != (want == "") || stop != nil && (!errors.Is(stop, ErrTooManyDeletes) || !strings.Contains(stop.Error(), want)) {
			t.Errorf("at most %d: %v", most, stop)
		}
	}
}
