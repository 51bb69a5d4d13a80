package source

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"path/filepath"
	"slices"
	"strings"
)

// Expand returns the files that names and patterns such as orders-*.csv stand for: those of a pattern in the order of their names. A
// pattern that no file matches is an error. "-" stands for itself.
func Expand(patterns ...string) ([]string, error) {
	var names []string
	for _, p := range patterns {
		if p == "-" || !strings.ContainsAny(p, "*?[") {
			names = append(names, p)
			continue
		}
		found, err := filepath.Glob(p)
		if err != nil {
			return nil, fmt.Errorf("source: the pattern %q is wrong: %w", p, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("source: no file matches %q", p)
		}
		slices.Sort(found)
		names = append(names, found...)
	}
	return names, nil
}

// OpenFiles opens several files as one input, read one after the other. Each must have the columns that are selected, in any order; the
// columns of the first are those of the input.
func OpenFiles(names []string, cfg Config) (Source, error) {
	if len(names) == 1 {
		return Open(names[0], cfg)
	}
	if len(names) == 0 {
		return nil, errors.New("source: no file is named")
	}
	f := &files{names: names, cfg: cfg, whole: true}
	for _, name := range names {
		if name == "-" {
			return nil, errors.New("source: standard input cannot be one of several files")
		}
		src, err := Open(name, cfg) // so that a missing file shows before the first is read
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		size := src.Info().Size
		f.size += size
		f.whole = f.whole && src.Info().Whole
		f.unsized = f.unsized || size == 0
		if f.current == nil {
			f.current = src
			continue
		}
		if err := src.Close(); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// files is a Source of one file after the other.
type files struct {
	names   []string
	cfg     Config
	at      int // of current in names
	current Source
	chosen  []string
	columns []Column
	rejects bool // they are rejects files
	size    int64
	unsized bool

	whole   bool     // all are regular files
	past    []*watch // the files before
	content string   // of them

	before   int64 // bytes of the files before
	ordinals int64 // rows of the files before
	rows     int64 // of current
}

func (f *files) Columns(ctx context.Context) ([]Column, error) {
	columns, err := f.current.Columns(ctx)
	if err != nil {
		return nil, f.named(err)
	}
	f.columns, f.rejects = columns, f.current.Info().Rejects
	return columns, nil
}

func (f *files) Select(names []string) error {
	f.chosen = names
	return f.named(f.current.Select(names))
}

func (f *files) Next(ctx context.Context, b *Batch) error {
	for {
		err := f.current.Next(ctx, b)
		if err == nil {
			for i := range b.Rows {
				if r := &b.Rows[i]; r.Kept == nil {
					r.File = f.names[f.at]
					r.Ordinal += f.ordinals
				}
			}
			f.rows += int64(len(b.Rows))
			b.Offset += f.before
			return nil
		}
		if err != io.EOF {
			return f.named(err)
		}
		end := b.Offset + f.before
		if f.at+1 == len(f.names) {
			b.Offset = end
			return io.EOF
		}
		if err := f.advance(ctx); err != nil {
			return err
		}
		f.before = end
	}
}

// advance goes on to the next file.
func (f *files) advance(ctx context.Context) error {
	f.past = append(f.past, f.current.(watched).watching())
	f.content = f.contents()
	if err := f.current.Close(); err != nil {
		return f.named(err)
	}
	f.at++
	f.ordinals += f.rows
	f.rows = 0
	next, err := Open(f.names[f.at], f.cfg)
	if err != nil {
		return err
	}
	f.current = next
	columns, err := next.Columns(ctx)
	if err != nil {
		return f.named(err)
	}
	if (columns == nil) != (f.columns == nil) || len(columns) > 0 && columns[0].Kind != f.columns[0].Kind {
		return fmt.Errorf("source: %s is of another format than %s", f.names[f.at], f.names[0])
	}
	if rejects := next.Info().Rejects; rejects != f.rejects {
		return fmt.Errorf("source: one of %s and %s is a rejects file; load it by itself", f.names[0], f.names[f.at])
	}
	return f.named(next.Select(f.chosen))
}

// named adds the file to an error.
func (f *files) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", f.names[f.at], err)
}

// Info has no Size if that of any file is not known.
func (f *files) Info() Info {
	info := origin{names: f.names}.info()
	if f.current != nil {
		current := f.current.Info()
		info.Delimiter, info.Rejects = current.Delimiter, current.Rejects
	}
	if !f.unsized {
		info.Size = f.size
	}
	info.Whole, info.Content = f.whole, f.contents()
	return info
}

func (f *files) contents() string {
	return fmt.Sprintf("%x, %s", maphash.String(seed, f.content), f.current.Info().Content)
}

// Changed looks at the files that were read.
func (f *files) Changed(ctx context.Context) (string, error) {
	for _, w := range f.past {
		if why, err := w.changed(ctx); why != "" || err != nil {
			return why, err
		}
	}
	return f.current.Changed(ctx)
}

func (f *files) Fingerprint() (string, error) {
	return origin{names: f.names, cfg: f.cfg}.Fingerprint()
}

func (f *files) Close() error {
	if f.current == nil {
		return nil
	}
	return f.current.Close()
}
