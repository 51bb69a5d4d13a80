package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"html"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/load"
)

// ownFile is a text that ciokit writes. Most of it is counts, times and hashes: an id of four digits is in nearly every journal, as a number. So only
// the places are searched that can contain an identifier.
type ownFile struct {
	kind, do string
	// places returns the texts of a line that can contain an identifier; nil if no line can.
	places func(line int64, text []byte) [][]byte
	// whole says that places needs the whole file in place of a line.
	whole bool
}

// ownKind returns which of ciokit's own files this is, nil if it is none of them.
func ownKind(file string, head []byte) *ownFile {
	begins := func(texts ...string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return bytes.HasPrefix(head, []byte(text)) })
	}
	has := func(text string) bool { return bytes.Contains(head, []byte(text)) }
	run := nextstep.New(nil, "runs clean", filepath.Base(filepath.Dir(file))).String()
	switch {
	case begins(`{"sum":"`) && has(`"header":{"version":`):
		return &ownFile{kind: "journal", do: "it has no rows, but the name of a file or the query of the load contains this; do not edit it; when the load is complete: " + run, places: placesOfJournal}
	case begins(`{"n":0,"at":"`), begins(`{"n":`) && has(`,"at":"`) && has(`,"entry":"`), begins("ciokit-erasure/", "ciokit erasure guard ", "c2sp.org/tlog-proof@"), begins(`{"pid":`):
		return &ownFile{kind: "record"} // no text of these can contain an identifier
	case begins("ciokit erasure plan "):
		return &ownFile{kind: "plan", do: "the reason or the request of the order contains this; the plan is signed, so it cannot be changed", places: placesOfPlan}
	case strings.HasSuffix(file, ".receipt") && has("\nplan "):
		return &ownFile{kind: "note", do: "the path of the receipt contains this; keep the file: without it the plan could be run again", places: firstLine}
	case begins("<!DOCTYPE html>") && has(": report of a receipt</title>"):
		return &ownFile{kind: "report", do: "the reason or the request of the order contains this; delete the page when nobody needs it", places: placesOfPage(receiptPlace), whole: true}
	case begins("<!DOCTYPE html>") && has(": load report</title>"):
		return &ownFile{kind: "report", do: "the name of a file or the query of the load contains this; delete the page when nobody needs it", places: placesOfPage(loadPlace), whole: true}
	case begins("{") && has(`"rows_rejected":`) && has(`"rejected_by_api":`):
		return &ownFile{kind: "report", do: "the name of a file or the query of the load contains this; delete the report when nobody needs it", places: placesOfSummary, whole: true}
	case begins("{") && has(`"ciokit":{"rejects":`):
		return &ownFile{kind: "rejects", do: rejectsDo, places: placesOfReject}
	}
	if first, _, _ := bytes.Cut(head, []byte("\n")); bytes.Contains(first, []byte("_error")) && bytes.Contains(first, []byte("_ciokit")) {
		return &ownFile{kind: "rejects", do: rejectsDo, places: placesOfRejectTable, whole: true}
	}
	return nil
}

// isReceiptHashes reports whether a file is the hashes of a receipt, which have no text at all.
func isReceiptHashes(file string) bool {
	if filepath.Base(file) != "hashes" {
		return false
	}
	info, err := os.Stat(filepath.Join(filepath.Dir(file), "entries.jsonl"))
	return err == nil && info.Mode().IsRegular()
}

const rejectsDo = "remove the rows of the person, or delete the file if you do not need the other rows any more"

// searchSnapshot looks through the people of a snapshot. Its entries are hashes, and its description has counts and times.
func (w *wanted) searchSnapshot(ctx context.Context, in io.Reader, info load.SnapshotInfo, c *eraseCopy) error {
	const mark, entry = 8, 16
	if _, err := io.CopyN(io.Discard, in, mark+entry*info.Entries); err != nil {
		return err
	}
	return w.searchText(ctx, io.LimitReader(in, info.IDsBytes), c)
}

// searchOwn looks through the places of one of ciokit's own texts.
func (w *wanted) searchOwn(ctx context.Context, in io.Reader, own *ownFile, c *eraseCopy) error {
	if own.places == nil {
		return nil
	}
	const longest = 64 << 20
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, longest)
	if own.whole {
		lines.Split(func(data []byte, end bool) (int, []byte, error) {
			if !end || len(data) == 0 {
				return 0, nil, nil
			}
			return len(data), data, nil
		})
	}
	for line := int64(1); lines.Scan(); line++ {
		for _, text := range own.places(line, lines.Bytes()) {
			n, _ := w.count(text, 0, len(text))
			if c.Places == 0 && n > 0 && !own.whole {
				c.Line = line
			}
			c.Places += n
		}
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
	}
	return lines.Err()
}

// givenTexts are the members of journals and reports whose texts somebody gave: names of files and columns, and the query. The program makes all
// others.
var givenTexts = []string{
	"source", "files", "file", "mapping", "query", "order_by", "columns", "json_path", "config", "key_file", "guard", "guard_key", "reports", "rejects", "resume",
	"snapshot", "diff_with", "snapshot to compare with", "deny", "deny_column", "deny list",
}

