package load

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/realpath"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// changes is the part of a run that handles snapshots. skip, unsent and empty are for the goroutine that reads; the others need run.mu, or nothing
// else of the run under way.
type changes struct {
	cfg     ChangeOnly
	job     *Job
	dir     string             // for files without a name
	old     *snapshot.Snapshot // rows are compared with it; nil for none
	maker   entryMaker
	sent    *keySet // things about which this run has sent rows; nil if no row is left out
	spool   *snapshot.Spool
	info    snapshot.Info       // of the new snapshot
	pending []*snapshot.Pending // say that the run is under way
	resumes bool                // the run resumes an earlier one
	own     bool                // an earlier run of this load has made the old snapshot
	afresh  bool                // for rows that are not read, the old snapshot is not valid
	killed  bool                // an earlier run of this load was killed, and may have sent rows after the checkpoint
	taken   int                 // rows of the spool that an earlier run of this load has settled
	fresh   []string            // columns that the load of the old snapshot did not have
	wider   bool                // the input has those, and otherwise the same columns
	made    *snapshot.MadeLog   // people whom the run makes; nil if it keeps no ids or sends nothing

	findErr error // from reading the old snapshot

	nameless int64 // rows whose people cannot be found out
}

// openChanges opens the snapshots that the job names. It returns nil if it names none. When it returns, it has checked that no other run is using
// them, and that no killed run has sent rows that no snapshot records. reads are the columns that the mapping reads.
func openChanges(job *Job, columns []source.Column, reads []string) (_ *changes, err error) {
	cfg := job.Changes
	if !cfg.on() {
		return nil, nil
	}
	for _, path := range []*string{&cfg.Snapshot, &cfg.DiffWith} { // two names of one file must be the same
		if *path == "" {
			continue
		}
		if *path, err = realpath.Of(*path); err != nil {
			return nil, err
		}
	}
	c := &changes{cfg: cfg, job: job, resumes: job.goesOn()}
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
	if job.journal != nil {
		c.info.By = job.journal.Header().ID
	}
	if !job.DryRun {
		if err := c.lock(file); err != nil { // before the snapshot is opened, which another run may be about to replace
			return nil, err
		}
	}
	c.old, err = snapshot.Open(file)
	if errors.Is(err, os.ErrNotExist) && cfg.DiffWith == "" {
		err = nil
	}
	if err == nil {
		c.own = c.resumes && c.old != nil && c.old.Info.By == c.info.By
		err = c.checkTarget(file)
	}
	if err == nil {
		err = c.checkPending()
	}
	sets := snapshot.ColumnSets(columns, job.Source.Info().Headers)
	c.info.Query, c.info.Columns, c.info.Table, c.info.Sets = snapshot.HashText(cfg.Query), snapshot.HashSets(sets), snapshot.TableOf(columns, reads), snapshot.KeptSets(sets)
	if err == nil {
		c.compareColumns()
		err = c.checkSame(file)
	}
	if err != nil {
		return nil, err
	}
	if err := c.openSpool(file); err != nil {
		return nil, err
	}
	salt := c.spool.Salt()
	c.info = snapshot.Info{ID: randomID(), By: c.info.By, Mapping: job.Mapping.Name(), MappingHash: job.Mapping.Hash(), Target: c.info.Target,
		Query: c.info.Query, Columns: c.info.Columns, Table: c.info.Table, Sets: c.info.Sets, HasIDs: cfg.IDs, Salt: salt[:]}
	if job.sends() {
		c.info.KeyHash = job.Client.KeyHash(c.info.Salt)
	}
	c.maker.salt = salt[:]
	if c.old != nil && !cfg.Full {
		c.sent = newKeySet()
	}
	if c.resumes {
		if err := c.takeUp(); err != nil {
			return nil, err
		}
	}
	if err := c.announce(); err != nil {
		return nil, err
	}
	return c, c.takeOver(file)
}

// checkTarget makes sure that the snapshot belongs to the workspace that the job's Client sends to. With Full, a snapshot of another write key counts
// as none, because nothing in it is known to be true.
func (c *changes) checkTarget(file string) error {
	if !c.job.sends() {
		return nil
	}
	c.info.Target = c.job.Client.Target()
	if c.old == nil {
		return nil
	}
	if was := c.old.Info.Target; was != "" && was != c.info.Target {
		return &snapshot.Error{File: file, Problem: "was made for " + was + ", and this load goes to " + c.info.Target, Hint: "use one snapshot for each workspace"}
	}
	switch {
	case bytes.Equal(c.job.Client.KeyHash(c.old.Info.Salt), c.old.Info.KeyHash):
		return nil
	case c.cfg.Full:
		return c.release()
	}
	return &snapshot.Error{File: file, Problem: "was made with another write key", Hint: "use one snapshot for each workspace; if it is the same workspace with a new key, load once with Full (--full)"}
}

