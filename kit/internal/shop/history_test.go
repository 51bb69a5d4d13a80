package shop

import (
	"encoding/csv"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
)

func rows(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	all, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return all[1:]
}

// The past is the same every time, adds up, and is that of the same shop under another prefix.
func TestHistory(t *testing.T) {
	t.Parallel()
	one, two, other := t.TempDir(), t.TempDir(), t.TempDir()
	for dir, prefix := range map[string]string{one: "", two: "", other: "x_"} {
		if err := WriteHistory(dir, prefix); err != nil {
			t.Fatal(err)
		}
	}
	people, orders := rows(t, filepath.Join(one, "past_people.csv")), rows(t, filepath.Join(one, "past_orders.csv"))
	if len(people) != PastPeople || len(orders) < 2*PastPeople || len(orders) > 4*PastPeople {
		t.Fatalf("%d people, %d orders", len(people), len(orders))
	}
	count := make(map[string]int)
	for _, o := range orders {
		count[o[1]]++
	}
	for _, p := range people {
		if n := count[p[0]]; n == 0 || p[3] != strconv.Itoa(n) || p[1] > p[2] {
			t.Errorf("%v has %d orders", p, n)
		}
	}
	for _, name := range []string{"past_people.csv", "past_orders.csv", "past_people.yaml", "past_orders.yaml"} {
		a, err := os.ReadFile(filepath.Join(one, name))
		if err != nil {
			t.Fatal(err)
		}
		if b, err := os.ReadFile(filepath.Join(two, name)); err != nil || !slices.Equal(a, b) {
			t.Errorf("%s differs from run to run, %v", name, err)
		}
	}
	if prefixed := rows(t, filepath.Join(other, "past_orders.csv")); prefixed[0][1] != "x_"+orders[0][1] || len(prefixed) != len(orders) {
		t.Errorf("%v", prefixed[0])
	}
}
