// Package emulatordb keeps the state of an [emulator.Server] in a file.
//
// The file is a bbolt database: one file, in pure Go. It is complete after a
// crash at any moment, because a transaction becomes visible when a single page
// is written. The emulator needs an ordered log and a blob, but no queries or
// indexes, so a SQL database would be a larger dependency without a benefit.
// Only one process can have the file open.
//
// Records that arrive while one transaction is being written share the next
// one. This, and not the disk's latency, limits how many calls a second it can
// keep.
//
// Each record has a checksum, and the whole file is checked when it is opened.
// A file that is damaged, empty or of another program is refused and not
// changed.
package emulatordb

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"runtime/debug"
	"sync"
	"time"

	"github.com/ciokit/cio/emulator"
	_ "github.com/ciokit/cio/kit/internal/needs64"
	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

var (
	recordsBucket  = []byte("log")
	snapshotBucket = []byte("state")
)

// snapshotPiece is the size of the pieces of a snapshot, so that no value is
// huge.
const snapshotPiece = 1 << 20

// ErrClosed says that the database was closed.
var ErrClosed = errors.New("emulatordb: the database is closed")

// DB is an open file. It implements [emulator.Store].
type DB struct {
	path string
	bolt *bbolt.DB
	file *os.File // bolt's own

	mu      sync.Mutex
	pending []pending
	writing bool       // a transaction of pending records is under way
	wake    *sync.Cond // when any of this changes
	closed  bool
	failed  error // why nothing more can be written
	lost    bool  // bolt must no longer be used
	done    chan struct{}
}

var _ emulator.Store = (*DB)(nil)

type pending struct {
	record []byte
	result chan error // of capacity 1
}

// Open opens the file, or creates it with access for its owner only. It fails
// within a second if another process has the file open. If the file is not as
// it was written, the error is ErrDamaged, and the file is not changed.
func Open(path string) (*DB, error) {
	fresh, err := examine(path)
	if err != nil {
		return nil, fmt.Errorf("emulatordb: %w", err)
	}
	db := &DB{path: path, done: make(chan struct{})}
	db.wake = sync.NewCond(&db.mu)
	err = db.guard(func() (err error) {
		db.bolt, err = bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType,
			OpenFile: func(name string, flag int, mode os.FileMode) (*os.File, error) {
				file, err := os.OpenFile(name, flag, mode)
				db.file = file
				return file, err
			}})
		if err != nil || !fresh {
			return err
		}
		return db.bolt.Update(func(tx *bbolt.Tx) error {
			for _, name := range [][]byte{recordsBucket, snapshotBucket} {
				if _, err := tx.CreateBucket(name); err != nil {
					return err
				}
			}
			return nil
		})
	})
	if err != nil {
		if errors.Is(err, bbolterrors.ErrTimeout) {
			err = errInUse(path)
		}
		return nil, errors.Join(fmt.Errorf("emulatordb: %w", err), db.closeFile())
	}
	go db.write()
	return db, nil
}

func errInUse(path string) error {
	return fmt.Errorf("%s is in use by another process; end that process first", path)
}

// explain adds to an error of a damaged file its name and what to do.
func explain(path string, err error) error {
	if !errors.Is(err, ErrDamaged) {
		return err
	}
	if errors.As(err, new(foreignError)) {
		return fmt.Errorf("%s cannot be used: %w. It was not changed. Give another path; if an emulator wrote this file, replace it with a backup, or move it away to start with an empty state", path, err)
	}
	return fmt.Errorf("%s cannot be used: %w. It was not changed. Replace it with a backup, or move it away to start with an empty state", path, err)
}

// examine checks the file without changing it. It reports whether the file
// never had any contents.
func examine(path string) (fresh bool, err error) {
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return true, nil
	case err != nil:
		return false, err
	case info.IsDir():
		return false, fmt.Errorf("%s is a directory, not a file", path)
	case !info.Mode().IsRegular():
		return false, fmt.Errorf("%s is not a regular file", path)
	}
	file, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrPermission) {
		return false, fmt.Errorf("%w; it must be readable and writable", err)
	}
	if err != nil {
		return false, err
	}
	defer file.Close() // nothing was written
	for deadline := time.Now().Add(time.Second); lockedElsewhere(file); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false, errInUse(path)
		}
	}
	if info, err = file.Stat(); err != nil { // its state under the lock
		return false, err
	}
	err = checkFile(file, info.Size())
	if errors.Is(err, errUnfinished) {
		return true, nil
	}
	return false, explain(path, err)
}

// guard calls fn, which reads from mapped memory. If the file changes
// meanwhile, that is then an error instead of a signal or a panic. The database
// cannot be used afterwards.
func (db *DB) guard(fn func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if cause := recover(); cause != nil {
			err = fmt.Errorf("%s can no longer be used: %w: something changed it while it was in use (%v)", db.path, ErrDamaged, cause)
			db.mu.Lock()
			db.failed, db.lost = err, true
			db.mu.Unlock()
		}
	}()
	db.mu.Lock()
	err = db.failed
	db.mu.Unlock()
	if err != nil {
		return err
	}
	return fn()
}

