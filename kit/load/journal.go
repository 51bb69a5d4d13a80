package load

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/internal/filelock"
	"github.com/ciokit/cio/kit/internal/places"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// A Journal records on disk how far a load has come, so that the load can be resumed after it was killed, interrupted or stopped. Start makes a
// journal and Resume continues it; ReadJournal and ListJournals only read.
//
// It is a directory of mode 0700. It contains a file of mode 0600, and what the run keeps for its snapshot. The file has a line
//
//	{"sum":"0123456789abcdef","header":{...}}
//
// with a JournalHeader, and then one {"sum":"...","checkpoint":{...}} for each Checkpoint. Each line is synced to disk before the next is made. A sum
// is the first 8 bytes of the SHA-256 of the sum before it and the bytes of the header or checkpoint, so a line that was changed, removed or moved is
// detected. A last line without a line end is incomplete and does not count. The name of the directory is the run's id. A journal contains names of
// files and columns, and no data of the rows.
type Journal struct {
	dir    string
	header JournalHeader
	last   Checkpoint
	sum    string         // of the last complete line
	whole  int64          // bytes of complete lines
	torn   bool           // there may be bytes after those
	file   *os.File       // nil if it was only read
	lock   *filelock.Lock // nil if it was only read
	bad    error          // why it cannot be read; nil if it can
	used   bool           // the run has begun
}

// journalVersion is the version of the format. A journal of another version is not resumed.
const journalVersion = 2

const (
	journalFile = "journal.jsonl"
	// The files of version 1, without sums.
	headerFile1   = "run.json"
	progressFile1 = "progress.jsonl"
)

// JournalHeader says what a load is. Resume compares it with the job that it is given.
type JournalHeader struct {
	Version int       `json:"version"`
	ID      string    `json:"id"`
	Started time.Time `json:"started"`
	// Tool is the version of this library that made the journal.
	Tool string `json:"tool,omitempty"`
	// Source names the input. Fingerprint identifies its contents, so that a changed input is detected.
	Source string `json:"source"`
	// Files are the files of the input, Dialects how CSV files are written. A resumed load reads the files with these dialects, even if they look
	// different now. It does not resume if their Layouts differ.
	Files       []string         `json:"files,omitempty"`
	Dialects    []source.Dialect `json:"dialects,omitempty"`
	Layouts     []source.Layout  `json:"layouts,omitempty"`
	Fingerprint string           `json:"fingerprint"`
	// Mapping is the name of the mapping, MappingHash its Hash.
	Mapping     string `json:"mapping"`
	MappingHash string `json:"mapping_hash"`
	// Target is where the messages go. Salt is the salt of Checkpoint.Key.
	Target string `json:"target"`
	Salt   []byte `json:"salt,omitempty"`
	// Settings are the other parts of the Job that decide what the rows become and what is kept of them, by name. Settings with their default are
	// left out.
	Settings map[string]string `json:"settings,omitempty"`
	// Options are Job.Options.
	Options json.RawMessage `json:"options,omitempty"`
	// Bounds are the bounds that the load began with.
	Bounds Bounds `json:"bounds"`
}

// Bounds are what a load must not exceed, as in its Job, without values that stand for a default. They apply to all its runs together.
type Bounds struct {
	MaxErrors  int64
	MaxDeletes int64
	MaxShrink  int
	ExpectRows RowRange
}

// boundsText is Bounds in a journal. Since the first version, journals have said after how many rejections a load ends, -1 for none, and how many
// messages can delete something, -1 for none.
type boundsText struct {
	EndingErrors int64    `json:"max_errors"`
	MaxDeletes   int64    `json:"max_deletes"`
	MaxShrink    int      `json:"max_shrink,omitempty"`
	ExpectRows   RowRange `json:"expect_rows,omitzero"`
}

// MarshalJSON writes the bounds in a form that every version of this program reads.
func (b Bounds) MarshalJSON() ([]byte, error) {
	t := boundsText{atMost(b.MaxErrors) + 1, b.MaxDeletes, b.MaxShrink, b.ExpectRows}
	if b.MaxErrors == Unlimited {
		t.EndingErrors = -1
	}
	return json.Marshal(t)
}

