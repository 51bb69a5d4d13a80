package source

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

// annotated is a group that is marked as a list or a map in the way of older writers.
type annotated struct {
	parquet.Group
	typ parquet.Type
}

func (a annotated) Type() parquet.Type { return a.typ }

var (
	listType = parquet.List(parquet.Int(64)).Type()
	mapType  = parquet.Map(parquet.String(), parquet.Int(64)).Type()
)

// at is a value with its levels.
func at(v parquet.Value, repetition, definition, column int) parquet.Value {
	return v.Level(repetition, definition, column)
}

func number(n int64) parquet.Value { return parquet.Int64Value(n) }

func word(s string) parquet.Value { return parquet.ByteArrayValue([]byte(s)) }

func openRows(t *testing.T, columns parquet.Group, cfg Config, rows ...parquet.Row) Source {
	t.Helper()
	file := filepath.Join(t.TempDir(), "x.parquet")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	w := parquet.NewWriter(f, parquet.NewSchema("row", columns), parquet.PageBufferSize(64))
	_, err = w.WriteRows(rows)
	if err := errors.Join(err, w.Close(), f.Close()); err != nil {
		t.Fatal(err)
	}
	src, err := Open(file, cfg)
	if err != nil {
		t.Fatal(err)
	}
	return src
}

// Lists and maps are read in all forms: the rules for older writers apply.
func TestParquetNesting(t *testing.T) {
	t.Parallel()
	clock := parquet.Time(parquet.Millisecond)
	tests := []struct {
		name string
		node parquet.Node
		rows []parquet.Row
		want string
	}{
		{"a repeated column", parquet.Repeated(parquet.Int(64)), []parquet.Row{{at(number(1), 0, 1, 0), at(number(2), 1, 1, 0)}, {at(parquet.NullValue(), 0, 0, 0)}},
			"# v LIST<INT64>\n{\"v\":[1,2]}\n{\"v\":[]}\n"},
		{"a list of two levels", annotated{parquet.Group{"array": parquet.Repeated(parquet.Int(64))}, listType}, []parquet.Row{{at(number(1), 0, 1, 0), at(number(2), 1, 1, 0)}, {at(parquet.NullValue(), 0, 0, 0)}},
			"# v LIST<INT64>\n{\"v\":[1,2]}\n{\"v\":[]}\n"},
		{"a list of groups of two", annotated{parquet.Group{"element": parquet.Repeated(parquet.Group{"a": parquet.Int(64), "b": parquet.Int(64)})}, listType},
			[]parquet.Row{{at(number(1), 0, 1, 0), at(number(3), 1, 1, 0), at(number(2), 0, 1, 1), at(number(4), 1, 1, 1)}}, "# v LIST<STRUCT<a INT64, b INT64>>\n{\"v\":[{\"a\":1,\"b\":2},{\"a\":3,\"b\":4}]}\n"},
		{"a list of groups of one named array", annotated{parquet.Group{"array": parquet.Repeated(parquet.Group{"a": parquet.Int(64)})}, listType},
			[]parquet.Row{{at(number(1), 0, 1, 0)}}, "# v LIST<STRUCT<a INT64>>\n{\"v\":[{\"a\":1}]}\n"},
		{"a list of tuples", annotated{parquet.Group{"v_tuple": parquet.Repeated(parquet.Group{"a": parquet.Int(64)})}, listType},
			[]parquet.Row{{at(number(1), 0, 1, 0)}}, "# v LIST<STRUCT<a INT64>>\n{\"v\":[{\"a\":1}]}\n"},
		{"a list of three levels by other names", annotated{parquet.Group{"bag": parquet.Repeated(parquet.Group{"item": parquet.Optional(parquet.Int(64))})}, listType},
			[]parquet.Row{{at(number(1), 0, 2, 0), at(parquet.NullValue(), 1, 1, 0)}}, "# v LIST<INT64>\n{\"v\":[1,null]}\n"},
		{"no list, whatever it says", annotated{parquet.Group{"a": parquet.Int(64)}, listType}, []parquet.Row{{at(number(1), 0, 0, 0)}}, "# v STRUCT<a INT64>\n{\"v\":{\"a\":1}}\n"},
		{"a list of lists", parquet.Repeated(parquet.Group{"x": parquet.Repeated(parquet.Int(64))}),
			[]parquet.Row{{at(number(1), 0, 2, 0), at(number(2), 2, 2, 0), at(parquet.NullValue(), 1, 1, 0), at(number(3), 1, 2, 0)}}, "# v LIST<STRUCT<x LIST<INT64>>>\n{\"v\":[{\"x\":[1,2]},{\"x\":[]},{\"x\":[3]}]}\n"},
		{"a set", annotated{parquet.Group{"key_value": parquet.Repeated(parquet.Group{"key": parquet.String()})}, mapType}, []parquet.Row{{at(word("k"), 0, 1, 0)}}, "# v MAP<STRING>\n{\"v\":{\"k\":null}}\n"},
		{"a map with a key twice", parquet.Map(parquet.String(), parquet.Int(64)), []parquet.Row{{at(word("k"), 0, 1, 0), at(word("k"), 1, 1, 0), at(number(1), 0, 1, 1), at(number(2), 1, 1, 1)}, {at(word("k"), 0, 1, 0), at(number(1), 0, 1, 1)}},
			"# v MAP<STRING, INT64>\n! no-json-form: column v: a map has the same key twice, and JSON keeps only one\n{\"v\":{\"k\":1}}\n"},
		{"a map with truth values for keys", parquet.Map(parquet.Leaf(parquet.BooleanType), parquet.Int(64)), []parquet.Row{{at(parquet.BooleanValue(true), 0, 1, 0), at(number(1), 0, 1, 1)}},
			"# v MAP<BOOLEAN, INT64>\n{\"v\":{\"true\":1}}\n"},
		{"a map with objects for keys", parquet.Map(parquet.Group{"a": parquet.Int(64)}, parquet.Int(64)), []parquet.Row{{at(number(1), 0, 1, 0), at(number(1), 0, 1, 1)}},
			"# v MAP<STRUCT<a INT64>, INT64>\n! no-json-form: column v: the key of a map is neither text nor a number, which JSON cannot write\n"},
		{"a time of day before midnight", clock, []parquet.Row{{at(parquet.Int32Value(-1), 0, 0, 0)}, {at(parquet.Int32Value(86_400_000), 0, 0, 0)}, {at(parquet.Int32Value(86_400_001), 0, 0, 0)}},
			"# v TIME(ms)\n! no-json-form: column v: the time of day is not between 0 and 24 hours\n{\"v\":\"24:00:00Z\"}\n! no-json-form: column v: the time of day is not between 0 and 24 hours\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := parquetText(t, openRows(t, parquet.Group{"v": tt.node}, Config{}, tt.rows...)); got != tt.want {
				t.Errorf("got\n%swant\n%s", got, tt.want)
			}
		})
	}
}

