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
	queuedSum   int64 // of the checksums of all rows
	dead        int64
	deadBytes   int64
	deadSum     int64
	commits     int64 // since the file was made
}

const stateColumns = "last, queued, queued_bytes, queued_sum, dead, dead_bytes, dead_sum, commits, sum"

func (s *state) values() []int64 {
	return []int64{s.last, s.queued, s.queuedBytes, s.queuedSum, s.dead, s.deadBytes, s.deadSum, s.commits}
}

func (s *state) sum() int64 {
	b := []byte{'s'}
	for _, v := range s.values() {
		b = binary.BigEndian.AppendUint64(b, uint64(v))
	}
	return int64(crc32.Checksum(b, castagnoli))
}

// addQueued counts a row of the queue, subQueued one that leaves it.
func (s *state) addQueued(sum int64, size int) {
	s.queued++
	s.queuedBytes += int64(size)
	s.queuedSum += sum
}

func (s *state) subQueued(sum int64, size int64) {
	s.queued--
	s.queuedBytes -= size
	s.queuedSum -= sum
}

func (s *state) addDead(sum int64, size int) {
	s.dead++
	s.deadBytes += int64(size)
	s.deadSum += sum
}

func (s *state) subDead(sum int64, size int64) {
	s.dead--
	s.deadBytes -= size
	s.deadSum -= sum
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
	n, err := c.exec("UPDATE state SET last = ?, queued = ?, queued_bytes = ?, queued_sum = ?, dead = ?, dead_bytes = ?, dead_sum = ?, commits = ?, sum = ? WHERE id = 1",
		s.last, s.queued, s.queuedBytes, s.queuedSum, s.dead, s.deadBytes, s.deadSum, s.commits, s.sum())
	if err == nil && n != 1 {
		err = damagedf("the row that counts the others is missing")
	}
	return err
}
