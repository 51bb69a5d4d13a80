package load

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"runtime/metrics"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// One changed row before very many unchanged rows: their notes are not all kept in memory, and checkpoints are made meanwhile.
func TestMemoryOfUnchangedRows(t *testing.T) {
	if testing.Short() || raceEnabled {
		t.Skip("memory is not measured in short tests and under the race detector")
	}
	rows := 250_000
	if deep() {
		rows = 3_000_000
	}
	table := func(first int) source.Source {
		var in bytes.Buffer
		fmt.Fprintf(&in, "id,n\nfirst,%d\n", first)
		for i := range rows {
			fmt.Fprintf(&in, "u%07d,1\n", i)
		}
		src, err := source.New(&in, source.Config{Format: source.FormatCSV})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { src.Close() })
		return src
	}
	job := Job{Mapping: mustMapping(t, people), Client: sinkClient(t), Changes: ChangeOnly{Snapshot: filepath.Join(t.TempDir(), "s"), IDs: true}}
	job.Source = table(1)
	if _, err := Run(t.Context(), job); err != nil {
		t.Fatal(err)
	}
	var sentAfter int64
	var r *countingSource
	job.Client = sendNoter{job.Client, func() { sentAfter = r.read }}
	r = &countingSource{Source: table(2)}
	job.Source = r
	debug.FreeOSMemory()
	sample := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(sample)
	before := sample[0].Value.Uint64()
	r.look = func() {
		metrics.Read(sample)
		r.peak = max(r.peak, sample[0].Value.Uint64())
	}
	s, err := Run(t.Context(), job)
	if err != nil || s.Unchanged != int64(rows) || s.Accepted != 1 {
		t.Fatal(err, counts(s), s.Unchanged)
	}
	t.Logf("the changed row was sent behind %d others, with %d MiB at most", sentAfter, int64(r.peak-before)>>20)
	if sentAfter > 200_000 {
		t.Errorf("the changed row waited for %d others", sentAfter)
	}
}

// sendNoter is notified when its Client sends.
type sendNoter struct {
	Client
	note func()
}

func (n sendNoter) Send(ctx context.Context, m ...cio.Message) error {
	n.note()
	return n.Client.Send(ctx, m...)
}

// countingSource counts the rows that it returns.
type countingSource struct {
	source.Source
	read int64
	peak uint64
	look func()
}

func (c *countingSource) Next(ctx context.Context, b *source.Batch) error {
	err := c.Source.Next(ctx, b)
	c.read += int64(len(b.Rows))
	c.look()
	return err
}
