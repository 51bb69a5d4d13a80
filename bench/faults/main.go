// Command faults runs the Batcher and other Go clients against a server that fails in many ways, one after the other. It counts the outcome
// of every message: accepted, reported as failed, returned by Close, lost without a report, reported with two outcomes, processed twice.
//
//	go run ./faults                     all rows, about fourteen minutes
//	go run ./faults -row 'SIGTERM'      the rows whose names contain that text
//	go run ./faults -client ours
//
// Each client runs in an application of its own: a process that marks in a file what the client reported about each message. The server
// marks what it processed. All clients of a row run at the same time, unless the row measures speed, each with its own server, over
// loopback. What the callbacks of the other clients say counts as reported. Without a callback, their users learn it only from a line in a
// log.
//
// Accepted is what the API stored. A page that answers instead of the API stores nothing, whatever its status. "Of these innocent" are the
// messages that were reported as failed although neither the API nor a firewall in front of it rejected them because of their content.
// "Reported accepted, not stored" belong to the messages that are lost without a report, because the report was not true. Two outcomes are
// two reports of one message, a report and a return by Close, or a report of a failure although the API had answered that it accepted the
// message.
//
// ours-outbox is in the rows in which a client in memory loses messages, or returns them to a process that ends. Messages on its disk after
// the process has ended count as returned: they are sent after the next start.
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"time"
)

func main() {
	if len(os.Args) > 1 && os.Args[1] == "application" {
		exit(runApplication())
	}
	rowText := flag.String("row", "", "only the rows whose names contain this text")
	client := flag.String("client", "", "only this client: "+outboxName+", "+strings.Join(clientNames, ", "))
	flag.Parse()
	exit(run(*rowText, *client))
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "faults:", err)
		os.Exit(1)
	}
	os.Exit(0)
}

func runApplication() error {
	var a application
	if err := json.NewDecoder(os.Stdin).Decode(&a); err != nil {
		return err
	}
	o, err := a.run(context.Background())
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(o)
}

func run(rowText, only string) error {
	dir, err := os.MkdirTemp("", "faults")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	fmt.Println("| fault | client | taken | accepted | reported accepted, not stored | reported failed | of these innocent | returned by Close | **lost without a report** | two outcomes | processed twice | refused by Enqueue | notes |\n|---|---|---|---|---|---|---|---|---|---|---|---|---|")
	for n, r := range rows {
		if !strings.Contains(r.Name, rowText) {
			continue
		}
		names := clientNames
		if r.outbox {
			names = append([]string{outboxName}, names...)
		}
		if only != "" {
			names = []string{only}
		}
		lines := make([]string, len(names))
		errs := make([]error, len(names))
		var all sync.WaitGroup
		for i, name := range names {
			all.Go(func() {
				e := experiment{row: r, client: name, ledger: filepath.Join(dir, fmt.Sprintf("%d-%s", n, name))}
				lines[i], errs[i] = e.run()
			})
			if r.alone {
				all.Wait()
			}
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return fmt.Errorf("%s: %w", r.Name, err)
		}
		fmt.Println(strings.Join(lines, "\n"))
	}
	return nil
}

// experiment is one client with one fault.
type experiment struct {
	row    row
	client string
	ledger string
}

// tooLong ends an experiment that hangs.
const tooLong = 4 * time.Minute

func (e experiment) run() (string, error) {
	if err := createLedger(e.ledger, e.row.Messages); err != nil {
		return "", err
	}
	// PostHog's own server has other limits, so a violation of these does not count against its client.
	s := newServer(e.row.Messages, e.row.fault, e.client != "posthog")
	for i, n := range e.row.Large {
		s.fates[i].culprit = n > maxMessage // a client that knows the limit rejects the message itself
	}
	address, stop, err := s.start("127.0.0.1:0")
	if err != nil {
		return "", err
	}
	if e.row.downFor > 0 {
		stop()
		up := make(chan struct{})
		var again func()
		t := time.AfterFunc(e.row.downFor, func() {
			defer close(up)
			if _, again, err = s.start(address); err != nil {
				again = func() {}
			}
		})
		stop = func() {
			if !t.Stop() {
				<-up
				again()
			}
		}
	}
	o, ended, runErr := e.application("http://" + address)
	stop()
	if err := errors.Join(err, runErr); err != nil {
		return "", err
	}
	l, err := openLedger(e.ledger)
	if err != nil {
		return "", err
	}
	defer l.close()
	if e.client == outboxName {
		if err := markStored(e.ledger, l); err != nil {
			return "", err
		}
	}
	return e.line(count(l, s.fates), s, o, ended), nil
}

// application runs the client's process. It returns what the process observed, and how it ended if it did not end by itself.
func (e experiment) application(url string) (o outcome, ended string, err error) {
	executable, err := os.Executable()
	if err != nil {
		return o, "", err
	}
	in, err := json.Marshal(application{e.client, url, e.ledger, e.row})
	if err != nil {
		return o, "", err
	}
	ctx, cancel := context.WithTimeout(context.Background(), tooLong)
	defer cancel()
	cmd := exec.CommandContext(ctx, executable, "application")
	cmd.Stdin = bytes.NewReader(in)
	var out, trouble bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &trouble
	if err := cmd.Start(); err != nil {
		return o, "", err
	}
	if e.row.signal != nil {
		t := time.AfterFunc(e.row.signalAt, func() { cmd.Process.Signal(e.row.signal) })
		defer t.Stop()
	}
	if err := cmd.Wait(); err != nil {
		ended = exitCode(cmd.ProcessState)
		if reason, _, _ := strings.Cut(trouble.String(), "\n"); reason != "" {
			ended += ": " + reason
		}
		return o, ended, nil
	}
	return o, "", json.Unmarshal(out.Bytes(), &o)
}

// lateAfter is how long after the last Enqueue a message may arrive without a note.
const lateAfter = 2 * time.Second

func (e experiment) line(t tally, s *server, o outcome, ended string) string {
	var notes []string
	note := func(holds bool, format string, args ...any) {
		if holds {
			notes = append(notes, fmt.Sprintf(format, args...))
		}
	}
	note(ended != "", "the process ended: %s", ended)
	note(s.changed > 0, "%d arrived with other contents", s.changed)
	note(t.Mistaken > 0, "%d reported failed or returned by Close had arrived", t.Mistaken)
	note(t.Silent > 0, "%d accepted without a report", t.Silent)
	note(o.Late > 0, "%d reported after Close", o.Late)
	note(o.Surplus > t.Two, "its counts and the messages returned by Close give %d outcomes too many", o.Surplus)
	note(e.row.Block > 0 && !o.Blocked, "no callback blocked")
	note(s.refused > 0, "%d of %d requests refused", s.refused, s.requests)
	after := s.last.Sub(o.Enqueued)
	note(after > lateAfter && !o.Enqueued.IsZero(), "the last arrived %.0f s after the last Enqueue", after.Seconds())
	note(o.Closing > time.Second, "Close took %.1f s", o.Closing.Seconds())
	note(e.row.Rate == 0 && o.Enqueuing > 0, "Enqueue took %.1f s in all, peak memory %.0f MiB", o.Enqueuing.Seconds(), float64(o.Peak)/(1<<20))
	return fmt.Sprintf("| %s | %s | %d | %d | %d | %d | %d | %d | %d | %d | %d | %d | %s |", e.row.Name, e.client, t.Taken, t.Accepted, t.Untrue, t.Failed, t.Innocent, t.Back, t.Lost, max(t.Two, o.Surplus), t.Twice, t.Refused, strings.Join(notes, "; "))
}
