package outbox

import (
	"errors"
	"log/slog"
	"runtime"
	"testing"
)

// If a job fails, such as a Settle that finds a bad page, only that job fails, and not the messages that others store in the same transaction.
func TestAJobFailsAlone(t *testing.T) {
	t.Parallel()
	d, err := OpenDisk(DiskConfig{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	hold, held := make(chan struct{}), make(chan struct{})
	go func() {
		_ = d.between(t.Context(), func() error { close(held); <-hold; return nil })
	}()
	<-held
	bad := errors.New("a page is malformed")
	failing, good, stored := make(chan error, 1), make(chan error, 1), make(chan error, 1)
	go func() {
		failing <- d.write(t.Context(), func(t *tx) error {
			if err := t.insert(Record{Seq: uint64(t.s.last + 1), Bytes: []byte("{}")}); err != nil {
				return err
			}
			return bad
		})
	}()
	go func() { good <- d.write(t.Context(), func(*tx) error { return nil }) }()
	go func() { stored <- d.Append(t.Context(), Encode(t, 1)) }()
	for waiting := false; !waiting; runtime.Gosched() {
		d.mu.Lock()
		waiting = len(d.jobs) == 2 && len(d.groups) == 1
		d.mu.Unlock()
	}
	close(hold)
	if err := <-failing; !errors.Is(err, bad) {
		t.Errorf("what fails says %v", err)
	}
	if err := <-good; err != nil {
		t.Errorf("another job says %v", err)
	}
	if err := <-stored; err != nil {
		t.Errorf("Append says %v", err)
	}
	if records, err := d.Read(t.Context(), 0, 10); err != nil || len(records) != 1 || records[0].Seq != 1 {
		t.Errorf("%v, %v", records, err)
	}
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}