// UnmarshalJSON reads the bounds that any version of this program has written.
func (b *Bounds) UnmarshalJSON(text []byte) error {
	var t boundsText
	if err := json.Unmarshal(text, &t); err != nil {
		return err
	}
	*b = Bounds{boundOr(t.EndingErrors-1, None), boundOr(t.MaxDeletes, None), t.MaxShrink, t.ExpectRows}
	if t.EndingErrors <= 0 {
		b.MaxErrors = Unlimited
	}
	return nil
}

// Checkpoint is a position in the input. Every row before it is settled: accepted, or rejected for good.
type Checkpoint struct {
	At time.Time `json:"at"`
	// Row is how many rows of the input are before it, Read how many bytes.
	Row  int64 `json:"row"`
	Read int64 `json:"read"`
	// Mark is what the source needs to resume after the last of these rows, or to check that they have not changed. It is empty if the row number is
	// enough. For an ordered query it has hashes of the rows.
	Mark json.RawMessage `json:"mark,omitempty"`
	// Who is a hash of the people whom the rows are about. It is set together with Mark.
	Who string `json:"who,omitempty"`
	// Key identifies the write key: it is the Client's KeyHash of the header's Salt.
	Key []byte `json:"key,omitempty"`
	// Summary has the counts of these rows. None of their messages is unsent.
	Summary
	// The version of the Summary is not written, because the journal has one.
	NoVersion struct{} `json:"version,omitzero"`
	// FormerLeft is LeftRejected under the name that it had in earlier journals; nothing writes it.
	FormerLeft int64             `json:"left_refused,omitempty"`
	Warned     []mapping.Warning `json:"warned,omitempty"`
	Reasons    map[string]int64  `json:"reasons,omitempty"`
	// RejectsBytes is how many bytes the rejects had.
	RejectsBytes int64 `json:"rejects_bytes,omitempty"`
	// RejectsSum is the CRC-32C of those bytes.
	RejectsSum uint32 `json:"rejects_sum,omitempty"`
	// SpoolBytes is how many bytes the run has kept for its snapshot.
	SpoolBytes int64 `json:"spool_bytes,omitempty"`
	// End is how the run ended: complete, or the reason why it stopped. It is empty while the run is under way.
	End string `json:"end,omitempty"`
	// Deletes is how many of the messages before it delete or suppress something, not counting those of a Mirror.
	Deletes int64 `json:"deletes,omitempty"`
	// Bounds are the bounds of the load since it was last resumed; nil if they are those of the header.
	Bounds *Bounds `json:"bounds,omitempty"`
}

// EndComplete is the End of a run that does not need to be resumed.
const EndComplete = "complete"

// JournalError says why a journal cannot be used.
type JournalError struct {
	// File is the bad file, Line the bad line in it; 0 if the whole file is bad.
	File string
	Line int
	// Problem is what is wrong, Hint what to do.
	Problem, Hint string
}

func (e *JournalError) Error() string {
	place := e.File
	if e.Line > 0 {
		place = fmt.Sprintf("line %d of %s", e.Line, e.File)
	}
	return "load: " + place + " " + e.Problem + "; " + e.Hint
}

// againHint is the hint if a load cannot be resumed.
const againHint = "begin a new load: messages that are sent again have the same ids if the mapping sets messageId, or if the file has not changed"

// JournalDir is where journals are kept by default: $XDG_STATE_HOME/ciokit/runs, or the usual place for state if that is not set.
func JournalDir() (string, error) { return places.State("runs") }

