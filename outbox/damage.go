package outbox

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Damage says that the content of a file of the directory was not what was written. It is logged, passed to OnDamage, and kept in a file next to the
// copies.
type Damage struct {
	Found time.Time `json:"found"`
	// What says in sentences what was wrong.
	What []string `json:"what"`
	// Copy is the directory with copies of the damaged files; empty if no copies were made.
	Copy string `json:"copy,omitempty"`
	// Missing is how many messages are not in their place, and may be lost. Some of them may have been sent, and some may be counted in SetAside. It
	// is -1 if the number is not known.
	Missing int64 `json:"missing"`
	// Broken is how many of the missing messages were found with changed bytes. They are dead letters, and are never sent.
	Broken int64 `json:"broken"`
	// Saved is how many messages were found outside of their place and put back into the queue. They may be sent twice, with the same id.
	Saved int64 `json:"saved"`
	// SetAside is how many messages were found that may or may not have been sent. They are dead letters now. Decide whether to retry them.
	SetAside int64 `json:"set_aside"`
}

func (d Damage) String() string {
	missing := fmt.Sprint(d.Missing)
	if d.Missing < 0 {
		missing = "an unknown number"
	}
	return fmt.Sprintf("%s; lost: %s (%d of these were found with changed bytes); put back: %d; set aside as dead letters: %d", strings.Join(d.What, "; "), missing, d.Broken, d.Saved, d.SetAside)
}

const damageReport = "report.json"

// writeReport writes the report next to the copies.
func writeReport(found Damage) error {
	text, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(found.Copy, damageReport)
	return errors.Join(os.WriteFile(path, append(text, '\n'), 0o600), giveToOwner(found.Copy, path))
}

// tell writes the report of damage, logs it, and calls OnDamage.
func (d *Disk) tell(found Damage) {
	if found.Copy != "" {
		if err := writeReport(found); err != nil {
			d.cfg.Logger.Error("the report of damage to the outbox could not be written", "error", err)
		}
	}
	d.mu.Lock()
	d.damage = append(d.damage, found)
	d.mu.Unlock()
	var missing any = found.Missing
	if found.Missing < 0 {
		missing = "unknown"
	}
	d.cfg.Logger.Error("the outbox was damaged", "directory", d.cfg.Dir, "what", strings.Join(found.What, "; "), "missing", missing, "put_back", found.Saved,
		"set_aside", found.SetAside, "copy", found.Copy)
	if d.cfg.OnDamage != nil {
		d.cfg.OnDamage(found)
	}
}

// ReadDamages returns the reports of damage in a directory. A report exists as long as the directory with its copies exists.
func ReadDamages(dir string) (all []Damage, err error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	for _, e := range entries {
		if e.IsDir() && strings.HasPrefix(e.Name(), damagedName) {
			all = append(all, readReport(filepath.Join(dir, e.Name())))
		}
	}
	return all, nil
}

// readReport reads the report in a directory of copies. The report may be missing if the process was killed while it made the copies.
func readReport(dir string) (d Damage) {
	path := filepath.Join(dir, damageReport)
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &d)
	}
	if err != nil {
		d = Damage{What: []string{"the report cannot be read: " + path}, Missing: -1}
	}
	d.Copy = dir // it may have been moved
	return d
}

var keptNames = []string{databaseName, databaseName + "-wal", markName}

// keepCopies copies the damaged files into a new directory, with a report of what is known. If an earlier start has made the same copies, keepCopies
// returns their directory.
func (d *Disk) keepCopies(found Damage) (dir string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("outbox: the files are damaged, and they must be copied before they are repaired: %w", err)
		}
	}()
	earlier, err := ReadDamages(d.cfg.Dir)
	if err != nil {
		return "", err
	}
	for _, e := range earlier {
		if same, err := sameFiles(e.Copy, d.cfg.Dir); err != nil || same {
			return e.Copy, err
		}
	}
	base := filepath.Join(d.cfg.Dir, damagedName+time.Now().UTC().Format("20060102T150405"))
	for n := 1; ; n++ {
		dir = base
		if n > 1 {
			dir = fmt.Sprintf("%s-%d", base, n)
		}
		if err := os.Mkdir(dir, 0o700); err == nil {
			break
		} else if !errors.Is(err, fs.ErrExist) {
			return "", err
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.RemoveAll(dir))
		}
	}()
	found.Copy, found.Missing = dir, -1
	if err := errors.Join(giveToOwner(d.cfg.Dir, dir), writeReport(found)); err != nil {
		return "", err
	}
	for _, name := range keptNames {
		if err := copyFile(filepath.Join(dir, name), filepath.Join(d.cfg.Dir, name)); err != nil {
			return "", err
		}
	}
	return dir, errors.Join(syncDir(dir), syncDir(d.cfg.Dir))
}

// sameFiles reports whether the copies in one directory are equal to the files in another.
func sameFiles(copies, dir string) (bool, error) {
	for _, name := range keptNames {
		same, err := sameFile(filepath.Join(copies, name), filepath.Join(dir, name))
		if err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// sameFile reports whether two files have the same bytes, or both are missing.
func sameFile(one, two string) (bool, error) {
	sum := func(path string) (string, error) {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			return "", nil
		}
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }() // it is only read
		h := sha256.New()
		_, err = io.Copy(h, f)
		return "there " + string(h.Sum(nil)), err
	}
	a, err := sum(one)
	if err != nil {
		return false, err
	}
	b, err := sum(two)
	return a == b, err
}

// copyFile copies a file, and syncs the copy to disk. It does nothing if the file is missing.
func copyFile(to, from string) error {
	r, err := os.Open(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { _ = r.Close() }() // it was only read
	w, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, r)
	if err == nil {
		err = w.Sync()
	}
	return errors.Join(err, w.Close(), giveToOwner(filepath.Dir(to), to))
}
