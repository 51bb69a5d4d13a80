package outbox

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
)

// What was accepted must be taken out of the file on a full disk, too, and SQLite writes more before it writes less. So a file is kept that is removed
// then. Nothing is stored while it is not there.
const (
	reserveName = "reserve"
	reserveSize = 512 << 10
)

func (d *Disk) reservePath() string { return filepath.Join(d.cfg.Dir, reserveName) }

// keepReserve sees to it that the reserve is there. The error is ErrDiskFull where there is no room for it.
func (d *Disk) keepReserve() error {
	if d.reserved || d.lock == nil {
		return nil
	}
	if info, err := os.Stat(d.reservePath()); err == nil && info.Size() == reserveSize {
		d.reserved = true
		return nil
	}
	b := make([]byte, reserveSize)
	for i, v := 0, uint32(1); i < len(b); i++ { // not zeros, for which some file systems take no room
		v = v*1664525 + 1013904223
		b[i] = byte(v >> 24)
	}
	if err := os.WriteFile(d.reservePath(), b, 0o600); err != nil {
		if err := removeIfThere(d.reservePath()); err != nil {
			return err
		}
		return fmt.Errorf("%w: there is no room for the %d bytes that are kept free (%w)", ErrDiskFull, reserveSize, err)
	}
	d.reserved = true
	return nil
}

// releaseReserve removes the reserve, and reports whether that made room.
func (d *Disk) releaseReserve() bool {
	if d.lock == nil || !d.reserved {
		return false
	}
	d.reserved = false
	return removeIfThere(d.reservePath()) == nil
}

// recoverRoom makes the files as small as they can be, after the reserve was released or a commit has failed.
func (d *Disk) recoverRoom() error {
	if d.reserved && !d.failed {
		return nil
	}
	if !d.reserved {
		if err := d.w.query("PRAGMA incremental_vacuum", func([]driverValue) error { return nil }); err != nil {
			return err
		}
	}
	if err := d.emptyLog(); err != nil {
		return err
	}
	d.failed = false
	if err := d.keepReserve(); err != nil && !errors.Is(err, ErrDiskFull) {
		return err
	}
	return nil
}
