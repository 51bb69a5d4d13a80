package erasure

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio/erasure/internal/c2sp"
	"github.com/gofrs/flock"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// checkpointEvery is the time between two checkpoints that stay. There is also always one after the last outcomes, because the next run does not
// trust what no checkpoint covers. The next checkpoint replaces it.
const checkpointEvery = time.Minute

// writer appends to a receipt. Only one process at a time can have a writer for a receipt.
type writer struct {
	dir      string
	lock     *flock.Flock
	entries  *os.File
	hashes   *os.File
	operator Signer
	origin   string
	now      func() time.Time

	tally  *tally
	tree   tree
	signed int64     // entries that the last checkpoint covers
	since  time.Time // when the last checkpoint that stays was made
	passes string    // the file of the last checkpoint, if the next one replaces it

	text   []byte // entries that are not written yet
	sums   []byte // the hashes of these entries
	levels []tlog.Hash
	fresh  bool
	cut    int64
	err    error // the first error of the disk; nothing is written after it
}

// writeFile replaces a file atomically, with mode 0600. At every moment either the old file or the new one is there, and the new one is on disk when
// writeFile returns.
func writeFile(name string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return syncDir(filepath.Dir(name))
}

// syncDir makes sure that the names in a directory are on disk.
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

// openWriter opens the receipt of a plan for writing, or begins it. If there is a receipt, it must be that of this plan and must be consistent. An
// unfinished last line is cut.
func openWriter(dir string, plan *SignedPlan, operator Signer, now func() time.Time) (*writer, error) {
	w, err := lockWriter(dir, plan, operator, now)
	if err == nil {
		err = w.begin(plan)
	}
	return w, err
}

// lockWriter locks the receipt for this process, and changes nothing in it. The caller must call begin or close next.
func lockWriter(dir string, plan *SignedPlan, operator Signer, now func() time.Time) (*writer, error) {
	if operator.Signer == nil || operator.Role() != RoleOperator {
		return nil, fmt.Errorf("erasure: an operator must sign a receipt, and the key is %v", operator)
	}
	if !plan.keys.knows(operator) {
		return nil, because(ErrUntrusted, "the operator's key %s is not on the keyring, so nobody could check the receipt: add its public key (--keys)", operator.Name())
	}
	w := &writer{dir: dir, operator: operator, origin: origin(plan.Hash()), now: now}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("erasure: %w", err)
	}
	w.lock = flock.New(filepath.Join(dir, lockFile), flock.SetPermissions(0o600))
	if err := mayBegin(dir); err != nil {
		return nil, err
	}
	taken, err := w.lock.TryLock()
	for range 10 { // a check takes the lock for a moment, to see whether it is free
		if taken || err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
		taken, err = w.lock.TryLock()
	}
	if err != nil {
		return nil, fmt.Errorf("erasure: %s cannot be locked: %w", dir, err)
	}
	if !taken {
		return nil, fmt.Errorf("%w: %s", ErrInUse, dir)
	}
	return w, nil
}

// begin reads the receipt, or prepares a new one. If there is an error, it closes the writer.
func (w *writer) begin(plan *SignedPlan) error {
	err := w.removeLeft()
	if err == nil {
		err = w.prepare(plan)
	}
	if err == nil {
		err = w.open(plan)
	}
	if err != nil {
		return errors.Join(err, w.close())
	}
	return nil
}

// removeLeft removes files that a process was writing when it was killed.
func (w *writer) removeLeft() error {
	for _, dir := range []string{w.dir, filepath.Join(w.dir, checkpointsDir)} {
		names, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("erasure: %w", err)
		}
		for _, n := range names {
			if isLeft(n.Name()) {
				if err := os.Remove(filepath.Join(dir, n.Name())); err != nil {
					return fmt.Errorf("erasure: %w", err)
				}
			}
		}
	}
	return nil
}

