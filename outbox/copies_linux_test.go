package outbox_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/ciokit/cio/outbox"
)

// If there is no room to repair damaged files, they are copied only once, however often a service tries to start, and the error names the copy.
func TestCopiesOfFailedStarts(t *testing.T) {
	t.Parallel()
	at := smallDisk(t, "6m")
	dir := filepath.Join(at, "box")
	d := openQuietly(t, dir, false)
	for n := range 30 {
		m := message(5 + 17*n)
		if err := d.Append(t.Context(), append(outbox.Encode(t, n), m)); err != nil {
			t.Fatal(err)
		}
	}
	closeDisk(t, d)
	if err := os.Remove(filepath.Join(dir, "reserve")); err != nil {
		t.Fatal(err)
	}
	flip(t, dir, "messageId")
	info, err := os.Stat(filepath.Join(dir, "outbox.db"))
	if err != nil {
		t.Fatal(err)
	}
	room := filepath.Join(at, "room")
	if err := os.WriteFile(room, make([]byte, info.Size()*3/2+64<<10), 0o600); err != nil {
		t.Fatal(err)
	}
	takeAll(t, at)
	if err := os.Remove(room); err != nil {
		t.Fatal(err)
	}
	for range 4 {
		if d, err := outbox.OpenDisk(outbox.DiskConfig{Dir: dir, Logger: silent}); !errors.Is(err, outbox.ErrDiskFull) {
			t.Fatalf("OpenDisk says %v, %v", d, err)
		}
	}
	copies, err := filepath.Glob(filepath.Join(dir, "damaged-*"))
	if err != nil || len(copies) != 1 {
		t.Errorf("there are the copies %v, %v", copies, err)
	}
	told, err := outbox.ReadDamages(dir)
	if err != nil || len(told) != 1 || told[0].Copy != copies[0] || len(told[0].What) == 0 {
		t.Errorf("reported: %v, %v", told, err)
	}
	if left, err := filepath.Glob(filepath.Join(dir, "*.new*")); err != nil || len(left) > 0 {
		t.Errorf("there are %v, %v", left, err)
	}
	if err := os.Remove(filepath.Join(at, "other")); err != nil {
		t.Fatal(err)
	}
	d = openQuietly(t, dir, false)
	if found := d.Damages(); len(found) != 1 || found[0].Copy != copies[0] {
		t.Errorf("%v", found)
	}
	if st, err := d.Stats(t.Context()); err != nil || st.Queued+st.Dead != 60 {
		t.Errorf("%+v, %v", st, err)
	}
	closeDisk(t, d)
}

// If a killed process left a directory of copies without a report, the directory is named. An unfinished database is removed.
func TestWhatAKilledProcessLeaves(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	someMessages(t, dir, 3)
	copied, fresh := filepath.Join(dir, "damaged-20260131T120000"), filepath.Join(dir, "outbox.db.new")
	if err := errors.Join(os.Mkdir(copied, 0o700), os.WriteFile(fresh, []byte("SECRET"), 0o600), os.WriteFile(fresh+"-wal", []byte("SECRET"), 0o600)); err != nil {
		t.Fatal(err)
	}
	closeDisk(t, openQuietly(t, dir, true))
	if told, err := outbox.ReadDamages(dir); err != nil || len(told) != 1 || told[0].Copy != copied {
		t.Errorf("reported: %v, %v", told, err)
	}
	if left, err := filepath.Glob(fresh + "*"); err != nil || len(left) > 0 {
		t.Errorf("there are %v, %v", left, err)
	}
}

// If root runs a command, all files still belong to the user of the service, also those that the command creates.
func TestACommandOfRoot(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root can change the owner of files")
	}
	const nobody = 65534
	if err := os.Chown(t.TempDir(), nobody, nobody); errors.Is(err, syscall.EINVAL) {
		t.Skip("root has no other user's number in this user namespace")
	}
	for _, damaged := range []bool{false, true} {
		dir := t.TempDir()
		someMessages(t, dir, 3)
		for _, name := range []string{"lock", "turn", "mark", "reserve"} {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		if err := errors.Join(os.Chown(dir, nobody, nobody), os.Chown(filepath.Join(dir, "outbox.db"), nobody, nobody)); err != nil {
			t.Fatal(err)
		}
		if damaged {
			flip(t, dir, "Thing Done")
		}
		command := openQuietly(t, dir, true)
		if err := command.Append(t.Context(), outbox.Encode(t, 3)); err != nil {
			t.Error(err)
		}
		if damaged != (len(command.Damages()) == 1) {
			t.Error(command.Damages())
		}
		files := 0
		if err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			info, err := e.Info()
			if err == nil && info.Sys().(*syscall.Stat_t).Uid != nobody {
				t.Errorf("damaged %v: %s is root's", damaged, path)
			}
			files++
			return err
		}); err != nil || files < 7 {
			t.Errorf("%d files, %v", files, err)
		}
		closeDisk(t, command)
	}
}
