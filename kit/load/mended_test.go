package load

import (
	"bytes"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// What was wrong with a row is not sent when it has been mended, and is not written twice when it is rejected again.
func TestMendedRejects(t *testing.T) {
	const yaml = "messages:\n  - identify: {userId: $id, traits: {$all: {except: [id, n]}, n: =int(n)}}\n"
	in := "id,name,n\n1,Ann,1\n2,\"Bob, \"\"B\"\"\nof York\",x\n3,Cy,y\n"
	load := func(in string) (rejects string, sent []string) {
		t.Helper()
		var out bytes.Buffer
		client := new(fakeClient)
		s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{Format: source.CSV}), Mapping: mustMapping(t, yaml), Client: client, Rejects: &out, RejectsCSV: true})
		checkSum(t, s)
		if err != nil {
			t.Fatal(err)
		}
		return out.String(), client.accepted
	}
	first, _ := load(in)
	second, sent := load(strings.Replace(first, "York\",x", "York\",2", 1))
	if len(sent) != 1 || !strings.Contains(sent[0], `"traits":{"name":"Bob, \"B\"\nof York","n":2}`) {
		t.Errorf("sent %s", sent)
	}
	const want = "id,name,n,_error,_line\n3,Cy,y,\"column n: not-an-integer: "
	if !strings.HasPrefix(second, want) || strings.Count(second, "not-an-integer") != 1 {
		t.Errorf("rejected again:\n%s", second)
	}
	if _, sent = load(strings.Replace(second, "Cy,y", "Cy,3", 1)); len(sent) != 1 || !strings.Contains(sent[0], `"traits":{"name":"Cy","n":3}`) {
		t.Errorf("sent in the end %s", sent)
	}
}
