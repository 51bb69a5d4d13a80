package progress

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load"
)

// twoFiles are files of 100 and 300 bytes.
func twoFiles(t *testing.T) (files []string) {
	t.Helper()
	dir := t.TempDir()
	for i, name := range []string{"a.csv", "b.csv"} {
		file := filepath.Join(dir, name)
		if err := os.WriteFile(file, make([]byte, 100+200*i), 0o600); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// Without a terminal there is a line every five seconds, with the current file, the speed of the last seconds and the delays.
func TestProgressLines(t *testing.T) {
	files := twoFiles(t)
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p, err := New(&out, Config{Name: "a.csv and 1 more", Files: files, Mode: "auto", Quiet: false})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 14 {
			<-time.After(time.Second)
			now := load.Progress{Summary: load.Summary{Rows: int64(1000 * i), Accepted: int64(900 * i)}, Read: int64(20 * i), Size: 400}
			if i > 8 {
				now.RateLimited, now.Retried, now.Queued, now.Rejected = 2, 3, 4567, 1
			}
			p.Update(now)
		}
		p.Update(load.Progress{Done: true})
		p.Close()
		const want = `a.csv (1 of 2): 20 %: 1,000 rows/s, 16 s left, 4,000 rows, 3,600 accepted
b.csv (2 of 2): 45 %: 1,000 rows/s, 11 s left, 9,000 rows, 8,100 accepted, 1 rejected, 4,567 queued, 2 answers 429, 3 retries
`
		if out.String() != want {
			t.Errorf("got\n%swant\n%s", &out, want)
		}
	})
}

// While requests fail, a line says so within a second, and then once a minute. Without progress, no other line is repeated.
func TestProgressOfWaiting(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p, err := New(&out, Config{Name: "a.csv", Files: nil, Mode: "auto", Quiet: false})
		if err != nil {
			t.Fatal(err)
		}
		refused := &cio.APIError{Operation: "batch", Message: "dial tcp 127.0.0.1:1: connect: connection refused", Err: syscall.ECONNREFUSED, Attempts: 3}
		for i := range 4 * 130 {
			<-time.After(250 * time.Millisecond)
			now := load.Progress{Summary: load.Summary{Rows: 10}, Queued: 10, Failing: refused}
			if i > 4*125 {
				now.Failing = nil
			}
			p.Update(now)
		}
		p.Close()
		const want = `a.csv: 10 rows, 0 accepted, 10 queued; waiting: connection refused (retrying for 1 s)
a.csv: 10 rows, 0 accepted, 10 queued; waiting: connection refused (retrying for 61 s)
a.csv: 10 rows, 0 accepted, 10 queued; waiting: connection refused (retrying for 121 s)
`
		if got := out.String(); !strings.HasPrefix(got, want) || strings.Count(got, "waiting") != 3 || strings.Count(got, "\n") > 4 {
			t.Errorf("got\n%swant\n%s", got, want)
		}
	})
}

// --progress json has the same facts as events.
func TestProgressEvents(t *testing.T) {
	files := twoFiles(t)
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		p, err := New(&out, Config{Name: "a.csv and 1 more", Files: files, Mode: "json", Quiet: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 4 {
			<-time.After(time.Second)
			p.Update(load.Progress{Summary: load.Summary{Rows: int64(1000 * i)}, Read: int64(50 * i), Size: 400, Queued: 7, RateLimited: 8})
		}
		p.Update(load.Progress{Summary: load.Summary{Rows: 9000}, Read: 400, Size: 400, Done: true, Stopped: errors.New("no more")})
		lines := strings.Split(strings.TrimSpace(out.String()), "\n")
		if len(lines) != 5 {
			t.Fatalf("%d events:\n%s", len(lines), &out)
		}
		var e event
		if err := json.Unmarshal([]byte(lines[3]), &e); err != nil {
			t.Fatal(err)
		}
		if e.Event != "progress" || e.Rows != 3000 || e.Queued != 7 || e.RateLimited != 8 || e.RowsPerSecond != 1000 || e.Left == nil || *e.Left != 5 ||
			e.Current == nil || *e.Current != (current{"b.csv", 2, 2, 50, 300}) {
			t.Errorf("%s", lines[3])
		}
		e = event{}
		if err := json.Unmarshal([]byte(lines[4]), &e); err != nil || e.Event != "done" || e.Stopped != "no more" || e.Current.Index != 2 {
			t.Errorf("%v: %s", err, lines[4])
		}
	})
}

func TestPace(t *testing.T) {
	begun := time.Unix(0, 0)
	var p pace
	if _, ok := p.left(0, 100); ok || p.rows() != 0 {
		t.Error("nothing has a pace")
	}
	for i := range 400 { // a minute at 100 rows a second, then a pause
		at := begun.Add(time.Duration(i) * 250 * time.Millisecond)
		rows := int64(min(i, 240) * 25)
		p.add(at, rows, rows)
		if i == 240 {
			if left, ok := p.left(rows, 2*rows); !ok || left != time.Minute || p.rows() != 100 {
				t.Errorf("%v left, %v rows a second", left, p.rows())
			}
		}
	}
	if _, ok := p.left(6000, 12000); ok || p.rows() != 0 || len(p.samples) > 70 {
		t.Errorf("after a pause: %v rows a second by %d samples", p.rows(), len(p.samples))
	}
	for d, want := range map[time.Duration]string{0: "1 s", 59 * time.Second: "59 s", 61 * time.Second: "1 min 01 s", 42 * time.Minute: "42 min", 125 * time.Minute: "2 h 05 min"} {
		if got := remaining(d); got != want {
			t.Errorf("%v is %q, want %q", d, got, want)
		}
	}
}