// createJournal begins a journal in a new directory below dir. It sets the header's Version, ID, Started and Tool.
func createJournal(dir string, h JournalHeader) (_ *Journal, err error) {
	random := make([]byte, 3)
	rand.Read(random) // never fails
	h.Version, h.Started, h.Tool = journalVersion, time.Now().UTC(), cio.Version
	h.ID = h.Started.Format("20060102-150405-") + hex.EncodeToString(random)
	j := &Journal{dir: filepath.Join(dir, h.ID), header: h}
	if err := places.MakeState(dir); err != nil {
		return nil, err
	}
	defer func() { err = places.StateError(err) }()
	if err = j.take(); err == nil {
		err = os.Mkdir(j.dir, 0o700)
	}
	if err == nil {
		err = j.open(os.O_CREATE | os.O_EXCL)
	}
	if err == nil {
		err = j.append("header", h)
	}
	if err == nil {
		err = errors.Join(atomicfile.SyncDir(j.dir), atomicfile.SyncDir(dir))
	}
	if err != nil {
		return nil, errors.Join(err, j.discard())
	}
	return j, nil
}

// take locks the run for this process. The lock is next to the directory, so that the directory can be removed while the lock is held.
func (j *Journal) take() (err error) {
	j.lock, err = filelock.Take(j.dir, j.header.ID)
	return j.running(err)
}

// running turns an error about a lock that is in use into one that says that the run is under way.
func (j *Journal) running(err error) error {
	if errors.Is(err, filelock.ErrInUse) {
		return fmt.Errorf("load: run %s: %w", j.header.ID, underWay(err))
	}
	return err
}

// open opens the file of a run that is locked, for writing.
func (j *Journal) open(flag int) error {
	f, err := os.OpenFile(j.lockName(), flag|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	if err := j.running(j.lock.Former(f.Name())); err != nil {
		return errors.Join(err, f.Close())
	}
	j.file = f
	return nil
}

// ReadJournal reads a journal below dir without locking its run. If the journal is damaged, the error is a *JournalError.
func ReadJournal(dir, id string) (*Journal, error) {
	if id == "" || id != filepath.Base(id) || strings.HasPrefix(id, ".") {
		return nil, fmt.Errorf("load: %q is not the id of a run; ciokit runs list shows the ids", id)
	}
	j := &Journal{dir: filepath.Join(dir, id), header: JournalHeader{ID: id}}
	f, err := os.Open(filepath.Join(j.dir, journalFile))
	if errors.Is(err, os.ErrNotExist) {
		return j, j.readOld()
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return j, j.replay(f)
}

// parseCheckpoint reads a checkpoint that any version of this program has written.
func parseCheckpoint(text []byte) (c Checkpoint, err error) {
	err = json.Unmarshal(text, &c)
	c.LeftRejected, c.FormerLeft = c.LeftRejected+c.FormerLeft, 0
	return c, err
}

// noRunError says that a run has no journal.
type noRunError struct {
	id, dir string
	err     error
}

func (e *noRunError) Error() string {
	return fmt.Sprintf("load: there is no run %s in %s; ciokit runs list shows the runs", e.id, e.dir)
}

func (e *noRunError) Unwrap() error { return e.err }

// readOld reads a journal of version 1.
func (j *Journal) readOld() error {
	text, err := os.ReadFile(filepath.Join(j.dir, headerFile1))
	if errors.Is(err, os.ErrNotExist) {
		return &noRunError{j.header.ID, filepath.Dir(j.dir), err}
	}
	if err != nil {
		return err
	}
	id := j.header.ID
	if json.Unmarshal(text, &j.header) != nil {
		return &JournalError{filepath.Join(j.dir, headerFile1), 0, "is damaged", againHint}
	}
	j.header.ID = id
	f, err := os.Open(filepath.Join(j.dir, progressFile1))
	if err != nil {
		return err
	}
	defer f.Close()
	lines := bufio.NewReader(f)
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		c, err := parseCheckpoint(line)
		if err != nil {
			return nil
		}
		j.last = c
	}
}

// journalLine is a line of the file.
type journalLine struct {
	Sum        string          `json:"sum"`
	Header     json.RawMessage `json:"header,omitempty"`
	Checkpoint json.RawMessage `json:"checkpoint,omitempty"`
}

// chain returns the sum of a line after another line.
func chain(before string, what []byte) string {
	sum := sha256.Sum256(append([]byte(before), what...))
	return hex.EncodeToString(sum[:8])
}

// replay reads the file from its beginning.
func (j *Journal) replay(r io.Reader) error {
	name := filepath.Join(j.dir, journalFile)
	j.last, j.sum, j.whole, j.torn = Checkpoint{}, "", 0, false
	lines := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			if j.torn = len(line) > 0; n == 1 {
				return &JournalError{name, 0, "ends within its first line: the load ended before it began", "begin a new load"}
			}
			return nil
		}
		if err != nil {
			return err
		}
		var l journalLine
		bad := json.Unmarshal(line, &l) != nil
		what := l.Checkpoint
		if n == 1 {
			what = l.Header
		}
		if n == 1 && !bad { // before the sum, which another version may compute differently
			var v struct{ Version int }
			if json.Unmarshal(what, &v) == nil && v.Version > journalVersion {
				return &JournalError{name, 0, fmt.Sprintf("has version %d, and this program reads version %d", v.Version, journalVersion), "use the program that made it, or " + againHint}
			}
		}
		if bad || len(what) == 0 || l.Sum != chain(j.sum, what) {
			return &JournalError{name, n, "is damaged: its checksum does not match", againHint}
		}
		if n == 1 {
			j.header = JournalHeader{}
			err = json.Unmarshal(what, &j.header)
		} else {
			j.last, err = parseCheckpoint(what)
		}
		if err != nil {
			return &JournalError{name, n, "cannot be read", againHint}
		}
		j.sum = l.Sum
		j.whole += int64(len(line))
	}
}

