package mapping_test

import (
	"context"
	"fmt"
	"log"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// The error lists everything that is wrong with a mapping, with its place and what to write instead.
func ExampleParse() {
	_, err := mapping.Parse("people.yaml", []byte(`
messages:
  - identify:
      user_id: $id
      traits: {orders: =int(orders)}
`))
	fmt.Println(err)
	// Output:
	// people.yaml:4:7: messages[0].identify: identify has no field "user_id"; write userId
	// people.yaml:4:7: messages[0].identify: identify needs userId, or the trait email; add userId: $COLUMN, with the name of the column that has the person's id
}

// The messages of a row are encoded as they would be sent. A row that cannot be mapped has a rule that programs can compare, and a hint.
func ExampleMapper_Map() {
	people, err := mapping.Parse("people.yaml", []byte("messages:\n  - identify: {userId: $id, traits: {orders: =int(orders)}}\n"))
	if err != nil {
		log.Fatal(err)
	}
	rows, err := source.New(strings.NewReader("id,orders\n0001,12\n0002,a dozen\n"), source.Config{Format: source.FormatCSV})
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns(context.Background())
	if err != nil {
		log.Fatal(err)
	}
	compiled, err := people.Compile(columns, false)
	if err != nil {
		log.Fatal(err)
	}
	if err := rows.Select(compiled.Columns()); err != nil {
		log.Fatal(err)
	}
	var batch source.Batch
	if err := rows.Next(context.Background(), &batch); err != nil {
		log.Fatal(err)
	}
	m := mapping.NewMapper(compiled, cio.Encode)
	for i := range batch.Rows {
		messages, bad := m.Map(&batch.Rows[i], 0)
		if bad != nil {
			fmt.Printf("line %d, column %s, %s: %s\n", batch.Rows[i].Line, bad.Column, bad.Field, bad.Rule)
			continue
		}
		for _, e := range messages {
			fmt.Println(e.Type(), e.Identity().UserID)
		}
	}
	// Output:
	// identify 0001
	// line 3, column orders, traits.orders: not-an-integer
}

// A proposal is a first mapping that a person must check.
func ExamplePropose() {
	rows, err := source.New(strings.NewReader("id,email,orders\n0001,ann@example.com,12\n0002,bob@example.com,3\n"), source.Config{Format: source.FormatCSV})
	if err != nil {
		log.Fatal(err)
	}
	defer rows.Close()
	profile, err := source.Inspect(context.Background(), rows, 0)
	if err != nil {
		log.Fatal(err)
	}
	proposal, err := mapping.Propose(profile, mapping.ProposeConfig{})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Print(string(proposal.Mapping))
	// Output:
	// # A proposal, made from all 2 rows. Check it: is this what the rows mean, and may each value be sent?
	// messages:
	//   - identify:
	//       userId: $id
	//       traits:
	//         email: $email # personal data
	//         orders: =int(orders)
}
