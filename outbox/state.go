package outbox

import (
	"encoding/binary"
	"hash/crc32"
)

// state is the row that says what the tables hold. It is written in the transaction that changes them, so that rows which are gone without a word
// are missed.
type state struct {
	last        int64 // the greatest sequence number that was given
	queued      int64
	queuedBytes int64
	queuedSeqs  int64 // the sum of the numbers of all rows, modulo 2 to the 64th
	dead        int64
	deadBytes   int64
	deadSeqs    int64
	commits     int64 // since the file was made
}

const stateColumns = "last, queued, queued_bytes, queued_seqs, dead, dead_bytes, dead_seqs, commits, sum"

func (s *state) values() []int64 {
	return []int64{s.last, s.queued, s.queuedBytes, s.queuedSeqs, s.dead, s.deadBytes, s.deadSeqs, s.commits}
}

func (s *state) sum() int64 {
	b := []byte{'s'}
	for _, v := range s.values() {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	return int64(crc32.Checksum(b, castagnoli))
}

// addQueued counts rows of the queue; what is negative leaves it.
func (s *state) addQueued(n, bytes, seqs int64) {
	s.queued += n
	s.queuedBytes += bytes
	s.queuedSeqs += seqs
}

func (s *state) addDead(n, bytes, seqs int64) {
	s.dead += n
	s.deadBytes += bytes
	s.deadSeqs += seqs
}

// readState reads the row; the error is damage if it is not what was written.
func readState(c *conn) (s state, err error) {
	row, err := c.one("SELECT " + stateColumns + " FROM state WHERE id = 1")
	if err != nil {
		return s, err
	}
	if row == nil {
		return s, damagedf("the row that counts the others is missing")
	}
	v, err := numbers(row)
	if err != nil {
		return s, err
	}
	s = state{v[0], v[1], v[2], v[3], v[4], v[5], v[6], v[7]}
	if s.sum() != v[8] {
		return s, damagedf("the row that counts the others is not what was written")
	}
	return s, nil
}

func writeState(c *conn, s *state) error {
	n, err := c.exec("UPDATE state SET last = ?, queued = ?, queued_bytes = ?, queued_seqs = ?, dead = ?, dead_bytes = ?, dead_seqs = ?, commits = ?, sum = ? WHERE id = 1",
		s.last, s.queued, s.queuedBytes, s.queuedSeqs, s.dead, s.deadBytes, s.deadSeqs, s.commits, s.sum())
	if err == nil && n != 1 {
		err = damagedf("the row that counts the others is missing")
	}
	return err
}