func randomID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// openSpool makes the spool, or opens that of an earlier run of the same journal.
func (c *changes) openSpool(file string) error {
	var base, salt [16]byte
	if c.old != nil {
		hex.Decode(base[:], []byte(c.old.Info.ID))
		copy(salt[:], c.old.Info.Salt)
	} else {
		rand.Read(salt[:]) // never fails
		of, err := c.saltOfKilled(file)
		if err != nil {
			return err
		}
		copy(salt[:], of)
	}
	var err error
	j := c.job.journal
	switch {
	case j == nil:
		c.spool, err = snapshot.CreateSpool(c.dir, "", base, salt)
		return err
	case j.Last().Row == 0:
		c.spool, err = snapshot.CreateSpool(j.dir, snapshot.SpoolFile, base, salt)
		return err
	}
	c.spool, err = snapshot.OpenSpool(j.dir, snapshot.SpoolFile, j.Last().SpoolBytes)
	switch {
	case errors.Is(err, os.ErrNotExist): // it was removed below
		return &StopError{Reason: ErrSuperseded}
	case err != nil:
		return &StopError{ErrSnapshot, err}
	}
	if c.old == nil {
		if c.spool.Base() == [16]byte{} {
			return nil
		}
	} else if c.spool.Base() == base || c.old.Info.By == j.Header().ID {
		return nil
	}
	err = c.spool.Remove() // it may contain ids in clear text, and nothing needs it any more
	c.spool = nil
	return errors.Join(&StopError{Reason: ErrSuperseded}, err)
}

// takeUp reads what the rows before the checkpoint were.
func (c *changes) takeUp() error {
	return c.spool.Each(func(row *snapshot.Spooled) error {
		c.taken++
		switch row.What {
		case snapshot.RowSent, snapshot.RowLost:
			c.sent.add(row.Entry.About)
		case snapshot.RowNameless:
			c.nameless++
		}
		return nil
	})
}

// doubt says that the rows that follow may differ from those that an earlier run of this load has read. That run may have sent any of them with other
// values. So none is left out because an older snapshot contains it.
func (c *changes) doubt() {
	if c != nil && (c.killed || c.resumes && !c.own) {
		c.sent = nil
	}
}

// chunkEntries is what a chunk keeps for the snapshot.
type chunkEntries struct {
	entries   []entryAt
	unchanged int64 // rows
	weight    int   // of entries: approximate bytes of memory
}

// flush hands the spool to the operating system, sync writes it to disk. They do nothing without a journal.
func (c *changes) flush() error {
	if c == nil || c.spool == nil || !c.spool.Named() {
		return nil
	}
	return c.spool.Flush()
}

func (c *changes) sync() error {
	if c == nil || c.spool == nil || !c.spool.Named() {
		return nil
	}
	return errors.Join(c.spool.Sync(), c.made.Sync())
}

// begun makes sure that a later run knows of everybody who is about to be sent, however this run ends.
func (c *changes) begun() error {
	if c == nil {
		return nil
	}
	return c.made.Flush()
}

// spooled returns how many bytes the spool has.
func (c *changes) spooled() int64 {
	if c == nil || c.spool == nil {
		return 0
	}
	return c.spool.Written()
}

