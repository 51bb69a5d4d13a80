package outbox

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// Accepted messages must be removed from the file even on a full disk. But SQLite needs more room before it needs less: it appends to the log, and
// then it copies the log into the database, which grows by the messages stored since. So the outbox keeps a file that is at least as large as both
// together, and removes this file when the disk is full. It stores nothing while the file is missing.
const (
	reserveName = "reserve"
	reserveSize = 512 << 10 // for the pages that are appended to the log
	reserveStep = 1 << 20   // so that it does not grow with each commit
)

func (d *Disk) reservePath() string { return filepath.Join(d.cfg.Dir, reserveName) }

// keepReserve makes sure that the reserve is there, and that it is large enough after a commit that lets the database grow by size. The error is
// ErrDiskFull if there is no room for it.
func (d *Disk) keepReserve(size int64) error {
	switch {
	case d.lock == nil: // only the owner of the directory knows its state
		return d.inTurn(func() error { return d.fitReserve(size) })
	case d.reserve > 0 && d.room >= size:
		d.room -= size
		return nil
	}
	err := d.fitReserve(size)
	if errors.Is(err, ErrDiskFull) && d.emptyLog() == nil {
		err = d.fitReserve(size)
	}
	return err
}

// fitReserve makes the reserve as large as it must be.
func (d *Disk) fitReserve(size int64) error {
	missing, err := d.missingPages()
	if err != nil {
		return err
	}
	need := reserveSize + missing + size
	have := int64(0)
	if info, err := os.Stat(d.reservePath()); err == nil {
		have = info.Size()
	}
	switch {
	case have > need+4*reserveStep && d.lock != nil:
		err = os.Truncate(d.reservePath(), need+reserveStep)
		have = need + reserveStep
	case have < need:
		if err = d.growReserve(have, need+reserveStep); err == nil {
			have = need + reserveStep
		} else if err = d.growReserve(have, need); err == nil {
			have = need
		}
	}
	if err != nil {
		d.reserve, d.room = have, 0
		return fmt.Errorf("%w: there is no room for the %d bytes of the reserve (%w)", ErrDiskFull, need, err)
	}
	d.reserve, d.room = have, have-need
	return nil
}

// missingPages returns by how many bytes the database must grow when the log is copied into it.
func (d *Disk) missingPages() (int64, error) {
	row, err := d.w.one("PRAGMA page_count")
	if err != nil {
		return 0, err
	}
	pages, err := number(row[0])
	if err != nil {
		return 0, err
	}
	info, err := os.Stat(d.path)
	if err != nil {
		return 0, fmt.Errorf("outbox: %w", err)
	}
	return max(0, pages*databasePageSize-info.Size()), nil
}

// growReserve makes the reserve larger, or leaves it as it is.
func (d *Disk) growReserve(from, to int64) (err error) {
	f, err := os.OpenFile(d.reservePath(), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		return err
	}
	if err := giveToOwner(d.cfg.Dir, f.Name()); err != nil {
		return errors.Join(err, f.Close())
	}
	defer func() {
		if err != nil && d.lock != nil { // another process may have made it larger meanwhile
			err = errors.Join(err, f.Truncate(from))
		}
		if err = errors.Join(err, f.Close()); err != nil && from == 0 && d.lock != nil {
			err = errors.Join(err, removeIfThere(d.reservePath()))
		}
	}()
	b := make([]byte, 64<<10)
	for i, v := 0, uint32(from)|1; i < len(b); i++ { // not zeros, because some file systems use no room for zeros
		v = v*1664525 + 1013904223
		b[i] = byte(v >> 24)
	}
	if _, err := f.Seek(from, io.SeekStart); err != nil {
		return err
	}
	for at := from; at < to; at += int64(len(b)) {
		if _, err := f.Write(b[:min(int64(len(b)), to-at)]); err != nil {
			return err
		}
	}
	return nil
}

// releaseReserve removes the reserve.
func (d *Disk) releaseReserve() {
	if d.lock == nil {
		return
	}
	d.reserve, d.room = 0, 0
	_ = removeIfThere(d.reservePath()) // if this fails, the step that needs the room fails too
}

// makeRoom removes the reserve, and copies the log into the database. It reports whether there may be room now.
func (d *Disk) makeRoom() bool {
	released := d.reserve > 0
	d.releaseReserve()
	return d.emptyLog() == nil || released
}

// recoverRoom makes the files as small as possible, if the reserve was released or a commit has failed. Then it makes the reserve as large as it must
// be.
func (d *Disk) recoverRoom() error {
	if d.reserve == 0 {
		if err := d.w.query("PRAGMA incremental_vacuum", func([]driverValue) error { return nil }); err != nil {
			return err
		}
	}
	if d.reserve == 0 || d.failed {
		if err := d.emptyLog(); err != nil {
			return err
		}
		d.failed = false
	}
	if err := d.keepReserve(0); err != nil && !errors.Is(err, ErrDiskFull) {
		return err
	}
	return nil
}
