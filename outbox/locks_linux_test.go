package outbox_test

import (
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// locks counts the locks that processes have on a file.
func locks(t *testing.T, path string) int {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("/proc/locks")
	if err != nil {
		t.Skipf("the locks of files cannot be read here: %v", err)
	}
	return strings.Count(string(text), fmt.Sprintf(":%d ", info.Sys().(*syscall.Stat_t).Ino))
}

// Missing messages are noticed while the database is open. Copies that are made then must not remove SQLite's locks: another process that closes the
// database would believe that it is the last one, and would remove the log of the service.
func TestCopiesLeaveTheLocks(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	someMessages(t, dir, 10)
	path := filepath.Join(dir, "outbox.db")
	d := openQuietly(t, dir, false)
	if locks(t, path) == 0 {
		t.Skip("the locks of files are not shown here")
	}
	closeDisk(t, d)
	n := fmt.Sprintf("%020d", 15)
	mark := fmt.Appendf(nil, "ciokit outbox %s %08x\n", n, crc32.Checksum([]byte(n), crc32.MakeTable(crc32.Castagnoli)))
	if err := os.WriteFile(filepath.Join(dir, "mark"), mark, 0o600); err != nil {
		t.Fatal(err)
	}
	d = openQuietly(t, dir, false)
	if all := d.Damages(); len(all) != 1 || all[0].Missing != 5 || all[0].Copy == "" {
		t.Errorf("damages: %v", all)
	}
	if locks(t, path) == 0 {
		t.Error("the database is open and has no lock")
	}
	closeDisk(t, d)
}
