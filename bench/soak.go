package main

import (
	"errors"
	"flag"
	"fmt"
	"time"
)

// soak runs one client for a long time and prints its memory. With a delay, the sink is slower than the client, so the client's queue is
// full.
func soak(args []string) error {
	f := flag.NewFlagSet("soak", flag.ExitOnError)
	var j job
	jobFlags(f, &j)
	f.IntVar(&j.Progress, "every", 1_000_000, "after how many events the memory is printed")
	delay := f.Duration("delay", 0, "how long the sink waits before each answer")
	f.Parse(args)
	return one(j, *delay)
}

// profile runs one client under the CPU profiler.
func profile(args []string) error {
	f := flag.NewFlagSet("profile", flag.ExitOnError)
	var j job
	jobFlags(f, &j)
	f.StringVar(&j.Profile, "o", "cpu.prof", "file for the profile")
	f.Parse(args)
	return one(j, 0)
}

// one runs a single job and prints the result.
func one(j job, delay time.Duration) (err error) {
	b, err := newBench()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	if err := b.sink.SetDelay(delay); err != nil {
		return err
	}
	j.URL = b.sink.Plain
	r, c, err := b.run(j)
	if err != nil {
		return err
	}
	fmt.Printf("%s, %s events: %d taken, %d arrived, %d different\n", j.Client, j.Shape, r.Taken, c.Messages, c.Distinct)
	fmt.Printf("%.0f events/s, %.3f CPU-seconds per million, %.3f allocations and %.1f bytes an event\n", perSecond(r), cpuPerMillion(r), float64(r.Mallocs)/float64(r.Taken), float64(r.AllocBytes)/float64(r.Taken))
	fmt.Printf("%d requests, %d connections, %.0f bytes of body an event; at its peak the process had %.1f MiB resident\n", c.Requests, c.Connections, float64(c.WireBytes)/float64(c.Messages), mib(r.Peak))
	return nil
}

func perSecond(r result) float64 { return float64(r.Taken) / r.Wall.Seconds() }

func cpuPerMillion(r result) float64 { return r.CPU.Seconds() / float64(r.Taken) * 1e6 }
