package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"html"
	"html/template"
	"io"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/source"
	"github.com/spf13/cobra"
)

func newEraseFindCopies(con console.Console) *cobra.Command {
	var person erasePerson
	var asJSON bool
	cmd := &cobra.Command{
		Use: "find-copies PATH... --id ID", Short: "Find files that hold a person's identifiers in clear, such as rejects, snapshots and outboxes", Args: cobra.MinimumNArgs(1),
		Long: `Find files that contain identifiers of a person in clear: rejects, snapshots, outboxes, dead letters, databases of an
emulator, exports and lists. Each PATH is a file, or a directory that is searched with all directories below it. Nothing is changed. Compressed
files and Parquet are read too. Give each identifier of the person. In files that ciokit writes, the command searches only the places that can
contain an identifier, not the counts, times and hashes of a journal, a receipt or a report.

A file may contain a person in a form that the command does not find: under another name, encrypted, in an archive of several files, or
split between the pages of a database. Check each finding before you remove anything: a short id appears in many places. The exit code is
6 if something was found, and 1 if a path does not exist or could not be read to the end: the command names it, and prints what it found elsewhere.`,
		Example: `  ciokit erase find-copies rejects exports /var/lib/orders/outbox ~/.local/state/ciokit --id-file -`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return eraseFindCopies(cmd.Context(), con, args, &person, asJSON)
		},
	}
	person.flags(cmd)
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// eraseCopy is a file with identifiers of the person.
type eraseCopy struct {
	File string `json:"file"`
	Kind string `json:"kind"`
	// Places counts where they are, and Line is the first of these lines in a text; 0 in a file without lines.
	Places int64  `json:"places"`
	Line   int64  `json:"line,omitempty"`
	Do     string `json:"do"`
}

// eraseSearched is what a search found.
type eraseSearched struct {
	Files  int64       `json:"files"`
	Copies []eraseCopy `json:"copies"`
	// Unread are files that could not be read.
	Unread []string `json:"unread"`
}

func eraseFindCopies(ctx context.Context, con console.Console, paths []string, person *erasePerson, asJSON bool) error {
	ids, err := person.read(con)
	if err != nil {
		return err
	}
	w := wantedIn(ids)
	found := eraseSearched{Copies: []eraseCopy{}, Unread: []string{}}
	var missing []string
	for _, path := range paths {
		err := filepath.WalkDir(path, func(file string, e fs.DirEntry, err error) error {
			switch {
			case ctx.Err() != nil:
				return context.Cause(ctx)
			case err != nil:
				found.Unread = append(found.Unread, file)
				if file == path && errors.Is(err, fs.ErrNotExist) {
					missing = append(missing, file)
				}
				return nil
			case !e.Type().IsRegular() && file != path || e.IsDir():
				return nil
			}
			found.Files++
			c, err := w.search(ctx, file)
			if err != nil {
				found.Unread = append(found.Unread, file)
			}
			if c.Places > 0 {
				found.Copies = append(found.Copies, c)
			}
			return nil
		})
		if err != nil {
			return exit.With(exit.Interrupted, err)
		}
	}
	var ended error
	switch {
	case len(found.Unread) > 0:
		ended = exit.Fail(exit.Local, "%s", found.unread(missing))
	case len(found.Copies) > 0:
		ended = exit.With(exit.Rejects, nil)
	}
	if asJSON {
		return errors.Join(ended, eraseJSON(con.Out, found))
	}
	for _, c := range found.Copies {
		where, kind := "", ""
		if c.Kind != "file" {
			kind = " (" + c.Kind + ")"
		}
		if c.Line > 0 {
			where = fmt.Sprintf(", first in line %d", c.Line)
		}
		fmt.Fprintf(con.Out, "%s: %s%s%s: %s\n", eraseShort(c.File), plural.Count(c.Places, "place", "places"), where, kind, c.Do)
	}
	fmt.Fprintf(con.Out, "%s searched, %s with identifiers of the person.\n", plural.Count(found.Files, "file", "files"), plural.Grouped(int64(len(found.Copies))))
	return ended
}

