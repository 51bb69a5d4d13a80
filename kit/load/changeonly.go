package load

import (
	"errors"
	"fmt"
)

// ChangeOnly makes a run send only what has changed since an earlier run. The zero value sends everything.
//
// A run with a Snapshot writes a snapshot of what was accepted. The next run with the same Snapshot leaves out the rows whose messages are in it, and
// counts them as Summary.Unchanged. The order of the rows does not matter. A row that was rejected, or is not known to be accepted, is not in the
// snapshot, so the next run sends it again. A run compares the messages, not the rows: if a changed mapping makes other messages from a row, the row
// is sent. A messageId or timestamp that the mapping does not set is not compared, because it differs in each run.
//
// A row is left out only if that is certain to make no difference. It is sent if this run has already sent something about the same person or thing,
// or if the rows of the last run did not all say the same about it. So if the rows of a person have different attributes, all of them are sent each
// time. A person must have the same ids in all rows: if one row has only the userId and another only the email address, nothing shows that they
// belong together. An event is recognized by its messageId or its timestamp; a mapping that sets neither is refused.
//
// A snapshot takes 16 bytes on disk for each person, address, device, relationship, object and event, without IDs. A run needs no more memory for a
// larger snapshot. A snapshot belongs to one workspace, and is refused with another write key. No other run can use it while a run is under way.
type ChangeOnly struct {
	// Snapshot is the file to which the run writes its snapshot when it ends. It replaces an earlier one. Empty: the run writes none.
	Snapshot string
	// DiffWith is the snapshot to compare rows with; default Snapshot, if that file exists. A file named here must exist.
	DiffWith string
	// Full also sends the rows that have not changed. Use it if the snapshot was made with another write key: nothing of that snapshot is then used.
	// Use it also after a run with the snapshot was killed.
	Full bool
	// IDs keeps the userIds of the rows in the snapshot, in clear text: personal data, in a file of mode 0600. Mirror needs them, because a hash does
	// not show whose it is.
	IDs bool
	// Mirror says what happens to the people in the snapshot who are not in the input any more, after all rows are sent. Default: nothing, and they
	// stay in the snapshot. It concerns only people whom a load has identified, not those whom another message mentioned. A person is in the input if
	// a row names the userId, even if no message was made of that row, or if a row identifies somebody by an email address that the person is known
	// to have. If an id is an email address, its case does not matter. Nobody is deleted or suppressed if the people of some row cannot be found
	// out, if anything is unsent, if more people than Job.MaxDeletes have left, or if more than MaxShrink have left. The mapping must have a userId
	// in every message that can have one, and no alias.
	Mirror Mirror
	// MaxShrink is how many percent of the people in the snapshot can leave in one run of Mirror; default DefaultMaxShrink, 100 for all of them. If
	// ten people or fewer leave, the limit is half of the people in the snapshot, or MaxShrink if that is higher.
	MaxShrink int
	// Query is anything besides the Source that decides which rows there are, such as the query of a database; default nothing. A Mirror is refused
	// if the load that made the snapshot had another Query, another mapping or other columns.
	Query string
	// NewMapping accepts a snapshot of another Query, another mapping or other columns for this run, which then deletes nobody. The new snapshot does
	// not contain people who are not in the input, except those whom a killed run made. If a run ends before everything is sent, the snapshot keeps
	// everybody, and the next run needs NewMapping too.
	NewMapping bool
}

// Mirror says what happens to people who have left the input.
type Mirror string

const (
	// MirrorDelete deletes them, which removes their history too.
	MirrorDelete Mirror = "delete"
	// MirrorSuppress deletes and suppresses them: they cannot be added again until they are unsuppressed.
	MirrorSuppress Mirror = "suppress"
)

// DefaultMaxShrink is the default of ChangeOnly.MaxShrink. Safeguards of directory synchronisation use the same value.
const DefaultMaxShrink = 20

func (c *ChangeOnly) on() bool { return c.Snapshot != "" || c.DiffWith != "" }

func (c *ChangeOnly) check(j *Job) error {
	switch {
	case c.MaxShrink < 0 || c.MaxShrink > 100:
		return errors.New("load: ChangeOnly.MaxShrink is a percentage from 0 to 100; give 0 for the default")
	case c.Mirror != "" && c.Mirror != MirrorDelete && c.Mirror != MirrorSuppress:
		return fmt.Errorf("load: ChangeOnly.Mirror is %q; give MirrorDelete or MirrorSuppress", c.Mirror)
	case c.Mirror != "" && (!c.IDs || c.Snapshot == ""):
		return errors.New("load: ChangeOnly.Mirror needs a Snapshot with IDs, because a hash does not show whose it is")
	case c.IDs && c.Snapshot == "":
		return errors.New("load: ChangeOnly.IDs needs a Snapshot to keep them in")
	case c.Mirror != "" && j.Limit > 0:
		return errors.New("load: ChangeOnly.Mirror needs all of the input; leave Job.Limit out")
	case c.Mirror != "" && !j.Mapping.Identifies():
		return errors.New("load: ChangeOnly.Mirror needs a mapping with an identify that has a userId, because people are deleted by their userId")
	}
	if c.MaxShrink == 0 {
		c.MaxShrink = DefaultMaxShrink
	}
	if c.on() {
		return j.Mapping.CheckSnapshot(c.Mirror != "")
	}
	return nil
}
