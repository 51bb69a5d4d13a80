package source_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// The rows of a program are loaded like those of a file, with their types. One row value is reused: it is read while the iterator waits.
func ExampleRows() {
	server := emulator.New(emulator.Config{}) // Customer.io on this machine
	client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://emulator.test", HTTPClient: &http.Client{Transport: server.Transport()}})
	if err != nil {
		log.Fatal(err)
	}
	m, err := mapping.Parse("people.yaml", []byte(`
messages:
  - identify:
      userId: $id
      traits: {$all: {except: [id]}}
`))
	if err != nil {
		log.Fatal(err)
	}

	rows := source.Rows([]string{"id", "orders", "vip", "since"}, func(yield func(source.Values, error) bool) {
		row := make(source.Values, 4)
		for i := range 3 {
			row[0], row[1], row[2], row[3] = fmt.Sprintf("%04d", i), i*12, i == 2, time.Date(2026, 1, 31, 12, i, 0, 0, time.UTC)
			if !yield(row, nil) {
				return
			}
		}
	})
	defer rows.Close()
	summary, err := load.Run(context.Background(), load.Job{Source: rows, Mapping: m, Client: client})
	if err != nil {
		log.Fatal(err)
	}
	person, err := server.Person("", "0002")
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(summary.Accepted, "people; the last has", string(person.Traits["orders"]), "orders and is a VIP:", string(person.Traits["vip"]))
	// Output: 3 people; the last has 24 orders and is a VIP: true
}
