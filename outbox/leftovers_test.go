package outbox_test

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
)

// secretsIn counts what is left of messages in the files of a directory.
func secretsIn(t *testing.T, dir string) (n int) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(files) < 3 {
		t.Fatalf("%v, %v", files, err)
	}
	for _, name := range files {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		n += bytes.Count(b, []byte("SECRET"))
	}
	return n
}

func secret(who string, n, size int) cio.Track {
	return cio.Track{UserID: who, Event: cio.Named("Thing Done", map[string]any{"n": n, "fill": strings.Repeat("SECRET"+who, 1+n%size)})}
}

// If a service has closed with an empty queue, its files contain nothing of accepted messages.
func TestNothingIsLeftOfAcceptedMessages(t *testing.T) {
	t.Parallel()
	for _, size := range []int{4, 40, 1000} {
		dir := t.TempDir()
		o, err := outbox.Open(newClient(t, emulator.New(emulator.Config{}).Transport(), nil), outbox.Config{Dir: dir, Batcher: cio.BatcherConfig{MaxDelay: -1}})
		if err != nil {
			t.Fatal(err)
		}
		for range 5 {
			var all []cio.Message
			for n := range 100 {
				all = append(all, secret(fmt.Sprint("jane", n%7), n, size))
			}
			if err := o.EnqueueAll(t.Context(), all); err != nil {
				t.Fatal(err)
			}
			if err := o.Enqueue(t.Context(), all[0]); err != nil {
				t.Fatal(err)
			}
		}
		flush(t, o)
		shut(t, o)
		if n := secretsIn(t, dir); n > 0 {
			t.Errorf("of messages of up to %d there are %d places left", size, n)
		}
	}
}

// After Purge nothing of the person is left, neither of queued nor of accepted messages, while messages of others wait.
func TestNothingIsLeftAfterPurge(t *testing.T) {
	t.Parallel()
	for _, size := range []int{4, 40, 1000} {
		dir := t.TempDir()
		d := openQuietly(t, dir, false)
		var some []cio.Encoded
		for n := range 300 {
			who := "jane"
			if n%3 == 1 {
				who = "joe"
			}
			e, err := cio.Encode(secret(who, n, size))
			if err != nil {
				t.Fatal(err)
			}
			if some = append(some, e); len(some) == 10 {
				if err := d.Append(t.Context(), some); err != nil {
					t.Fatal(err)
				}
				some = some[:0]
			}
			if n%20 == 19 {
				if err := d.Settle(t.Context(), []outbox.Settlement{{Seq: uint64(n - 9)}, {Seq: uint64(n - 8)}, {Seq: uint64(n - 6), Reason: "rejected"}, {Seq: uint64(n - 3)}}); err != nil {
					t.Fatal(err)
				}
			}
		}
		command := openQuietly(t, dir, true)
		queued, dead, err := command.Purge(context.Background(), outbox.Of("jane"))
		if err != nil || queued == 0 || dead == 0 {
			t.Errorf("%d, %d, %v", queued, dead, err)
		}
		for _, name := range []string{"outbox.db", "outbox.db-wal"} {
			b, err := os.ReadFile(filepath.Join(dir, name))
			if err != nil {
				t.Fatal(err)
			}
			if n := bytes.Count(b, []byte("SECRETjane")); n > 0 {
				t.Errorf("of messages of up to %d there are %d places left in %s", size, n, name)
			}
		}
		closeDisk(t, command)
		closeDisk(t, d)
	}
}
