//go:build unix

package erasure

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ciokit/cio"
)

// desk is what a benchmark erases with.
type desk struct {
	keys               Keyring
	operator, approver Signer
	receipt            ReceiptKey
	guard              GuardKey
	client             *cio.Client
}

func newDesk(b *testing.B) *desk {
	b.Helper()
	d := &desk{receipt: NewReceiptKey(), guard: NewGuardKey()}
	var ring []string
	for _, role := range []Role{RoleOperator, RoleApprover} {
		private, public, err := GenerateKey(role, "of-"+string(role))
		if err != nil {
			b.Fatal(err)
		}
		s, err := ParseSigner(private)
		if err != nil {
			b.Fatal(err)
		}
		if ring = append(ring, public); role == RoleOperator {
			d.operator = s
		} else {
			d.approver = s
		}
	}
	var err error
	if d.keys, err = ParseKeyring(strings.Join(ring, "\n")); err != nil {
		b.Fatal(err)
	}
	d.client, err = cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://127.0.0.1:1", RateLimit: -1, HTTPClient: &http.Client{Transport: taker{}}})
	if err != nil {
		b.Fatal(err)
	}
	return d
}

// taker accepts every message.
type taker struct{}

func (taker) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, err := io.Copy(io.Discard, r.Body); err != nil {
		return nil, err
	}
	return &http.Response{StatusCode: 200, Request: r, Header: http.Header{}, Body: http.NoBody}, nil
}

func (d *desk) job(b *testing.B, n int) Job {
	b.Helper()
	targets := make([]Target, n)
	for i := range targets {
		targets[i] = Target{ID: fmt.Sprintf("person-%d", i)}
	}
	plan, _, err := NewPlan(PlanConfig{Action: ActionDelete, Client: d.client, ReceiptKey: d.receipt, GuardKey: d.guard, Reason: "a benchmark"}, targets)
	if err != nil {
		b.Fatal(err)
	}
	signed, err := SignPlan(plan, d.operator)
	if err == nil {
		signed, err = ApprovePlan(signed, d.keys, d.approver)
	}
	if err != nil {
		b.Fatal(err)
	}
	return Job{Plan: signed, Keys: d.keys, Operator: d.operator, ReceiptKey: d.receipt, GuardKey: d.guard, Targets: targets, Client: d.client, Dir: filepath.Join(b.TempDir(), "receipt"), Max: n}
}

// BenchmarkCheck checks a receipt of a million entries, and reports the largest memory use.
func BenchmarkCheck(b *testing.B) {
	d := newDesk(b)
	job := d.job(b, 499_999)
	if _, err := Run(context.Background(), job); err != nil {
		b.Fatal(err)
	}
	dir := job.Dir
	job = Job{}
	debug.FreeOSMemory()
	most, stop := memory()
	begun := cpu()
	for b.Loop() {
		c, err := Check(dir, CheckConfig{Keys: d.keys})
		if err != nil || c.Entries < 1_000_000 {
			b.Fatal(c, err)
		}
	}
	b.ReportMetric(float64((cpu()-begun).Milliseconds())/float64(b.N), "cpu-ms")
	stop()
	b.ReportMetric(float64(*most)/1e6, "MB")
}

// memory measures the memory that the process has from the system, until stop is called.
func memory() (most *uint64, stop func()) {
	most = new(uint64)
	end, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			*most = max(*most, m.Sys-m.HeapReleased)
			select {
			case <-end:
				return
			case <-time.After(20 * time.Millisecond):
			}
		}
	}()
	return most, func() { close(end); <-ended }
}

// cpu is the processor time of the process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkSubject runs a plan and sends the same messages with Client.Send, and reports the time of the CPU for each person, and the difference.
func BenchmarkSubject(b *testing.B) {
	d := newDesk(b)
	job := d.job(b, 20_000)
	plan, err := OpenPlan(job.Plan, d.keys)
	if err != nil {
		b.Fatal(err)
	}
	hash := plan.Hash()
	var sending, running time.Duration
	n := 0
	for ; b.Loop(); n++ {
		at := cpu()
		for some := range slices.Chunk(job.Targets, 500) {
			batch := make([]cio.Message, len(some))
			for i, t := range some {
				batch[i] = cio.DeletePerson{UserID: t.ID, MessageID: messageID(hash, Subject{})}
			}
			if err := d.client.Send(context.Background(), batch...); err != nil {
				b.Fatal(err)
			}
		}
		sending += cpu() - at
		at = cpu()
		job.Dir = filepath.Join(b.TempDir(), fmt.Sprint(n))
		if _, err := Run(context.Background(), job); err != nil {
			b.Fatal(err)
		}
		running += cpu() - at
	}
	each := func(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e3 / float64(n*len(job.Targets)) }
	b.ReportMetric(each(sending), "µs-send")
	b.ReportMetric(each(running), "µs-run")
	b.ReportMetric(each(running-sending), "µs-above")
}