// skip notes a row that has messages and reports whether it has not changed, so that none of them needs to be sent. It has not changed if, for each
// thing that the row is about, the snapshot contains exactly this entry, and this run has sent nothing about that thing.
func (c *changes) skip(k *chunk, r *source.Row, messages []cio.Encoded, m *mapping.Mapper) bool {
	if c == nil {
		return false
	}
	entries, sure := c.maker.of(messages, m)
	same := sure && len(entries) > 0 && c.sent != nil && c.findErr == nil
	for i := 0; same && i < len(entries); i++ {
		if same = !c.sent.has(entries[i].About); same {
			same, c.findErr = c.old.Has(entries[i])
		}
	}
	row := len(k.rows)
	if same {
		row = rowOfUnchanged
		k.unchanged++
	}
	for _, one := range entries {
		if !same {
			c.sent.add(one.About)
		}
		k.note(entryAt{Entry: one, row: row})
	}
	if !c.cfg.IDs {
		return same
	}
	people, lost := c.maker.peopleOf(nil, messages, m)
	switch {
	case len(people) == 0:
	case len(entries) == 0:
		k.note(entryAt{row: rowOfOthers, people: people})
	default:
		k.entries[len(k.entries)-1].people = people
		k.weight += weightOf(people)
	}
	if !same {
		c.made.Begin(people)
	}
	if c.cfg.Mirror != "" {
		if others := c.maker.inCells(nil, r); len(others) > 0 {
			k.note(entryAt{row: rowOfOthers, people: others})
		}
	}
	if c.cfg.Mirror != "" && (lost || len(messages) < len(m.Compiled().Messages())) {
		n := c.maker.whoIsIn(r, m)
		if len(n.people) > 0 {
			k.note(entryAt{row: rowOfOthers, people: n.people})
		}
		if lost || n.lost {
			k.note(entryAt{row: rowOfNobody})
		}
	}
	return same
}

// unsent notes a row that was rejected, or that has no messages: because no condition is true, or because all columns that the mapping reads are
// empty.
func (c *changes) unsent(k *chunk, r *source.Row, m *mapping.Mapper) {
	if c == nil || c.cfg.Mirror == "" {
		return
	}
	n := c.maker.whoIsIn(r, m)
	if len(n.people) > 0 {
		k.note(entryAt{row: rowOfOthers, people: n.people})
	}
	if n.lost || len(n.people) == 0 && !n.excluded {
		k.note(entryAt{row: rowOfNobody})
	}
}

// note keeps an entry.
func (k *chunk) note(at entryAt) {
	k.entries = append(k.entries, at)
	k.weight += entryAtBytes + weightOf(at.people)
}

// entryAtBytes is about how much memory an entryAt takes.
const entryAtBytes = 48

func weightOf(people []snapshot.Mention) (n int) {
	for _, one := range people {
		n += 56 + len(one.ID)
	}
	return n
}

// entryAt is one of the entries of a row of a chunk.
type entryAt struct {
	snapshot.Entry
	row    int // which of chunk.rows, or one of those below
	people []snapshot.Mention
}

const (
	rowOfUnchanged = -1
	rowOfOthers    = -2 // people in the input whom no message is about
	rowOfNobody    = -3
)

// record keeps the results of the rows of a settled chunk.
func (c *changes) record(k *chunk) error {
	if c == nil {
		return nil
	}
	for i := range k.entries {
		at := &k.entries[i]
		what := snapshot.RowSent
		switch at.row {
		case rowOfUnchanged:
			what = snapshot.RowUnchanged
		case rowOfOthers:
			what = snapshot.RowOthers
		case rowOfNobody:
			what = snapshot.RowNameless
			c.nameless++
		default:
			row := &k.rows[at.row]
			if k.lostAny(row.messages[0], row.messages[1]) {
				what = snapshot.RowLost
				k.judge(at.people, row.messages[0])
			}
			c.made.End(at.people)
		}
		if err := c.spool.Add(what, at.Entry, at.people); err != nil {
			return err
		}
	}
	return c.made.Flush()
}

// judge corrects the mentions of people some of whose messages were not accepted. first is the first message of the row.
func (c *chunk) judge(people []snapshot.Mention, first int) {
	for i := range people {
		f, lost := c.lost[first+people[i].Message]
		switch {
		case !lost:
		case people[i].How == snapshot.NamedIdentified && f.outcome == cio.OutcomeUnknown:
			people[i].How = snapshot.NamedUnsure
		default:
			people[i].How = snapshot.NamedOnly
		}
	}
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

// release closes the old snapshot, because the new one replaces its file.
func (c *changes) release() error {
	if c.old == nil {
		return nil
	}
	err := c.old.Close()
	c.old = nil
	return err
}

// close closes the files. The spool of a run that has a journal is kept, unless the run is done.
func (c *changes) close(done bool) error {
	if c == nil {
		return nil
	}
	errs := []error{c.release()}
	c.made.Close()
	for _, p := range c.pending {
		errs = append(errs, p.Close())
	}
	c.pending = nil
	if c.spool != nil && done {
		errs = append(errs, c.spool.Remove())
	} else if c.spool != nil {
		errs = append(errs, c.spool.Close())
	}
	c.spool = nil
	return errors.Join(errs...)
}
