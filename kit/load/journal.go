package load

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// A Journal says on disk how far a run has come, so that another can go on where it was after whatever ended the first.
//
// It is a directory with two files, of mode 0600 in one of 0700. run.json is a JournalHeader, written once. progress.jsonl has one
// Checkpoint a line, each synced to disk before the next is made; a last line that is torn does not count. The directory is named by the
// run's id. A journal holds names of files and columns, and no data of the rows but the
// keys of the last one of a query in an order.
type Journal struct {
	dir    string
	header JournalHeader
	last   Checkpoint
	file   *os.File // nil if it was only read
}

// journalVersion is that of the format; a journal of another is not resumed.
const journalVersion = 1

const (
	headerFile   = "run.json"
	progressFile = "progress.jsonl"
)

// JournalHeader says what a run loads.
type JournalHeader struct {
	Version int       `json:"version"`
	ID      string    `json:"id"`
	Started time.Time `json:"started"`
	// Source names the input, Fingerprint tells it from a changed one.
	Source      string `json:"source"`
	Fingerprint string `json:"fingerprint"`
	// Mapping is the name of the mapping, MappingHash its Hash.
	Mapping     string `json:"mapping"`
	MappingHash string `json:"mapping_hash"`
	// Target is where the messages go.
	Target string `json:"target"`
	// Options is for whoever made the journal, to begin the same run again. It must hold no key.
	Options json.RawMessage `json:"options,omitempty"`
}

// Checkpoint is a point of the input before which everything is settled: accepted, or refused for good.
type Checkpoint struct {
	At time.Time `json:"at"`
	// Row is how many rows of the input lie before it, Read how many bytes.
	Row  int64 `json:"row"`
	Read int64 `json:"read"`
	// Mark is what the source needs to go on behind the last of them, empty where the number of the row is enough: of a query in an order
	// the keys of that row.
	Mark json.RawMessage `json:"mark,omitempty"`
	// Summary counts them. Nothing is unsent among them.
	Summary
	Warned  []Warning        `json:"warned,omitempty"`
	Reasons map[string]int64 `json:"reasons,omitempty"`
	// RejectsBytes is how long the rejects were.
	RejectsBytes int64 `json:"rejects_bytes,omitempty"`
	// SpoolBytes is how much of what the run keeps for its snapshot there was.
	SpoolBytes int64 `json:"spool_bytes,omitempty"`
	// End is how the run ended, empty as long as it runs: complete, or the reason that it stopped for.
	End string `json:"end,omitempty"`
}

// EndComplete is the End of a run that needs no resuming.
const EndComplete = "complete"

// JournalDir is where the command keeps its journals: $XDG_STATE_HOME/ciokit/runs, or the usual place for state where that is not set.
func JournalDir() (string, error) {
	if base := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "ciokit", "runs"), nil
	}
	if runtime.GOOS == "windows" {
		base, err := os.UserCacheDir()
		return filepath.Join(base, "ciokit", "runs"), err
	}
	home, err := os.UserHomeDir()
	return filepath.Join(home, ".local", "state", "ciokit", "runs"), err
}

