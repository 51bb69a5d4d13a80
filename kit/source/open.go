package source

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"

	"github.com/ciokit/cio/kit/internal/spelling"
)

// Format is a way to write rows.
type Format string

const (
	// FormatCSV is comma-separated values as in RFC 4180, with a header; [Config] says what is accepted and rejected.
	FormatCSV Format = "csv"
	// FormatJSONLines is one JSON object a line.
	FormatJSONLines Format = "jsonl"
	// FormatParquet is Apache Parquet. Its values become JSON without losing a digit, as described in docs/load.md.
	FormatParquet Format = "parquet"
)

// DefaultMaxRowBytes is the default of Config.MaxRowBytes.
const DefaultMaxRowBytes = 1 << 20

// Config says how to read an input. With the zero value, the input itself decides.
//
// An input that begins like gzip, zstd, bzip2 or xz is decompressed. The only file in a ZIP archive is read. An input that is known not to be rows of
// text, such as a spreadsheet, is a *FormatError. A byte order mark is dropped. Blank lines are skipped.
//
// What Config does not give about CSV, the beginning of the input shows: see [DetectDialect]. If it is not clear there, that is a *FormatError. A
// field may be quoted; it can then contain delimiters, line ends (CRLF becomes LF, as in encoding/csv) and doubled quotes. A row is bad if it has
// another number of fields than the header, if it only makes sense in another dialect, if it repeats the header, or if it has a misplaced quote. A
// row with a misplaced quote ends with the line on which that quote was opened, and reading continues on the next line, so that one missing quote
// does not cost the rest of the input.
//
// JSON is objects (one a line, or with any blanks or nothing between them) or lists of objects. Each object is a row, and may span lines. Numbers
// keep their text. A broken line of JSON Lines is a bad row. If objects span lines, or are in a list, an error in the JSON ends the input. A row is
// bad if it has two members with the same name and different values, and that column is selected.
type Config struct {
	// Format is the format of the input. Default: Parquet if it begins like Parquet; otherwise by the extension of the name (.csv, .tsv, .tab,
	// .jsonl, .ndjson, .json, .parquet, also in upper case); otherwise by the first byte (an opening brace or bracket means JSON Lines, anything else
	// CSV).
	Format Format
	// Delimiter separates the fields of CSV. Default: what the input shows; if it shows none, a comma, or a tab for a name that ends in .tsv or .tab.
	// It is any ASCII character except a quote, CR and LF.
	Delimiter byte
	// Quote encloses fields of CSV; None if quotes are text. Default: what the input shows. If it is given, no field is rejected because it seems to
	// contain rows.
	Quote byte
	// Escape makes the next character data; None if a quote in a quoted field is doubled. Default: what the input shows.
	Escape byte
	// LineEnd says what ends a line of CSV. Default: what the input shows. With LF, a carriage return elsewhere is data.
	LineEnd LineEnd
	// Encoding is the encoding of the input, such as utf-16 or windows-1252. Default: the one of the byte order mark, or utf-8 without a mark. One
	// that contradicts the mark is a *FormatError. Bytes that are not valid in an encoding other than UTF-8 become U+FFFD. Rows are kept as UTF-8.
	Encoding string
	// Columns are the names of the columns of CSV without a header. Default: the first line names them.
	Columns []string
	// AllRows treats every row of CSV with the right number of fields as data. Otherwise these are bad rows: a row that repeats the header, a row
	// below a header with other columns, a line of dashes, a note such as a row count, and totals at the end.
	AllRows bool
	// JSONPath says where in objects of JSON the rows are: the names of members with points between them, such as data.customers, or a JSON pointer,
	// such as /data/customers. At that place is a list of rows, or one row. Default: the objects are the rows.
	JSONPath string
	// SkipLines is how many lines are skipped at the beginning, before the header; default 0.
	SkipLines int
	// MaxRowBytes is the length of the longest row, in bytes of input; default DefaultMaxRowBytes. A longer one is a bad row. It bounds the memory of
	// a Source, and how far it searches for the closing quote of a CSV field.
	MaxRowBytes int

	looks bool // the Delimiter was not given
}

