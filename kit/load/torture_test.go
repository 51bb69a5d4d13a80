package load

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
	"github.com/ciokit/cio/kit/source/sqldb"
	"github.com/parquet-go/parquet-go"
)

// torture is a value in the form of each kind of input, empty if the input cannot have it, with the result: the JSON that the workspace gets, or the
// rule by which the row is rejected.
type torture struct {
	name       string
	expression string // of the mapping; default $v
	csv        string // the cell, quotes included
	jsonl      string
	node       parquet.Node
	parquet    parquet.Value
	sqlite     string // as a literal of SQL

	want      string            // everywhere
	different map[string]string // for inputs with another result
}

var tortures = []torture{
	{name: "2^53+1", csv: "9007199254740993", jsonl: "9007199254740993", node: parquet.Int(64), parquet: parquet.Int64Value(9007199254740993), sqlite: "9007199254740993",
		want: "9007199254740993", different: map[string]string{"csv": `"9007199254740993"`}},
	{name: "2^53+1 as int", expression: "=int(v)", csv: "9007199254740993", jsonl: `"9007199254740993"`, node: parquet.Int(64), parquet: parquet.Int64Value(9007199254740993), sqlite: "9007199254740993", want: "9007199254740993"},
	{name: "2^53+1 as float", expression: "=float(v)", csv: "9007199254740993", jsonl: "9007199254740993", node: parquet.Int(64), parquet: parquet.Int64Value(9007199254740993), sqlite: "9007199254740993", want: "! number-loses-digits"},
	{name: "2^64-1", expression: "=decimal(v)", csv: "18446744073709551615", jsonl: "18446744073709551615", node: parquet.Uint(64), parquet: parquet.Int64Value(-1), sqlite: "'18446744073709551615'", want: "18446744073709551615"},
	{name: "1e308", csv: "1e308", jsonl: "1e308", node: parquet.Leaf(parquet.DoubleType), parquet: parquet.DoubleValue(1e308), sqlite: "1e308",
		want: "1e+308", different: map[string]string{"csv": `"1e308"`, "jsonl": "1e308"}},
	{name: "1e308 as float", expression: "=float(v)", csv: "1e308", jsonl: "1e308", node: parquet.Leaf(parquet.DoubleType), parquet: parquet.DoubleValue(1e308), sqlite: "1e308", want: "1e+308"},
	{name: "1e309 as float", expression: "=float(v)", csv: "1e309", jsonl: "1e309", want: "! number-out-of-range"},
	{name: "infinity", jsonl: "", node: parquet.Leaf(parquet.DoubleType), parquet: parquet.DoubleValue(inf), sqlite: "9e999", want: "! no-json-form"},
	{name: "-0.0 as float", expression: "=float(v)", csv: "-0.0", jsonl: "-0.0", node: parquet.Leaf(parquet.DoubleType), parquet: parquet.DoubleValue(negativeZero), sqlite: "-0.0", want: "-0"},
	{name: "-0.0", csv: "-0.0", jsonl: "-0.0", node: parquet.Leaf(parquet.DoubleType), parquet: parquet.DoubleValue(negativeZero), want: "-0", different: map[string]string{"csv": `"-0.0"`, "jsonl": "-0.0"}},
	{name: "a decimal of 38 digits", expression: "=decimal(v)", csv: "-123456789012345678901234567890123456.78", jsonl: "-123456789012345678901234567890123456.78",
		node: parquet.Decimal(2, 38, parquet.FixedLenByteArrayType(16)), parquet: parquet.FixedLenByteArrayValue(unscaled), sqlite: "'-123456789012345678901234567890123456.78'", want: "-123456789012345678901234567890123456.78"},
	{name: "a decimal of 38 digits as it is", jsonl: "-123456789012345678901234567890123456.78",
		node: parquet.Decimal(2, 38, parquet.FixedLenByteArrayType(16)), parquet: parquet.FixedLenByteArrayValue(unscaled), want: "-123456789012345678901234567890123456.78"},
	{name: "a decimal of 38 digits as float", expression: "=float(v)", csv: "-123456789012345678901234567890123456.78", jsonl: "-123456789012345678901234567890123456.78",
		node: parquet.Decimal(2, 38, parquet.FixedLenByteArrayType(16)), parquet: parquet.FixedLenByteArrayValue(unscaled), sqlite: "'-123456789012345678901234567890123456.78'", want: "! number-loses-digits"},
	{name: "before 1970", expression: "=date(v)", csv: "1969-12-31", jsonl: `"1969-12-31"`, node: parquet.Date(), parquet: parquet.Int32Value(-1), sqlite: "'1969-12-31'", want: `"1969-12-31T00:00:00Z"`},
	{name: "after 2262", expression: "=date(v)", csv: "2500-01-02 03:04:05.678", jsonl: `"2500-01-02T03:04:05.678Z"`, node: parquet.Timestamp(parquet.Millisecond), parquet: parquet.Int64Value(time.Date(2500, 1, 2, 3, 4, 5, 678e6, time.UTC).UnixMilli()),
		sqlite: "'2500-01-02 03:04:05.678'", want: `"2500-01-02T03:04:05.678Z"`},
	{name: "before 1677", expression: "=date(v)", csv: "0800-12-25", jsonl: `"0800-12-25"`, node: parquet.Timestamp(parquet.Microsecond), parquet: parquet.Int64Value(time.Date(800, 12, 25, 0, 0, 0, 0, time.UTC).UnixMicro()), sqlite: "'0800-12-25'", want: `"0800-12-25T00:00:00Z"`},
	{name: "the year 10000", expression: "=date(v)", csv: "10000-01-01", jsonl: `"10000-01-01"`, sqlite: "'10000-01-01'", node: parquet.Timestamp(parquet.Microsecond), parquet: parquet.Int64Value(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMicro()),
		want: "! not-a-date", different: map[string]string{"parquet": "! no-json-form"}},
	{name: "a zone", expression: "=date(v)", csv: "2021-06-01T12:00:00+02:00", jsonl: `"2021-06-01T12:00:00+02:00"`, node: parquet.Timestamp(parquet.Nanosecond), parquet: parquet.Int64Value(time.Date(2021, 6, 1, 10, 0, 0, 0, time.UTC).UnixNano()),
		sqlite: "'2021-06-01T12:00:00+02:00'", want: `"2021-06-01T10:00:00Z"`},
	{name: "no zone", node: parquet.TimestampAdjusted(parquet.Millisecond, false), parquet: parquet.Int64Value(1), want: `"1970-01-01T00:00:00.001"`},
	{name: "no zone as date", expression: "=date(v)", csv: "1970-01-01T00:00:00.001", jsonl: `"1970-01-01T00:00:00.001"`, node: parquet.TimestampAdjusted(parquet.Millisecond, false), parquet: parquet.Int64Value(1), want: `"1970-01-01T00:00:00.001Z"`},
	{name: "emoji and NUL", csv: "\U0001F600\x00b", jsonl: `"\ud83d\ude00\u0000b"`, node: parquet.String(), parquet: parquet.ByteArrayValue([]byte("\U0001F600\x00b")), sqlite: "char(128512, 0, 98)",
		want: "\"\U0001F600\\u0000b\"", different: map[string]string{"csv": "! nul-byte", "jsonl": `"\ud83d\ude00\u0000b"`}},
	{name: "not UTF-8", csv: "a\xffb", jsonl: "\"a\xffb\"", node: parquet.String(), parquet: parquet.ByteArrayValue([]byte("a\xffb")), sqlite: "CAST(x'61ff62' AS TEXT)", want: "! invalid-utf-8"},
	{name: "30 KB", csv: long(30_000), jsonl: `"` + long(30_000) + `"`, node: parquet.String(), parquet: parquet.ByteArrayValue([]byte(long(30_000))), sqlite: "'" + long(30_000) + "'", want: `"` + long(30_000) + `"`},
	{name: "33 KB", csv: long(33_000), jsonl: `"` + long(33_000) + `"`, node: parquet.String(), parquet: parquet.ByteArrayValue([]byte(long(33_000))), sqlite: "'" + long(33_000) + "'", want: "! message-too-large"},
	{name: "binary data", node: parquet.Leaf(parquet.ByteArrayType), parquet: parquet.ByteArrayValue([]byte{0, 255}), sqlite: "x'00ff'", want: `"AP8="`},
	{name: "true", csv: "true", jsonl: "true", node: parquet.Leaf(parquet.BooleanType), parquet: parquet.BooleanValue(true), want: "true", different: map[string]string{"csv": `"true"`}},
	{name: "JSON", jsonl: `{"x":[1,2.50]}`, node: parquet.JSON(), parquet: parquet.ByteArrayValue([]byte(`{"x":[1,2.50]}`)), want: `{"x":[1,2.50]}`},
	{name: "nothing", csv: "", jsonl: "null", node: parquet.Optional(parquet.String()), parquet: parquet.NullValue(), sqlite: "NULL", want: "absent"},
	{name: "empty text", jsonl: `""`, node: parquet.String(), parquet: parquet.ByteArrayValue(nil), sqlite: "''", want: `""`},
	{name: "CRLF within", csv: "\"a\r\nb\"", jsonl: `"a\r\nb"`, node: parquet.String(), parquet: parquet.ByteArrayValue([]byte("a\r\nb")), sqlite: "'a' || char(13, 10) || 'b'", want: `"a\u000d\u000ab"`, different: map[string]string{"csv": `"a\nb"`, "jsonl": `"a\r\nb"`}},
}

