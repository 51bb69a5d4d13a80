package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// A plan counts the beginning of the input and from that estimates the whole input.
func TestPlan(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - identify: {userId: $id, traits: {n: =int(n)}}\n  - delete_person: {userId: $id}\n    when: =n == \"9\"\n"
	in := "id,n\n" + strings.Repeat("a,1\nb,x\nc,9\n,\n", 2500)
	p, err := MakePlan(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, yaml)}, 1000)
	if err != nil {
		t.Fatal(err)
	}
	if p.Sampled != 1000 || p.Rejected != 250 || p.Empty != 250 || p.Deletes != 250 || p.Complete || p.Rows != -1 {
		t.Errorf("%+v", p)
	}
	if p.Kinds[0].Count != 500 || p.Kinds[1].Count != 250 || !json.Valid(p.Kinds[1].Example) || p.LargestBytes == 0 || len(p.First) != firstRejects {
		t.Errorf("%+v", p)
	}

	file := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(file, []byte(in), 0o600); err != nil {
		t.Fatal(err)
	}
	src, err := source.Open(file, source.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	if p, err = MakePlan(t.Context(), Job{Source: src, Mapping: mustMapping(t, yaml)}, 1000); err != nil || p.Rows < 9_000 || p.Rows > 11_000 || p.Requests < 1 || p.Bytes == 0 {
		t.Errorf("%v, %+v", err, p)
	}
	if p, err = MakePlan(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, yaml)}, 1e6); err != nil || p.Rows != 10_000 || !p.Complete {
		t.Errorf("%v, %+v", err, p)
	}
	var wrong *mapping.Error
	if _, err = MakePlan(t.Context(), Job{Source: mustSource(t, "x\n1\n", source.Config{}), Mapping: mustMapping(t, yaml)}, 0); !errors.As(err, &wrong) {
		t.Errorf("got %v", err)
	}
}

// Rejects as CSV can be fixed and loaded with the same mapping; every rejected row is there once.
func TestRejectsAsCSV(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - identify: {userId: $id, traits: {n: =int(n)}}\n  - page: {userId: $id}\n"
	const in = "id;n;\"a;b\"\n1;10;x\n2;bad;\"y\n\"\"z\"\"\"\n3;30\n4;40;\"q\n5;50;w\n"
	client := &fakeClient{send: func(_ context.Context, _ int, m []cio.Message) error {
		return failures(len(m), map[int]cio.Failure{2: {Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400}}, 3: {Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400}}})
	}}
	var rejects bytes.Buffer
	s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{Delimiter: ';'}), Mapping: mustMapping(t, yaml), Client: client, Rejects: &rejects, RejectsCSV: true})
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, s)
	mended := strings.NewReplacer("2;bad;", "2;20;", `"3;30"`, `"3;30;"`, `"4;40;""q"`, "4;40;q").Replace(rejects.String())
	mended = strings.Replace(mended, ";6;4;40;q;", `;6;"4;40;q";`, 1)
	src := mustSource(t, mended, source.Config{})
	columns, err := src.Columns(t.Context())
	if err != nil || len(columns) != 3 || columns[2].Name != "a;b" {
		t.Fatalf("%v, %+v\n%s", err, columns, rejects.String())
	}
	again := new(fakeClient)
	s, err = Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, yaml), Client: again})
	if err != nil {
		t.Fatal(err)
	}
	if got, want := counts(s), "rows 4 bad 0 empty 0; messages 8 accepted 8 rejected 0 by API 0 unsent 0"; got != want {
		t.Errorf("got  %s\nwant %s\n%s", got, want, rejects.String())
	}
	for _, want := range []string{";column n: not-an-integer:", ";;;\"unclosed-quote:", ";6;\"4;40;\"\"q\";;", "5;50;w;refused-by-api: Customer.io answered 400 Bad Request;7;;;"} {
		if !strings.Contains(rejects.String(), want) {
			t.Errorf("no %q in\n%s", want, rejects.String())
		}
	}
	if _, err := Run(t.Context(), Job{Source: mustSource(t, "{\"id\":\"1\"}\n", source.Config{}), Mapping: mustMapping(t, yaml), Client: again, Rejects: &rejects, RejectsCSV: true}); err == nil {
		t.Error("rejects of JSON Lines as CSV were accepted")
	}
}
