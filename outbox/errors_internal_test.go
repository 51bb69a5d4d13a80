package outbox

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	sqlite "modernc.org/sqlite"
)

// An error says either that nothing is stored or that nobody knows, and names the package once.
func TestErrorsSayOneThing(t *testing.T) {
	t.Parallel()
	c, err := connect(t.TempDir()+"/db", "")
	if err != nil {
		t.Fatal(err)
	}
	err = c.script("PRAGMA max_page_count = 2; CREATE TABLE a (b); CREATE TABLE c (d)")
	var full *sqlite.Error
	if !errors.As(err, &full) || codeOf(err) != codeFull {
		t.Fatalf("a database without room says %v", err)
	}
	if err := c.close(); err != nil {
		t.Error(err)
	}
	for _, test := range []struct {
		err        error
		full, sure bool
	}{
		{errors.New("plain"), false, true},
		{fmt.Errorf("outbox: named"), false, true},
		{full, true, true},
		{fmt.Errorf("%w: no room (%w)", ErrDiskFull, full), true, true},
		{fmt.Errorf("%w (%w)", ErrUncertain, full), false, false},
	} {
		got := storeError(storeError(test.err))
		if !errors.Is(got, test.err) || errors.Is(got, ErrDiskFull) != test.full || errors.Is(got, ErrUncertain) == test.sure {
			t.Errorf("%v became %v", test.err, got)
		}
		if text := got.Error(); !strings.HasPrefix(text, "outbox: ") || strings.Contains(text[1:], "outbox: ") {
			t.Errorf("%v became %v", test.err, got)
		}
	}
}

// A second Close waits for the first one.
func TestTheSecondCloseWaits(t *testing.T) {
	t.Parallel()
	d, err := OpenDisk(DiskConfig{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	d.reading.Lock() // the first Close needs this lock
	done := make(chan *conn, 2)
	for range 2 {
		go func() {
			if err := d.Close(); err != nil {
				t.Error(err)
			}
			done <- d.w
		}()
	}
	<-d.finished
	select {
	case <-done:
		t.Error("Close has returned, and the files are open")
	case <-time.After(20 * time.Millisecond):
	}
	d.reading.Unlock()
	for range 2 {
		if open := <-done; open != nil {
			t.Error("Close has returned, and the files are open")
		}
	}
}
