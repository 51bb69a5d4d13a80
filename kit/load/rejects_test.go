package load

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

var keptPart = regexp.MustCompile(`,"ciokit":\{.*?\}\}`)

// withoutKept returns rejects as JSON Lines without the data for loading them again.
func withoutKept(rejects string) string { return keptPart.ReplaceAllString(rejects, "}") }

// loop loads rows and the rejects that are made of them.
type loop struct {
	t       *testing.T
	mapping string
	refuse  func(message string) bool // for the API, in the first load
	csv     bool                      // the form of the rejects
	comma   bool
	loads   int
}

// load returns the rejects and the messages that were accepted, by their ids.
func (l *loop) load(src source.Source) (rejects string, accepted map[string]string, s Summary) {
	l.t.Helper()
	client := new(fakeClient)
	if l.loads++; l.refuse != nil && l.loads == 1 {
		client.send = func(_ context.Context, _ int, messages []cio.Message) error {
			lost := make(map[int]cio.Failure)
			for i, m := range messages {
				if data, _ := m.(*cio.Encoded).AppendJSON(nil); l.refuse(string(data)) {
					lost[i] = cio.Failure{Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400}}
				}
			}
			if len(lost) == 0 {
				return nil
			}
			return failures(len(messages), lost)
		}
	}
	var out bytes.Buffer
	s, err := Run(l.t.Context(), Job{Source: src, Mapping: mustMapping(l.t, l.mapping), Client: client, Rejects: &out, RejectsCSV: l.csv, DecimalComma: l.comma})
	if err != nil {
		l.t.Fatal(err)
	}
	checkSum(l.t, s)
	accepted = make(map[string]string)
	for _, m := range client.accepted {
		var id struct {
			MessageID string `json:"messageId"`
		}
		if err := json.Unmarshal([]byte(m), &id); err != nil {
			l.t.Fatal(err)
		}
		if _, twice := accepted[id.MessageID]; twice {
			l.t.Errorf("two messages have the id %s", id.MessageID)
		}
		accepted[id.MessageID] = timestampPart.ReplaceAllString(m, "")
	}
	return out.String(), accepted, s
}

func (l *loop) loadText(text string) (string, map[string]string, Summary) {
	l.t.Helper()
	if text == "" { // nothing was rejected
		return "", nil, Summary{}
	}
	return l.load(mustSource(l.t, text, source.Config{}))
}

// mendLines edits the rows of rejects as JSON Lines as a program would, and changes nothing else.
func mendLines(t *testing.T, rejects string, mend func(line int64, row string) (string, bool)) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(rejects) {
		var object map[string]any
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&object); err != nil {
			t.Fatal(err)
		}
		n, _ := object["line"].(json.Number).Int64()
		row, _ := object["row"].(string)
		if mended, ok := mend(n, row); ok {
			object["row"] = mended
		}
		data, _ := json.Marshal(object) // in another order and with other escapes than before
		out.Write(append(data, '\n'))
	}
	return out.String()
}