func (c Config) withDefaults(name string) (Config, error) {
	ext := strings.ToLower(filepath.Ext(uncompressedName(name)))
	if c.Format == "" {
		switch ext {
		case ".csv", ".tsv", ".tab":
			c.Format = FormatCSV
		case ".jsonl", ".ndjson", ".json", ".jsonlines", ".json-seq":
			c.Format = FormatJSONLines
		case ".parquet", ".parq", ".pq":
			c.Format = FormatParquet
		}
	}
	if c.Format == "json" || c.Format == "" && c.JSONPath != "" {
		c.Format = FormatJSONLines
	}
	if c.JSONPath != "" && c.Format != FormatJSONLines {
		return c, fmt.Errorf("source: the path %q (--json-path) is only for JSON, and the input is %s; remove the path, or give the format json", c.JSONPath, c.Format)
	}
	if c.JSONPath != "" && slices.Contains(c.path(), "") {
		return c, fmt.Errorf("source: the path %q (--json-path) has an empty name; give the names of members, such as data.customers, or a JSON pointer, such as /data/customers", c.JSONPath)
	}
	switch c.Format {
	case "", FormatCSV, FormatJSONLines, FormatParquet:
	default:
		return c, fmt.Errorf("source: the format %q is not known; give %s, %s or %s%s", c.Format, FormatCSV, FormatJSONLines, FormatParquet, nearFormat(string(c.Format)))
	}
	if c.Delimiter == 0 {
		c.Delimiter, c.looks = ',', true
		if ext == ".tsv" || ext == ".tab" {
			c.Delimiter = '\t'
		}
	}
	if strings.IndexByte("\"\r\n", c.Delimiter) >= 0 || c.Delimiter >= 0x80 {
		return c, fmt.Errorf("source: %q cannot be the delimiter; give a single ASCII character that is neither a quote nor a line end", string(rune(c.Delimiter)))
	}
	if err := c.checkDialect(); err != nil {
		return c, err
	}
	if c.SkipLines < 0 {
		return c, errors.New("source: SkipLines is negative; give 0 for none")
	}
	if c.MaxRowBytes == 0 {
		c.MaxRowBytes = DefaultMaxRowBytes
	}
	if c.MaxRowBytes < 0 {
		return c, errors.New("source: MaxRowBytes is negative; give 0 for the default")
	}
	return c, nil
}

