package source

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"os"
	"sync"
)

// seed is the seed of all hashes of what was read. They are compared only within one process.
var seed = maphash.MakeSeed()

// watch is a regular file that is being read, and its state when the reading began. It is nil for an input that can be read only once.
type watch struct {
	name string
	was  os.FileInfo
	// again reads the part of the file that was read once more, and reports whether it is the same.
	again func(ctx context.Context) (bool, error)
	// edge reports whether the description at the end of the file is the same; nil for text.
	edge func() bool
}

// watched is a Source of files that are watched.
type watched interface{ watching() *watch }

// changed is Source.Changed for a file.
func (w *watch) changed(ctx context.Context) (string, error) {
	if w == nil {
		return "", nil
	}
	now, err := os.Stat(w.name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return w.name + " is gone", nil
	case err != nil:
		return "", err
	case sameState(w.was, now) && (w.edge == nil || w.edge()):
		return "", nil
	}
	same := now.Size() == w.was.Size() // a file that grows or shrinks is being written, however much of it was read
	if same {
		if same, err = w.again(ctx); err != nil {
			return "", err
		}
	}
	after, err := os.Stat(w.name)
	switch {
	case err != nil:
		return "", err
	case !same || !sameState(now, after):
		if after.Size() == w.was.Size() {
			return w.name + " has changed: it was overwritten or replaced since it was opened", nil
		}
		return fmt.Sprintf("%s has changed: it had %d bytes when it was opened, and has %d now", w.name, w.was.Size(), after.Size()), nil
	}
	w.was = after
	return "", nil
}

func sameState(a, b os.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && os.SameFile(a, b) && stateTime(a) == stateTime(b)
}

// sum is a hash of what a reader has read. It is safe for concurrent use, because a goroutine reads ahead.
type sum struct {
	mu    sync.Mutex
	hash  maphash.Hash
	n     int64
	ended bool
}

func newSum() *sum {
	s := new(sum)
	s.hash.SetSeed(seed)
	return s
}

func (s *sum) add(p []byte, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hash.Write(p)
	s.n += int64(len(p))
	s.ended = s.ended || ended
}

func (s *sum) state() (hash uint64, n int64, ended bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hash.Sum64(), s.n, s.ended
}

// content names what was read, for comparison within this process.
func (s *sum) content() string {
	hash, n, _ := s.state()
	return fmt.Sprintf("%x of %d", hash, n)
}

// textAgain reads the part of a text that was read once more, and compares. If it was read to its end, that must still be the end.
func textAgain(open func() (io.ReadCloser, error), read *sum) func(context.Context) (bool, error) {
	return func(ctx context.Context) (bool, error) {
		hash, n, ended := read.state()
		f, err := open()
		if err != nil {
			return false, err
		}
		defer f.Close()
		again := newSum()
		buf := make([]byte, 256<<10)
		for again.n < n {
			if err := ctx.Err(); err != nil {
				return false, err
			}
			k, err := f.Read(buf[:min(int64(len(buf)), n-again.n)])
			again.add(buf[:k], false)
			if err == io.EOF {
				break
			}
			if err != nil {
				return false, err
			}
		}
		if got, m, _ := again.state(); got != hash || m != n {
			return false, nil
		}
		if ended {
			k, err := f.Read(buf[:1])
			return k == 0 && err == io.EOF, nil
		}
		return true, nil
	}
}

// watchRows watches a Parquet file, whose rows it reads again if it was touched.
func (p *parquetSource) watchRows() *watch {
	if p.watched == nil {
		return nil
	}
	name, names, skipped, read, limit, rows, description := p.watched.name, p.selected, p.skipped, p.sum, p.limit, p.file.NumRows(), p.description
	open := func() (*parquetSource, error) {
		f, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		info, err := f.Stat()
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		return openParquet(f, f, info.Size(), limit)
	}
	p.watched.edge = func() bool {
		q, err := open()
		return err == nil && q.description == description && q.Close() == nil
	}
	p.watched.again = func(ctx context.Context) (bool, error) {
		hash, n, _ := read.state()
		q, err := open()
		if err != nil {
			return false, nil // it is not such a file any more
		}
		defer q.Close()
		if q.file.NumRows() != rows || q.Select(names) != nil {
			return false, nil
		}
		q.skip = skipped
		var b Batch
		for {
			err := q.Next(ctx, &b)
			if ended := ctx.Err(); ended != nil {
				return false, ended
			}
			if got, m, _ := q.sum.state(); err != nil || m >= n {
				return m == n && got == hash, nil
			}
		}
	}
	return p.watched
}

// note adds a row to what was read.
func (s *sum) note(r *Row) {
	rule := ""
	if r.Err != nil {
		rule = r.Err.Rule
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.n++
	s.hash.WriteString(rule)
	s.hash.WriteByte(0)
	s.hash.Write(r.Raw)
	s.hash.WriteByte(0)
}