// A row over the limit is a bad row, whether a text or a list makes it too long, and the rows after it are complete.
func TestParquetRowTooLong(t *testing.T) {
	list := parquet.Row{at(number(1), 0, 0, 0)}
	for i := range 200 {
		list = append(list, at(number(int64(i)), min(i, 1), 1, 1))
	}
	list = append(list, at(word("x"), 0, 0, 2))
	short := func(id int64) parquet.Row {
		return parquet.Row{at(number(id), 0, 0, 0), at(number(7), 0, 1, 1), at(word("y"), 0, 0, 2)}
	}
	text := parquet.Row{at(number(3), 0, 0, 0), at(parquet.NullValue(), 0, 0, 1), at(word(strings.Repeat("x", 200)), 0, 0, 2)}
	src := openRows(t, parquet.Group{"id": parquet.Int(64), "list": parquet.Repeated(parquet.Int(64)), "text": parquet.String()}, Config{MaxRowBytes: 100}, list, short(2), text, short(4))
	const bad = "! row-too-long: the row is longer than 100 bytes; only its beginning, up to 65536 bytes, is kept here\n"
	want := "# id INT64\n# list LIST<INT64>\n# text STRING\n" + bad + `{"id":2,"list":[7],"text":"y"}` + "\n" + bad + `{"id":4,"list":[7],"text":"y"}` + "\n"
	if got := parquetText(t, src); got != want {
		t.Errorf("got\n%swant\n%s", got, want)
	}
}
