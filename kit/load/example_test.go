package load_test

import (
	"context"
	"fmt"
	"log"
	"net/http"
	"os"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/source"
)

// Rows become people. One row cannot: it is written to the rejects, and the others are accepted all the same.
func ExampleRun() {
	server := emulator.New(emulator.Config{}) // Customer.io on this machine
	client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://emulator.test", HTTPClient: &http.Client{Transport: server.Transport()}})
	if err != nil {
		log.Fatal(err)
	}

	rows, err := source.New(strings.NewReader("id,email,orders\n0001,ann@example.com,12\n0002,bob@example.com,a dozen\n"), source.Config{Format: source.CSV})
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	mapping, err := load.ParseMapping("people.yaml", []byte(`
messages:
  - identify:
      userId: $id
      traits: {email: $email, orders: =int(orders)}
`))
	if err != nil {
		log.Fatal(err)
	}

	summary, err := load.Run(context.Background(), load.Job{Source: rows, Mapping: mapping, Client: client, Rejects: os.Stdout})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d rows, %d messages: %d accepted, %d rejected\n", summary.Rows, summary.Messages, summary.Accepted, summary.Rejected)
	// Output:
	// {"line":3,"column":"orders","field":"traits.orders","rule":"not-an-integer","hint":"give digits with an optional sign, or use float or decimal in the mapping","row":"0002,bob@example.com,a dozen"}
	// 2 rows, 2 messages: 1 accepted, 1 rejected
}
