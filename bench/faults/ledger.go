package main

import (
	"fmt"
	"os"
	"syscall"
)

// ledger records what a client reported about each message. It is a file that is mapped into memory, so that it outlives a process that is
// killed.
type ledger struct {
	path string
	data []byte
}

// The marks of one message, a byte each, so that goroutines can set different ones at the same time.
const (
	markTaken   = iota // Enqueue returned nil
	markOK             // reported as accepted
	markFailed         // reported as failed
	markBack           // returned by Close
	markRefused        // Enqueue returned an error
	marks
)

// createLedger makes the file for this many messages.
func createLedger(path string, messages int) error {
	return os.WriteFile(path, make([]byte, messages*marks), 0o600)
}

func openLedger(path string) (*ledger, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	data, err := syscall.Mmap(int(f.Fd()), 0, int(info.Size()), syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_SHARED)
	if err != nil {
		return nil, fmt.Errorf("map %s: %w", path, err)
	}
	return &ledger{path, data}, nil
}

func (l *ledger) close() error { return syscall.Munmap(l.data) }

func (l *ledger) len() int { return len(l.data) / marks }

func (l *ledger) set(i, mark int) { l.data[i*marks+mark]++ }

func (l *ledger) times(i, mark int) int { return int(l.data[i*marks+mark]) }

func (l *ledger) has(i, mark int) bool { return l.times(i, mark) > 0 }

// tally counts the outcomes of the messages of one experiment.
type tally struct {
	Taken    int // Enqueue returned nil
	Accepted int // of these, processed by the server
	Failed   int // reported as failed
	Back     int // returned by Close, with their ids
	Lost     int // accepted by the client, not processed, and no true report of that
	Twice    int // processed more than once
	Refused  int // Enqueue returned an error
	// Mistaken are reports of a failure for messages that the server did process. If the answer was lost, no client can know better.
	Mistaken int
	// Silent counts messages that were processed without any report.
	Silent int
	// Untrue counts messages that were reported as accepted although the server never processed them. Such a message is also lost, unless
	// another report contradicts it.
	Untrue int
	// Innocent are the messages that were reported as failed although nothing rejected them because of their content: the server would have
	// accepted them.
	Innocent int
	// Two counts messages with more than one outcome: reported twice; reported and returned by Close; or reported as failed although the
	// server had answered that it accepted them. A message that Close returns because a callback prevented its report has one outcome; it
	// is among Mistaken.
	Two int
}

// count compares the ledger with what the server did with each message.
func count(l *ledger, fates []fate) (t tally) {
	for i := range l.len() {
		if l.has(i, markRefused) {
			t.Refused++
		}
		f := fates[i]
		if undelivered := l.times(i, markFailed) + l.times(i, markBack); undelivered+l.times(i, markOK) > 1 || f.answered && l.has(i, markFailed) {
			t.Two++
		}
		if f.processed > 1 {
			t.Twice++
		}
		if !l.has(i, markTaken) {
			continue
		}
		t.Taken++
		told := false
		if l.has(i, markFailed) {
			t.Failed++
			told = true
			if !f.culprit {
				t.Innocent++
			}
		}
		if l.has(i, markBack) {
			t.Back++
			told = true
		}
		switch {
		case f.processed > 0:
			t.Accepted++
			switch {
			case told:
				t.Mistaken++
			case !l.has(i, markOK):
				t.Silent++
			}
		case !told:
			t.Lost++
		}
		if l.has(i, markOK) && f.processed == 0 {
			t.Untrue++
		}
	}
	return t
}
