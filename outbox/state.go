package outbox

import (
	"encoding/binary"
	"hash/crc32"
)

// state counts the content of the tables. It is a row that is written in each transaction that removes something, so that lost rows are noticed. A
// transaction that only appends need not write it, because the numbers of appended messages are consecutive.
type state struct {
	last        int64 // the greatest sequence number so far
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

// addQueued adds messages of the queue to the counts. Negative values remove them.
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

// readRow reads the row. The error is damage if the row is not what was written.
func readRow(c *conn) (s state, err error) {
	row, err := c.one("SELECT "+stateColumns+" FROM state WHERE id = ?", int64(c.version))
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

// readState returns the present state, and the last number that the row includes. It counts the messages that were appended since: their numbers are
// consecutive.
func readState(c *conn) (s state, noted int64, err error) {
	if s, err = readRow(c); err != nil {
		return s, 0, err
	}
	noted = s.last
	var n, bytes, seqs int64
	if err := c.query("SELECT seq, length(data), substr(data, 1, 6) FROM messages WHERE seq > ? ORDER BY seq", func(v []driverValue) error {
		is, err := numbers(v[:2])
		if err != nil {
			return err
		}
		head, err := octets(v[2])
		if err != nil {
			return err
		}
		more, size := countRow(uint64(is[0]), is[1], head)
		n, bytes, seqs = n+more, bytes+size, seqs+more*is[0]+more*(more-1)/2
		s.last = is[0] + more - 1
		return nil
	}, noted); err != nil {
		return s, noted, err
	}
	if n != s.last-noted {
		return s, noted, damagedf("messages are missing after the last count: %d are there, and %d were stored", n, s.last-noted)
	}
	s.addQueued(n, bytes, seqs)
	return s, noted, nil
}

func writeState(c *conn, s *state) error {
	n, err := c.exec("UPDATE state SET last = ?, queued = ?, queued_bytes = ?, queued_seqs = ?, dead = ?, dead_bytes = ?, dead_seqs = ?, sum = ? WHERE id = ?",
		s.last, s.queued, s.queuedBytes, s.queuedSeqs, s.dead, s.deadBytes, s.deadSeqs, s.sum(), int64(c.version))
	if err == nil && n != 1 {
		err = damagedf("the row that counts the others is missing")
	}
	return err
}
