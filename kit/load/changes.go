package load

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// ChangeOnly has a run send only what has changed since an earlier one. The zero value sends everything.
//
// A run with a Snapshot writes one of what was accepted, and the next one with the same Snapshot leaves out the rows whose messages are in it;
// they are counted as Summary.Unchanged. Rows may come in any order. A row that was refused, or is not known to be accepted, is in no snapshot,
// so that the next run tries it again. What a message says is compared, not what a row holds: a changed mapping sends the rows that come to
// other messages. A messageId and a timestamp that the mapping does not give do not count, as they differ from run to run.
//
// A snapshot takes 16 bytes a row on disk, without IDs, and its size does not matter to the memory of a run. It is of one workspace: have one
// file for each.
type ChangeOnly struct {
	// Snapshot is the file that the run's snapshot is written to when it ends, in place of the one that is there. Empty: none is made.
	Snapshot string
	// DiffWith is the snapshot that rows are compared with; default Snapshot, if there is such a file. A file named here must be there.
	DiffWith string
	// Full sends the rows that have not changed too.
	Full bool
	// IDs keeps the userIds of the rows in the snapshot, in clear: personal data, in a file of mode 0600. Mirror needs them, because a hash
	// names nobody.
	IDs bool
	// Mirror says what becomes of the people in the snapshot of whom the input has no message any more, once all else is sent. Default:
	// nothing, and they stay in the snapshot. Nobody is deleted or suppressed if a row was refused that may be about anybody, if anything is
	// unsent, if more people than Job.MaxDeletes have left, or if MaxShrink is exceeded.
	Mirror Mirror
	// MaxShrink is how many of a hundred people in the snapshot may leave in one run of Mirror; default DefaultMaxShrink, 100 for all of
	// them. It does not count where ten or fewer leave and somebody stays.
	MaxShrink int
}

// Mirror is what becomes of people who have left the input.
type Mirror string

const (
	// MirrorDelete deletes them, which removes their history too.
	MirrorDelete Mirror = "delete"
	// MirrorSuppress deletes and suppresses them: they cannot be added again until they are unsuppressed.
	MirrorSuppress Mirror = "suppress"
)

// DefaultMaxShrink is the default of ChangeOnly.MaxShrink: that of the safeguards of directory synchronisation.
const DefaultMaxShrink = 20

func (c *ChangeOnly) on() bool { return c.Snapshot != "" || c.DiffWith != "" }

func (c *ChangeOnly) check(j *Job) error {
	switch {
	case c.MaxShrink < 0 || c.MaxShrink > 100:
		return errors.New("load: ChangeOnly.MaxShrink is a share of a hundred; give 0 for the default")
	case c.Mirror != "" && c.Mirror != MirrorDelete && c.Mirror != MirrorSuppress:
		return fmt.Errorf("load: ChangeOnly.Mirror is %q; give MirrorDelete or MirrorSuppress", c.Mirror)
	case c.Mirror != "" && (!c.IDs || c.Snapshot == ""):
		return errors.New("load: ChangeOnly.Mirror needs a Snapshot with IDs, because a hash names nobody")
	case c.IDs && c.Snapshot == "":
		return errors.New("load: ChangeOnly.IDs needs a Snapshot to keep them in")
	case c.Mirror != "" && j.Limit > 0:
		return errors.New("load: ChangeOnly.Mirror needs all of the input; leave Job.Limit out")
	case c.Mirror != "" && !j.Mapping.identifies():
		return errors.New("load: ChangeOnly.Mirror needs a mapping with an identify that has a userId, because people are deleted by it")
	}
	if c.MaxShrink == 0 {
		c.MaxShrink = DefaultMaxShrink
	}
	return nil
}

// identifies reports whether the mapping names people by their userId.
func (m *Mapping) identifies() bool {
	return slices.ContainsFunc(m.messages, func(s *messageSpec) bool { return s.kind.typ == cio.TypeIdentify && s.fields[fieldUserID] != nil })
}

// PendingError is a snapshot from which a run began that ended without a word, so that nobody knows what it sent.
type PendingError struct {
	// File is the snapshot, Run the journal's id of that run, empty if it had none.
	File, Run string
}

func (e *PendingError) Error() string {
	if e.Run == "" {
		return fmt.Sprintf("load: a load that began from the snapshot %s is under way, or was killed and cannot be resumed, so that nobody knows what it sent; send everything once", e.File)
	}
	return fmt.Sprintf("load: run %s, which began from the snapshot %s, is under way or was killed; resume it, or send everything once", e.Run, e.File)
}

