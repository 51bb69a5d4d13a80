package rawjson_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// FuzzRead compares what is read from every valid text with what encoding/json
// reads.
func FuzzRead(f *testing.F) {
	for _, text := range []string{
		`{}`, `[]`, ` { "a" : 1 , "a" : [ 2, {"b":null} ] } `, `{"\u0061\"":"x\\","é":-1.5e3,"":{}}`, `["a",[],{"b":[{}]},true,null]`, `"x"`, `1`, `null`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if !json.Valid(data) || !utf8.Valid(data) {
			return // json.Valid accepts strings that are not UTF-8; these are kept unchanged
		}
		text := string(bytes.TrimSpace(data))
		if rawjson.IsObject(text) {
			var want map[string]json.RawMessage
			if json.Unmarshal(data, &want) != nil {
				return // deeper than the limit of encoding/json
			}
			got := map[string]string{}
			for name, value := range rawjson.Members(text) {
				got[name] = value
			}
			for name, value := range want {
				if got[name] != string(value) || rawjson.Member(text, name) != string(value) {
					t.Errorf("%s: %q is %s, want %s", text, name, got[name], value)
				}
			}
			if len(got) != len(want) {
				t.Errorf("%s: %d members, want %d", text, len(got), len(want))
			}
		}
		if rawjson.IsArray(text) {
			var want []json.RawMessage
			if json.Unmarshal(data, &want) != nil {
				return
			}
			n := 0
			for value := range rawjson.Elements(text) {
				if n < len(want) && value != string(want[n]) {
					t.Errorf("%s: element %d is %s, want %s", text, n, value, want[n])
				}
				n++
			}
			if n != len(want) {
				t.Errorf("%s: %d elements, want %d", text, n, len(want))
			}
		}
		if rawjson.IsString(text) {
			var want string
			if json.Unmarshal(data, &want) == nil && rawjson.Unquote(text) != want {
				t.Errorf("%s is %q, want %q", text, rawjson.Unquote(text), want)
			}
		}
	})
}

func TestKinds(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{`"a"`: "string", `{}`: "object", `[]`: "array", `-1`: "number", `0`: "number", `null`: "null", ``: "null", `true`: "", `false`: ""} {
		got := ""
		for kind, is := range map[string]func(string) bool{"string": rawjson.IsString, "object": rawjson.IsObject, "array": rawjson.IsArray, "number": rawjson.IsNumber, "null": rawjson.IsNull} {
			if is(text) {
				got += kind
			}
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
	if got := rawjson.Quote("<é\"\n"); got != `"<é\"\n"` {
		t.Errorf("got %s", got)
	}
	if rawjson.Member("", "a") != "" {
		t.Error("nothing has a member")
	}
}