// mayBegin refuses a directory that has no plan and is not empty. It accepts files that a process prepared for a receipt before it was killed.
func mayBegin(dir string) error {
	names, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("erasure: %w", err)
	}
	others := 0
	for _, n := range names {
		info, err := n.Info()
		switch name := n.Name(); {
		case name == planFile:
			return nil
		case err != nil:
			return fmt.Errorf("erasure: %w", err)
		case name == lockFile, name == keysFile, name == checkpointsDir && n.IsDir(), strings.HasPrefix(name, "."+keysFile+"-"), strings.HasPrefix(name, "."+planFile+"-"):
		case (name == entriesFile || name == hashesFile) && info.Size() == 0:
		default:
			others++
		}
	}
	if others > 0 {
		return fmt.Errorf("erasure: %s is not empty, and is not a receipt: name a new directory", dir)
	}
	return nil
}

// prepare writes the files of a new receipt. The plan comes last: a directory without a plan is not a receipt.
func (w *writer) prepare(plan *SignedPlan) error {
	there, err := os.ReadFile(filepath.Join(w.dir, planFile))
	if err == nil {
		if string(there) != string(plan.Note) {
			old, err := OpenPlan(there, plan.keys)
			if err != nil || old.Hash() != plan.Hash() {
				return fmt.Errorf("erasure: %s is the receipt of another plan: name another directory", w.dir)
			}
		}
		return w.addKey(plan.keys)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("erasure: %w", err)
	}
	for _, name := range []string{entriesFile, hashesFile} {
		f, err := os.OpenFile(filepath.Join(w.dir, name), os.O_CREATE|os.O_WRONLY, 0o600)
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		if err != nil {
			return fmt.Errorf("erasure: %w", err)
		}
	}
	if err := os.MkdirAll(filepath.Join(w.dir, checkpointsDir), 0o700); err != nil {
		return fmt.Errorf("erasure: %w", err)
	}
	err = writeFile(filepath.Join(w.dir, keysFile), []byte(plan.keys.pick(plan.Operator, plan.Approver, w.operator.Name()).String()))
	if err == nil {
		err = writeFile(filepath.Join(w.dir, planFile), plan.Note)
	}
	if err == nil {
		err = syncDir(filepath.Dir(filepath.Clean(w.dir)))
	}
	if err != nil {
		return fmt.Errorf("erasure: %w", err)
	}
	return nil
}

// addKey adds the operator's key to the keys in the receipt, before anything is signed with it.
func (w *writer) addKey(keys Keyring) error {
	file := filepath.Join(w.dir, keysFile)
	text, err := os.ReadFile(file)
	if err != nil {
		return fmt.Errorf("erasure: %w", err)
	}
	own, err := ParseKeyring(string(text))
	if err != nil || slices.Contains(own.Names(), w.operator.Name()) {
		return nil // if the file is wrong, reading the receipt shows it
	}
	if err := writeFile(file, []byte(own.String()+keys.pick(w.operator.Name()).String())); err != nil {
		return fmt.Errorf("erasure: %w", err)
	}
	return nil
}

// open reads the receipt, cuts a torn last line and seeks to the end.
func (w *writer) open(plan *SignedPlan) error {
	r, err := readReceipt(w.dir, CheckConfig{Keys: plan.keys})
	if err != nil {
		return err
	}
	w.tally, w.tree, w.cut, w.fresh = r.tally, r.tree, r.torn, r.tree.size == 0
	w.signed = r.lastSigned()
	w.since = w.now()
	if len(r.copied.pick(w.operator.Name()).keys) == 0 { // another operator began the receipt
		keys := r.copied.String() + plan.keys.pick(w.operator.Name()).String()
		if err := writeFile(filepath.Join(w.dir, keysFile), []byte(keys)); err != nil {
			return fmt.Errorf("erasure: %w", err)
		}
	}
	if w.entries, err = openAt(filepath.Join(w.dir, entriesFile), r.whole); err != nil {
		return err
	}
	if w.hashes, err = openAt(filepath.Join(w.dir, hashesFile), r.hashes/tlog.HashSize*tlog.HashSize); err != nil {
		return err
	}
	return w.addHashes(r)
}

// left reports whether the previous process left something open or unsigned.
func (w *writer) left() bool { return w.tally.open() > 0 || w.tree.size > w.signed || w.cut > 0 }

// resume writes that this process continues the receipt, what was left open, and what was not signed.
func (w *writer) resume() error {
	open, unsigned := w.tally.open(), w.tree.size-w.signed
	return w.add(Entry{Type: EntryTypeResumed, Operator: w.operator.Name(), Open: open, Cut: w.cut, Unsigned: unsigned})
}

