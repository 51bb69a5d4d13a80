package mapping

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// FuzzDecodeJSON compares with encoding/json, number by number.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{`{"a":[1.50,{"b":"\u00e9\ud834\udd1e"}],"c":null}`, ` [ true , false ] `, `"\ud800"`, `{"a":1,"a":2}`, `1e400`, `[[[[]]]]`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		v, bad := decodeJSON(text)
		if bad != nil {
			if json.Valid(text) && bad.Rule == source.RuleNotJSON {
				t.Fatalf("%q is JSON: %s", text, bad)
			}
			return
		}
		var want any
		d := json.NewDecoder(strings.NewReader(string(text)))
		d.UseNumber()
		if err := d.Decode(&want); err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		var got []byte
		if got, bad = appendItem(nil, v); bad != nil {
			t.Fatalf("%q: %v", text, bad)
		}
		var again any
		d = json.NewDecoder(strings.NewReader(string(got)))
		d.UseNumber()
		if err := d.Decode(&again); err != nil || fmt.Sprint(again) != fmt.Sprint(want) {
			t.Fatalf("%q became %q, %v", text, got, err)
		}
	})
}
