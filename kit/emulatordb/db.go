// Package emulatordb keeps the state of an [emulator.Server] in a file.
//
// The file is a bbolt database: one file, in pure Go, that is whole after a
// crash at any moment, because a transaction becomes visible by the write of a
// single page. The emulator needs an ordered log and a blob, and neither
// queries nor indexes, so a SQL database would be a larger dependency for
// nothing. Only one process can have the file open.
//
// Records that arrive while one transaction is being written share the next:
// that, and not the disk's latency, bounds how many calls a second it keeps.
package emulatordb

import (
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/ciokit/cio/emulator"
	"go.etcd.io/bbolt"
	bbolterrors "go.etcd.io/bbolt/errors"
)

var (
	recordsBucket  = []byte("records")
	snapshotBucket = []byte("snapshot")
)

// snapshotPiece is how a snapshot is cut, so that no value is huge.
const snapshotPiece = 1 << 20

// ErrClosed says that the database was closed.
var ErrClosed = errors.New("emulatordb: the database is closed")

// DB is an open file. It implements [emulator.Store].
type DB struct {
	bolt *bbolt.DB

	mu      sync.Mutex
	pending []pending
	writing bool       // a transaction of what was pending is under way
	wake    *sync.Cond // when any of this changes
	closed  bool
	failed  error // why nothing can be written any more
	done    chan struct{}
}

var _ emulator.Store = (*DB)(nil)

type pending struct {
	record []byte
	result chan error // of capacity 1
}

// Open opens the file, or makes it, readable by its owner alone. It fails
// within a second if another process has it open.
func Open(path string) (*DB, error) {
	bolt, err := bbolt.Open(path, 0o600, &bbolt.Options{Timeout: time.Second, FreelistType: bbolt.FreelistMapType})
	if errors.Is(err, bbolterrors.ErrTimeout) {
		return nil, fmt.Errorf("emulatordb: %s is in use by another process", path)
	}
	if err != nil {
		return nil, fmt.Errorf("emulatordb: open %s: %w", path, err)
	}
	err = bolt.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{recordsBucket, snapshotBucket} {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, errors.Join(fmt.Errorf("emulatordb: open %s: %w", path, err), bolt.Close())
	}
	db := &DB{bolt: bolt, done: make(chan struct{})}
	db.wake = sync.NewCond(&db.mu)
	go db.write()
	return db, nil
}

// Load implements [emulator.Store].
func (db *DB) Load(snapshot, record func([]byte) error) error {
	return db.bolt.View(func(tx *bbolt.Tx) error {
		var whole []byte
		err := tx.Bucket(snapshotBucket).ForEach(func(_, piece []byte) error {
			whole = append(whole, piece...)
			return nil
		})
		if err != nil {
			return err
		}
		if len(whole) > 0 {
			if err := snapshot(whole); err != nil {
				return err
			}
		}
		return tx.Bucket(recordsBucket).ForEach(func(_, value []byte) error { return record(value) })
	})
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

// write writes what is pending, all of it in one transaction, until the
// database is closed. After a failure nothing more is written: a record that is
// there must not follow one that is not.
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
			failed = db.bolt.Update(func(tx *bbolt.Tx) error { return put(tx.Bucket(recordsBucket), batch) })
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

func put(b *bbolt.Bucket, batch []pending) error {
	b.FillPercent = 1 // keys only grow, so a full page will not be split again
	for _, p := range batch {
		n, err := b.NextSequence()
		if err != nil {
			return err
		}
		if err := b.Put(binary.BigEndian.AppendUint64(nil, n), p.record); err != nil {
			return err
		}
	}
	return nil
}

// Compact implements [emulator.Store].
func (db *DB) Compact(snapshot []byte) error {
	// Whatever is pending belongs to the snapshot, and must not be written
	// after it.
	if err := db.flush(); err != nil {
		return err
	}
	err := db.bolt.Update(func(tx *bbolt.Tx) error {
		for _, name := range [][]byte{recordsBucket, snapshotBucket} {
			if err := tx.DeleteBucket(name); err != nil {
				return err
			}
			if _, err := tx.CreateBucket(name); err != nil {
				return err
			}
		}
		pieces := tx.Bucket(snapshotBucket)
		for n := uint64(0); len(snapshot) > 0; n++ {
			piece := snapshot[:min(len(snapshot), snapshotPiece)]
			if err := pieces.Put(binary.BigEndian.AppendUint64(nil, n), piece); err != nil {
				return err
			}
			snapshot = snapshot[len(piece):]
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("emulatordb: %w", err)
	}
	return nil
}

// flush waits until all that is pending has been written.
func (db *DB) flush() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	for len(db.pending) > 0 || db.writing {
		db.wake.Wait()
	}
	return db.state()
}

// Close writes what is pending and closes the file. It may be called twice.
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
	if err := db.bolt.Close(); err != nil {
		return fmt.Errorf("emulatordb: %w", err)
	}
	return nil
}