// CreateJournal begins a journal in a directory of its own below dir. It sets the header's Version, ID and Started.
func CreateJournal(dir string, h JournalHeader) (*Journal, error) {
	random := make([]byte, 3)
	rand.Read(random) // never fails
	h.Version, h.Started = journalVersion, time.Now().UTC()
	h.ID = h.Started.Format("20060102-150405-") + hex.EncodeToString(random)
	j := &Journal{dir: filepath.Join(dir, h.ID), header: h}
	if err := os.MkdirAll(j.dir, 0o700); err != nil {
		return nil, err
	}
	text, err := json.MarshalIndent(h, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := writeSynced(filepath.Join(j.dir, headerFile), append(text, '\n')); err != nil {
		return nil, err
	}
	if err := j.openFile(os.O_CREATE | os.O_EXCL); err != nil {
		return nil, err
	}
	return j, errors.Join(syncDir(j.dir), syncDir(dir))
}

func writeSynced(name string, data []byte) error {
	f, err := os.OpenFile(name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDir makes sure that the names in a directory are on disk, where the system can do that.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}

// openFile opens the file of checkpoints for writing, by this process alone.
func (j *Journal) openFile(flag int) error {
	f, err := os.OpenFile(filepath.Join(j.dir, progressFile), flag|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := lockFile(f); err != nil {
		return errors.Join(fmt.Errorf("load: run %s is under way in another process; wait for it, or end it: %w", j.header.ID, err), f.Close())
	}
	j.file = f
	return nil
}

// ReadJournal reads a journal below dir without taking part in its run.
func ReadJournal(dir, id string) (*Journal, error) {
	if id == "" || id != filepath.Base(id) || strings.HasPrefix(id, ".") {
		return nil, fmt.Errorf("load: %q is no id of a run; ciokit runs list has them", id)
	}
	j := &Journal{dir: filepath.Join(dir, id)}
	text, err := os.ReadFile(filepath.Join(j.dir, headerFile))
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("load: there is no run %s in %s; ciokit runs list has them: %w", id, dir, err)
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &j.header); err != nil {
		return nil, fmt.Errorf("load: the journal's %s cannot be read: %w", filepath.Join(j.dir, headerFile), err)
	}
	if j.header.Version != journalVersion {
		return nil, fmt.Errorf("load: the journal of run %s has version %d, this program knows %d; use the program that made it", id, j.header.Version, journalVersion)
	}
	f, err := os.Open(filepath.Join(j.dir, progressFile))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	_, err = j.replay(f)
	return j, err
}

// replay sets last to the last whole checkpoint and returns the length of what is whole.
func (j *Journal) replay(r io.Reader) (whole int64, err error) {
	lines := bufio.NewReader(r)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return whole, nil // what is left has no line end: it is torn
		}
		if err != nil {
			return whole, err
		}
		var c Checkpoint
		if json.Unmarshal(line, &c) != nil {
			return whole, nil
		}
		j.last = c
		whole += int64(len(line))
	}
}

// OpenJournal opens a journal below dir, to go on with its run. It is an error if another process does.
func OpenJournal(dir, id string) (*Journal, error) {
	j, err := ReadJournal(dir, id)
	if err != nil {
		return nil, err
	}
	if err := j.openFile(0); err != nil {
		return nil, err
	}
	whole, err := j.replay(j.file) // again: the other process may have gone on until it let go
	if err == nil {
		err = j.file.Truncate(whole)
	}
	if err == nil {
		_, err = j.file.Seek(whole, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(err, j.file.Close())
	}
	return j, nil
}

// ListJournals reads all journals below dir, the newest first. What is no journal, or cannot be read, is left out.
func ListJournals(dir string) ([]*Journal, error) {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	var list []*Journal
	for _, e := range entries {
		if j, err := ReadJournal(dir, e.Name()); err == nil {
			list = append(list, j)
		}
	}
	slices.SortFunc(list, func(a, b *Journal) int { return b.header.Started.Compare(a.header.Started) })
	return list, err
}

// Header returns what the run loads, Last how far it has come.
func (j *Journal) Header() JournalHeader { return j.header }

// Last returns the last checkpoint, the zero value if there is none.
func (j *Journal) Last() Checkpoint { return j.last }

// Running reports whether a process is at work on the run.
func (j *Journal) Running() bool {
	if j.file != nil {
		return true
	}
	f, err := os.Open(filepath.Join(j.dir, progressFile))
	if err != nil {
		return false
	}
	defer f.Close()
	return lockFile(f) != nil
}

// write appends a checkpoint and returns when it is on disk.
func (j *Journal) write(c Checkpoint) error {
	c.At = time.Now().UTC()
	var line bytes.Buffer
	if err := json.NewEncoder(&line).Encode(c); err != nil {
		return err
	}
	if _, err := j.file.Write(line.Bytes()); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.last = c
	return nil
}

// Discard removes a journal of nothing: that of a run which did not begin.
func (j *Journal) Discard() error { return errors.Join(j.Close(), os.RemoveAll(j.dir)) }

// Close lets go of the journal.
func (j *Journal) Close() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}