func openAt(name string, size int64) (*os.File, error) {
	f, err := os.OpenFile(name, os.O_RDWR, 0o600)
	if err != nil {
		return nil, fmt.Errorf("erasure: %w", err)
	}
	if err = f.Truncate(size); err == nil {
		_, err = f.Seek(size, io.SeekStart)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("erasure: %w", err), f.Close())
	}
	return f, nil
}

// addHashes writes the hashes that a killed process did not write.
func (w *writer) addHashes(r *receipt) error {
	want := tlog.StoredHashCount(r.tree.size) * tlog.HashSize
	if r.hashes >= want {
		return nil
	}
	f, err := os.Open(filepath.Join(w.dir, entriesFile))
	if err != nil {
		return fmt.Errorf("erasure: %w", err)
	}
	defer f.Close()
	var t tree
	var at int64
	err = eachLine(io.LimitReader(f, r.whole), func(line []byte) {
		w.levels = t.add(w.levels[:0], tlog.RecordHash(line))
		for _, h := range w.levels {
			if at >= r.hashes {
				w.sums = append(w.sums, h[:]...)
			}
			at += tlog.HashSize
		}
	})
	if err != nil {
		return err
	}
	return w.flush()
}

// add appends an entry. It is on disk after sync.
func (w *writer) add(e Entry) error {
	if w.err != nil {
		return w.err
	}
	e.N, e.At = w.tree.size, w.now().UTC().Truncate(time.Millisecond)
	if err := w.tally.apply(&e); err != nil {
		return fmt.Errorf("erasure: entry %d: %w", e.N, err)
	}
	begun := len(w.text)
	w.text = e.append(w.text)
	w.levels = w.tree.add(w.levels[:0], tlog.RecordHash(w.text[begun:]))
	w.text = append(w.text, '\n')
	for _, h := range w.levels {
		w.sums = append(w.sums, h[:]...)
	}
	if len(w.text) > 1<<20 {
		return w.flush()
	}
	return nil
}

func (w *writer) flush() error {
	if w.err == nil && len(w.text) > 0 {
		_, w.err = w.entries.Write(w.text)
	}
	if w.err == nil && len(w.sums) > 0 {
		_, w.err = w.hashes.Write(w.sums)
	}
	w.text, w.sums = w.text[:0], w.sums[:0]
	if w.err != nil {
		return fmt.Errorf("erasure: the receipt cannot be written: %w", w.err)
	}
	return nil
}

// sync writes all entries to disk.
func (w *writer) sync() error {
	if err := w.flush(); err != nil {
		return err
	}
	if w.err = w.entries.Sync(); w.err != nil {
		return fmt.Errorf("erasure: the receipt cannot be written: %w", w.err)
	}
	return nil
}

// checkpoint signs the entries, if there are new ones.
func (w *writer) checkpoint() error {
	if err := w.flush(); err != nil || w.signed == w.tree.size {
		return err
	}
	if w.err = errors.Join(w.entries.Sync(), w.hashes.Sync()); w.err == nil {
		w.err = w.sign()
	}
	if w.err != nil {
		return fmt.Errorf("erasure: the receipt cannot be written: %w", w.err)
	}
	return nil
}

func (w *writer) sign() error {
	text, err := c2sp.Checkpoint{Origin: w.origin, Size: w.tree.size, Hash: w.tree.root()}.Marshal()
	if err != nil {
		return err
	}
	signed, err := note.Sign(&note.Note{Text: string(text)}, w.operator)
	if err != nil {
		return err
	}
	name := filepath.Join(w.dir, checkpointsDir, checkpointName(w.tree.size))
	if err := writeFile(name, signed); err != nil {
		return err
	}
	if w.passes != "" {
		if err := os.Remove(w.passes); err != nil {
			return err
		}
	}
	w.signed, w.passes = w.tree.size, name
	if w.now().Sub(w.since) >= checkpointEvery {
		w.since, w.passes = w.now(), ""
	}
	return nil
}

// close closes the files and unlocks the receipt. It signs nothing.
func (w *writer) close() error {
	var errs []error
	for _, f := range []*os.File{w.entries, w.hashes} {
		if f != nil {
			errs = append(errs, f.Close())
		}
	}
	return errors.Join(append(errs, w.lock.Close())...)
}
