package source

import (
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ciokit/cio/kit/internal/printed"
)

// Expand returns the files that match names and patterns such as orders-*.csv. The files of a pattern are sorted by name. The name of an existing
// file means that file, even if it could be a pattern, such as orders[2].csv. A pattern that no file matches is an error. "-" stays as it is.
func Expand(patterns ...string) ([]string, error) {
	var names []string
	for _, p := range patterns {
		if p == "-" || !strings.ContainsAny(p, "*?[") {
			names = append(names, p)
			continue
		}
		if _, err := os.Lstat(p); err == nil {
			names = append(names, p)
			continue
		}
		found, err := filepath.Glob(p)
		if err != nil {
			return nil, fmt.Errorf("source: there is no file %q, and it is not a valid pattern: %w", p, err)
		}
		if len(found) == 0 {
			return nil, fmt.Errorf("source: no file matches the pattern %q; check the spelling of the name and the directory", p)
		}
		slices.Sort(found)
		names = append(names, found...)
	}
	return names, nil
}

// OpenFiles opens several files as one input, which is read file by file. Each file must have the selected columns, in any order; the columns of the
// first file are those of the input. Columns reads the beginnings of all files, so that a file with other columns is found before a row is read. A
// file that is named twice, by whatever name, is an error: its events would be sent twice.
func OpenFiles(names []string, cfg Config) (Source, error) {
	if len(names) == 1 {
		return Open(names[0], cfg)
	}
	if len(names) == 0 {
		return nil, errors.New("source: no file is given")
	}
	if err := notTwice(names); err != nil {
		return nil, err
	}
	f := &files{names: names, cfg: cfg, whole: true, opened: make(map[int]Source)}
	for i, name := range names {
		if name == "-" {
			return nil, errors.New("source: standard input cannot be one of several files")
		}
		src, err := Open(name, cfg) // so that a missing file is reported before the first is read
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		size := src.Info().Size
		f.size += size
		f.whole = f.whole && src.Info().Whole
		f.unsized = f.unsized || size == 0
		if i == 0 {
			f.current = src
			continue
		}
		if !src.Info().Whole {
			f.opened[i] = src
			continue
		}
		if err := src.Close(); err != nil {
			return nil, errors.Join(err, f.Close())
		}
	}
	return f, nil
}

// files is a Source that reads files one after the other.
type files struct {
	names   []string
	cfg     Config
	at      int // of current in names
	current Source
	opened  map[int]Source // files behind current that can be opened only once
	chosen  []string
	columns []Column
	rejects bool     // they are rejects files
	headers []header // the different headers of the files; nil before Columns, and if rows name their columns
	headed  []int    // for each file the index of its header
	size    int64
	unsized bool

	whole   bool     // all are regular files
	altered string   // why one of them has changed since Columns read it
	past    []*watch // the files that were read
	content string   // of them

	before   int64 // bytes of the files that were read
	ordinals int64 // rows of the files that were read
	rows     int64 // of current

	readAs   []Dialect // of an earlier run
	asBefore bool      // the earlier run kept none
	found    []Dialect // of the files that Columns has read
	layouts  []Layout  // of the same
}

func (f *files) ReadAs(known []Dialect) error {
	if f.headed != nil {
		if slices.Equal(known, f.Info().Dialects) {
			return nil
		}
		return errors.New("source: ReadAs was called after Columns")
	}
	f.readAs, f.asBefore = known, len(known) == 0
	return f.alike(0, f.current)
}

// alike makes the file be read as an earlier run, or Columns, has read it.
func (f *files) alike(i int, src Source) error {
	known := f.readAs
	if f.headed != nil {
		known = f.found
	}
	t, ok := src.(Redialer)
	switch {
	case !ok:
		return nil
	case i < len(known):
		return t.ReadAs(known[i : i+1])
	case f.asBefore:
		return t.ReadAs(nil)
	}
	return nil
}

// foundIn keeps the way in which a file is read.
func (f *files) foundIn(src Source) {
	info := src.Info()
	f.found = append(f.found, append(info.Dialects, Dialect{})[0])
	f.layouts = append(f.layouts, info.Layouts...)
}

// header is a set of columns, and the first file that has it.
type header struct {
	file  string
	names []string // sorted
}

func (f *files) Columns(ctx context.Context) ([]Column, error) {
	if f.headed != nil {
		return f.columns, nil
	}
	columns, err := f.current.Columns(ctx)
	if err != nil {
		return nil, f.named(err)
	}
	f.columns, f.rejects = columns, f.current.Info().Rejects
	headed := []int{f.header(0, columns)}
	f.found, f.layouts = nil, nil
	f.foundIn(f.current)
	for i := range f.names[1:] {
		at, err := f.look(ctx, i+1)
		if err != nil {
			return nil, err
		}
		headed = append(headed, at)
	}
	f.headed = headed
	return columns, nil
}

