package emulator_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/big"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestOrders stores the reference orders and adds up what is stored: nothing is
// lost, doubled or rounded, even if everything is sent twice.
func TestOrders(t *testing.T) {
	t.Parallel()
	people := readTable(t, "cdnow_people.csv")
	orders := readTable(t, "cdnow_orders.csv")
	c := newClient(t, emulator.Config{})
	c.strict = true
	identify := func(row map[string]string) string {
		return fmt.Sprintf(`{"type":"identify","userId":%q,"traits":{"first_order_at":%q,"orders":%s,"total":%s}}`,
			row["customer_id"], row["first_order_at"], row["orders"], row["total"])
	}
	sendRows(c, people, identify)
	sendRows(c, orders, func(row map[string]string) string {
		return fmt.Sprintf(`{"type":"track","userId":%q,"event":"Order Completed","messageId":%q,"timestamp":%q,"properties":{"order_id":%q,"total":%s}}`,
			row["customer_id"], row["order_id"], row["ordered_at"]+"T00:00:00Z", row["order_id"], row["amount"])
	})
	sendRows(c, people, identify)

	s := c.stats()
	if s.People != 23_544 || s.Events != 69_659 || s.Messages != (emulator.MessageCounts{Accepted: 2*23_544 + 69_659}) {
		t.Errorf("%+v", s)
	}
	sum := new(big.Rat)
	for _, row := range people {
		p, err := c.srv.Person("", row["customer_id"])
		if err != nil {
			t.Fatal(err)
		}
		if got := fmt.Sprint(len(p.Events)); got != row["orders"] || string(p.Traits["orders"]) != row["orders"] {
			t.Fatalf("%s: %s events, trait %s; want %s", p.ID, got, p.Traits["orders"], row["orders"])
		}
		for _, e := range p.Events {
			var properties struct{ Total json.Number }
			if err := json.Unmarshal(e.Properties, &properties); err != nil {
				t.Fatal(err)
			}
			total, ok := new(big.Rat).SetString(properties.Total.String())
			if !ok {
				t.Fatalf("total %s", properties.Total)
			}
			sum.Add(sum, total)
		}
	}
	if got := sum.FloatString(2); got != "2500315.63" {
		t.Errorf("the orders add up to %s, want 2500315.63", got)
	}
}

// readTable reads a CSV file of the reference data, which is not part of the
// repository.
func readTable(t *testing.T, name string) []map[string]string {
	t.Helper()
	path := filepath.Join("..", "..", "shared", "data", name)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no reference data: %s is not there", path)
	}
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	r := csv.NewReader(file)
	header, err := r.Read()
	if err != nil {
		t.Fatal(err)
	}
	var rows []map[string]string
	for {
		record, err := r.Read()
		if err == io.EOF {
			return rows
		}
		if err != nil {
			t.Fatal(err)
		}
		row := make(map[string]string, len(header))
		for i, column := range header {
			row[column] = record[i]
		}
		rows = append(rows, row)
	}
}

// sendRows sends a message for each row, in batches of 475,000 bytes.
func sendRows(c *client, rows []map[string]string, message func(map[string]string) string) {
	c.t.Helper()
	var batch strings.Builder
	flush := func() {
		if batch.Len() > 0 {
			c.post("/v1/batch", `{"batch":[`+batch.String()+`]}`, http.StatusOK)
			batch.Reset()
		}
	}
	for _, row := range rows {
		m := message(row)
		if batch.Len()+len(m) > 474_000 {
			flush()
		}
		if batch.Len() > 0 {
			batch.WriteByte(',')
		}
		batch.WriteString(m)
	}
	flush()
}
