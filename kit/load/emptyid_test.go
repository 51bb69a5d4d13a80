package load

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// TestNobodyToActOn maps rows without the id that their message acts on: each row is rejected with its line, if it has any other value or was already
// rejected before. Rows without any value stay empty.
func TestNobodyToActOn(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mapping      string
		rejected     string // the lines
		empty, count int64  // rows without a message, messages accepted
	}{
		{"delete_person: {userId: $id}", "3 4 6", 0, 2},
		{"suppress_person: {userId: $id}", "3 4 6", 0, 2},
		{"unsuppress_person: {userId: $id}", "3 4 6", 0, 2},
		{"track: {userId: $id, event: User Deleted}", "3 4 6", 0, 2},
		{"delete_device: {userId: $id, token: $n}", "3 4 6", 0, 2},
		{"delete_object: {objectId: $id}", "3 4 6", 0, 2},
		{"delete_relationship: {userId: $id, objectId: $n}", "3 4 6", 0, 2},
		{"set_object: {objectId: $id, attributes: {n: $n}}", "3 4 6", 0, 2},
		{"delete_person: {userId: $id}\n    when: =n == \"1\"", "3", 3, 1},
		{"delete_person: {userId: $id}\n    when: =n != \"1\"", "4 6", 2, 1},
		{"delete_object: {objectId: acme}\n    when: =n != \"1\"", "", 4, 1}, // of a constant id; an empty row has no message
		{"identify: {userId: $id}\n  - delete_person: {userId: $id}\n    when: =n == \"1\"", "3", 2, 3},
		{"identify: {userId: $id}", "", 3, 2},
		{"track: {userId: $id, event: Bought}", "", 3, 2},
	} {
		for format, in := range map[source.Format]string{
			source.FormatCSV:       "id,n\n1,1\n,1\n,\n2,2\n,\n",
			source.FormatJSONLines: "{}\n" + `{"id":"1","n":"1"}` + "\n" + `{"id":null,"n":"1"}` + "\n" + `{}` + "\n" + `{"id":"2","n":"2"}` + "\n" + `{"id":null}` + "\n",
		} {
			t.Run(string(format)+"/"+c.mapping, func(t *testing.T) {
				if format == source.FormatJSONLines {
					in = "\n" + in[len("{}\n"):] // to keep the line numbers
				}
				var rejects bytes.Buffer
				client := new(fakeClient)
				s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{Format: format}), Mapping: mustMapping(t, "messages:\n  - "+c.mapping+"\n"), Client: client, Rejects: &rejects, MaxDeletes: 100})
				if err != nil {
					t.Fatal(err)
				}
				checkSum(t, s)
				var lines []string
				for dec := json.NewDecoder(&rejects); dec.More(); {
					var r Reject
					if err := dec.Decode(&r); err != nil {
						t.Fatal(err)
					}
					if r.Hint == "" || r.Field == "" {
						t.Errorf("the reject says too little: %+v", r)
					}
					lines = append(lines, fmt.Sprint(r.Line))
				}
				if got := strings.Join(lines, " "); got != c.rejected {
					t.Errorf("rejected %q, want %q", got, c.rejected)
				}
				if s.RowsEmpty != c.empty || s.Accepted != c.count {
					t.Errorf("%d empty and %d accepted, want %d and %d", s.RowsEmpty, s.Accepted, c.empty, c.count)
				}
			})
		}
	}
}

// TestSummaryJSON checks that the JSON form has everything that the Summary counts, so that rows and messages add up for readers of the JSON alone.
func TestSummaryJSON(t *testing.T) {
	t.Parallel()
	const in = "id,n\n1,1\n2,x\nNULL,1\n,\n3,3\n"
	s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: new(fakeClient)})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Rows         int64 `json:"rows"`
		RowsMapped   int64 `json:"rows_mapped"`
		RowsRejected int64 `json:"rows_rejected"`
		RowsEmpty    int64 `json:"rows_empty"`
		Unchanged    int64 `json:"unchanged"`
		Complete     bool  `json:"complete"`
		Reasons      []struct {
			Rule  string
			Count int64
		}
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Rows != 5 || got.RowsMapped != 2 || got.RowsRejected != 2 || got.RowsEmpty != 1 || !got.Complete {
		t.Errorf("%s", text)
	}
	var rules []string
	for _, r := range got.Reasons {
		rules = append(rules, fmt.Sprint(r.Rule, " ", r.Count))
	}
	if want := []string{mapping.RuleNotAnInteger + " 1", mapping.RulePlaceholder + " 1"}; !slices.Equal(rules, want) {
		t.Errorf("reasons %q, want %q", rules, want)
	}
}
