package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio/bench/internal/sink"
	"github.com/ciokit/cio/bench/internal/workload"
)

// row contains all measurements of one client.
type row struct {
	client  string
	before  string // the executable of another version of the library; "" means this one
	results []result
	counts  []sink.Counts
}

func (r *row) name() string {
	if r.before != "" {
		return r.client + ", before"
	}
	return r.client
}

// median returns the result with the median of f.
func (r *row) median(f func(result) float64) float64 {
	values := make([]float64, len(r.results))
	for i := range r.results {
		values[i] = f(r.results[i])
	}
	slices.Sort(values)
	return values[len(values)/2]
}

var tableClients = []string{"ours-typed", "ours-map", "ceiling-typed", "ceiling-map", "tuned-typed", "tuned-map", "segmentio", "posthog", "ours-typed-built", "ours-map-built", "segmentio-built"}

// table measures all clients, round by round, in changing order. It prints a table for each shape.
func table(args []string) (err error) {
	f := flag.NewFlagSet("table", flag.ExitOnError)
	n := f.Int("n", 500_000, "how many events a measurement of small ones")
	nLarge := f.Int("n-large", 200_000, "how many events a measurement of large ones")
	rounds := f.Int("rounds", 5, "how many measurements of each client; the table has the medians")
	shapes := f.String("shapes", "small,large", "which events")
	clients := f.String("clients", strings.Join(tableClients, ","), "which clients")
	before := f.String("before", "", "also measure ours with this executable (bench, built with another version of the library), and compare")
	f.Parse(args)
	if *n < 1 || *nLarge < 1 || *rounds < 1 {
		return errors.New("-n, -n-large and -rounds must be positive")
	}
	b, err := newBench()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	for shape := range strings.SplitSeq(*shapes, ",") {
		n := *n
		if workload.Shape(shape) == workload.ShapeLarge {
			n = *nLarge
		}
		rows := newRows(strings.Split(*clients, ","), *before)
		if err := b.measureAll(workload.Shape(shape), n, *rounds, rows); err != nil {
			return err
		}
		printTable(workload.Shape(shape), n, *rounds, rows)
		if *before != "" {
			printComparison(workload.Shape(shape), rows)
		}
	}
	return nil
}

// newRows returns a row for each client. With an executable, it returns a second row for each of our clients.
func newRows(clients []string, before string) (rows []*row) {
	for _, name := range clients {
		if before != "" && strings.HasPrefix(name, "ours-") {
			rows = append(rows, &row{client: name, before: before})
		}
		rows = append(rows, &row{client: name})
	}
	return rows
}

// order returns the rows in the order of a round. Every second round is the reverse of the one before, so that of two rows each comes first
// equally often. Then the next row begins.
func order(rows []*row, round int) []*row {
	from := round / 2 % len(rows)
	turn := append(slices.Clone(rows[from:]), rows[:from]...)
	if round%2 == 1 {
		slices.Reverse(turn)
	}
	return turn
}

func (b *bench) measureAll(shape workload.Shape, n, rounds int, rows []*row) error {
	for round := range rounds {
		for _, r := range order(rows, round) {
			started := time.Now()
			res, counts, err := b.run(job{Client: r.client, Shape: shape, Events: n, URL: b.sink.Plain, executable: r.before})
			if err != nil {
				return err
			}
			r.results = append(r.results, res)
			r.counts = append(r.counts, counts)
			fmt.Fprintf(os.Stderr, "%s round %d: %-24s %.3f CPU-seconds per million, %.1f s\n", shape, round+1, r.name(), cpuPerMillion(res), time.Since(started).Seconds())
		}
	}
	return nil
}