// openJournal opens a journal below dir to resume its run. It is an error if another process is running it.
func openJournal(dir, id string) (*Journal, error) {
	j, err := ReadJournal(dir, id)
	if err != nil {
		return nil, err
	}
	if j.header.Version != journalVersion {
		return nil, &JournalError{j.dir, 0, fmt.Sprintf("is a journal of version %d, and this program resumes version %d", j.header.Version, journalVersion),
			"use the program that made it, or " + againHint}
	}
	if err = j.take(); err == nil {
		err = j.open(0)
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	if err := j.replay(j.file); err != nil { // again: the other process may have written until it released the lock
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// Bounds returns the bounds of the load.
func (j *Journal) Bounds() Bounds {
	if j.last.Bounds != nil {
		return *j.last.Bounds
	}
	return j.header.Bounds
}

// Header returns the header, which says what the run loads.
func (j *Journal) Header() JournalHeader { return j.header }

// Last returns the last checkpoint, the zero value if there is none.
func (j *Journal) Last() Checkpoint { return j.last }

// write appends a checkpoint and returns when it is on disk.
func (j *Journal) write(c Checkpoint) error {
	c.At = time.Now().UTC()
	if err := j.append("checkpoint", c); err != nil {
		return err
	}
	j.last = c
	return nil
}

// append appends a line. If a line cannot be written completely, it is cut off before the next one is written, so an incomplete line is never in the
// middle of the file.
func (j *Journal) append(name string, what any) error {
	text, err := json.Marshal(what)
	if err != nil {
		return err
	}
	if j.torn {
		if err := j.file.Truncate(j.whole); err != nil {
			return err
		}
	}
	sum := chain(j.sum, text)
	var line bytes.Buffer
	fmt.Fprintf(&line, "{\"sum\":%q,%q:%s}\n", sum, name, text)
	j.torn = true
	if _, err := j.file.WriteAt(line.Bytes(), j.whole); err != nil {
		return err
	}
	if err := j.file.Sync(); err != nil {
		return err
	}
	j.torn, j.sum, j.whole = false, sum, j.whole+int64(line.Len())
	return nil
}

// discard removes the journal of a run that did not begin.
func (j *Journal) discard() error {
	err := j.closeFile()
	if j.lock != nil {
		err = errors.Join(err, os.RemoveAll(j.dir))
	}
	return errors.Join(err, j.Close())
}

// Close closes the journal and releases its lock.
func (j *Journal) Close() error {
	err := errors.Join(j.closeFile(), j.lock.Release())
	j.lock = nil
	return err
}

func (j *Journal) closeFile() error {
	if j.file == nil {
		return nil
	}
	err := j.file.Close()
	j.file = nil
	return err
}
