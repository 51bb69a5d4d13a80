package load

import (
	"errors"
	"fmt"
)

// ChangeOnly has a run send only what has changed since an earlier one. The zero value sends everything.
//
// A run with a Snapshot writes one of what was accepted, and the next one with the same Snapshot leaves out the rows whose messages are in it;
// they are counted as Summary.Unchanged. Rows may come in any order. A row that was rejected, or is not known to be accepted, is in no snapshot,
// so that the next run tries it again. What a message says is compared, not what a row holds: a changed mapping sends the rows that come to
// other messages. A messageId and a timestamp that the mapping does not give do not count, as they differ from run to run.
//
// A row is left out only where that is sure to make no difference. It is sent if anything that it is about, such as the person, was sent
// something before it in this run, or if the rows of the last run did not all say the same of it. So a person whose rows give different
// attributes is sent all of them each time. A person must have the same ids in all rows: two rows of which one names the userId and the other
// only the e-mail address are not seen to belong together. Events are told by a messageId or a timestamp; a mapping that gives neither is
// refused.
//
// A snapshot takes 16 bytes on disk for each person, address, device, relationship, object and event, without IDs, and its size does not matter
// to the memory of a run. It is of one workspace, and refused with another write key. Nobody else may use it while a run is under way.
type ChangeOnly struct {
	// Snapshot is the file that the run's snapshot is written to when it ends, in place of the one that is there. Empty: none is made.
	Snapshot string
	// DiffWith is the snapshot that rows are compared with; default Snapshot, if there is such a file. A file named here must be there.
	DiffWith string
	// Full sends the rows that have not changed too. It is the way on from a snapshot of another write key, of which nothing is kept, and from
	// a run that was killed.
	Full bool
	// IDs keeps the userIds of the rows in the snapshot, in clear: personal data, in a file of mode 0600. Mirror needs them, because a hash
	// names nobody.
	IDs bool
	// Mirror says what becomes of the people in the snapshot who are not in the input any more, once all else is sent. Default: nothing, and
	// they stay in the snapshot. Only whom a load has identified is among them, not who was mentioned by another message. A person is in the
	// input if any row names the userId, whether or not a message came of it, or identifies somebody by an e-mail address that the person is
	// known to have; ids that are e-mail addresses count without regard to case. Nobody is deleted or suppressed if there is a row of which that
	// cannot be told, if anything is unsent, if more people than Job.MaxDeletes have left, or if MaxShrink is exceeded. The mapping must have a
	// userId in every message that can have one, and no alias.
	Mirror Mirror
	// MaxShrink is how many of a hundred people in the snapshot may leave in one run of Mirror; default DefaultMaxShrink, 100 for all of
	// them. Where ten or fewer leave, half of all may.
	MaxShrink int
	// Query is what else decides which rows there are, such as the query of a database; default nothing. A Mirror is refused with a snapshot
	// whose load had another Query, another mapping or other columns.
	Query string
	// NewMapping takes such a snapshot all the same, for this run, which deletes nobody. Who is not in the input is forgotten, but for people
	// whom a run made that was killed. A run that ends before all is sent forgets nobody, so that the next one needs NewMapping too.
	NewMapping bool
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
	case c.Mirror != "" && !j.Mapping.Identifies():
		return errors.New("load: ChangeOnly.Mirror needs a mapping with an identify that has a userId, because people are deleted by it")
	}
	if c.MaxShrink == 0 {
		c.MaxShrink = DefaultMaxShrink
	}
	if c.on() {
		return j.Mapping.CheckSnapshot(c.Mirror != "")
	}
	return nil
}
