package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime/pprof"
	"time"

	"github.com/ciokit/cio/bench/internal/meter"
	"github.com/ciokit/cio/bench/internal/sink"
	"github.com/ciokit/cio/bench/internal/subject"
	"github.com/ciokit/cio/bench/internal/workload"
)

// job is one measurement. It runs in a process of its own.
type job struct {
	Client   string         `json:"client"`
	Shape    workload.Shape `json:"shape"`
	Events   int            `json:"events"`
	URL      string         `json:"url"`
	CA       string         `json:"ca,omitempty"` // for https
	HTTP2    bool           `json:"http2,omitempty"`
	Compress bool           `json:"compress,omitempty"`
	// Progress is the number of events after which the memory is printed each time; 0 means never.
	Progress int    `json:"progress,omitempty"`
	Profile  string `json:"profile,omitempty"` // file for a CPU profile

	executable string // the bench that runs it; "" means this one
}

// result is what a job's process used from the first event until Close returned.
type result struct {
	Taken      int           `json:"taken"` // events that the client accepted
	Wall       time.Duration `json:"wall"`
	CPU        time.Duration `json:"cpu"`
	Mallocs    uint64        `json:"mallocs"`
	AllocBytes uint64        `json:"alloc_bytes"`
	Peak       int64         `json:"peak"` // resident bytes of the whole process
}

// runChild runs the job that it reads and prints the result.
func runChild(in io.Reader, out io.Writer) error {
	var j job
	if err := json.NewDecoder(in).Decode(&j); err != nil {
		return err
	}
	cfg := subject.Config{URL: j.URL, Shape: j.Shape, Compress: j.Compress}
	if j.CA != "" {
		cfg.HTTPClient = sink.Client(j.CA, j.HTTP2, true)
	}
	s, err := subject.New(j.Client, cfg)
	if err != nil {
		return err
	}
	if j.Profile != "" {
		f, err := os.Create(j.Profile)
		if err != nil {
			return err
		}
		defer f.Close()
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	r, err := measure(s, j)
	if err != nil {
		return fmt.Errorf("%s: %w", j.Client, err)
	}
	return json.NewEncoder(out).Encode(r)
}

func measure(s subject.Subject, j job) (r result, err error) {
	before, err := meter.Read()
	if err != nil {
		return r, err
	}
	for n := range j.Events {
		if err := s.Put(n); err != nil {
			return r, fmt.Errorf("event %d: %w", n, err)
		}
		r.Taken++
		if j.Progress > 0 && (n+1)%j.Progress == 0 {
			now, peak, err := meter.Memory()
			if err != nil {
				return r, err
			}
			fmt.Fprintf(os.Stderr, "%12d events  %5.1f MiB resident  %5.1f MiB at the peak\n", n+1, mib(now), mib(peak))
		}
	}
	if err := s.Close(context.Background()); err != nil {
		return r, fmt.Errorf("close: %w", err)
	}
	after, err := meter.Read()
	if err != nil {
		return r, err
	}
	r.Wall = after.At.Sub(before.At)
	r.CPU = after.CPU - before.CPU
	r.Mallocs = after.Mallocs - before.Mallocs
	r.AllocBytes = after.AllocBytes - before.AllocBytes
	_, r.Peak, err = meter.Memory()
	return r, err
}

func mib(n int64) float64 { return float64(n) / (1 << 20) }

// bench runs jobs, each in a new process, against a sink in another process.
type bench struct {
	executable string
	sink       *sink.Process
}

func newBench() (*bench, error) {
	executable, err := os.Executable()
	if err != nil {
		return nil, err
	}
	s, err := sink.Start(executable, "sink")
	if err != nil {
		return nil, err
	}
	return &bench{executable, s}, nil
}

func (b *bench) close() error { return b.sink.Stop() }

// run returns what the job used and what arrived.
func (b *bench) run(j job) (r result, c sink.Counts, err error) {
	if err := b.sink.Reset(); err != nil {
		return r, c, err
	}
	in, err := json.Marshal(j)
	if err != nil {
		return r, c, err
	}
	cmd := exec.Command(cmp.Or(j.executable, b.executable), "child")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return r, c, err
	}
	go func() {
		defer stdin.Close()
		stdin.Write(in) // a failure is reported by the child
	}()
	out, err := cmd.Output()
	if err != nil {
		return r, c, fmt.Errorf("%s: %w", j.Client, err)
	}
	if err := json.Unmarshal(out, &r); err != nil {
		return r, c, fmt.Errorf("%s: %w", j.Client, err)
	}
	c, err = b.sink.Counts()
	return r, c, err
}

// jobFlags adds the flags that all commands have.
func jobFlags(f *flag.FlagSet, j *job) {
	f.StringVar(&j.Client, "client", "ours-typed", "which client")
	f.StringVar((*string)(&j.Shape), "shape", string(workload.ShapeSmall), "small or large events")
	f.IntVar(&j.Events, "n", 1_000_000, "how many events")
}