// mendTable edits rejects as CSV as a spreadsheet would, and saves them with that spreadsheet's delimiter.
func mendTable(t *testing.T, rejects string, read, write rune, mend func(line int64, row map[string]string)) string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(rejects))
	r.Comma = read
	all, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%v\n%s", err, rejects)
	}
	if len(all) == 0 {
		return rejects
	}
	for _, record := range all[1:] {
		row := make(map[string]string)
		for i, name := range all[0] {
			row[name] = record[i]
		}
		n, err := strconv.ParseInt(row["_line"], 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		mend(n, row)
		for i, name := range all[0] {
			record[i] = row[name]
		}
	}
	var out bytes.Buffer
	w := csv.NewWriter(&out)
	w.Comma = write
	w.UseCRLF = true
	if err := w.WriteAll(all); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// randomCell is text that CSV must quote and JSON must escape.
func randomCell(rnd *rand.Rand) string {
	const letters = "abz,;\t \"\n'\\{}é漢𝄞<&0=-"
	r := []rune(letters)
	var b strings.Builder
	for range rnd.IntN(8) {
		b.WriteRune(r[rnd.IntN(len(r))])
	}
	return b.String()
}

// A damaged table is loaded. Its rejects are partly fixed and loaded, and then the new rejects are all fixed and loaded. Together, the same is sent
// as for the undamaged table: nothing is missing, nothing is sent twice, and rows that were not fixed are rejected for the same reason.
func TestRejectsLoop(t *testing.T) {
	t.Parallel()
	seeds := uint64(400)
	if testing.Short() {
		seeds = 60
	}
	for seed := range seeds {
		t.Run(strconv.FormatUint(seed, 10), func(t *testing.T) { testRejectsLoop(t, rand.New(rand.NewPCG(seed, 12))) })
	}
}

type damagedRow struct {
	line                int64 // on which it begins
	sound, damaged, bad string
	n                   string // of the undamaged row
	torn                bool
}

func testRejectsLoop(t *testing.T, rnd *rand.Rand) {
	delimiter := []rune{',', ';', '\t', '|'}[rnd.IntN(4)]
	jsonRows := rnd.IntN(4) == 0
	l := &loop{t: t, csv: !jsonRows && rnd.IntN(2) == 0}
	l.mapping = "messages:\n  - identify: {userId: $id, traits: {$all: {except: [id, n]}, n: =int(n)}}\n"
	two := rnd.IntN(2) == 0
	if two {
		l.mapping += "  - track: {userId: $id, event: seen, properties: {n: =int(n)}}\n"
	}
	quote := func(s string) string {
		if rnd.IntN(4) == 0 || strings.ContainsAny(s, "\"\r\n"+string(delimiter)) {
			return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}
		return s
	}
	eol := []string{"\n", "\r\n"}[rnd.IntN(2)]
	var sound, damaged strings.Builder
	damages := make(map[int64]damagedRow)
	line := int64(1)
	if !jsonRows {
		header := strings.Join([]string{"id", quote("na" + string(delimiter) + "me"), "n"}, string(delimiter)) + eol
		sound.WriteString(header)
		damaged.WriteString(header)
		line++
	}
	rows := 1 + rnd.IntN(30)
	unlucky := make(map[string]bool)
	for i := range rows {
		id, name, n := fmt.Sprintf("p%d", i), randomCell(rnd), strconv.Itoa(rnd.IntN(1000))
		bad := "x" + randomCell(rnd)
		row := func(n string) string {
			if jsonRows {
				a, _ := json.Marshal(name)
				b, _ := json.Marshal(n)
				return fmt.Sprintf(`{"id": %q, "na,me":%s,"n":%s}`, id, a, b)
			}
			return strings.Join([]string{id, quote(name), n}, string(delimiter))
		}
		d := damagedRow{line: line, sound: row(n), n: n, bad: bad}
		text := d.sound
		switch damage := rnd.IntN(8); {
		case damage == 0 && jsonRows:
			d.damaged = row(bad)
		case damage == 0:
			d.damaged = strings.TrimSuffix(d.sound, n) + quote(bad)
		case damage == 1 && jsonRows:
			d.damaged, d.torn = d.sound[:len(d.sound)-1-rnd.IntN(5)], true
		case damage == 1:
			d.damaged, d.torn = id, true
		case damage == 2 && !jsonRows:
			d.damaged, d.torn = strings.ReplaceAll(d.sound, "\n", " ")+string(delimiter)+"more", true
			d.sound = strings.ReplaceAll(d.sound, "\n", " ")
		case damage == 3 && !jsonRows:
			d.damaged, d.torn = id+string(delimiter)+`st"ray`+string(delimiter)+n, true
		case damage == 4 && !jsonRows && i == rows-1:
			d.damaged, d.torn = id+string(delimiter)+string(delimiter)+`"`+n, true
		case damage == 5:
			unlucky[id] = true
		}
		if d.damaged != "" {
			damages[line] = d
			text = d.damaged
		}
		sound.WriteString(d.sound + eol)
		damaged.WriteString(text + eol)
		line += int64(strings.Count(text, "\n")) + 1
	}
	l.refuse = func(m string) bool {
		for id := range unlucky {
			if strings.Contains(m, `"userId":"`+id+`"`) && (!two || strings.Contains(m, `"event":"seen"`)) {
				return true
			}
		}
		return false
	}
	cfg := source.Config{Delimiter: byte(delimiter), Format: source.FormatCSV, Quote: '"', Escape: source.None, LineEnd: source.LineEndLF}
	if jsonRows {
		cfg.Format = source.FormatJSONLines
	}

	reference := &loop{t: t, mapping: l.mapping}
	_, want, _ := reference.load(mustSource(t, sound.String(), cfg))
	rejects, union, _ := l.load(mustSource(t, damaged.String(), cfg))

	write := []rune{',', ';', delimiter}[rnd.IntN(3)]
	mend := func(rejects string, some func(line int64) bool) string {
		if !l.csv {
			return mendLines(t, rejects, func(line int64, _ string) (string, bool) {
				return damages[line].sound, damages[line].damaged != "" && some(line)
			})
		}
		read := delimiter
		if l.loads > 1 {
			read = write
		}
		return mendTable(t, rejects, read, write, func(line int64, row map[string]string) {
			d := damages[line]
			switch {
			case d.damaged == "" || !some(line):
			case d.torn:
				if row["id"]+row["n"] != "" {
					t.Errorf("an invalid row is in the columns: %v", row)
				}
				row["_row"] = d.sound
			default:
				row["n"] = d.n
			}
		})
	}
	mended := make(map[int64]bool)
	for line := range damages {
		mended[line] = rnd.IntN(2) == 0
	}
	add := func(accepted map[string]string) {
		for id, m := range accepted {
			if was, ok := union[id]; ok && was != m {
				t.Errorf("the id %s was of\n%s\nand is of\n%s", id, was, m)
			}
			union[id] = m
		}
	}
	again, accepted, s := l.loadText(mend(rejects, func(line int64) bool { return mended[line] }))
	add(accepted)
	left := 0
	for line := range damages {
		if !mended[line] {
			left++
		}
	}
	if s.RowsRejected != int64(left) {
		t.Errorf("%d rows were rejected again, and %d were not mended", s.RowsRejected, left)
	}
	if first, second := reasons(t, rejects, l.csv, delimiter), reasons(t, again, l.csv, write); len(second) != left {
		t.Errorf("rejected again: %v", second)
	} else {
		for line, reason := range second {
			if first[line] != reason {
				t.Errorf("line %d was rejected because of\n%s\nand then of\n%s", line, first[line], reason)
			}
		}
	}
	last, accepted, s := l.loadText(mend(again, func(int64) bool { return true }))
	add(accepted)
	if s.RowsRejected != 0 || last != "" {
		t.Errorf("in the end there are rejects:\n%s", last)
	}
	if l.csv { // a rewritten row has other bytes, and its messages have other ids
		want, union = withoutIDs(want), withoutIDs(union)
	}
	if !maps.Equal(union, want) {
		t.Errorf("table\n%s\nrejects\n%s\nsent\n%s\nwant\n%s", damaged.String(), rejects, strings.Join(slices.Sorted(maps.Values(union)), "\n"), strings.Join(slices.Sorted(maps.Values(want)), "\n"))
	}
}

var timestampPart = regexp.MustCompile(`"timestamp":"[^"]+",`) // the time when it was made

var messageIDPart = regexp.MustCompile(`,?"messageId":"[0-9a-f]+"`)

func withoutIDs(messages map[string]string) map[string]string {
	out := make(map[string]string)
	for _, m := range messages {
		out[messageIDPart.ReplaceAllString(m, "")] = ""
	}
	return out
}

// reasons returns why rows were rejected, by their lines.
func reasons(t *testing.T, rejects string, table bool, delimiter rune) map[int64]string {
	t.Helper()
	out := make(map[int64]string)
	if table {
		mendTable(t, rejects, delimiter, ',', func(line int64, row map[string]string) { out[line] = row["_error"] })
		return out
	}
	for line := range strings.Lines(rejects) {
		var r Reject
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatal(err)
		}
		out[r.Line] = r.Field + " " + r.String()
	}
	return out
}

