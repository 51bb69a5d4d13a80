package outbox_test

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/ciokit/cio/outbox"
)

// someMessages opens a directory, stores that many messages in it, and closes it.
func someMessages(t *testing.T, dir string, n int) {
	t.Helper()
	d := openQuietly(t, dir, false)
	for i := range n {
		if err := d.Append(t.Context(), outbox.Encode(t, i)); err != nil {
			t.Fatal(err)
		}
	}
	closeDisk(t, d)
}

func openQuietly(t *testing.T, dir string, shared bool) *outbox.Disk {
	t.Helper()
	d, err := outbox.OpenDisk(outbox.DiskConfig{Dir: dir, Shared: shared, Logger: silent})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func closeDisk(t *testing.T, d *outbox.Disk) {
	t.Helper()
	if err := d.Close(); err != nil {
		t.Error(err)
	}
}

// flip changes a byte of the database that is part of the text.
func flip(t *testing.T, dir, text string) {
	t.Helper()
	path := filepath.Join(dir, "outbox.db")
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(b, []byte(text))
	if at < 0 {
		t.Fatalf("%q is not in the database", text)
	}
	b[at] ^= 1
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	_, err = f.WriteAt(b[at:at+1], int64(at))
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// A command that only reads does not keep a service from starting, whoever came first, and messages that are stored meanwhile are there.
func TestAServiceStartsWhileSomebodyLooks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	someMessages(t, dir, 3)
	look := openQuietly(t, dir, true)
	if look.Owned() || look.Owner() != nil {
		t.Errorf("owned %v by %v, and nobody has it", look.Owned(), look.Owner())
	}
	service := openQuietly(t, dir, false)
	second := openQuietly(t, dir, true)
	if second.Owner() == nil || second.Owner().PID != os.Getpid() {
		t.Errorf("the owner is %v", second.Owner())
	}
	closeDisk(t, second)
	if err := look.Append(t.Context(), outbox.Encode(t, 10)); err != nil {
		t.Error(err)
	}
	closeDisk(t, look)
	if st, err := service.Stats(t.Context()); err != nil || st.Queued != 4 {
		t.Errorf("%+v, %v", st, err)
	}
	closeDisk(t, service)
	service = openQuietly(t, dir, false)
	if len(service.Damages()) > 0 {
		t.Error(service.Damages())
	}
	closeDisk(t, service)
}

// If a command stores messages while no service uses the directory, the mark includes them when the command has ended.
func TestTheMarkOfACommand(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	someMessages(t, dir, 3)
	command := openQuietly(t, dir, true)
	if err := command.Append(t.Context(), outbox.Encode(t, 10)); err != nil {
		t.Error(err)
	}
	closeDisk(t, command)
	b, err := os.ReadFile(filepath.Join(dir, "mark"))
	if err != nil || !bytes.Contains(b, []byte(" 00000000000000000004 ")) {
		t.Errorf("the mark is %q, %v", b, err)
	}
}

// If a service starts on damaged files while a command has them open, the command gets an error that they were replaced: messages that it stored in
// the old files would be lost.
func TestACommandBesideARebuild(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	someMessages(t, dir, 10)
	command := openQuietly(t, dir, true)
	flip(t, dir, "Thing Done")
	service := openQuietly(t, dir, false)
	if len(service.Damages()) != 1 {
		t.Fatalf("damages: %v", service.Damages())
	}
	if err := command.Append(t.Context(), outbox.Encode(t, 77)); err == nil {
		t.Error("Append says nil, and stored in a file that was replaced")
	}
	if _, err := command.Read(t.Context(), 0, 10); err == nil {
		t.Error("Read reads a file that was replaced")
	}
	if err := service.Append(t.Context(), outbox.Encode(t, 78)); err != nil {
		t.Error(err)
	}
	closeDisk(t, command)
	if _, err := os.Stat(filepath.Join(dir, "outbox.db-wal")); err != nil {
		t.Errorf("the command has removed the log of the service: %v", err)
	}
	if st, err := service.Stats(t.Context()); err != nil || st.Queued+st.Dead != 11 {
		t.Errorf("%+v, %v", st, err)
	}
	closeDisk(t, service)
}

// silent is for tests with intended errors.
var silent = slog.New(slog.DiscardHandler)
