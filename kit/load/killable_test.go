package load

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// killable is a process that can be killed: what it leaves is the contents of its directory at that time, not what it writes there later.
type killable struct {
	dir    string
	dead   bool
	copied map[string][]byte
}

// die ends the process.
func (k *killable) die(t *testing.T) {
	k.dead, k.copied = true, make(map[string][]byte)
	err := filepath.WalkDir(k.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			k.copied[path], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

// bury restores what the process left, if it died.
func (k *killable) bury(t *testing.T) {
	t.Helper()
	if !k.dead {
		return
	}
	if err := os.RemoveAll(k.dir); err != nil {
		t.Fatal(err)
	}
	for path, data := range k.copied {
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, data, 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	k.dead = false
}
