package emulator

import (
	"slices"
	"time"
)

// entry is one message in the journal. It has the message's bytes and not its
// fields, which are decoded again when somebody reads the entry.
type entry struct {
	sequence uint64
	request  uint64
	index    int // in the batch; 0 in a single call
	kind     kind
	keepName bool // of a page, see Config.KeepPageNames
	deeds    deeds
	verdict  Verdict
	at       time.Time
	raw      string
	why      finding
	warnings []finding
}

// journal is a ring of the newest entries, bounded by their number and by the
// bytes of their messages. It grows as it fills.
type journal struct {
	maxMessages int
	maxBytes    int

	ring        []entry
	first       int // index in ring of the oldest entry
	n           int // entries held
	bytes       int
	sequence    uint64   // of the newest entry ever added
	notAccepted []uint64 // sequences of the entries that were not accepted, and of some no longer held
}

func (j *journal) add(e entry) {
	j.sequence++
	e.sequence = j.sequence
	if j.maxMessages == 0 {
		return
	}
	if len(e.raw) > j.maxBytes {
		e.raw = "" // the entry stays, so that sequences have no gaps
	}
	for j.n > 0 && (j.n == j.maxMessages || j.bytes+len(e.raw) > j.maxBytes) {
		j.bytes -= len(j.ring[j.first].raw)
		j.ring[j.first] = entry{}
		j.first = (j.first + 1) % len(j.ring)
		j.n--
	}
	if j.n == len(j.ring) {
		j.grow()
	}
	j.ring[(j.first+j.n)%len(j.ring)] = e
	j.n++
	j.bytes += len(e.raw)
	if e.verdict != VerdictAccepted {
		j.index(e.sequence)
	}
}

// index remembers that the entry was not accepted, so that a few of them can be
// found among a million messages. What has left the ring is forgotten in bulk.
func (j *journal) index(sequence uint64) {
	if oldest := j.oldest(); len(j.notAccepted) > 64 && j.notAccepted[len(j.notAccepted)/2] < oldest {
		i, _ := slices.BinarySearch(j.notAccepted, oldest)
		j.notAccepted = append([]uint64(nil), j.notAccepted[i:]...)
	}
	j.notAccepted = append(j.notAccepted, sequence)
}

// oldest is the sequence of the oldest entry held, if there is one.
func (j *journal) oldest() uint64 { return j.sequence - uint64(j.n) + 1 }

// at returns the entry with the sequence, if it is still held.
func (j *journal) at(sequence uint64) (entry, bool) {
	if e := j.ref(sequence); e != nil {
		return *e, true
	}
	return entry{}, false
}

func (j *journal) grow() {
	grown := make([]entry, min(max(64, 2*len(j.ring)), j.maxMessages))
	for i := range j.n {
		grown[i] = j.ring[(j.first+i)%len(j.ring)]
	}
	j.ring, j.first = grown, 0
}

// ref returns the entry with the sequence, or nil if it is not held. It is
// valid until the next one is added.
func (j *journal) ref(sequence uint64) *entry {
	if j.n == 0 || sequence < j.oldest() || sequence > j.sequence {
		return nil
	}
	return &j.ring[(j.first+int(sequence-j.oldest()))%len(j.ring)]
}

// older looks at some of the entries below before, or at the newest if before
// is 0. It appends to some, up to a length of most, those that f may want, the
// newest first. It returns the before of the entries that it did not look at,
// or 0 if there are none.
func (j *journal) older(before uint64, f *messageFilter, some []entry, most int) ([]entry, uint64) {
	last := j.sequence
	if before > 0 {
		last = min(last, before-1)
	}
	if !f.query.wants(VerdictAccepted) {
		i, _ := slices.BinarySearch(j.notAccepted, last+1)
		for range scanned {
			if i--; i < 0 {
				return some, 0
			}
			e := j.ref(j.notAccepted[i])
			if e == nil {
				return some, 0
			}
			if f.quick(e) {
				some = append(some, *e)
			}
			if len(some) == most {
				break
			}
		}
		return some, j.notAccepted[i]
	}
	for n := last; n+scanned > last; n-- {
		e := j.ref(n)
		if e == nil {
			return some, 0
		}
		if f.quick(e) {
			some = append(some, *e)
		}
		if len(some) == most {
			return some, n
		}
	}
	return some, last - scanned + 1
}

// newer is older in the other direction: it looks at entries above after.
func (j *journal) newer(after uint64, f *messageFilter, some []entry) ([]entry, uint64) {
	for n := max(after+1, j.oldest()); n <= after+scanned; n++ {
		e := j.ref(n)
		if e == nil {
			return some, 0
		}
		if f.quick(e) {
			some = append(some, *e)
		}
	}
	return some, after + scanned
}
