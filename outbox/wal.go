package outbox

import (
	"encoding/binary"
	"fmt"
	"io"
)

// This file reads SQLite's write-ahead log, as the documents of its file format describe it: a header, and frames of one page each. The checksum of a
// frame covers everything before it. For SQLite the log ends at the first wrong frame, and it does not report the frames after that.
const (
	walHeaderSize = 32
	frameHeader   = 24
	walMagic      = 0x377f0682 // the lowest bit says the byte order of the checksums
)

// walReport is the result of reading a log.
type walReport struct {
	pageSize int
	// whole counts the frames up to the end of the last complete transaction.
	whole int
	// cut counts the right frames after these that belong to a transaction without an end: its process was killed.
	cut int
	// behind counts the frames of this log after the first wrong one, and the wrong one itself if it was complete once. If the last frame is wrong,
	// its process may have been killed while it wrote the frame.
	behind int
	// later says that there are frames of a transaction after that of the wrong frame. Each transaction was on the disk before the next one began, so
	// the wrong frame was right once. Otherwise the last transaction is wrong, as after a loss of power while it was written.
	later bool
	// header says that the log's own header is wrong, and that there are frames after it.
	header bool
	// ended says that a transaction ends with the wrong frame or with one after it. If none ends there, these frames are what is left of a commit
	// whose process was killed, and another process has overwritten its beginning: the commit was never complete.
	ended bool
}

func (r *walReport) damaged() bool { return r.behind > 0 && r.ended || r.header }

func (r *walReport) String() string {
	switch {
	case r.header:
		return fmt.Sprintf("the beginning of the log is not what was written; pages of changes that follow it: %d", r.behind)
	case r.later:
		return fmt.Sprintf("a page of the log is not what was written; pages of changes that SQLite ignores from there on: %d", r.behind)
	case r.damaged():
		return fmt.Sprintf("the last commit in the log is not complete (pages that follow a wrong one: %d); if the power failed while the commit was written, no caller was told that it is stored", r.behind)
	}
	return "the log is complete"
}

// frame is a page in a log.
type frame struct {
	page   uint32
	data   []byte // nil if the frame is wrong
	behind bool   // it is the first wrong frame, or comes after it
	ends   bool   // a transaction ends with it
}

// walkWAL reads a log of that size. It calls visit, if set, for each frame of this log. A frame has its data if the frame itself is right, even after
// a wrong one. visit must not keep the data after it returns. An error comes from reading.
func walkWAL(r io.ReaderAt, size int64, visit func(frame)) (rep walReport, err error) {
	if size < walHeaderSize {
		return rep, nil
	}
	head := make([]byte, walHeaderSize)
	if err := readAt(r, head, 0); err != nil {
		return rep, err
	}
	magic := binary.BigEndian.Uint32(head)
	pageSize := int(binary.BigEndian.Uint32(head[8:]))
	order := binary.ByteOrder(binary.LittleEndian)
	if magic&1 != 0 {
		order = binary.BigEndian
	}
	sum := walSum(order, [2]uint32{}, head[:24])
	rep.header = magic&^1 != walMagic || sum != stored(head[24:]) || !isPageSize(pageSize)
	if rep.header { // this package has always written this size, and x86 and arm are little-endian
		pageSize, order = databasePageSize, binary.LittleEndian
	}
	rep.pageSize = pageSize
	salt := [8]byte(head[16:24])
	w := &walk{rep: &rep, order: order, sum: sum, salt: salt, visit: visit}
	w.bad, rep.later = rep.header, rep.header
	buf := make([]byte, frameHeader+pageSize)
	for at := int64(walHeaderSize); at+int64(len(buf)) <= size; at += int64(len(buf)) {
		if err := readAt(r, buf, at); err != nil {
			return rep, err
		}
		w.next(buf)
	}
	if rest := (size - walHeaderSize) % int64(len(buf)); rest >= frameHeader && w.bad { // a frame that was cut
		if err := readAt(r, buf[:frameHeader], size-rest); err != nil {
			return rep, err
		}
		if [8]byte(buf[8:16]) == w.salt {
			w.count(binary.BigEndian.Uint32(buf[4:]) != 0)
		}
	}
	rep.header = rep.header && rep.behind > 0
	return rep, nil
}

