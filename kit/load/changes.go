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

// changes is the part of a run that has to do with snapshots. skip, unsent and empty are for the goroutine that reads; the others need run.mu, or
// that the run has nothing else under way.
type changes struct {
	cfg     ChangeOnly
	job     *Job
	dir     string             // for files without a name
	old     *snapshot.Snapshot // that rows are compared with; nil for none
	maker   entryMaker
	sent    *keySet // what rows of this run that were sent are about; nil if none is left out
	spool   *snapshot.Spool
	info    snapshot.Info       // of the one to be made
	pending []*snapshot.Pending // say that the run is under way
	resumes bool                // the run goes on with an earlier one
	own     bool                // an earlier run of this load has made the old snapshot
	afresh  bool                // what the old snapshot says does not hold for rows that are not read
	killed  bool                // an earlier run of this load was killed, and may have sent rows behind the checkpoint
	taken   int                 // rows of the spool that an earlier run of this load has settled
	fresh   []string            // columns that the load of the old snapshot did not have
	wider   bool                // the input has those, and else the same ones as then
	made    *snapshot.MadeLog   // whom the run makes; nil where it keeps no ids or sends nothing

	findErr error // of reading the old snapshot

	nameless int64 // rows of which nobody can tell whom they are about
}

// openChanges opens the snapshots that the job names. It returns nil if it names none. Before it returns it has made sure that no other run
// is under way with them, and that none that was killed has sent what no snapshot knows of. reads are the columns that the mapping reads.
func openChanges(job *Job, columns []source.Column, reads []string) (_ *changes, err error) {
	cfg := job.Changes
	if !cfg.on() {
		return nil, nil
	}
	for _, path := range []*string{&cfg.Snapshot, &cfg.DiffWith} { // so that a load by another name is seen to use the same
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

// checkTarget makes sure that the snapshot is of the workspace that the job's Client sends to. With Full, one of another write key counts as
// none, because nothing that it says is known to hold.
func (c *changes) checkTarget(file string) error {
	if !c.job.sends() {
		return nil
	}
	c.info.Target = c.job.Client.Target()
	if c.old == nil {
		return nil
	}
	if was := c.old.Info.Target; was != "" && was != c.info.Target {
		return &snapshot.Error{File: file, Problem: "says what was sent to " + was + ", and this load goes to " + c.info.Target, Hint: "have a snapshot for each workspace"}
	}
	switch {
	case bytes.Equal(c.job.Client.KeyHash(c.old.Info.Salt), c.old.Info.KeyHash):
		return nil
	case c.cfg.Full:
		return c.release()
	}
	return &snapshot.Error{File: file, Problem: "says what was sent with another write key", Hint: "have a snapshot for each workspace; if it is the same workspace and has a new key, load once with Full (--full)"}
}

func randomID() string {
	var id [16]byte
	rand.Read(id[:]) // never fails
	return hex.EncodeToString(id[:])
}

// openSpool makes the spool, or takes up that of an earlier run of the same journal.
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
	err = c.spool.Remove() // it may hold ids in clear, and is of no use any more
	c.spool = nil
	return errors.Join(&StopError{Reason: ErrSuperseded}, err)
}

// takeUp learns what the rows before the checkpoint were.
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

// doubt says that the rows that follow may not be those that an earlier run of this load has read. It may have sent any of them with other values, so
// that none is left out because an older snapshot knows it.
func (c *changes) doubt() {
	if c != nil && (c.killed || c.resumes && !c.own) {
		c.sent = nil
	}
}

// chunkEntries are what a chunk keeps for the snapshot.
type chunkEntries struct {
	entries   []entryAt
	unchanged int64 // rows
	weight    int   // of entries, about, in bytes of memory
}

// flush hands what is kept to the operating system, sync brings it to disk. They do nothing without a journal.
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

// begun makes sure that everybody who is about to be sent is known to a later run, whatever ends this one.
func (c *changes) begun() error {
	if c == nil {
		return nil
	}
	return c.made.Flush()
}

// spooled is how much is kept.
func (c *changes) spooled() int64 {
	if c == nil || c.spool == nil {
		return 0
	}
	return c.spool.Written()
}

// skip notes a row that has messages and reports whether it has not changed, so that none of them needs to be sent. That is so if of each thing
// that it is about the snapshot knows this alone, and nothing that this run has sent was about it.
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

// unsent notes a row that was rejected, or has no messages: because no condition holds, or because it has nothing in any of the columns that the
// mapping reads.
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

// entryAt is an entry of a row of a chunk, one of several.
type entryAt struct {
	snapshot.Entry
	row    int // which of chunk.rows, or one of those below
	people []snapshot.Mention
}

const (
	rowOfUnchanged = -1
	rowOfOthers    = -2 // people are in the input, but no message that was made is about them
	rowOfNobody    = -3
)

// record keeps what became of the rows of a chunk that is settled.
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

// judge says what became of people, some of whose messages were not accepted. first is the first message of the row.
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

// release lets go of the old snapshot, whose place the new one takes.
func (c *changes) release() error {
	if c.old == nil {
		return nil
	}
	err := c.old.Close()
	c.old = nil
	return err
}

// close lets go of the files. The spool of a run that has a journal stays there, unless the run is done with.
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