var (
	zero         float64
	inf          = 1 / zero
	negativeZero = -1 / inf
)

// unscaled is a decimal of 38 digits without its point, as two's complement of 16 bytes.
var unscaled = func() []byte {
	n, _ := new(big.Int).SetString("-12345678901234567890123456789012345678", 10)
	return n.Add(n, new(big.Int).Lsh(big.NewInt(1), 128)).FillBytes(make([]byte, 16))
}()

func long(n int) string { return strings.Repeat("x", n) }

// input writes the value in a kind of input, together with an id, and opens it. It returns nil if the input cannot have the value.
func (x *torture) input(t *testing.T, kind string) source.Source {
	t.Helper()
	file := filepath.Join(t.TempDir(), "in."+kind)
	var src source.Source
	var err error
	switch {
	case kind == "csv" && (x.csv != "" || x.name == "nothing"):
		err = os.WriteFile(file, []byte("id,v\np,"+x.csv+"\n"), 0o600)
	case kind == "jsonl" && x.jsonl != "":
		err = os.WriteFile(file, []byte(`{"id":"p","v":`+x.jsonl+"}\n"), 0o600)
	case kind == "parquet" && x.node != nil:
		err = writeParquet(file, parquet.NewSchema("row", parquet.Group{"id": parquet.String(), "v": x.node}), parquet.Row{parquet.ByteArrayValue([]byte("p")).Level(0, 0, 0), x.level()})
	case kind == "sqlite" && x.sqlite != "":
		src, err = openSQLite(t.Context(), file, "SELECT 'p' AS id, "+x.sqlite+" AS v")
	default:
		return nil
	}
	if err == nil && src == nil {
		src, err = source.Open(file, source.Config{})
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return src
}

func (x *torture) level() parquet.Value {
	if x.node.Optional() && !x.parquet.IsNull() {
		return x.parquet.Level(0, 1, 1)
	}
	return x.parquet.Level(0, 0, 1)
}

func writeParquet(file string, schema *parquet.Schema, rows ...parquet.Row) error {
	f, err := os.Create(file)
	if err != nil {
		return err
	}
	w := parquet.NewWriter(f, schema)
	_, err = w.WriteRows(rows)
	return errors.Join(err, w.Close(), f.Close())
}

// openSQLite makes an empty database and opens a query.
func openSQLite(ctx context.Context, file, query string) (source.Source, error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, "CREATE TABLE none (id TEXT, v TEXT)")
	if err := errors.Join(err, db.Close()); err != nil {
		return nil, err
	}
	return sqldb.Open(ctx, "sqlite:"+file, sqldb.Query{SQL: query})
}