// changes is the part of a run that has to do with snapshots. skip and refused are for the goroutine that reads; the others need run.mu, or
// that the run has nothing else under way.
type changes struct {
	cfg    ChangeOnly
	job    *Job
	dir    string    // for files without a name
	old    *snapshot // that rows are compared with; nil for none
	marker marker
	sent   *keySet // what rows of this run that were sent are about; nil if none is left out
	spool  *spool
	info   SnapshotInfo // of the one to be made
	marked string       // the file that says that the run is under way, empty if there is none

	findErr error // of reading the old snapshot

	nameless int64 // rows refused of which nobody can tell whom they are about
	people   [][]byte
}

// openChanges opens the snapshots that the job names. It returns nil if it names none. Before it returns it has made sure that no run that was
// killed has sent what no snapshot knows of.
func openChanges(job *Job) (_ *changes, err error) {
	cfg := job.Changes
	if !cfg.on() {
		return nil, nil
	}
	c := &changes{cfg: cfg, job: job}
	defer func() {
		if err != nil {
			err = errors.Join(err, c.close(false))
		}
	}()
	file := cfg.DiffWith
	if file == "" {
		file = cfg.Snapshot
	}
	c.dir = filepath.Dir(file)
	if cfg.Snapshot != "" {
		c.dir = filepath.Dir(cfg.Snapshot)
	}
	c.old, err = openSnapshot(file)
	if errors.Is(err, os.ErrNotExist) && cfg.DiffWith == "" {
		err = nil
	}
	if err != nil {
		return nil, err
	}
	target := ""
	if t, ok := job.Client.(interface{ Target() string }); ok && !job.DryRun {
		target = t.Target()
	}
	if c.old != nil && target != "" && c.old.info.Target != "" && c.old.info.Target != target {
		return nil, &SnapshotError{file, "says what was sent to " + c.old.info.Target + ", and this load goes to " + target, "have a snapshot for each workspace"}
	}
	if err := c.openSpool(); err != nil {
		return nil, err
	}
	c.info = SnapshotInfo{ID: randomID(), Mapping: job.Mapping.Name(), MappingHash: job.Mapping.Hash(), Target: target, HasIDs: cfg.IDs, Salt: c.spool.salt[:]}
	if job.Journal != nil {
		c.info.By = job.Journal.Header().ID
	}
	c.marker.salt = c.spool.salt[:]
	if c.old != nil && !cfg.Full {
		c.sent = newKeySet()
	}
	if job.Journal != nil && job.Journal.Last().Row > 0 {
		if err := c.takeUp(); err != nil {
			return nil, err
		}
	}
	if c.old != nil && !job.DryRun {
		return c, c.markPending(file)
	}
	return c, nil
}

func randomID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// openSpool makes the spool, or takes up that of an earlier run of the same journal.
func (c *changes) openSpool() error {
	var base, salt [16]byte
	if c.old != nil {
		hex.Decode(base[:], []byte(c.old.info.ID))
		copy(salt[:], c.old.info.Salt)
	} else {
		rand.Read(salt[:]) // never fails
	}
	var err error
	j := c.job.Journal
	switch {
	case j == nil:
		c.spool, err = createSpool(c.dir, "", base, salt)
		return err
	case j.Last().Row == 0:
		c.spool, err = createSpool(j.dir, spoolFile, base, salt)
		return err
	}
	if c.spool, err = openSpool(j.dir, spoolFile, j.Last().SpoolBytes); err != nil {
		return &StopError{ErrSnapshot, err}
	}
	if c.old == nil {
		if c.spool.base == [16]byte{} {
			return nil
		}
	} else if c.spool.base == base || c.old.info.By == j.Header().ID {
		return nil
	}
	return &StopError{ErrSnapshot, errors.New("the snapshot is not the one that the run began with: another load has gone on from it; begin a new load")}
}

// takeUp learns what the rows before the checkpoint were.
func (c *changes) takeUp() error {
	return c.spool.each(func(row *spooled) error {
		switch row.what {
		case rowSent, rowLost:
			c.sent.add(row.mark.about)
		case rowNameless:
			c.nameless++
		}
		return nil
	})
}

// pendingSuffix ends the name of the file beside a snapshot that says that a run is under way, pending is what stands in it.
const pendingSuffix = ".pending"

type pending struct {
	Run string `json:"run"`
}