// unread says which paths were not searched completely. The missing ones are among them.
func (s *eraseSearched) unread(missing []string) string {
	var said, torn []string
	for _, file := range s.Unread {
		if !slices.Contains(missing, file) {
			torn = append(torn, file)
		}
	}
	if len(missing) > 0 {
		said = append(said, "there is no file or directory "+shortList(missing)+": check the path")
	}
	if len(torn) > 0 {
		said = append(said, plural.Count(len(torn), "file or directory could", "files or directories could")+" not be read to the end, and may contain more than was found: "+shortList(torn))
	}
	return strings.Join(said, "; ")
}

// shortList names all files, without characters that a terminal could act on.
func shortList(files []string) string {
	short := make([]string, len(files))
	for i, file := range files {
		short[i] = eraseShort(file)
	}
	return strings.Join(short, ", ")
}

// wanted are identifiers in the forms in which files contain them.
type wanted struct {
	exact, folded [][]byte
	longest       int
	// binary says that any byte can be next to an identifier, such as a length.
	binary bool
}

func wantedIn(ids []string) *wanted {
	w := &wanted{}
	for _, id := range ids {
		forms := map[string]bool{id: true, url.QueryEscape(id): true, url.PathEscape(id): true, html.EscapeString(id): true, template.HTMLEscapeString(id): true}
		if quoted, err := json.Marshal(id); err == nil {
			forms[string(quoted[1:len(quoted)-1])] = true
		}
		for form := range forms {
			w.longest = max(w.longest, len(form))
			if erasure.KindOf(id) == erasure.KindEmail {
				w.folded = append(w.folded, asciiLower([]byte(form)))
			} else {
				w.exact = append(w.exact, []byte(form))
			}
		}
	}
	return w
}

// asciiLower is a text with small letters, of the same length.
func asciiLower(text []byte) []byte {
	out := bytes.Clone(text)
	for i, c := range out {
		if c >= 'A' && c <= 'Z' {
			out[i] = c + 'a' - 'A'
		}
	}
	return out
}

// search searches one file.
func (w *wanted) search(ctx context.Context, file string) (c eraseCopy, err error) {
	c.File = file
	f, err := os.Open(file)
	if err != nil {
		return c, err
	}
	var room [512]byte
	n, err := io.ReadFull(f, room[:])
	if err = errors.Join(f.Close(), ignoreEnd(err)); err != nil {
		return c, err
	}
	head := room[:n]
	if isReceiptHashes(file) {
		return c, nil
	}
	if bytes.HasPrefix(head, []byte("PAR1")) {
		c.Kind, c.Do = kindOfCopy(file, head)
		return c, w.searchRows(ctx, file, &c)
	}
	if isBinary(head) {
		c.Kind, c.Do = kindOfCopy(file, head)
		f, err := os.Open(file)
		if err != nil {
			return c, err
		}
		binary := *w
		binary.binary = true
		if info, bad := load.ReadSnapshotInfo(file); bad == nil {
			err = binary.searchSnapshot(ctx, f, info, &c)
		} else {
			err = binary.searchText(ctx, f, &c)
		}
		c.Line = 0
		return c, errors.Join(err, f.Close())
	}
	text, err := openCopy(file, head)
	if err != nil {
		return c, err
	}
	in := bufio.NewReaderSize(text, copyHead)
	head, err = in.Peek(copyHead)
	if err = ignoreEnd(err); err != nil {
		return c, errors.Join(err, text.Close())
	}
	if own := ownKind(file, head); own != nil {
		c.Kind, c.Do = own.kind, own.do
		return c, errors.Join(w.searchOwn(ctx, in, own, &c), text.Close())
	}
	c.Kind, c.Do = kindOfCopy(file, head)
	return c, errors.Join(w.searchText(ctx, in, &c), text.Close())
}

// copyHead is how many bytes of a text are enough to know what it is.
const copyHead = 64 << 10

// openCopy opens a text that can be compressed. A page of HTML and XML have no rows to load, but they are text.
func openCopy(file string, head []byte) (io.ReadCloser, error) {
	text, err := source.OpenText(file, "")
	var form *source.FormatError
	if errors.As(err, &form) && bytes.HasPrefix(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\xef\xbb\xbf")), " \t\r\n"), []byte("<")) {
		return os.Open(file)
	}
	return text, err
}