// Values at the limits of types arrive unchanged, or their rows are rejected with a reason: nothing is rounded silently. docs/load.md has the
// results.
func TestTorture(t *testing.T) {
	t.Parallel()
	for _, x := range tortures {
		for _, kind := range []string{"csv", "jsonl", "parquet", "sqlite"} {
			t.Run(x.name+"/"+kind, func(t *testing.T) {
				want := x.want
				if w, ok := x.different[kind]; ok {
					want = w
				}
				expression := x.expression
				if expression == "" {
					expression = "$v"
				}
				src := x.input(t, kind)
				if src == nil {
					return
				}
				if got := tortured(t, src, "messages:\n  - track: {userId: $id, event: E, properties: {v: "+expression+"}}\n"); got != want {
					t.Errorf("got %.200s, want %.200s", got, want)
				}
			})
		}
	}
}

// tortured loads a row and returns the property v that the workspace received, or the rule by which the row was rejected.
func tortured(t *testing.T, src source.Source, mapping string) string {
	t.Helper()
	client, server := emulated(t, cio.Config{})
	s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, mapping), Client: client})
	if err != nil {
		return err.Error()
	}
	checkSum(t, s)
	if s.Rejected > 0 {
		return "! " + s.First[0].Rule
	}
	person, err := server.Person("", "p")
	if err != nil || s.Accepted != 1 || len(person.Events) != 1 {
		t.Fatalf("%v: %s, %+v", err, counts(s), person)
	}
	properties := string(person.Events[0].Properties)
	v, ok := strings.CutPrefix(properties, `{"v":`)
	if !ok {
		return "absent"
	}
	return strings.TrimSuffix(v, "}")
}

