package load

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"sync"

	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/internal/filelock"
)

// PendingError is a snapshot with which another run is under way, or which another run began with or was to renew that ended without a word,
// so that nobody knows what it sent.
type PendingError struct {
	// File is the snapshot, Run the journal's id of that run, empty if it had none or is not known.
	File, Run string
	// Running says that it is under way in another process, By which process that is, if it is known. Not even a load with Full may begin then.
	Running bool
	By      string
}

func (e *PendingError) Error() string {
	switch {
	case e.Running:
		by := e.By
		if by != "" {
			by = " (" + by + ")"
		}
		return fmt.Sprintf("load: a load with the snapshot %s is under way in another process%s; wait for it, or end it", e.File, by)
	case e.Run == "":
		return fmt.Sprintf("load: a load with the snapshot %s was killed and cannot be resumed, so that nobody knows what it sent; send everything once", e.File)
	}
	return fmt.Sprintf("load: run %s with the snapshot %s was killed; resume it, or send everything once", e.Run, e.File)
}

// ErrSuperseded is why a run cannot be resumed: the snapshot that it began with was renewed by another since.
var ErrSuperseded = errors.New("load: the run cannot be resumed, because another load has gone on from the snapshot that it began with; begin a new load")

// pendingSuffix ends the name of the file beside a snapshot that says that a run is under way, pending is what stands in it.
const pendingSuffix = ".pending"

type pending struct {
	Run string `json:"run"`
	// Makes is the id of the snapshot that it makes. Once that is there the run has nothing left to say.
	Makes string `json:"makes,omitempty"`
}

// over reports whether the run that said so has made this snapshot, which may be nil. It has nothing left to say then, whatever ended it.
func (p *pending) over(made *snapshot) bool {
	return p.Makes != "" && made != nil && p.Makes == made.info.ID
}

// word is a file with a pending in it, in a line of pendingBytes, and behind that a madeLog. As long as it is open the snapshot's name is locked
// for this process.
type word struct {
	snapshot string
	file     *os.File
	lock     *filelock.Lock
	fresh    bool    // it was not there before
	said     pending // what it said before
	over     bool    // the run that said so has made its snapshot
	whole    int64   // how much of it can be read
	mine     bool    // it says that this run is under way
}

const pendingBytes = 512

// hold locks the words beside the snapshot that the run begins with and beside that which it will renew.
func (c *changes) hold(file string) error {
	names := []string{file}
	if c.cfg.Snapshot != "" {
		names = append(names, c.cfg.Snapshot)
	}
	for _, name := range names {
		if slices.ContainsFunc(c.words, func(w *word) bool { return w.lock.Same(name) }) {
			continue
		}
		w, err := openWord(name, c.info.By)
		if err != nil {
			return err
		}
		c.words = append(c.words, w)
	}
	return nil
}

func openWord(snapshot, run string) (*word, error) {
	name := snapshot + pendingSuffix
	lock, err := filelock.Take(snapshot, run)
	if err == nil {
		err = lock.Former(name)
	}
	w := &word{snapshot: snapshot, lock: lock}
	if err == nil {
		w.file, err = os.OpenFile(name, os.O_CREATE|os.O_RDWR, 0o600)
	}
	if err == nil {
		err = w.read()
	}
	var used *filelock.InUseError
	switch {
	case errors.As(err, &used):
		return nil, errors.Join(&PendingError{File: snapshot, Run: used.Owner.Run, Running: true, By: used.By()}, lock.Release())
	case err != nil:
		return nil, errors.Join(err, w.letGo())
	}
	return w, nil
}

func (w *word) read() error {
	head, err := io.ReadAll(io.LimitReader(w.file, pendingBytes))
	if err != nil {
		return err
	}
	w.fresh = len(head) == 0
	_ = json.Unmarshal(head, &w.said) // what cannot be read is the word of a run that nobody knows
	w.whole, err = eachMade(w.file, func([]byte) error { return nil })
	return err
}

// letGo closes the file and lets go of the lock.
func (w *word) letGo() error {
	var err error
	if w.file != nil {
		err = w.file.Close()
	}
	return errors.Join(err, w.lock.Release())
}