// walk is the state of a walk between two frames.
type walk struct {
	rep   *walReport
	order binary.ByteOrder
	sum   [2]uint32
	salt  [8]byte
	bad   bool // a frame was wrong
	visit func(frame)
}

func (w *walk) next(buf []byte) {
	if w.rep.header && w.salt != [8]byte(buf[8:16]) && w.rep.behind == 0 {
		w.salt = [8]byte(buf[8:16]) // the salt in the header may be wrong
	}
	ours := [8]byte(buf[8:16]) == w.salt
	sum := walSum(w.order, walSum(w.order, w.sum, buf[:8]), buf[frameHeader:])
	right := ours && sum == stored(buf[16:24]) && binary.BigEndian.Uint32(buf) != 0
	before := w.sum
	w.sum = stored(buf[16:24]) // after a wrong frame, the next checksum still begins with the stored one
	ends := binary.BigEndian.Uint32(buf[4:]) != 0
	if !w.bad {
		if right {
			w.rep.cut++
			if ends {
				w.rep.whole += w.rep.cut
				w.rep.cut = 0
			}
			w.show(buf, frame{data: buf[frameHeader:], ends: ends})
			return
		}
		w.bad = true
		if !ours || !endedBefore(w.order, before, buf) {
			w.rep.ended = ours && ends
			return // it may be half a frame, if its process was killed; the frames after it show that
		}
	}
	if !ours {
		return // the frame is from an older log
	}
	if right {
		w.count(ends)
		w.show(buf, frame{data: buf[frameHeader:], behind: true, ends: ends})
		return
	}
	ends = ends || endedBefore(w.order, before, buf)
	w.count(ends)
	w.show(buf, frame{behind: true, ends: ends})
}

// endedBefore reports whether a wrong frame would be right if it ended a transaction. A number in the frame says that. The checksum is linear in this
// number, modulo 2 to the 32nd, so endedBefore can compute the number.
func endedBefore(order binary.ByteOrder, before [2]uint32, buf []byte) bool {
	head := append([]byte(nil), buf[:8]...)
	sum := func(n uint32) [2]uint32 {
		order.PutUint32(head[4:], n)
		return walSum(order, walSum(order, before, head), buf[frameHeader:])
	}
	zero, one, want := sum(0), sum(1), stored(buf[16:24])
	i := 0
	if (one[0]-zero[0])%2 == 0 { // then the other difference is odd, and has an inverse
		i = 1
	}
	by := one[i] - zero[i]
	inverse := by // three bits are right, and twice as many after each step
	for range 4 {
		inverse *= 2 - by*inverse
	}
	n := (want[i] - zero[i]) * inverse
	return n != 0 && by%2 != 0 && sum(n) == want
}

// count counts a frame of this log after the first wrong one.
func (w *walk) count(ends bool) {
	w.rep.behind++
	w.rep.later = w.rep.later || w.rep.ended
	w.rep.ended = w.rep.ended || ends
}

func (w *walk) show(buf []byte, f frame) {
	if w.visit != nil {
		f.page = binary.BigEndian.Uint32(buf)
		w.visit(f)
	}
}

func isPageSize(n int) bool { return n >= 512 && n <= 65536 && n&(n-1) == 0 }

func stored(b []byte) [2]uint32 {
	return [2]uint32{binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])}
}

// walSum continues SQLite's checksum over b, whose length is a multiple of 8.
func walSum(order binary.ByteOrder, s [2]uint32, b []byte) [2]uint32 {
	for ; len(b) >= 8; b = b[8:] {
		s[0] += order.Uint32(b) + s[1]
		s[1] += order.Uint32(b[4:]) + s[0]
	}
	return s
}

// readAt reads all of b.
func readAt(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