// wide is an input of 300 columns besides the id.
func wide(t *testing.T, kind string) source.Source {
	t.Helper()
	const columns = 300
	var names, values, members, selected []string
	group := parquet.Group{"id": parquet.String()}
	for i := range columns {
		name := fmt.Sprintf("c%03d", i)
		names, values = append(names, name), append(values, fmt.Sprint(i))
		members, selected = append(members, fmt.Sprintf("%q:%d", name, i)), append(selected, fmt.Sprintf("%d AS %s", i, name))
		group[name] = parquet.Int(64)
	}
	file := filepath.Join(t.TempDir(), "wide."+kind)
	var err error
	switch kind {
	case "csv":
		err = os.WriteFile(file, []byte("id,"+strings.Join(names, ",")+"\np,"+strings.Join(values, ",")+"\n"), 0o600)
	case "jsonl":
		err = os.WriteFile(file, []byte(`{"id":"p",`+strings.Join(members, ",")+"}\n"), 0o600)
	case "parquet":
		row := parquet.Row{}
		for i := range columns { // the columns of a group are in the order of their names
			row = append(row, parquet.Int64Value(int64(i)).Level(0, 0, i))
		}
		err = writeParquet(file, parquet.NewSchema("row", group), append(row, parquet.ByteArrayValue([]byte("p")).Level(0, 0, columns)))
	default:
		src, err := openSQLite(t.Context(), file, "SELECT 'p' AS id, "+strings.Join(selected, ", "))
		if err != nil {
			t.Fatal(err)
		}
		return src
	}
	if err != nil {
		t.Fatal(err)
	}
	src, err := source.Open(file, source.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return src
}

func TestTortureWide(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{"csv", "jsonl", "parquet", "sqlite"} {
		src := wide(t, kind)
		client, server := emulated(t, cio.Config{})
		s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, "messages:\n  - track: {userId: $id, event: E, properties: {$all: {except: [id]}}}\n"), Client: client})
		if err := errors.Join(err, src.Close()); err != nil || s.Accepted != 1 {
			t.Fatalf("%s: %v, %s", kind, err, counts(s))
		}
		person, err := server.Person("", "p")
		if err != nil {
			t.Fatal(err)
		}
		var properties map[string]any
		if err := json.Unmarshal(person.Events[0].Properties, &properties); err != nil || len(properties) != 300 || fmt.Sprint(properties["c299"]) != "299" {
			t.Errorf("%s: %v, %d properties, c299 is %v", kind, err, len(properties), properties["c299"])
		}
	}
}

