package outbox

import (
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

// tell tells everybody of damage.
func (d *Disk) tell(found Damage) {
	if found.Copy != "" {
		if text, err := json.MarshalIndent(found, "", "  "); err == nil {
			err = os.WriteFile(filepath.Join(found.Copy, damageReport), append(text, '\n'), 0o600)
			if err != nil {
				d.cfg.Logger.Error("the report of damage to the outbox could not be written", "error", err)
			}
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

// ReadDamages returns the reports of damage in a directory, as long as their directories are there.
func ReadDamages(dir string) (all []Damage, err error) {
	paths, err := filepath.Glob(filepath.Join(globSafe(dir), damagedName+"*", damageReport))
	if err != nil {
		return nil, fmt.Errorf("outbox: %w", err)
	}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, fmt.Errorf("outbox: %w", err)
		}
		var d Damage
		if err := json.Unmarshal(text, &d); err != nil {
			d = Damage{What: []string{"the report cannot be read: " + path}, Copy: filepath.Dir(path), Missing: -1}
		}
		all = append(all, d)
	}
	return all, nil
}

// globSafe returns a path of which no letter is a pattern's.
func globSafe(path string) string {
	if filepath.Separator == '\\' {
		return path
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}

// keepCopies copies the files as they are into a directory of their own.
func (d *Disk) keepCopies() (dir string, err error) {
	base := filepath.Join(d.cfg.Dir, damagedName+time.Now().UTC().Format("20060102T150405"))
	for n := 1; ; n++ {
		dir = base
		if n > 1 {
			dir = fmt.Sprintf("%s-%d", base, n)
		}
		if err := os.Mkdir(dir, 0o700); err == nil {
			break
		} else if !errors.Is(err, fs.ErrExist) {
			return "", fmt.Errorf("outbox: the files are damaged, and there must be a copy before anything is saved: %w", err)
		}
	}
	for _, name := range []string{databaseName, databaseName + "-wal", markName} {
		if err := copyFile(filepath.Join(dir, name), filepath.Join(d.cfg.Dir, name)); err != nil {
			return "", fmt.Errorf("outbox: the files are damaged, and there must be a copy before anything is saved: %w", errors.Join(err, os.RemoveAll(dir)))
		}
	}
	return dir, errors.Join(syncDir(dir), syncDir(d.cfg.Dir))
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
	return errors.Join(err, w.Close())
}
