package source

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// TestObjectsAsEncodingJSON changes each byte of objects in many ways: what is read from them is what encoding/json reads, and everything that it
// rejects is rejected.
func TestObjectsAsEncodingJSON(t *testing.T) {
	t.Parallel()
	objects := []string{
		`{}`, ` { } `, `{"a":1,"b":2}`, `{"b":"x","a":"longer than eight bytes","c":[]}`, `{ "a" : -0.5e+10 , "b" : 1E9 }`,
		`{"\u0061":"\u00e9\n","b":"\"\\\/\b\f\r\t"}`, `{"x":{"a":[1,{"a":"}"},[]],"b":{}},"a":true,"b":false,"":null}`, `{"a":null,"b":0}`,
		`{"seven..":1,"eight...":2,"nine....9":3,"a":"1234567","b":"12345678\\"}`, `{"a":1,"a":1}`, `{"a":1,"a":2}`, `{"a":null,"a":null,"b":1,"b":null}`,
		"{\"a\":\"\xff\u2028\x7f\",\"b\":\"\xf0\x9f\x98\x80\"}",
	}
	for _, object := range objects {
		checkObjectAs(t, object)
		for i := range object {
			checkObjectAs(t, object[:i])
			checkObjectAs(t, object[:i]+object[i+1:])
			for _, with := range []string{`"`, `\`, `,`, `:`, `{`, `}`, `[`, `]`, "0", "1", "-", "+", ".", "e", "E", "t", "n", "u", "a", " ", "\t", "\r", "\x00", "\x1f", "\x1e", "\x7f", "\x80", "\xff", "/", "true", "null"} {
				checkObjectAs(t, object[:i]+with+object[i+1:])
				checkObjectAs(t, object[:i]+with+object[i:])
			}
		}
	}
	for _, n := range []int{maxNesting - 1, maxNesting, maxNesting + 1} {
		checkObjectAs(t, `{"a":`+strings.Repeat("[", n)+strings.Repeat("]", n)+`}`)
		checkObjectAs(t, strings.Repeat(`{"a":`, n)+"1"+strings.Repeat("}", n))
	}
}

// checkObjectAs compares a row, which may not be the first of its input, with the result of encoding/json.
func checkObjectAs(t *testing.T, object string) {
	t.Helper()
	line := strings.Trim(object, " \t\r")
	if line == "" {
		return
	}
	var o objectCells
	if err := o.choose([]string{"a", "b", ""}); err != nil {
		t.Fatal(err)
	}
	// The row before has its members in another order, or is cut off.
	for _, before := range []string{`{"b":1,"a":2,"":3}`, `{"a":1,"b":2`} {
		j := jsonFramer{cells: o}
		var b Batch
		if took := j.take([]byte(before), []byte(before), &b); took != (before[len(before)-1] == '}') || len(b.Rows) != len(b.cells)/3 {
			t.Fatalf("%s is accepted: %t", before, took)
		}
		n := len(b.Rows)
		var all map[string]json.RawMessage
		want := json.Unmarshal([]byte(line), &all) == nil && line[0] == '{'
		if took := j.take([]byte(line), []byte(line), &b); took != want || took != (len(b.Rows) > n) {
			t.Fatalf("%.200q is accepted: %t, encoding/json says %t", line, took, want)
		}
		if !want || b.Rows[n].Err != nil {
			continue
		}
		for slot, name := range o.names {
			value := "-"
			if v, ok := all[name]; ok && string(v) != "null" {
				value = string(v)
			}
			if got := b.Rows[n].Cells[slot]; value == "-" && got.Kind != KindAbsent || value != "-" && (got.Kind != KindJSON || string(got.Bytes) != value) {
				t.Fatalf("%.200q has %q for %q, want %q", line, got.Bytes, name, value)
			}
		}
	}
}

// TestMembersInAnyOrder reads objects whose members are in different orders, missing, or there twice: the cells of a row do not depend on the rows
// before it.
func TestMembersInAnyOrder(t *testing.T) {
	t.Parallel()
	var o objectCells
	names := []string{"a", "b", "c", "d"}
	if err := o.choose(names); err != nil {
		t.Fatal(err)
	}
	cells := make([]Cell, len(names))
	members := []string{"a", "b", "x", "d", "c", `\u0061`, "b", "y"}
	for n := range 4 * 8 * 8 * 8 * 8 {
		var text []string
		values, twice := map[string]int{}, false
		for i, k := 0, n; i < 4; i, k = i+1, k/8 {
			name, value := members[k%8], k%8%3
			text = append(text, fmt.Sprintf(`"%s":%d`, name, value))
			if name == `\u0061` {
				name = "a"
			}
			had, known := values[name]
			twice = twice || known && had != value && name != "x" && name != "y"
			values[name] = value
		}
		object := "{" + strings.Join(text, ",") + "}"
		clear(cells)
		bad, whole := o.fill(cells, []byte(object))
		if !whole || (bad != nil) != twice {
			t.Fatalf("%s: %v, %t", object, bad, whole)
		}
		for slot, name := range names {
			want := ""
			if v, ok := values[name]; ok {
				want = fmt.Sprint(v)
			}
			if !twice && string(cells[slot].Bytes) != want {
				t.Fatalf("%s: %s is %q, want %q", object, name, cells[slot].Bytes, want)
			}
		}
	}
}