// Open opens the named file; "-" is standard input.
func Open(name string, cfg Config) (Source, error) {
	if name == "-" {
		return New(os.Stdin, cfg)
	}
	given := cfg
	cfg, err := cfg.withDefaults(name)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && info.IsDir() {
		err = fmt.Errorf("source: %s is a directory; give a file", name)
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	if info.Mode().IsRegular() {
		var mark [4]byte
		if n, _ := f.ReadAt(mark[:], 0); string(mark[:n]) == "PK\x03\x04" {
			src, err := openZip(name, f, info, given)
			if err != nil {
				return nil, errors.Join(err, f.Close())
			}
			return src, nil
		}
		magic := func(at int64) bool {
			var mark [len(parquetMagic)]byte
			n, _ := f.ReadAt(mark[:], at)
			return string(mark[:n]) == parquetMagic
		}
		// Text may also begin like Parquet, but it does not end like it.
		if magic(0) && (!cfg.text() || magic(info.Size()-int64(len(parquetMagic)))) {
			p, err := openParquet(f, f, info.Size(), cfg.MaxRowBytes)
			if err != nil {
				return nil, err
			}
			p.origin = origin{names: []string{name}, cfg: cfg}
			p.watched = &watch{name: name, was: info}
			return p, nil
		}
	}
	t := newText(f, cfg)
	t.closer, t.origin = f, origin{names: []string{name}, cfg: cfg}
	if info.Mode().IsRegular() {
		t.size = info.Size()
		t.watched = &watch{name: name, was: info, again: textAgain(func() (io.ReadCloser, error) { return os.Open(name) }, t.in.sum)}
	}
	return t, nil
}

// text reports whether the caller declares the input as text.
func (c Config) text() bool { return c.Format == FormatCSV || c.Format == FormatJSONLines }

// New reads r in the background until the input ends or the Source is closed. Close does not close r. Parquet is first copied into a temporary file
// of mode 0600, because it is read from its end; Close removes the file.
func New(r io.Reader, cfg Config) (Source, error) {
	cfg, err := cfg.withDefaults("")
	if err != nil {
		return nil, err
	}
	return newText(r, cfg), nil
}

// framer cuts the input into rows of one format.
type framer interface {
	// columns reads the header, if the format has one.
	columns(ctx context.Context, w *window) ([]Column, error)
	// choose is Source.Select.
	choose(names []string) error
	// frame appends the rows that are complete in w to b, up to a sensible number, and uses up their bytes.
	frame(w *window, b *Batch)
}

// text is a Source of lines.
type text struct {
	in     *decoder
	win    window
	cfg    Config
	framer framer // nil until Columns
	cols   []Column
	size   int64
	closer io.Closer
	origin
	watched *watch // nil for an input that can be read only once
	says    bool   // the input itself shows its encoding
	dialects

	spooled atomic.Pointer[parquetSource] // set if the input is Parquet; nil if it is text
}

func newText(r io.Reader, cfg Config) *text {
	d := newDecoder(r, cfg.Encoding) // which was checked by withDefaults
	return &text{in: d, win: newWindow(d), cfg: cfg}
}

// used returns how many bytes of the input are used up. For an input that is compressed or converted, it returns how many have been read.
func (t *text) used() int64 {
	if t.in.packed.Load() {
		return t.in.consumed.Load()
	}
	return t.win.used()
}

func (t *text) Columns(ctx context.Context) ([]Column, error) {
	if p := t.spooled.Load(); p != nil {
		return p.Columns(ctx)
	}
	if t.framer != nil {
		return t.cols, nil
	}
	const marks = 4 // bytes of the longest byte order mark, and enough of a magic number
	if err := t.win.head(ctx, func(data []byte) bool { return len(data) >= marks }); err != nil {
		return nil, err
	}
	if bytes.HasPrefix(t.win.rest(), []byte(parquetMagic)) && !t.cfg.text() {
		p, err := t.spool(ctx)
		if err != nil {
			return nil, err
		}
		t.spooled.Store(p)
		return p.Columns(ctx)
	}
	if t.cfg.Format == FormatParquet {
		return nil, &FormatError{Problem: "the input does not begin like a Parquet file", Hint: "give its format: --format csv or jsonl"}
	}
	t.win.dropBOM()
	t.marked()
	if rejects, err := newRejects(ctx, &t.win, t.cfg.MaxRowBytes); rejects != nil || err != nil {
		return t.readRejects(ctx, rejects, err)
	}
	line, err := t.skipLines(ctx, max(t.cfg.SkipLines, t.skips()))
	if err != nil {
		return nil, err
	}
	format := t.cfg.Format
	if format == "" {
		inked := func(data []byte) bool { return len(data) > chunkBytes || len(bytes.TrimLeft(data, " \t\r\n")) > 0 }
		if err := t.win.head(ctx, inked); err != nil {
			return nil, err
		}
		format = FormatCSV
		if head := bytes.TrimLeft(t.win.rest(), " \t\r\n"); len(head) > 0 && (head[0] == '{' || head[0] == '[' || head[0] == recordSeparator) {
			format = FormatJSONLines
		}
	}
	if format == FormatJSONLines {
		if err := noObjects(ctx, &t.win, line); err != nil {
			return nil, err
		}
	}
	var f framer = &jsonFramer{limit: t.cfg.MaxRowBytes, line: line, path: t.cfg.path(), spans: true}
	if format == FormatCSV {
		if beginsJSON(t.win.rest()) {
			return nil, &FormatError{Line: line, Problem: "the input is JSON, but the format is given as CSV", Hint: "use --format jsonl", Flag: "format", Value: string(FormatJSONLines)}
		}
		if f, err = t.delimited(ctx, line); err != nil {
			return nil, err
		}
	}
	cols, err := f.columns(ctx, &t.win)
	if err != nil {
		return nil, err
	}
	t.framer, t.cols = f, cols
	return cols, nil
}

// marked keeps the encoding that the input itself shows.
func (t *text) marked() {
	if name := t.in.encoding.Load(); name != nil && *name != "utf-8" && *name != encodingName(t.cfg.Encoding) {
		t.cfg.Encoding, t.says = *name, true
	}
}

// readRejects reads the rows as those of a rejects file, whatever the Config says about the input.
func (t *text) readRejects(ctx context.Context, f *rejectsFramer, err error) ([]Column, error) {
	if err != nil {
		return nil, err
	}
	cols, err := f.columns(ctx, &t.win)
	if err != nil {
		return nil, err
	}
	if t.framer, t.cols = f, cols; cols != nil {
		t.cfg.Delimiter = f.form.Delimiter[0]
	}
	return cols, nil
}

func (t *text) Select(names []string) error {
	if p := t.spooled.Load(); p != nil {
		return p.Select(names)
	}
	if t.framer == nil {
		return errors.New("source: Select was called before Columns")
	}
	return t.framer.choose(names)
}

func (t *text) Next(ctx context.Context, b *Batch) error {
	if p := t.spooled.Load(); p != nil {
		return p.Next(ctx, b)
	}
	if t.framer == nil {
		return errors.New("source: Next was called before Columns")
	}
	b.reset()
	for {
		t.framer.frame(&t.win, b)
		if b.Offset = t.used(); len(b.Rows) > 0 {
			return nil
		}
		if f, ok := t.framer.(*jsonFramer); ok {
			if err := f.failure(&t.win); err != nil {
				return err
			}
		}
		if t.win.err != nil {
			return t.win.err
		}
		t.win.slide()
		if err := t.win.fill(ctx); err != nil {
			return err
		}
	}
}

// spool copies the input into a file and opens it as Parquet.
func (t *text) spool(ctx context.Context) (*parquetSource, error) {
	f, err := newSpool()
	if err != nil {
		return nil, err
	}
	size := int64(0)
	for err == nil {
		var n int
		if n, err = f.Write(t.win.rest()); err != nil {
			break
		}
		size += int64(n)
		t.win.pos = len(t.win.buf)
		t.win.slide()
		err = t.win.fill(ctx)
	}
	if err != io.EOF {
		return nil, errors.Join(err, f.Close())
	}
	return openParquet(f, f, size, t.cfg.MaxRowBytes)
}

func (t *text) Info() Info {
	info := t.info()
	if p := t.spooled.Load(); p != nil {
		info.Size, info.Rows, info.Layouts = p.size, p.file.NumRows(), p.layouts()
		return info
	}
	info.Dialects, info.Evidence = t.found()
	info.Size, info.Delimiter, info.Whole, info.Content = t.size, t.cfg.Delimiter, t.watched != nil, t.in.sum.content()
	info.Compression = t.in.compressed()
	_, info.Rejects = t.framer.(*rejectsFramer)
	if t.framer != nil {
		info.Layouts = []Layout{t.layout()}
	}
	return info
}

func (t *text) Changed(ctx context.Context) (string, error) { return t.watching().changed(ctx) }

func (t *text) watching() *watch { return t.watched }

func (t *text) Close() error {
	t.win.in.close()
	var err error
	if p := t.spooled.Load(); p != nil {
		err = p.Close()
	}
	if t.closer != nil {
		err = errors.Join(err, t.closer.Close())
	}
	return err
}

const (
	// batchRows bounds the rows of a Batch: enough to keep the cost of a call small, few enough to keep the memory small.
	batchRows = 4096
	// keptBytes is how much is kept of a row over the limit, so that a user can recognize it.
	keptBytes = 64 << 10
)

// trimEnd removes the end of a line.
func trimEnd(line []byte) []byte {
	n := len(line)
	if n > 0 && line[n-1] == '\n' {
		n--
	}
	if n > 0 && line[n-1] == '\r' {
		n--
	}
	return line[:n]
}

// nearFormat suggests the format with the nearest name.
func nearFormat(name string) string {
	for _, alias := range []struct {
		words  []string
		format Format
	}{{[]string{"tsv", "tab", "txt", "text"}, FormatCSV}, {[]string{"ndjson", "jsonlines", "jsonl", "json"}, FormatJSONLines}, {[]string{"parquet", "pq"}, FormatParquet}} {
		if spelling.Nearest(name, append(alias.words, string(alias.format))) != "" {
			return "; did you mean " + string(alias.format) + "?"
		}
	}
	return ""
}
