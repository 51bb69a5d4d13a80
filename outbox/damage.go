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

// Damage says that a file of the directory was not what was written. It is logged, handed to OnDamage, and kept in a file beside the copies.
type Damage struct {
	Found time.Time `json:"found"`
	// What says in sentences what was wrong.
	What []string `json:"what"`
	// Copy is the directory with the files as they were; empty where none was made.
	Copy string `json:"copy,omitempty"`
	// Missing is how many messages are not in their place, and may be lost. Some of them may have been sent, and some may be among those that were
	// set aside. -1 if it is not known.
	Missing int64 `json:"missing"`
	// Broken is how many of them are there with other bytes than were stored. They are dead letters, which are never sent.
	Broken int64 `json:"broken"`
	// Saved is how many messages were found outside of their place and put back into the queue: they may be sent twice, with the same id.
	Saved int64 `json:"saved"`
	// SetAside is how many were found of which it is not known whether they were sent: they are dead letters now, and it is for somebody to
	// decide whether to retry them.
	SetAside int64 `json:"set_aside"`
}

func (d Damage) String() string {
	missing := fmt.Sprint(d.Missing)
	if d.Missing < 0 {
		missing = "an unknown number"
	}
	return fmt.Sprintf("%s; missing: %s, of which %d are there with wrong bytes; put back: %d; set aside as dead letters: %d", strings.Join(d.What, "; "), missing, d.Broken, d.Saved, d.SetAside)
}

const damageReport = "report.json"

// writeReport writes the report beside the copies.
func writeReport(found Damage) error {
	text, err := json.MarshalIndent(found, "", "  ")
	if err != nil {
		return err
	}
	path := filepath.Join(found.Copy, damageReport)
	return errors.Join(os.WriteFile(path, append(text, '\n'), 0o600), giveToOwner(found.Copy, path))
}

// tell tells everybody of damage.
func (d *Disk) tell(found Damage) {
	if found.Copy != "" {
		if err := writeReport(found); err != nil {
			d.cfg.Logger.Error("the report of damage to the outbox could not be written", "error", err)
		}
	}
	d.mu.Lock()
	d.damage = append(d.damage, found)
	d.mu.Unlock()
	d.cfg.Logger.Error("the outbox was damaged", "directory", d.cfg.Dir, "what", strings.Join(found.What, "; "), "missing", found.Missing, "put_back", found.Saved,
		"set_aside", found.SetAside, "copy", found.Copy)
	if d.cfg.OnDamage != nil {
		d.cfg.OnDamage(found)
	}
}

// ReadDamages returns the reports of damage in a directory, as long as the directories with the copies are there.
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

// readReport reads the report in a directory of copies, which may be missing where the process was killed while it made them.
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

// keepCopies copies the files as they are into a directory of their own, with what is known of the damage. Where an earlier start has done that and got no
// further, its copies serve.
func (d *Disk) keepCopies(found Damage) (dir string, err error) {
	defer func() {
		if err != nil {
			err = fmt.Errorf("outbox: the files are damaged, and there must be a copy before anything is saved: %w", err)
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

// sameFiles reports whether the copies in one directory are those of the files in another.
func sameFiles(copies, dir string) (bool, error) {
	for _, name := range keptNames {
		same, err := sameFile(filepath.Join(copies, name), filepath.Join(dir, name))
		if err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// sameFile reports whether two files have the same bytes, or neither is there.
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

// copyFile copies a file to disk, if it is there.
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