// checkPending makes sure that no other run has sent what the snapshot does not know of. After one that was killed only a run with Full may
// begin, or one that compares with nothing, and none may go on, because what it has sent before may not hold any more. A run that goes on with one
// that was killed knows that this one may have sent more than its journal says.
func (c *changes) checkPending() error {
	for _, w := range c.words {
		switch {
		case w.fresh:
		case w.said.over(c.old):
			w.over = true
		case w.said.Run != "" && w.said.Run == c.info.By:
			c.killed = true
		case !c.resumes && (c.cfg.Full || c.old == nil):
			c.afresh = true
		default:
			return &PendingError{File: w.snapshot, Run: w.said.Run}
		}
	}
	c.afresh = c.afresh || c.killed || c.resumes && !c.own
	return nil
}

// markPending says on disk that a run begins which will send what the snapshot does not know of.
func (c *changes) markPending() error {
	text, err := json.Marshal(pending{c.info.By, c.info.ID})
	if err != nil {
		return err
	}
	text = append(append(text, bytes.Repeat([]byte(" "), max(0, pendingBytes-1-len(text)))...), '\n')
	for _, w := range c.words {
		w.mine = true
		if _, err := w.file.WriteAt(text, 0); err != nil { // before the rest is cut off, so that the file never says nothing
			return err
		}
		if w.whole = max(w.whole, pendingBytes); w.over {
			w.whole = pendingBytes
		}
		if err := errors.Join(w.file.Truncate(w.whole), w.file.Sync(), atomicfile.SyncDir(filepath.Dir(w.snapshot))); err != nil {
			return err
		}
	}
	return nil
}

// madeLog is who a run identifies, so that one that is killed does not leave people behind whom no mirror knows. It is a list of records, each
// behind its length: a mention for everybody before anything is sent of them, as namedUnsure, and again as namedIdentified once it was accepted.
// What a run writes stands behind a record of madeBy. A nil log keeps nothing.
type madeLog struct {
	mu   sync.Mutex
	file *os.File
	buf  *bufio.Writer
}

// madeBy begins a record that says in JSON which run wrote what follows.
const madeBy byte = 'R'

type maker struct {
	Run     string `json:"run"`
	Mapping string `json:"mapping"`
	Query   string `json:"query,omitempty"`
	Columns string `json:"columns,omitempty"`
	Target  string `json:"target"`
	KeyHash []byte `json:"key_hash"`
	Salt    []byte `json:"salt"`
}

// sameTable reports whether whoever wrote that loaded the same table into the same workspace as the run of info, so that who is not in its input has
// left. A dry run has no workspace.
func (m *maker) sameTable(info *SnapshotInfo, dry bool) bool {
	return m.Mapping == info.MappingHash && m.Query == info.Query && m.Columns == info.Columns && (dry || m.Target == info.Target && bytes.Equal(m.KeyHash, info.KeyHash))
}

// takeOver has the run know of the people whom others made that were killed, and begins its own log.
func (c *changes) takeOver(file string) error {
	if !c.cfg.IDs {
		return nil
	}
	first := c.spool.written == spoolHead // otherwise it has those of other runs
	if err := c.eachLog(file, func(log io.ReaderAt) error { return c.takeOverFrom(log, first) }); err != nil {
		return err
	}
	for _, w := range c.words {
		if filepath.Clean(w.snapshot) != filepath.Clean(c.cfg.Snapshot) && len(c.words) > 1 {
			continue
		}
		text, err := json.Marshal(maker{c.info.By, c.info.MappingHash, c.info.Query, c.info.Columns, c.info.Target, c.info.KeyHash, c.info.Salt})
		if err != nil {
			return err
		}
		c.made = &madeLog{file: w.file, buf: bufio.NewWriterSize(io.NewOffsetWriter(w.file, w.whole), 64<<10)}
		if _, err := writeRecord(c.made.buf, append([]byte{madeBy}, text...)); err != nil {
			return err
		}
	}
	return nil
}

