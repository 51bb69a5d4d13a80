package emulator

import "time"

// entry is one message in the journal. It holds the message's bytes and not
// its fields, which are decoded again for whoever looks.
type entry struct {
	sequence uint64
	request  uint64
	index    int // in the batch; 0 in a single call
	kind     kind
	verdict  Verdict
	at       time.Time
	raw      string
	why      note
	warnings []note
}

// journal is a ring of the newest entries, bounded by their number and by the
// bytes of their messages. It grows as it fills.
type journal struct {
	maxMessages int
	maxBytes    int

	ring     []entry
	first    int // index in ring of the oldest entry
	n        int // entries held
	bytes    int
	sequence uint64 // of the newest entry ever added
}

func (j *journal) add(e entry) {
	j.sequence++
	e.sequence = j.sequence
	if j.maxMessages == 0 || len(e.raw) > j.maxBytes {
		return
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
}

func (j *journal) grow() {
	grown := make([]entry, min(max(64, 2*len(j.ring)), j.maxMessages))
	for i := range j.n {
		grown[i] = j.ring[(j.first+i)%len(j.ring)]
	}
	j.ring, j.first = grown, 0
}

// newest returns up to limit entries with the verdict, or with any if it is
// empty, newest first.
func (j *journal) newest(verdict Verdict, limit int) []entry {
	var found []entry
	for i := j.n - 1; i >= 0 && len(found) < limit; i-- {
		e := j.ring[(j.first+i)%len(j.ring)]
		if verdict == "" || e.verdict == verdict {
			found = append(found, e)
		}
	}
	return found
}