// Inputs of unusual shapes have their results, too.
func TestTortureShapes(t *testing.T) {
	t.Parallel()
	const mapping = "messages:\n  - track: {userId: $id, event: E, properties: {v: $v}}\n"
	file := func(name, text string) func(*testing.T) (source.Source, error) {
		return func(t *testing.T) (source.Source, error) {
			path := filepath.Join(t.TempDir(), name)
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			return source.Open(path, source.Config{})
		}
	}
	query := func(sql string) func(*testing.T) (source.Source, error) {
		return func(t *testing.T) (source.Source, error) {
			return openSQLite(t.Context(), filepath.Join(t.TempDir(), "x.db"), sql)
		}
	}
	for _, tt := range []struct {
		name string
		open func(*testing.T) (source.Source, error)
		want string // of counts, or of the error
	}{
		{"CSV with two columns of a name", file("x.csv", "id,v,v\n1,2,3\n"), `map.yaml:2:52: messages[0].track.properties.v: the input has 2 columns named "v"`},
		{"CSV with two columns of an unread name", file("x.csv", "id,v,x,x\n1,2,3,4\n"), "rows 1 bad 0 empty 0; messages 1 accepted 1"},
		{"JSON Lines with two members of a name", file("x.jsonl", `{"id":"1","v":2,"v":3}`), "rows 1 bad 1 empty 0; messages 1 accepted 0 rejected 1"},
		{"JSON Lines with two equal members", file("x.jsonl", `{"id":"1","v":2,"v":2}`), "rows 1 bad 0 empty 0; messages 1 accepted 1"},
		{"JSON Lines with two members of an unread name", file("x.jsonl", `{"id":"1","v":2,"x":3,"x":4}`), "rows 1 bad 0 empty 0; messages 1 accepted 1"},
		{"SQL with two columns of a name", query("SELECT 1 AS id, 2 AS v, 3 AS v"), `the input has 2 columns named "v"`},
		{"empty CSV", file("x.csv", ""), "it has no header"},
		{"empty JSON Lines", file("x.jsonl", ""), "rows 0 bad 0 empty 0; messages 0"},
		{"empty Parquet", file("x.parquet", ""), "does not begin like a Parquet file"},
		{"empty SQL", query("SELECT * FROM none"), "rows 0 bad 0 empty 0; messages 0"},
		{"CSV with only a header", file("x.csv", "id,v\n"), "rows 0 bad 0 empty 0; messages 0"},
		{"CSV with only a header without an end", file("x.csv", "id,v"), "rows 0 bad 0 empty 0; messages 0"},
		{"Parquet without rows", func(t *testing.T) (source.Source, error) {
			path := filepath.Join(t.TempDir(), "x.parquet")
			if err := writeParquet(path, parquet.NewSchema("row", parquet.Group{"id": parquet.String(), "v": parquet.Int(64)})); err != nil {
				t.Fatal(err)
			}
			return source.Open(path, source.Config{})
		}, "rows 0 bad 0 empty 0; messages 0"},
		{"CSV with CRLF", file("x.csv", "id,v\r\n1,2\r\n\r\n3,4\r\n"), "rows 2 bad 0 empty 0; messages 2 accepted 2"},
		{"JSON Lines with CRLF", file("x.jsonl", "{\"id\":\"1\",\"v\":2}\r\n\r\n{\"id\":\"3\"}\r\n"), "rows 2 bad 0 empty 0; messages 2 accepted 2"},
		{"ragged CSV", file("x.csv", "id,v\n1\n2,3,4\n5,6\n"), "rows 3 bad 2 empty 0; messages 3 accepted 1 rejected 2"},
		{"ragged JSON Lines", file("x.jsonl", "{\"id\":\"1\"}\n{\"id\":\"2\",\"v\":3,\"w\":4}\n"), "rows 2 bad 0 empty 0; messages 2 accepted 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			client, _ := emulated(t, cio.Config{})
			src, err := tt.open(t)
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, mapping), Client: client})
			got := counts(s)
			if err != nil {
				got = err.Error()
			}
			if !strings.Contains(got, tt.want) {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
}