const twoMessages = "messages:\n  - identify: {userId: $id, traits: {n: =int(n)}}\n  - track: {userId: $id, event: $event}\n"

// One message of a row with two was rejected. Whatever is changed in the row, the other message has the id under which it was accepted.
func TestRejectsRepeatIDs(t *testing.T) {
	t.Parallel()
	for _, table := range []bool{false, true} {
		l := &loop{t: t, mapping: twoMessages, csv: table, refuse: func(m string) bool { return strings.Contains(m, `"event":"bad"`) }}
		rejects, first, _ := l.loadText("id,n,event\na,1,good\nb,2,bad\n")
		if len(first) != 3 {
			t.Fatal(first)
		}
		mended := strings.Replace(rejects, "b,2,bad", "b,3,good", 1)
		_, second, s := l.loadText(mended)
		if s.Rows != 1 || len(second) != 2 {
			t.Fatalf("%+v, %v", s, second)
		}
		repeated := 0
		for id := range second {
			if _, ok := first[id]; ok {
				repeated++
			}
		}
		if repeated != 1 {
			t.Errorf("of %v\n%d are recognisable as those of\n%v", second, repeated, first)
		}
		// Again, with another refusal in between.
		l.loads = 0
		rejects, _, _ = l.loadText(strings.Replace(rejects, "b,2,bad", "b,4,bad", 1))
		_, third, _ := l.loadText(strings.Replace(rejects, "b,4,bad", "b,3,good", 1))
		if !maps.Equal(second, third) {
			t.Errorf("%v and %v", second, third)
		}
	}
}