func printTable(shape workload.Shape, n, rounds int, rows []*row) {
	fmt.Printf("\n%s events, %d a measurement, medians of %d (lowest and highest CPU in brackets)\n\n", shape, n, rounds)
	fmt.Println("| client | CPU-seconds per million | of segmentio | of its ceiling | of the tuned ceiling | events/s | allocations/event | bytes/event | peak MiB | requests | connections | body bytes/event | sent | arrived |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	cpu := map[string]float64{}
	for _, r := range rows {
		cpu[r.name()] = r.median(cpuPerMillion)
	}
	for _, r := range rows {
		c := middle(r.counts)
		peer := "segmentio"
		if strings.HasSuffix(r.client, "-built") {
			peer = "segmentio-built"
		}
		fmt.Printf("| %s | %.2f (%.2f to %.2f) | %s | %s | %s | %.0f | %.3f | %.1f | %.0f | %d | %d | %.0f | %d | %s |\n",
			r.name(), cpu[r.name()], extreme(r, slices.Min), extreme(r, slices.Max), share(cpu[peer], cpu[r.name()]), multiple(cpu[r.name()], cpu["ceiling-"+kind(r.client)]), multiple(cpu[r.name()], cpu["tuned-"+kind(r.client)]),
			r.median(perSecond), r.median(allocations), r.median(allocated), r.median(peak), c.Requests, c.Connections, float64(c.WireBytes)/float64(c.Messages), n*rounds, arrived(r, n))
	}
}

func allocations(r result) float64 { return float64(r.Mallocs) / float64(r.Taken) }
func allocated(r result) float64   { return float64(r.AllocBytes) / float64(r.Taken) }
func peak(r result) float64        { return mib(r.Peak) }

// printComparison prints the costs of our clients as multiples of their costs before.
func printComparison(shape workload.Shape, rows []*row) {
	fmt.Printf("\n%s events, now as a multiple of before: below 1 is less than before\n\n", shape)
	fmt.Println("| client | CPU, medians | CPU, lowest | CPU, median of the rounds (lowest to highest) | time, medians | allocations | bytes | peak |\n|---|---|---|---|---|---|---|---|")
	for i, now := range rows {
		if i == 0 || rows[i-1].before == "" {
			continue
		}
		before := rows[i-1]
		of := func(f func(result) float64) string { return multiple(now.median(f), before.median(f)) }
		pairs := pairwise(now, before)
		fmt.Printf("| %s | %s | %s | %.3f (%.2f to %.2f) | %s | %s | %s | %s |\n", now.client, of(cpuPerMillion), multiple(extreme(now, slices.Min), extreme(before, slices.Min)),
			pairs[len(pairs)/2], pairs[0], pairs[len(pairs)-1], multiple(before.median(perSecond), now.median(perSecond)), of(allocations), of(allocated), of(peak))
	}
}

// pairwise returns the sorted multiples of each round: a disturbance of a whole round affects both of its measurements.
func pairwise(now, before *row) []float64 {
	pairs := make([]float64, len(now.results))
	for i := range pairs {
		pairs[i] = cpuPerMillion(now.results[i]) / cpuPerMillion(before.results[i])
	}
	slices.Sort(pairs)
	return pairs
}

// kind returns the ceiling with which a client is compared.
func kind(client string) string {
	switch client {
	case "ours-typed":
		return "typed"
	case "ours-map":
		return "map"
	}
	return ""
}

func share(whole, part float64) string {
	if whole == 0 || part == 0 {
		return ""
	}
	return fmt.Sprintf("1/%.1f", whole/part)
}

func multiple(a, b float64) string {
	if b == 0 {
		return ""
	}
	return fmt.Sprintf("%.3f", a/b)
}

func extreme(r *row, of func([]float64) float64) float64 {
	values := make([]float64, len(r.results))
	for i := range r.results {
		values[i] = cpuPerMillion(r.results[i])
	}
	return of(values)
}

// middle returns the counts of the round with the median number of connections.
func middle(counts []sink.Counts) sink.Counts {
	sorted := slices.Clone(counts)
	slices.SortFunc(sorted, func(a, b sink.Counts) int { return int(a.Connections - b.Connections) })
	return sorted[len(sorted)/2]
}

// arrived counts over all rounds, and reports it if not every message arrived exactly once.
func arrived(r *row, n int) string {
	var messages, distinct int64
	for _, c := range r.counts {
		messages += c.Messages
		distinct += c.Distinct
	}
	want := int64(n) * int64(len(r.counts))
	switch {
	case messages == want && distinct == want:
		return fmt.Sprint(want)
	case messages == distinct:
		return fmt.Sprintf("%d (%d lost)", distinct, want-distinct)
	}
	return fmt.Sprintf("%d (%d lost, %d twice)", distinct, want-distinct, messages-distinct)
}
