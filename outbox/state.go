package outbox

import (
	"encoding/binary"
	"hash/crc32"
)

// state says what the tables hold. It is a row that is written in each transaction that takes something away, so that rows which are gone without a
// word are missed. A transaction that appends alone need not write it: the numbers of what it appends follow on.
type state struct {
	last        int64 // the greatest sequence number that was given
	queued      int64
	queuedBytes int64
	queuedSeqs  int64 // the sum of the numbers of all rows, modulo 2 to the 64th
	dead        int64
	deadBytes   int64
	deadSeqs    int64
}

const stateColumns = "last, queued, queued_bytes, queued_seqs, dead, dead_bytes, dead_seqs, sum"

func (s *state) values() []int64 {
	return []int64{s.last, s.queued, s.queuedBytes, s.queuedSeqs, s.dead, s.deadBytes, s.deadSeqs}
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

// readRow reads the row; the error is damage if it is not what was written.
func readRow(c *conn) (s state, err error) {
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
	s = state{v[0], v[1], v[2], v[3], v[4], v[5], v[6]}
	if s.sum() != v[7] {
		return s, damagedf("the row that counts the others is not what was written")
	}
	return s, nil
}

// readState returns how it is now, and up to which number the row says so. What was appended since is counted here: its numbers follow each other.
func readState(c *conn) (s state, noted int64, err error) {
	if s, err = readRow(c); err != nil {
		return s, 0, err
	}
	noted = s.last
	row, err := c.one("SELECT count(*), total(length(data)), sum(seq), max(seq) FROM messages WHERE seq > ?", s.last)
	if err != nil || row[0] == int64(0) {
		return s, noted, err
	}
	n, err := numbers([]driverValue{row[0], row[2], row[3]})
	if err != nil {
		return s, noted, err
	}
	if n[0] != n[2]-s.last {
		return s, noted, damagedf("of the last %d messages %d are there", n[2]-s.last, n[0])
	}
	bytes, _ := row[1].(float64)
	s.addQueued(n[0], int64(bytes)-sealSize*n[0], n[1])
	s.last = n[2]
	return s, noted, nil
}

func writeState(c *conn, s *state) error {
	n, err := c.exec("UPDATE state SET last = ?, queued = ?, queued_bytes = ?, queued_seqs = ?, dead = ?, dead_bytes = ?, dead_seqs = ?, sum = ? WHERE id = 1",
		s.last, s.queued, s.queuedBytes, s.queuedSeqs, s.dead, s.deadBytes, s.deadSeqs, s.sum())
	if err == nil && n != 1 {
		err = damagedf("the row that counts the others is missing")
	}
	return err
}