// eachLog calls f with the logs of runs that were killed.
func (c *changes) eachLog(file string, f func(io.ReaderAt) error) error {
	for _, w := range c.words {
		if err := f(w.file); err != nil {
			return err
		}
	}
	if !c.job.DryRun {
		return nil
	}
	for _, name := range slices.Compact([]string{file, c.cfg.Snapshot}) {
		log, err := os.Open(name + pendingSuffix)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		w := word{snapshot: name, file: log}
		if err = w.read(); err == nil && !w.said.over(c.old) {
			err = f(log)
		}
		if err = errors.Join(err, log.Close()); err != nil {
			return err
		}
	}
	return nil
}

// saltOfLog returns the salt of a run that was killed before there was a snapshot, so that what it knows can be compared; nil if there is none.
func (c *changes) saltOfLog(file string) (salt []byte, err error) {
	err = c.eachLog(file, func(log io.ReaderAt) error {
		_, err := eachMade(log, func(record []byte) error {
			var by maker
			if len(salt) == 0 && record[0] == madeBy && json.Unmarshal(record[1:], &by) == nil && len(by.Salt) == 16 {
				salt = by.Salt
			}
			return nil
		})
		return err
	})
	return salt, err
}

func (c *changes) takeOverFrom(log io.ReaderAt, first bool) error {
	var by maker
	_, err := eachMade(log, func(record []byte) error {
		if record[0] == madeBy {
			by = maker{}
			return json.Unmarshal(record[1:], &by)
		}
		one, ok := parseNamed(record)
		switch {
		case !ok:
			return errRecord
		case by.Run != "" && by.Run == c.info.By:
			if !by.sameTable(&c.info, !c.job.sends()) { // it goes on with another key
				one.how = namedUnsure
			}
			return c.spool.add(rowSelf, mark{}, []mention{one})
		case !first:
			return nil
		case !bytes.Equal(by.Salt, c.info.Salt): // whose addresses cannot be compared
			one.how, one.address = namedUnsure, 0
		case !by.sameTable(&c.info, !c.job.sends()):
			one.how = namedUnsure
		}
		return c.spool.add(rowEarlier, mark{}, []mention{one})
	})
	return err
}

// eachMade calls f for each record of the log behind a pending, and returns how long the file is up to the last whole one.
func eachMade(log io.ReaderAt, f func(record []byte) error) (whole int64, err error) {
	r := bufio.NewReaderSize(io.NewSectionReader(log, pendingBytes, math.MaxInt64-pendingBytes), 64<<10)
	var record []byte
	for whole = pendingBytes; ; {
		if record, err = readRecord(r, record); err == io.EOF || errors.Is(err, errRecord) || err == nil && len(record) == 0 {
			return whole, nil // what is left is torn
		}
		if err != nil {
			return whole, err
		}
		if err := f(record); err != nil {
			return whole, err
		}
		whole += int64(len(binary.AppendUvarint(nil, uint64(len(record)))) + len(record))
	}
}

// begin notes people of whom something is about to be sent, end those of whom it was accepted.
func (l *madeLog) begin(people []mention) {
	if l != nil {
		l.write(people, namedUnsure)
	}
}

func (l *madeLog) end(people []mention) {
	if l != nil {
		l.write(people, namedIdentified)
	}
}

func (l *madeLog) write(people []mention, how byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range people {
		if one.how == namedIdentified {
			one.how = how
			writeRecord(l.buf, one.append(nil)) // flush tells of an error
		}
	}
}

// flush hands all that was noted to the operating system, which keeps it if the process is killed.
func (l *madeLog) flush() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	return l.buf.Flush()
}

func (l *madeLog) sync() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	return errors.Join(l.buf.Flush(), l.file.Sync())
}

// close ends the log, of which there is nothing left to know.
func (l *madeLog) close() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file = nil
}

// settle takes back what markPending said: the new snapshot tells what was sent.
func (c *changes) settle() error {
	var errs []error
	c.made.close()
	for _, w := range c.words {
		errs = append(errs, w.remove())
	}
	c.words = nil
	return errors.Join(errs...)
}

// close leaves the word as it is, unless it says nothing.
func (w *word) close() error {
	if w.fresh && !w.mine {
		return w.remove()
	}
	return w.letGo()
}

// remove removes the word, as long as its snapshot is locked.
func (w *word) remove() error {
	return errors.Join(w.file.Close(), atomicfile.Remove(w.file.Name()), w.lock.Release())
}
