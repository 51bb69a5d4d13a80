package outbox

import (
	"encoding/binary"
	"hash/crc32"
	"time"
)

// Record is a message as it is stored.
type Record struct {
	// Seq is the record's place in the queue. No Seq is used twice. A record that the store begins to write after another one was committed
	// has a greater Seq than that one. Records that are written at the same time may be committed in another order than that of their Seq:
	// see [Store].Read.
	Seq uint64
	// At is when it was stored, to the millisecond.
	At time.Time
	// Bytes is the message in the form in which it is sent. Encoded.UnmarshalJSON reads it.
	Bytes []byte
	// Damaged says that the bytes are not those that were stored. Such a record is never sent.
	Damaged bool
}

// DeadLetter is a message that was rejected, or that cannot be sent for another reason in the message itself.
type DeadLetter struct {
	Record
	// Rejected is when the message became a dead letter.
	Rejected time.Time
	// Reason says in a sentence why.
	Reason string
}

// Settlement takes a record out of the queue and says why.
type Settlement struct {
	Seq uint64
	// Reason is empty if the message was accepted; the message is then removed. Otherwise the message becomes a dead letter with that reason.
	Reason string
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sealSize is the size of the head before a message in its row: four bytes for a checksum over the row's number and everything that follows, and six
// bytes for the time in milliseconds.
const sealSize = 10

// appendSealed appends the data of a row of the queue. message appends the bytes of the message.
func appendSealed(dst []byte, seq uint64, at int64, message func([]byte) []byte) []byte {
	from := len(dst)
	dst = append(dst, 0, 0, 0, 0, byte(at>>40), byte(at>>32), byte(at>>24), byte(at>>16), byte(at>>8), byte(at))
	dst = message(dst)
	binary.BigEndian.PutUint32(dst[from:], sumOf(seq, dst[from+4:]))
	return dst
}

// unseal reads the data of a row of the queue.
func unseal(seq uint64, data []byte) Record {
	if len(data) < sealSize {
		return Record{Seq: seq, Bytes: data, Damaged: true}
	}
	at := signed(data[4:sealSize])
	return Record{Seq: seq, At: time.UnixMilli(at), Bytes: data[sealSize:], Damaged: sumOf(seq, data[4:]) != binary.BigEndian.Uint32(data)}
}

// sumOf returns the checksum of a row of the queue.
func sumOf(seq uint64, sealed []byte) uint32 {
	return crc32.Update(sumOfHead('m', seq), castagnoli, sealed)
}

// sumOfHead returns the checksum of a letter and a number. Package crc32 would allocate memory for the nine bytes each time.
func sumOfHead(letter byte, n uint64) uint32 {
	sum := ^uint32(0)
	sum = castagnoli[byte(sum)^letter] ^ sum>>8
	for shift := 56; shift >= 0; shift -= 8 {
		sum = castagnoli[byte(sum)^byte(n>>shift)] ^ sum>>8
	}
	return ^sum
}

// deadSumOf returns the checksum of a dead letter.
func deadSumOf(seq uint64, at, died int64, damaged bool, reason string, data []byte) uint32 {
	var head [34]byte
	head[0] = 'd'
	binary.BigEndian.PutUint64(head[1:], seq)
	binary.BigEndian.PutUint64(head[9:], uint64(at))
	binary.BigEndian.PutUint64(head[17:], uint64(died))
	binary.BigEndian.PutUint64(head[25:], uint64(len(reason)))
	if damaged {
		head[33] = 1
	}
	sum := crc32.Update(crc32.Checksum(head[:], castagnoli), castagnoli, []byte(reason))
	return crc32.Update(sum, castagnoli, data)
}

// readDeadLetter makes a dead letter from its columns. right says whether its checksum is right.
func readDeadLetter(seq, at, died, sum int64, damaged bool, reason string, data []byte) (d DeadLetter, right bool) {
	right = int64(deadSumOf(uint64(seq), at, died, damaged, reason, data)) == sum
	d = DeadLetter{Record{uint64(seq), time.UnixMilli(at), data, damaged || !right}, time.UnixMilli(died), reason}
	return d, right
}
