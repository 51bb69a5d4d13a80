package load_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// Rows become people. One row cannot be mapped: it is written to the rejects, and the others are accepted.
func ExampleRun() {
	server := emulator.New(emulator.Config{}) // Customer.io on this machine
	client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://emulator.test", HTTPClient: &http.Client{Transport: server.Transport()}})
	if err != nil {
		log.Fatal(err)
	}

	rows, err := source.New(strings.NewReader("id,email,orders\n0001,ann@example.com,12\n0002,bob@example.com,a dozen\n"), source.Config{Format: source.FormatCSV})
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	m, err := mapping.Parse("people.yaml", []byte(`
messages:
  - identify:
      userId: $id
      traits: {email: $email, orders: =int(orders)}
`))
	if err != nil {
		log.Fatal(err)
	}

	summary, err := load.Run(context.Background(), load.Job{Source: rows, Mapping: m, Client: client, Rejects: os.Stdout})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d rows, %d messages: %d accepted, %d rejected\n", summary.Rows, summary.Messages, summary.Accepted, summary.Rejected)
	// Output:
	// {"line":3,"column":"orders","field":"traits.orders","rule":"not-an-integer","hint":"give digits with an optional sign, or use float or decimal in the mapping","row":"0002,bob@example.com,a dozen","ciokit":{"rejects":1,"ordinal":1,"sum":"9fe288e4c4ee677b","format":"csv","delimiter":",","columns":["id","email","orders"]}}
	// 2 rows, 2 messages: 1 accepted, 1 rejected
}

// A load that was begun with Start keeps a journal. After it ended for whatever reason, here a power cut that a canceled context simulates, another
// process resumes it with only this library. It must be the same load: another mapping, input or workspace is refused.
func ExampleStart() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	people := filepath.Join(dir, "people.csv")
	if err := os.WriteFile(people, []byte("id,orders\n0001,12\n0002,a dozen\n0003,7\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	server := emulator.New(emulator.Config{}) // Customer.io on this machine
	job := func(yaml string) load.Job {
		client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://emulator.test", HTTPClient: &http.Client{Transport: server.Transport()}})
		if err != nil {
			log.Fatal(err)
		}
		rows, err := source.Open(people, source.Config{}) // it is closed with the process
		if err != nil {
			log.Fatal(err)
		}
		m, err := mapping.Parse("people.yaml", []byte(yaml))
		if err != nil {
			log.Fatal(err)
		}
		return load.Job{Source: rows, Mapping: m, Client: client, RejectsFile: filepath.Join(dir, "people.rejects.jsonl")}
	}
	const mapping = "messages:\n  - identify: {userId: $id, traits: {orders: =int(orders)}}\n"
	runs := filepath.Join(dir, "runs") // "" is the directory that the command uses

	l, err := load.Start(runs, job(mapping))
	if err != nil {
		log.Fatal(err)
	}
	dying, pull := context.WithCancel(context.Background())
	pull()
	_, err = l.Run(dying)
	fmt.Println("the first process:", err)

	_, err = load.Resume(runs, l.ID(), job("messages:\n  - identify: {userId: $id}\n"))
	var other *load.MismatchError
	fmt.Println("with another mapping:", errors.As(err, &other), other.What)

	l, err = load.Resume(runs, l.ID(), job(mapping))
	if err != nil {
		log.Fatal(err)
	}
	summary, err := l.Run(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	rejects, err := os.ReadFile(filepath.Join(dir, "people.rejects.jsonl"))
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println("the second process:", summary.Rows, "rows,", summary.Accepted, "accepted,", bytes.Count(rejects, []byte("\n")), "in the rejects")
	// Output:
	// the first process: load: interrupted: context canceled
	// with another mapping: true mapping
	// the second process: 3 rows, 2 accepted, 1 in the rejects
}

// A table of people who asked to be forgotten prevents a load from creating them again.
func ExampleReadDenyList() {
	file := filepath.Join(os.TempDir(), "forgotten.csv")
	if err := os.WriteFile(file, []byte("asked_at;email\n2026-01-31;\"Ann@example.com \"\n"), 0o600); err != nil {
		log.Fatal(err)
	}
	defer os.Remove(file)

	list, err := load.ReadDenyList(file, load.DenyConfig{Column: "email"})
	if err != nil {
		log.Fatal(err)
	}
	m, err := mapping.Parse("people.yaml", []byte("messages:\n  - identify: {userId: $id, traits: {email: $email}}\n"))
	if err != nil {
		log.Fatal(err)
	}
	rows, err := source.New(strings.NewReader("id,email\n42,ann@example.com\n43,bob@example.com\n"), source.Config{})
	if err != nil {
		log.Fatal(err)
	}
	summary, err := load.Run(context.Background(), load.Job{Source: rows, Mapping: m, Deny: list, DryRun: true})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(list.Len(), "listed,", summary.Guarded, "kept back,", summary.Unsent, "would be sent")
	// Output: 1 listed, 1 kept back, 1 would be sent
}

// Journals of complete loads are no longer needed. Other journals are kept, so that their loads can be resumed.
func ExampleListJournals() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	server := emulator.New(emulator.Config{}) // Customer.io on this machine
	client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://emulator.test", HTTPClient: &http.Client{Transport: server.Transport()}})
	if err != nil {
		log.Fatal(err)
	}
	m, err := mapping.Parse("people.yaml", []byte("messages:\n  - identify: {userId: $id}\n"))
	if err != nil {
		log.Fatal(err)
	}
	rows := source.Rows([]string{"id"}, func(yield func(source.Values, error) bool) { yield(source.Values{"0001"}, nil) })
	defer rows.Close()
	l, err := load.Start(dir, load.Job{Source: rows, Mapping: m, Client: client, Fingerprint: "the people of 31 January"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := l.Run(context.Background()); err != nil {
		log.Fatal(err)
	}

	journals, err := load.ListJournals(dir)
	if err != nil {
		log.Fatal(err)
	}
	for _, j := range journals {
		if j.CanResume() {
			continue
		}
		if err := j.Remove(); err != nil {
			log.Fatal(err)
		}
		fmt.Println("removed the journal of", j.Last().Accepted, "message from", j.Header().Source)
	}
	// Output: removed the journal of 1 message from rows of a program
}