// If Customer.io rejected several messages of a row, JSON Lines has the row as often, and it is loaded once.
func TestRejectsOfOneRow(t *testing.T) {
	t.Parallel()
	l := &loop{t: t, mapping: twoMessages, refuse: func(m string) bool { return strings.Contains(m, `"userId":"b"`) }}
	rejects, _, _ := l.loadText("id,n,event\na,1,good\nb,2,good\nc,3,good\n")
	if strings.Count(rejects, "\n") != 2 {
		t.Fatal(rejects)
	}
	lines := strings.SplitAfter(rejects, "\n")
	edit := func(line, n string) string { return strings.Replace(line, "b,2,", "b,"+n+",", 1) }
	for name, tt := range map[string]struct {
		in             string
		rows, accepted int64
		n              string
	}{
		"none fixed":            {rejects, 1, 2, "2"},
		"the first fixed":       {edit(lines[0], "5") + lines[1], 1, 2, "5"},
		"the second fixed":      {lines[0] + edit(lines[1], "5"), 1, 2, "5"},
		"both alike":            {edit(lines[0], "5") + edit(lines[1], "5"), 1, 2, "5"},
		"in two ways":           {edit(lines[0], "5") + edit(lines[1], "6"), 2, 0, ""},
		"in two ways and again": {edit(lines[0], "5") + edit(lines[1], "6") + lines[1], 2, 0, ""},
	} {
		again, sent, s := l.loadText(tt.in)
		if s.Rows != tt.rows || s.Accepted != tt.accepted || tt.n != "" && !strings.Contains(fmt.Sprint(sent), `"n":`+tt.n) {
			t.Errorf("%s: %s\n%v", name, counts(s), sent)
		}
		if tt.accepted == 0 && strings.Count(again, source.RuleMendedTwice) != 2 {
			t.Errorf("%s: %s", name, again)
		}
	}
}