// markPending says on disk that a run begins which will send what the snapshot does not know of.
func (c *changes) markPending(snapshot string) error {
	name := snapshot + pendingSuffix
	text, err := json.Marshal(pending{c.info.By})
	if err != nil {
		return err
	}
	if c.cfg.Full {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	err = writeSynced(name, append(text, '\n'))
	if errors.Is(err, os.ErrExist) {
		var other pending
		text, err = os.ReadFile(name)
		if err != nil {
			return err
		}
		if json.Unmarshal(text, &other) != nil || other.Run == "" || other.Run != c.info.By {
			return &PendingError{snapshot, other.Run}
		}
	}
	if err != nil {
		return err
	}
	c.marked = name
	return syncDir(filepath.Dir(name))
}

// changeMarks are what a chunk keeps for the snapshot.
type changeMarks struct {
	marks     []markAt
	unchanged int64 // rows
}

// flush hands what is kept to the operating system, sync brings it to disk. They do nothing without a journal.
func (c *changes) flush() error {
	if c == nil || c.spool == nil || c.spool.nameless {
		return nil
	}
	return c.spool.buf.Flush()
}

func (c *changes) sync() error {
	if c == nil || c.spool == nil || c.spool.nameless {
		return nil
	}
	return c.spool.file.Sync()
}

// spooled is how much is kept.
func (c *changes) spooled() int64 {
	if c == nil || c.spool == nil {
		return 0
	}
	return c.spool.written
}

// skip notes a row that has messages and reports whether it has not changed, so that none of them needs to be sent.
func (c *changes) skip(k *chunk, messages []cio.Encoded, m *mapper) bool {
	if c == nil {
		return false
	}
	at := markAt{mark: c.marker.of(messages, m), row: len(k.rows)}
	if c.cfg.IDs {
		c.people = c.marker.people(c.people[:0], messages)
		at.people = slices.Clone(c.people)
	}
	if c.sent != nil && c.findErr == nil && !c.sent.has(at.about) {
		same, err := c.old.has(at.mark)
		if c.findErr = err; same {
			at.row = rowOfUnchanged
			k.unchanged++
		}
	}
	if at.row >= 0 {
		c.sent.add(at.about)
	}
	k.marks = append(k.marks, at)
	return at.row < 0
}

// refused notes a row that was refused before anything of it was sent.
func (c *changes) refused(k *chunk, r *source.Row, m *mapper) {
	if c == nil || c.cfg.Mirror == "" {
		return
	}
	at := markAt{row: rowOfNobody}
	if ids, ok := m.peopleOf(r); ok {
		at.row, at.people = rowOfRefused, ids
	}
	k.marks = append(k.marks, at)
}

// markAt is the mark of a row of a chunk.
type markAt struct {
	mark
	row    int // which of chunk.rows, or one of those below
	people [][]byte
}

const (
	rowOfUnchanged = -1
	rowOfRefused   = -2
	rowOfNobody    = -3
)

// record keeps what became of the rows of a chunk that is settled.
func (c *changes) record(k *chunk) error {
	if c == nil {
		return nil
	}
	for i := range k.marks {
		at := &k.marks[i]
		what := rowSent
		switch at.row {
		case rowOfUnchanged:
			what = rowUnchanged
		case rowOfRefused:
			what = rowRefused
		case rowOfNobody:
			what = rowNameless
			c.nameless++
		default:
			if row := &k.rows[at.row]; k.lostAny(row.messages[0], row.messages[1]) {
				what = rowLost
			}
		}
		if err := c.spool.add(what, at.mark, at.people); err != nil {
			return err
		}
	}
	return nil
}

// lostAny reports whether any of the chunk's messages from lo to hi was not accepted.
func (c *chunk) lostAny(lo, hi int) bool {
	if c.lost == nil {
		return false
	}
	for m := lo; m < hi; m++ {
		if _, lost := c.lost[m]; lost {
			return true
		}
	}
	return false
}

// settle takes back what markPending said: the new snapshot tells what was sent.
func (c *changes) settle() error {
	var names []string
	if c.marked != "" {
		names = append(names, c.marked)
	}
	if c.cfg.Snapshot != "" {
		names = append(names, c.cfg.Snapshot+pendingSuffix)
	}
	for _, name := range names {
		if err := os.Remove(name); err != nil && !errors.Is(err, os.ErrNotExist) {
			return err
		}
	}
	return nil
}

// release lets go of the old snapshot, whose place the new one takes.
func (c *changes) release() error {
	if c.old == nil {
		return nil
	}
	err := c.old.close()
	c.old = nil
	return err
}

// close lets go of the files. The spool of a run that has a journal stays there, unless the run is done with.
func (c *changes) close(done bool) error {
	if c == nil {
		return nil
	}
	errs := []error{c.release()}
	if c.spool != nil && done {
		errs = append(errs, c.spool.remove())
	} else if c.spool != nil {
		errs = append(errs, c.spool.close())
	}
	c.spool = nil
	return errors.Join(errs...)
}