// Load implements [emulator.Store].
func (db *DB) Load(snapshot, record func([]byte) error) error {
	var whole []byte
	err := db.each(snapshotBucket, func(piece []byte) error {
		whole = append(whole, piece...)
		return nil
	})
	if err == nil && len(whole) > 0 {
		err = snapshot(whole)
	}
	whole = nil
	if err == nil {
		err = db.each(recordsBucket, record)
	}
	return err
}

// each calls visit with a copy of each value of the bucket, in order.
func (db *DB) each(bucket []byte, visit func([]byte) error) error {
	for next := uint64(1); ; {
		// Copy a few values at a time, so that visit is called outside guard and its
		// panics are not caught.
		var values [][]byte
		err := db.guard(func() error {
			return db.bolt.View(func(tx *bbolt.Tx) error {
				b := tx.Bucket(bucket)
				if b == nil {
					return explain(db.path, damaged("its state is missing"))
				}
				size := 0
				c := b.Cursor()
				for key, sealed := c.Seek(keyOf(next)); key != nil && size < snapshotPiece; key, sealed = c.Next() {
					value, err := unseal(key, sealed)
					if err != nil || !bytes.Equal(key, keyOf(next)) {
						return explain(db.path, damaged("record %d is missing or not as it was written", next))
					}
					next++
					size += len(value)
					values = append(values, bytes.Clone(value))
				}
				return nil
			})
		})
		if err != nil || len(values) == 0 {
			return err
		}
		for _, value := range values {
			if err := visit(value); err != nil {
				return err
			}
		}
	}
}

// Append implements [emulator.Store].
func (db *DB) Append(record []byte) func() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	if err := db.state(); err != nil {
		return func() error { return err }
	}
	p := pending{record, make(chan error, 1)}
	db.pending = append(db.pending, p)
	db.wake.Broadcast()
	return func() error { return <-p.result }
}

// state needs mu held.
func (db *DB) state() error {
	if db.closed {
		return ErrClosed
	}
	return db.failed
}

// write writes all pending records in one transaction at a time, until the
// database is closed. After a failure it writes nothing more, because a stored
// record must not follow a lost one.
func (db *DB) write() {
	defer close(db.done)
	for {
		db.mu.Lock()
		for len(db.pending) == 0 && !db.closed {
			db.wake.Wait()
		}
		batch, failed := db.pending, db.failed
		db.pending, db.writing = nil, len(batch) > 0
		db.mu.Unlock()
		if len(batch) == 0 {
			return
		}
		if failed == nil {
			failed = db.guard(func() error {
				return db.bolt.Update(func(tx *bbolt.Tx) error {
					for _, p := range batch {
						if err := put(tx.Bucket(recordsBucket), p.record); err != nil {
							return err
						}
					}
					return nil
				})
			})
			if failed != nil {
				failed = fmt.Errorf("emulatordb: %w", failed)
			}
		}
		db.mu.Lock()
		db.failed, db.writing = failed, false
		db.wake.Broadcast()
		db.mu.Unlock()
		for _, p := range batch {
			p.result <- failed
		}
	}
}

// put adds value after all others of the bucket.
func put(b *bbolt.Bucket, value []byte) error {
	b.FillPercent = 1 // keys only grow, so a full page will not be split again
	n, err := b.NextSequence()
	if err != nil {
		return err
	}
	return b.Put(keyOf(n), seal(keyOf(n), value))
}

// Compact implements [emulator.Store].
func (db *DB) Compact(snapshot []byte) error {
	// All pending records belong to the snapshot, and must not be written after
	// it.
	if err := db.flush(); err != nil {
		return err
	}
	err := db.guard(func() error {
		return db.bolt.Update(func(tx *bbolt.Tx) error {
			for _, name := range [][]byte{recordsBucket, snapshotBucket} {
				if err := tx.DeleteBucket(name); err != nil {
					return err
				}
				if _, err := tx.CreateBucket(name); err != nil {
					return err
				}
			}
			pieces := tx.Bucket(snapshotBucket)
			for len(snapshot) > 0 {
				piece := snapshot[:min(len(snapshot), snapshotPiece)]
				if err := put(pieces, piece); err != nil {
					return err
				}
				snapshot = snapshot[len(piece):]
			}
			return nil
		})
	})
	if err != nil {
		return fmt.Errorf("emulatordb: %w", err)
	}
	return nil
}

// flush waits until all pending records have been written.
func (db *DB) flush() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	for len(db.pending) > 0 || db.writing {
		db.wake.Wait()
	}
	return db.state()
}

// Close writes pending records and closes the file. It can be called twice.
func (db *DB) Close() error {
	db.mu.Lock()
	if db.closed {
		db.mu.Unlock()
		return nil
	}
	db.closed = true
	db.wake.Broadcast()
	db.mu.Unlock()
	<-db.done
	if err := db.closeFile(); err != nil {
		return fmt.Errorf("emulatordb: %w", err)
	}
	return nil
}

// closeFile closes the database. If the database was lost in the middle of an
// operation, it closes only the file, because the database may hold its own
// locks for ever.
func (db *DB) closeFile() error {
	switch {
	case !db.lost && db.bolt != nil:
		return db.bolt.Close()
	case db.lost && db.file != nil:
		unlock(db.file)
		return db.file.Close()
	}
	return nil
}