// The rejects of every kind of input can be loaded. A wrong row does not pass because its error is no longer visible in the row.
func TestRejectsOfTypedRows(t *testing.T) {
	t.Parallel()
	nan := func(yield func(source.Values, error) bool) {
		_ = yield(source.Values{"a", 1}, nil) && yield(source.Values{"b", "x"}, nil) && yield(source.Values{"c", nanValue()}, nil) && yield(source.Values{"d"}, nil) && yield(nil, &source.RowError{Rule: "torn", Hint: "read it again"})
	}
	l := &loop{t: t, mapping: "messages:\n  - identify: {userId: $id, traits: {n: $n, m: =int(n)}}\n"}
	src := source.Rows([]string{"id", "n"}, nan)
	defer src.Close()
	rejects, _, s := l.load(src)
	if s.RowsRejected != 4 {
		t.Fatal(rejects)
	}
	again, _, s := l.loadText(rejects)
	if s.RowsRejected != 4 || withoutKept(again) != withoutKept(rejects) {
		t.Errorf("rejected\n%sand then\n%s", rejects, again)
	}
	_, sent, s := l.loadText(mendLines(t, again, func(line int64, row string) (string, bool) {
		return map[int64]string{2: `{"id":"b","n":2}`, 3: `{"id":"c","n":3}`, 4: `{"id":"d","n":4}`, 5: `{"id":"e","n":5}`}[line], true
	}))
	if len(sent) != 4 || s.Accepted != 4 {
		t.Errorf("%s: %v", counts(s), sent)
	}
	for _, m := range sent {
		if !regexp.MustCompile(`"traits":\{"n":(\d),"m":\d\}`).MatchString(m) {
			t.Error(m)
		}
	}
}

func nanValue() float64 {
	zero := 0.0
	return zero / zero
}

