package load

import (
	"fmt"
	"testing"
	"time"

	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// Warnings are counted apart from rejects, by rule, with the place of the first.
func TestWarnings(t *testing.T) {
	t.Parallel()
	now := time.Now().UTC()
	at := func(d time.Duration) string { return now.Add(d).Format(time.RFC3339) }
	in := "id,at\n" +
		"a," + at(-71*time.Hour) + "\n" +
		"b," + at(-73*time.Hour) + "\n" +
		"c," + at(time.Hour) + "\n" +
		"d," + at(4*time.Minute) + "\n" +
		"e,\n" +
		"f," + at(-30*24*time.Hour) + "\n" +
		"g,never\n"
	const mapping = "messages:\n  - track: {userId: $id, event: Seen, timestamp: =date(at)}\n  - identify: {userId: $id, timestamp: =date(at)}\n"
	s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, mapping), Client: new(fakeClient)})
	checkSum(t, s)
	if err != nil || s.Warnings != 4 || s.Rejected != 2 || s.Accepted != 12 {
		t.Fatalf("%v: %s, %d warnings", err, counts(s), s.Warnings)
	}
	got := ""
	for _, w := range s.Warned {
		got += fmt.Sprintf("%d %s line %d %s; ", w.Count, w.Rule, w.Line, w.Field)
	}
	if want := "2 event-starts-no-campaign line 3 timestamp; 2 time-in-the-future line 4 timestamp; "; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

// A missing id is not silently replaced by the address.
func TestPersonByAddress(t *testing.T) {
	t.Parallel()
	const rows = "id,anon,email\n1,,a@example.com\n,,b@example.com\n,x,c@example.com\n,,d@example.com\n"
	for name, tt := range map[string]struct {
		mapping string
		want    int64
	}{
		"an id that is missing":   {"messages:\n  - identify: {userId: $id, traits: {email: $email}}\n", 3},
		"another id":              {"messages:\n  - identify: {userId: $id, anonymousId: $anon, traits: {email: $email}}\n", 2},
		"the address is intended": {"messages:\n  - identify: {traits: {email: $email}}\n", 0},
		"the address is the id":   {"messages:\n  - identify: {userId: $email, traits: {email: $email}}\n", 0},
		"not an identify":         {"messages:\n  - track: {userId: $email, event: Seen}\n", 0},
		"one of several messages": {"messages:\n  - identify: {userId: $id, traits: {email: $email}}\n  - identify: {userId: $email, traits: {email: $email}}\n", 3},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Run(t.Context(), Job{Source: mustSource(t, rows, source.Config{}), Mapping: mustMapping(t, tt.mapping), Client: new(fakeClient)})
			checkSum(t, s)
			if err != nil || s.Rejected != 0 {
				t.Fatalf("%v: %s", err, counts(s))
			}
			n := int64(0)
			for _, w := range s.Warned {
				if w.Rule == mapping.RuleByAddress {
					n = w.Count
				}
			}
			if n != tt.want {
				t.Errorf("%d are warned of, want %d: %+v", n, tt.want, s.Warned)
			}
		})
	}
}
