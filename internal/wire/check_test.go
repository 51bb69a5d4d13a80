package wire_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/ciokit/cio/internal/wire"
)

// FuzzCheck compares the checker with encoding/json: both accept the same inputs as JSON, and the replacement for an input decodes to the same value.
func FuzzCheck(f *testing.F) {
	for _, s := range []string{`{}`, ` [1 , 2] `, `{"a":"\u00e9\n"}`, `-0.5e+10`, `01`, `1.`, `"\x"`, `"\u12"`, "\"\x01\"", `{"a"}`, `[1,]`, `nul`, `"\ufffd"`, ``, "\"\xff\"", `{"a":1}}`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		err := wire.Check(in)
		var w *wire.Error
		if errors.As(err, &w) && w.Rule == wire.TooDeep {
			t.Skip("deeper than the limit")
		}
		if want := json.Valid(in) && utf8.Valid(in); (err == nil) != want {
			t.Fatalf("Check(%q) = %v, encoding/json says %t", in, err, want)
		}
		if err != nil {
			if object, parts, err := wire.AppendObject([]byte("before"), in, nil); err == nil || string(object) != "before" || len(parts) != 0 {
				t.Fatalf("AppendObject(%q) is %q with %d parts, %v", in, object, len(parts), err)
			}
			return
		}
		out, err := wire.AppendRaw(nil, in)
		if err != nil {
			t.Fatal(err)
		}
		object, parts, err := wire.AppendObject([]byte("before"), in, nil)
		if err != nil || string(object) != "before"+string(out) {
			t.Fatalf("AppendObject(%q) is %q, %v", in, object, err)
		}
		n := 0
		for name, value := range wire.Members(out) {
			if n >= len(parts) || string(parts[n].Name) != string(name) || string(parts[n].Value) != string(value) || !bytes.HasPrefix(out[parts[n].At:], value) {
				t.Fatalf("%q: part %d of %d is not %q: %q", in, n, len(parts), name, value)
			}
			n++
		}
		if n != len(parts) {
			t.Fatalf("%q has %d members, not %d", in, n, len(parts))
		}
		var a, b bytes.Buffer
		if json.Compact(&a, in) != nil || json.Compact(&b, out) != nil {
			t.Fatalf("%q became %q", in, out)
		}
		if got, want := b.String(), a.String(); !strings.Contains(want, `\ufffd`) && got != want {
			t.Fatalf("%q became %q", in, out)
		}
		if _, found := wire.InvalidText(out); found {
			t.Fatalf("%q became %q, which reads as damaged", in, out)
		}
	})
}

func TestCheckDepth(t *testing.T) {
	t.Parallel()
	deep := func(n int) []byte { return []byte(strings.Repeat("[", n) + strings.Repeat("]", n)) }
	if err := wire.Check(deep(wire.MaxDepth)); err != nil {
		t.Errorf("%d levels: %v", wire.MaxDepth, err)
	}
	if err := wire.Check(deep(1_000_000)); err == nil {
		t.Error("a million levels passed")
	}
}

func TestLookup(t *testing.T) {
	t.Parallel()
	object := []byte(` { "a" : 1, "b\u0063" : "x\ty", "a" : {"n":[1,2]} , "z":null } `)
	for name, want := range map[string]string{"a": `{"n":[1,2]}`, "bc": `"x\ty"`, "z": `null`} {
		if got, ok := wire.Lookup(object, name); !ok || string(got) != want {
			t.Errorf("%s: got %s, %t, want %s", name, got, ok, want)
		}
	}
	if _, ok := wire.Lookup(object, "n"); ok {
		t.Error("found a member of a member")
	}
	if v, ok := wire.Lookup([]byte(`[1]`), "a"); ok {
		t.Errorf("found %s in an array", v)
	}
	v, _ := wire.Lookup(object, "bc")
	if s, ok := wire.Text(v); !ok || s != "x\ty" {
		t.Errorf("text %q", s)
	}
	if _, ok := wire.Text([]byte("12")); ok {
		t.Error("a number is no text")
	}
}

func TestAppendMerged(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ low, high, want string }{
		{`{}`, `{}`, `{}`},
		{`{"a":1}`, `{"b":2}`, `{"a":1,"b":2}`},
		{`{"a":1,"c":{"x":1,"y":2}}`, `{"a":[3],"c":{"y":3,"z":null}}`, `{"a":[3],"c":{"x":1,"y":3,"z":null}}`},
		{`{"a":{"x":1}}`, `{"a":null}`, `{"a":null}`},
	} {
		if got := wire.AppendMerged(nil, []byte(c.low), []byte(c.high)); string(got) != c.want {
			t.Errorf("%s under %s: got %s, want %s", c.low, c.high, got, c.want)
		}
	}
}

func TestInvalidText(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		in    any
		path  string
		found bool
	}{
		{map[string]any{"a": "fine", "b": "genuine \uFFFD"}, "", false},
		{map[string]any{"a": `backslash \ufffd`}, "", false},
		{map[string]any{"a": []any{"x", map[string]any{"b": "\xc3"}}}, "a[1].b", true},
		{struct{ Name string }{"\xa0"}, "Name", true},
		{map[string]any{"a\xff": 1}, "", true},
	} {
		b, err := wire.AppendValue(nil, c.in)
		if err != nil {
			t.Fatal(err)
		}
		if path, found := wire.InvalidText(b); path != c.path || found != c.found {
			t.Errorf("%s: got %q, %t, want %q, %t", b, path, found, c.path, c.found)
		}
	}
}

// FuzzMembers checks that reading any bytes does not panic, and that valid JSON is read as encoding/json reads it.
func FuzzMembers(f *testing.F) {
	f.Add([]byte(`{"a":1,"b":{"c":[]}}`))
	f.Add([]byte(`{"a"`))
	f.Add([]byte(`{"\ud800":1}`))
	f.Fuzz(func(t *testing.T, in []byte) {
		got := map[string]string{}
		for k, v := range wire.Members(in) {
			got[string(k)] = string(v)
		}
		wire.AppendMerged(nil, in, in)
		wire.InvalidText(in)
		var want map[string]json.RawMessage
		if wire.Check(in) != nil || json.Unmarshal(in, &want) != nil {
			return
		}
		if len(got) != len(want) {
			t.Fatalf("%q: got %v", in, got)
		}
		for k, v := range want {
			if got[k] != string(v) {
				t.Fatalf("%q: member %q is %q, want %q", in, k, got[k], v)
			}
		}
	})
}