// look returns which header a file has that will be read later.
func (f *files) look(ctx context.Context, i int) (at int, err error) {
	src, kept := f.opened[i]
	if !kept {
		if src, err = Open(f.names[i], f.cfg); err != nil {
			return 0, err
		}
		defer func() { err = errors.Join(err, src.Close()) }()
	}
	if err := f.alike(i, src); err != nil {
		return 0, err
	}
	columns, err := src.Columns(ctx)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", printed.Line(f.names[i]), err)
	}
	f.foundIn(src)
	return f.header(i, columns), f.belongs(i, src, columns)
}

// belongs returns why a file cannot be read together with the first one.
func (f *files) belongs(i int, src Source, columns []Column) error {
	first, other := f.names[0], f.names[i]
	if rejects := src.Info().Rejects; rejects != f.rejects {
		if rejects {
			first, other = other, first
		}
		return &FormatError{Problem: fmt.Sprintf("%s is a rejects file, but %s is not", first, other), Hint: "load them separately, with the same mapping"}
	}
	if (columns == nil) != (f.columns == nil) || len(columns) > 0 && columns[0].Kind != f.columns[0].Kind {
		return &FormatError{Problem: fmt.Sprintf("%s has another format than %s", other, first), Hint: "load them separately"}
	}
	return nil
}

// header returns the index of a file's header. It adds a header that is new.
func (f *files) header(i int, columns []Column) int {
	if columns == nil {
		return 0
	}
	names := namesOf(columns)
	slices.Sort(names)
	at := slices.IndexFunc(f.headers, func(h header) bool { return slices.Equal(h.names, names) })
	if at < 0 {
		at = len(f.headers)
		f.headers = append(f.headers, header{f.names[i], names})
	}
	return at
}

func (f *files) Select(names []string) error {
	for _, h := range f.headers {
		for _, name := range names {
			at, found := slices.BinarySearch(h.names, name)
			switch {
			case !found:
				return &FormatError{Problem: fmt.Sprintf("%s has no column %q, which %s has", h.file, name, f.names[0]), Hint: "fix its header, or load it separately"}
			case at+1 < len(h.names) && h.names[at+1] == name:
				return &FormatError{Problem: fmt.Sprintf("%s has two columns %q", h.file, name), Hint: "rename one of them"}
			}
		}
	}
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

// advance opens the next file.
func (f *files) advance(ctx context.Context) error {
	f.past = append(f.past, f.current.(watched).watching())
	f.content = f.contents()
	if err := f.current.Close(); err != nil {
		return f.named(err)
	}
	f.at++
	f.ordinals += f.rows
	f.rows = 0
	next, kept := f.opened[f.at]
	if kept {
		delete(f.opened, f.at)
	} else {
		var err error
		if next, err = Open(f.names[f.at], f.cfg); err != nil {
			return err
		}
		if err := f.alike(f.at, next); err != nil {
			return errors.Join(err, next.Close())
		}
	}
	f.current = next
	columns, err := next.Columns(ctx)
	if err == nil {
		err = f.belongs(f.at, next, columns)
	}
	if err == nil {
		err = next.Select(f.chosen)
	}
	var format *FormatError
	if errors.As(err, &format) { // which Columns would have found before anything was sent
		err = errors.New("it has changed since the load began: " + format.Problem)
	}
	if err == nil && f.header(f.at, columns) != f.headed[f.at] && f.altered == "" {
		f.altered = f.names[f.at] + " has changed: it has other columns than when the load began"
	}
	return f.named(err)
}

// named adds the name of the file to an error.
func (f *files) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", printed.Line(f.names[f.at]), err)
}

// Info has no Size if the size of any file is not known.
func (f *files) Info() Info {
	info := origin{names: f.names}.info()
	if f.current != nil {
		current := f.current.Info()
		info.Delimiter, info.Rejects, info.Evidence = current.Delimiter, current.Rejects, current.Evidence
	}
	if slices.ContainsFunc(f.found, func(d Dialect) bool { return d != Dialect{} }) {
		info.Dialects = f.found
	}
	info.Layouts = f.layouts
	if !f.unsized {
		info.Size = f.size
	}
	info.Whole, info.Content = f.whole, f.contents()
	for _, h := range f.headers {
		info.Headers = append(info.Headers, h.names)
	}
	return info
}

func (f *files) contents() string {
	return fmt.Sprintf("%x, %s", maphash.String(seed, f.content), f.current.Info().Content)
}

// Changed checks the files that were read.
func (f *files) Changed(ctx context.Context) (string, error) {
	if f.altered != "" {
		return f.altered, nil
	}
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
	var errs []error
	for _, src := range f.opened {
		errs = append(errs, src.Close())
	}
	f.opened = nil
	if f.current != nil {
		errs = append(errs, f.current.Close())
	}
	return errors.Join(errs...)
}