// isBinary reports whether a file is neither text nor a compressed one.
func isBinary(head []byte) bool {
	for _, begin := range []string{"\xff\xfe", "\xfe\xff", "\x1f\x8b", "\x28\xb5\x2f\xfd", "BZh", "\xfd7zXZ"} {
		if bytes.HasPrefix(head, []byte(begin)) {
			return false
		}
	}
	return bytes.IndexByte(head, 0) >= 0 || bytes.HasPrefix(head, []byte(snapshotMark)) || bytes.HasPrefix(head, []byte(spoolMark))
}

// snapshotMark begins a snapshot of ciokit load.
const snapshotMark = "ciosnap"

// spoolMark begins what an unfinished load has kept for its snapshot.
const spoolMark = "ciospol"

func ignoreEnd(err error) error {
	if err == io.EOF || err == io.ErrUnexpectedEOF {
		return nil
	}
	return err
}

// searchRows searches the rows of a Parquet file.
func (w *wanted) searchRows(ctx context.Context, file string, c *eraseCopy) error {
	src, err := source.Open(file, source.Config{Format: source.FormatParquet})
	if err != nil {
		return err
	}
	defer src.Close()
	columns, err := src.Columns(ctx)
	if err != nil {
		return err
	}
	var names []string
	for _, col := range columns {
		names = append(names, col.Name)
	}
	if err := src.Select(names); err != nil {
		return err
	}
	var rows source.Batch
	for {
		if err := src.Next(ctx, &rows); err != nil {
			return ignoreEnd(err)
		}
		for i := range rows.Rows {
			n, _ := w.count(rows.Rows[i].Raw, 0, len(rows.Rows[i].Raw))
			c.Places += n
		}
	}
}

// searchText searches a text, piece by piece.
func (w *wanted) searchText(ctx context.Context, in io.Reader, c *eraseCopy) error {
	const piece = 1 << 20
	around := w.longest + utf8.UTFMax
	buf := make([]byte, 0, piece+2*around)
	line := int64(1)
	begin := 0 // of the part that was not searched; the byte before it bounds it
	for {
		n, err := io.ReadFull(in, buf[len(buf):len(buf)+piece])
		buf = buf[:len(buf)+n]
		end := len(buf) - around // an identifier that begins before this is complete here
		if err != nil {
			end = len(buf)
		}
		if end > begin {
			places, first := w.count(buf, begin, end)
			if c.Places == 0 && places > 0 {
				c.Line = line + int64(bytes.Count(buf[begin:first], []byte{'\n'}))
			}
			c.Places += places
			line += int64(bytes.Count(buf[begin:end], []byte{'\n'}))
			begin = end
		}
		if err != nil {
			return ignoreEnd(err)
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		keep := max(0, begin-utf8.UTFMax)
		buf = append(buf[:0], buf[keep:]...)
		begin -= keep
	}
}

// shortID is the largest length of an identifier that can occur in any binary file by chance.
const shortID = 5

// count counts the identifiers that begin in text[from:to] and are not part of another word, and returns where the first one begins.
func (w *wanted) count(text []byte, from, to int) (n int64, first int) {
	first = len(text)
	in := func(text []byte, forms [][]byte) {
		for _, form := range forms {
			for at := from; at < to; {
				i := bytes.Index(text[at:], form)
				if i < 0 || at+i >= to {
					break
				}
				at += i
				if w.binary && len(form) > shortID || standsAlone(text, at, at+len(form)) {
					n++
					first = min(first, at)
				}
				at++
			}
		}
	}
	in(text, w.exact)
	if len(w.folded) > 0 {
		in(asciiLower(text), w.folded)
	}
	return n, first
}

// standsAlone reports whether no letter and no digit is directly before from or directly after to.
func standsAlone(text []byte, from, to int) bool {
	before, _ := utf8.DecodeLastRune(text[:from])
	after, _ := utf8.DecodeRune(text[to:])
	word := func(r rune) bool { return r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r)) }
	return !word(before) && !word(after)
}
