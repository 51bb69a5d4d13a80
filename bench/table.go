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

// row is all measurements of one client.
type row struct {
	client  string
	results []result
	counts  []sink.Counts
}

// median returns the middle one by f.
func (r *row) median(f func(result) float64) float64 {
	values := make([]float64, len(r.results))
	for i := range r.results {
		values[i] = f(r.results[i])
	}
	slices.Sort(values)
	return values[len(values)/2]
}

var tableClients = []string{"ours-typed", "ours-map", "ceiling-typed", "ceiling-map", "tuned-typed", "tuned-map", "segmentio", "posthog", "ours-typed-built", "ours-map-built", "segmentio-built"}

// table measures all clients, round by round, each round beginning with another client, and prints a table for each shape.
func table(args []string) (err error) {
	f := flag.NewFlagSet("table", flag.ExitOnError)
	n := f.Int("n", 500_000, "how many events a measurement of small ones")
	nLarge := f.Int("n-large", 200_000, "how many events a measurement of large ones")
	rounds := f.Int("rounds", 5, "how many measurements of each client; the table has the medians")
	shapes := f.String("shapes", "small,large", "which events")
	clients := f.String("clients", strings.Join(tableClients, ","), "which clients")
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
		if workload.Shape(shape) == workload.Large {
			n = *nLarge
		}
		rows, err := b.measureAll(workload.Shape(shape), n, *rounds, strings.Split(*clients, ","))
		if err != nil {
			return err
		}
		printTable(workload.Shape(shape), n, *rounds, rows)
	}
	return nil
}

func (b *bench) measureAll(shape workload.Shape, n, rounds int, clients []string) ([]*row, error) {
	rows := make([]*row, len(clients))
	for i, name := range clients {
		rows[i] = &row{client: name}
	}
	for round := range rounds {
		for i := range rows {
			r := rows[(i+round)%len(rows)]
			started := time.Now()
			res, counts, err := b.run(job{Client: r.client, Shape: shape, Events: n, URL: b.sink.Plain})
			if err != nil {
				return nil, err
			}
			r.results = append(r.results, res)
			r.counts = append(r.counts, counts)
			fmt.Fprintf(os.Stderr, "%s round %d: %-16s %.3f CPU-seconds per million, %.1f s\n", shape, round+1, r.client, cpuPerMillion(res), time.Since(started).Seconds())
		}
	}
	return rows, nil
}

func printTable(shape workload.Shape, n, rounds int, rows []*row) {
	fmt.Printf("\n%s events, %d a measurement, medians of %d (lowest and highest CPU in brackets)\n\n", shape, n, rounds)
	fmt.Println("| client | CPU-seconds per million | of segmentio | of its ceiling | of the tuned ceiling | events/s | allocations/event | bytes/event | peak MiB | requests | connections | body bytes/event | sent | arrived |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	cpu := map[string]float64{}
	for _, r := range rows {
		cpu[r.client] = r.median(cpuPerMillion)
	}
	for _, r := range rows {
		c := middle(r.counts)
		peer := "segmentio"
		if strings.HasSuffix(r.client, "-built") {
			peer = "segmentio-built"
		}
		fmt.Printf("| %s | %.2f (%.2f to %.2f) | %s | %s | %s | %.0f | %.3f | %.1f | %.0f | %d | %d | %.0f | %d | %s |\n",
			r.client, cpu[r.client], extreme(r, slices.Min), extreme(r, slices.Max), share(cpu[peer], cpu[r.client]), multiple(cpu[r.client], cpu["ceiling-"+kind(r.client)]), multiple(cpu[r.client], cpu["tuned-"+kind(r.client)]),
			r.median(perSecond), r.median(func(r result) float64 { return float64(r.Mallocs) / float64(r.Taken) }), r.median(func(r result) float64 { return float64(r.AllocBytes) / float64(r.Taken) }),
			r.median(func(r result) float64 { return mib(r.Peak) }), c.Requests, c.Connections, float64(c.WireBytes)/float64(c.Messages), n*rounds, arrived(r, n))
	}
}

// kind is which ceiling a client is held to.
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
	return fmt.Sprintf("%.2f", a/b)
}

func extreme(r *row, of func([]float64) float64) float64 {
	values := make([]float64, len(r.results))
	for i := range r.results {
		values[i] = cpuPerMillion(r.results[i])
	}
	return of(values)
}

// middle returns the counts of the round with the median of connections.
func middle(counts []sink.Counts) sink.Counts {
	sorted := slices.Clone(counts)
	slices.SortFunc(sorted, func(a, b sink.Counts) int { return int(a.Connections - b.Connections) })
	return sorted[len(sorted)/2]
}

// arrived counts over all rounds, and says so where that is not every message once.
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
