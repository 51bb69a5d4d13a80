package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/wire"
	"github.com/ciokit/cio/kit/source"
)

// Messages that the loader writes itself are sent without another check. So they must be what that check would accept, in the form that it would
// write.
func FuzzOwnJSON(f *testing.F) {
	for _, seed := range []string{
		`{"id":"1","a":"x","b":2}`, `{"id":"1","a":{"b" : [1, 2]},"b":"\ufffd"}`, `{"id":7,"a":"\u00e9\ud83d\ude00","b":1.0e5}`,
		`{"id":"1","a":` + strings.Repeat("[", 150) + strings.Repeat("]", 150) + `}`, `{"id":"1","a b":"c","b":"2020-01-01"}`, "{\"id\":\"1\",\"a\":\"\xff\"}",
	} {
		f.Add(seed)
	}
	const mappings = `messages: [{identify: {userId: $id, traits: {a: $a, nested: {list: [$b, $a]}}}}]
messages: [{identify: {userId: $id, traits: {$all: {except: [id]}}}}]
messages: [{track: {userId: $id, event: Seen, properties: {a: $a, b: "=decimal(b)", c: "=date(b)", d: "=b"}}}]
messages: [{delete_person: {userId: $id}}, {set_device: {userId: $id, token: $a, platform: ios, attributes: {b: $b}}}]`
	f.Fuzz(func(t *testing.T, line string) {
		if strings.ContainsAny(line, "\n") {
			t.Skip()
		}
		for mapping := range strings.Lines(mappings) {
			src, err := source.New(strings.NewReader(line), source.Config{Format: source.FormatJSONLines})
			if err != nil {
				t.Fatal(err)
			}
			_, err = Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, mapping), Client: &fakeClient{send: func(_ context.Context, _ int, messages []cio.Message) error {
				for _, m := range messages {
					data, err := m.(*cio.Encoded).AppendJSON(nil)
					if err != nil {
						t.Fatal(err)
					}
					tidy, err := wire.AppendRaw(nil, data)
					if err != nil || !bytes.Equal(tidy, data) || !json.Valid(data) {
						t.Errorf("%s: %v: sent %q", mapping, err, data)
					}
				}
				return nil
			}}})
			if err != nil && !isFormatError(err) && !errors.Is(err, ErrSource) {
				t.Fatal(err)
			}
		}
	})
}