// Files of one input can have different delimiters and orders of columns. A row is read again as it was written.
func TestRejectsOfUnlikeFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var names []string
	for name, text := range map[string]string{"a.csv": "id,n\na,x\n", "b.csv": "n,other,id\nx,1,b\n", "c.tsv": "id\tn\nc\tx\nd\n"} {
		names = append(names, filepath.Join(dir, name))
		if err := os.WriteFile(names[len(names)-1], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	slices.Sort(names)
	for _, table := range []bool{false, true} {
		src, err := source.OpenFiles(names, source.Config{})
		if err != nil {
			t.Fatal(err)
		}
		defer src.Close()
		l := &loop{t: t, csv: table, mapping: people}
		rejects, _, s := l.load(src)
		if s.RowsRejected != 4 {
			t.Fatal(rejects)
		}
		if !table {
			rejects = strings.NewReplacer(`"row":"a,x"`, `"row":"a,1"`, `"row":"x,1,b"`, `"row":"2,1,b"`, `"row":"c\tx"`, `"row":"c\t3"`, `"row":"d"`, `"row":"d\t4"`).Replace(rejects)
		} else {
			rejects = strings.NewReplacer("\na,x,", "\na,1,", `"x,1,b"`, `"2,1,b"`, ",c\tx,", ",c\t3,", ",4,", ",4,").Replace(rejects)
			rejects = strings.Replace(rejects, ",3,d,", ",3,d\t4,", 1)
		}
		again, sent, s := l.loadText(rejects)
		text := fmt.Sprint(sent)
		for i, id := range []string{"a", "b", "c", "d"} {
			if want := fmt.Sprintf(`"userId":"%s","traits":{"n":%d}`, id, i+1); !strings.Contains(text, want) {
				t.Errorf("no %s in\n%s\nof\n%s\nwhich leaves\n%s", want, text, rejects, again)
			}
		}
		if s.Accepted != 4 {
			t.Errorf("%s", counts(s))
		}
	}
}

// Rejects in one form are loaded with rejects in the other form, and back.
func TestRejectsChangeForm(t *testing.T) {
	t.Parallel()
	l := &loop{t: t, mapping: twoMessages, refuse: func(m string) bool { return strings.Contains(m, `"event":"bad"`) }}
	const in = "id;n;event\na;1;bad\nb;x;good\nc;3\nd;4;\"q\n\"\n"
	rejects, _, _ := l.load(mustSource(t, in, source.Config{Delimiter: ';'}))
	for _, l.csv = range []bool{true, false, true, true, false} {
		l.loads = 0 // the API refuses as before
		again, _, s := l.loadText(rejects)
		if s.Rows != 3 || s.RowsRejected != 2 || s.RejectedByAPI != 1 {
			t.Fatalf("%s of\n%s", counts(s), rejects)
		}
		if !l.csv && withoutKept(again) != withoutKept(rejects) && strings.HasPrefix(rejects, "{") {
			t.Errorf("of\n%s\ncame\n%s", rejects, again)
		}
		rejects = again
	}
	first := &loop{t: t, mapping: twoMessages, refuse: l.refuse}
	want, _, _ := first.load(mustSource(t, in, source.Config{Delimiter: ';'}))
	if rejects != want {
		t.Errorf("after all rounds\n%s\nwant\n%s", rejects, want)
	}
}

// An interrupted load of rejects can be resumed like any other.
func TestRejectsAreResumed(t *testing.T) {
	t.Parallel()
	l := &loop{t: t, mapping: people}
	rejects, _, _ := l.loadText(strings.ReplaceAll(personRows(3000), "\np", "\nx") + "z,x\n")
	if strings.Count(rejects, "\n") != 1 {
		t.Fatal(rejects)
	}
	var in strings.Builder
	for i := range 3000 { // each row is there twice, as if two of its messages had been rejected
		line := strings.NewReplacer(`"z,x"`, fmt.Sprintf(`"p%d,%d"`, i, i), `"line":3002`, fmt.Sprintf(`"line":%d`, i+2), `"ordinal":3000`, fmt.Sprintf(`"ordinal":%d`, i)).Replace(rejects)
		in.WriteString(line + line)
	}
	file := filepath.Join(t.TempDir(), "r.jsonl")
	if err := os.WriteFile(file, []byte(in.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	dir, id := t.TempDir(), ""
	sent := make(map[string]bool)
	for round := 0; ; round++ {
		ctx, cancel := context.WithCancel(t.Context())
		client := &fakeClient{send: func(_ context.Context, call int, _ []cio.Message) error {
			if call == 3 && round < 4 {
				cancel()
				return ctx.Err()
			}
			return nil
		}}
		src, err := source.Open(file, source.Config{})
		if err != nil {
			t.Fatal(err)
		}
		job := Job{Source: src, Mapping: mustMapping(t, people), Client: client, BatchBytes: 30_000}
		var load *Load
		if id == "" {
			load, err = Start(dir, job)
		} else {
			load, err = Resume(dir, id, job)
		}
		if err != nil {
			t.Fatal(err)
		}
		s, err := load.Run(ctx)
		for _, m := range client.accepted {
			sent[messageIDPart.FindString(m)] = true
		}
		id = load.ID()
		load.Close()
		src.Close()
		cancel()
		if err == nil {
			if s.Rows != 3000 || s.Accepted != 3000 || len(sent) != 3000 {
				t.Errorf("%s, %d messages", counts(s), len(sent))
			}
			return
		}
		if !errors.Is(err, ErrInterrupted) {
			t.Fatal(err)
		}
	}
}

// Numbers are read as before: a row that was rejected with a decimal comma does not get another number without it.
func TestRejectsWithDecimalComma(t *testing.T) {
	t.Parallel()
	l := &loop{t: t, comma: true, mapping: "messages:\n  - identify: {userId: $id, traits: {n: =decimal(n)}}\n"}
	src := mustSource(t, "id;n\na;1.250\n", source.Config{Delimiter: ';'})
	rejects, _, s := l.load(src)
	if s.RowsRejected != 1 {
		t.Fatal(rejects)
	}
	l.comma = false
	again, _, s := l.loadText(rejects)
	if s.RowsRejected != 1 || !strings.Contains(again, `"rule":"decimal-comma"`) {
		t.Errorf("%s: %s", counts(s), again)
	}
	l.comma = true
	if _, sent, s := l.loadText(strings.Replace(again, "a;1.250", "a;1,250", 1)); s.Accepted != 1 || !strings.Contains(fmt.Sprint(sent), `"n":1.250`) {
		t.Errorf("%s: %v", counts(s), sent)
	}
}

// A rejects file is not the whole table: it is refused for everything that depends on missing rows.
func TestRejectsAreNoTable(t *testing.T) {
	t.Parallel()
	l := &loop{t: t, mapping: people}
	rejects, _, _ := l.loadText("id,n\na,1\nb,x\n")
	for name, changes := range map[string]ChangeOnly{"snapshot": {Snapshot: t.TempDir() + "/s"}, "mirror": {Snapshot: t.TempDir() + "/s", IDs: true, Mirror: MirrorDelete}} {
		job := Job{Mapping: mustMapping(t, people), Client: new(fakeClient), Changes: changes}
		var format *source.FormatError
		job.Source = mustSource(t, rejects, source.Config{})
		if _, err := Run(t.Context(), job); !errors.As(err, &format) || !strings.Contains(err.Error(), "not the whole table") {
			t.Errorf("%s: %v", name, err)
		}
		job.Source = mustSource(t, rejects, source.Config{})
		if _, err := MakePlan(t.Context(), job, 0); !errors.As(err, &format) {
			t.Errorf("%s: a plan gives %v", name, err)
		}
	}
}

// People who must not be deleted are in the rejects of a mirror. They are not rows: loading them again makes nobody.
func TestRejectedRemovalsAreNotLoaded(t *testing.T) {
	t.Parallel()
	for _, table := range []bool{false, true} {
		c := newMirroring(t, "messages:\n  - identify: {userId: $userId, traits: {n: $n}}\n")
		if _, err := c.load("userId,n\n" + strings.TrimPrefix(manyPeople(20), "id,n\n")); err != nil {
			t.Fatal(err)
		}
		c.client.encode = func(m cio.Message) (cio.Encoded, error) {
			if _, ok := m.(cio.DeletePerson); ok {
				return cio.Encoded{}, &cio.MessageError{Field: "userId", Rule: cio.RuleGuard, Hint: "no"}
			}
			return cio.Encode(m)
		}
		var rejects strings.Builder
		c.job.Rejects, c.job.RejectsCSV = &rejects, table
		if _, err := c.load("userId,n\n" + strings.TrimPrefix(manyPeople(20, 1, 2, 3), "id,n\n")); err != nil {
			t.Fatal(err)
		}
		l := &loop{t: t, csv: table, mapping: "messages:\n  - identify: {userId: $userId, traits: {n: $n}}\n"}
		again, sent, s := l.loadText(rejects.String())
		if len(sent) != 0 || s.RowsRejected != 3 || strings.Count(again, mirrorFile) != 3 {
			t.Errorf("%s: %v\n%s", counts(s), sent, again)
		}
	}
}

// A value is shown only to the caller of Value.
func TestRejectValue(t *testing.T) {
	t.Parallel()
	s, err := Run(t.Context(), Job{Source: mustSource(t, "id,n\na,secret\nb\n", source.Config{}), Mapping: mustMapping(t, people), Client: new(fakeClient)})
	if err != nil || len(s.First) != 2 {
		t.Fatal(err, s)
	}
	if v, ok := s.First[0].Value(); v != "secret" || !ok {
		t.Errorf("%q, %v", v, ok)
	}
	if v, ok := s.First[1].Value(); ok {
		t.Errorf("a torn row has the value %q", v)
	}
	text, _ := json.Marshal(s.First)
	for _, printed := range []string{fmt.Sprint(s), fmt.Sprintf("%+v", s), fmt.Sprintf("%#v", s), string(text)} {
		if strings.Contains(printed, "secret") {
			t.Errorf("it is printed: %s", printed)
		}
	}
}

// Rows with only empty columns are counted apart from rows that a condition leaves out.
func TestBlankRows(t *testing.T) {
	t.Parallel()
	s, err := Run(t.Context(), Job{Source: mustSource(t, "id,n\n,\na,1\nb,2\n", source.Config{}), Client: new(fakeClient),
		Mapping: mustMapping(t, "messages:\n  - identify: {userId: $id}\n    when: =n == \"2\"\n")})
	if err != nil || s.RowsEmpty != 2 || s.RowsBlank != 1 || s.Accepted != 1 {
		t.Errorf("%v, %+v", err, s)
	}
}