// given appends the texts of the givenTexts in a value of JSON: no numbers, no names of members.
func given(dst [][]byte, value any, in bool) [][]byte {
	switch v := value.(type) {
	case string:
		if in {
			dst = append(dst, []byte(v))
		}
	case []any:
		for _, e := range v {
			dst = given(dst, e, in)
		}
	case map[string]any:
		for name, e := range v {
			dst = given(dst, e, in || slices.Contains(givenTexts, name))
		}
	}
	return dst
}

// placesOfJournal returns the texts of a journal's header that somebody gave. A line that cannot be read is searched whole.
func placesOfJournal(_ int64, line []byte) [][]byte {
	var l struct{ Header map[string]any }
	if json.Unmarshal(line, &l) != nil {
		return [][]byte{line}
	}
	return given(nil, l.Header, false)
}

func placesOfSummary(_ int64, text []byte) [][]byte {
	var summary map[string]any
	if json.Unmarshal(text, &summary) != nil {
		return [][]byte{text}
	}
	return given(nil, summary, false)
}

func placesOfPlan(_ int64, line []byte) [][]byte {
	if bytes.HasPrefix(line, []byte("reason ")) || bytes.HasPrefix(line, []byte("request ")) {
		return [][]byte{line}
	}
	return nil
}

func firstLine(line int64, text []byte) [][]byte {
	if line == 1 {
		return [][]byte{text}
	}
	return nil
}

var (
	receiptPlace = regexp.MustCompile(`(?s)<th scope="row">(?:Reason|Request)</th><td>(.*?)</td>`)
	loadPlace    = regexp.MustCompile(`(?s)<(?:h1|code)>(.*?)</(?:h1|code)>`)
)

func placesOfPage(place *regexp.Regexp) func(int64, []byte) [][]byte {
	return func(_ int64, page []byte) (texts [][]byte) {
		for _, m := range place.FindAllSubmatch(page, -1) {
			texts = append(texts, []byte(html.UnescapeString(string(m[1]))))
		}
		return texts
	}
}

// placesOfReject returns the row of a reject, in whatever form the line has it, and the name of its file.
func placesOfReject(_ int64, line []byte) [][]byte {
	var r struct {
		File   string
		Row    *string
		Base64 []byte `json:"row_base64"`
		Ciokit struct{ Sent []byte }
	}
	if json.Unmarshal(line, &r) != nil {
		return [][]byte{line}
	}
	texts := [][]byte{[]byte(r.File), r.Base64}
	if r.Row != nil {
		texts = append(texts, []byte(*r.Row))
	}
	if !bytes.Equal(r.Ciokit.Sent, r.Base64) && (r.Row == nil || string(r.Ciokit.Sent) != *r.Row) {
		texts = append(texts, r.Ciokit.Sent)
	}
	return texts
}

// placesOfRejectTable returns the fields of rejects in CSV, without the columns that say where each row was and why it was rejected.
func placesOfRejectTable(_ int64, table []byte) (texts [][]byte) {
	at := bytes.Index(table, []byte("_error"))
	if at > 1 && table[at-1] == '"' {
		at--
	}
	in := csv.NewReader(bytes.NewReader(table))
	in.FieldsPerRecord, in.LazyQuotes = -1, true
	if at > 0 && table[at-1] < 0x80 {
		in.Comma = rune(table[at-1])
	}
	rows, err := in.ReadAll()
	if err != nil {
		return [][]byte{table}
	}
	for _, row := range rows {
		for i, field := range row {
			if i < len(rows[0]) {
				switch rows[0][i] {
				case "_error", "_line":
					continue
				case "_ciokit":
					var kept struct{ Sent []byte }
					if json.Unmarshal([]byte(field), &kept) == nil {
						texts = append(texts, kept.Sent)
						continue
					}
				}
			}
			texts = append(texts, []byte(field))
		}
	}
	return texts
}

// kindOfCopy says what any other file is, and what to do about the identifiers in it.
func kindOfCopy(file string, head []byte) (kind, do string) {
	name := filepath.Base(file)
	has := func(text string) bool { return bytes.Contains(head, []byte(text)) }
	switch {
	case strings.HasPrefix(name, "outbox.db"):
		return "outbox", "put each identifier into a file, and give it to: " + nextstep.New(nil, "outbox purge", console.ShortPath(filepath.Dir(file))).With("id-file", "FILE").String()
	case has("SQLite format 3\x00"), strings.HasSuffix(name, "-wal"):
		return "database", "delete the person there, then rewrite the database (VACUUM)"
	case bytes.HasPrefix(head, []byte(snapshotMark)):
		return "snapshot", "load once without the person with --mode mirror, or delete the snapshot and start again"
	case bytes.HasPrefix(head, []byte(spoolMark)):
		return "spool", "an unfinished load needs it: resume the load to its end, or give the load up with: " + nextstep.New(nil, "runs clean", filepath.Base(filepath.Dir(file))).String()
	case strings.Contains(name, ".rejects"):
		return "rejects", rejectsDo
	case has(`{"rejects":`), has(`"messageId":`):
		return "messages", "remove the lines, or the file when you no longer need it"
	case bytes.HasPrefix(head, []byte("PAR1")):
		return "Parquet", "export it again without the person"
	}
	if targets, _, err := erasure.ReadTargets(file); err == nil && len(targets) > 0 {
		return "targets", "delete the file when you have verified the people"
	}
	return "file", "check that this is the person; if it is, remove the person from the file, or delete the file if nothing needs it"
}
