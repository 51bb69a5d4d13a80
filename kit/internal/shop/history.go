package shop

import (
	"bufio"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"
)

// The size of the past. There are more than twice as many orders as people.
const (
	PastPeople = 5000
	pastDays   = 3 * 365
)

// WriteHistory writes the past of a larger shop into dir, without mistakes: past_people.csv, past_orders.csv and the mapping of each. Most people
// bought once, and some come back every month. The row of a person counts all of the person's orders. The ids of people begin with prefix, which may
// be empty. The data is the same every time.
func WriteHistory(dir, prefix string) error {
	past := newHistory(prefix)
	for name, write := range map[string]func(*bufio.Writer){"past_people": past.people, "past_orders": past.orders} {
		if err := create(filepath.Join(dir, name+".csv"), write); err != nil {
			return err
		}
		mapping, err := mappings.ReadFile(name + ".yaml")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name+".yaml"), mapping, 0o600); err != nil {
			return err
		}
	}
	return nil
}

// buyer is one person of the past, with a day and an amount in cents for each order.
type buyer struct {
	id    string
	days  []int
	cents []int
}

type history []buyer

func newHistory(prefix string) history {
	r := rand.New(rand.NewPCG(2, 8110))
	all := make(history, PastPeople)
	for n := range all {
		b := buyer{id: fmt.Sprintf("%sp%05d", prefix, n+1)}
		orders, every := 1, 0
		switch r.IntN(10) {
		case 0: // comes back every month
			orders, every = 6+r.IntN(12), 30
		case 1, 2, 3: // comes back now and then
			orders, every = 2+r.IntN(3), 150
		}
		for day := r.IntN(pastDays); len(b.days) < orders && day < pastDays; day += 1 + every/2 + r.IntN(every+1) {
			b.days = append(b.days, day)
			b.cents = append(b.cents, 499+int(r.ExpFloat64()*3000))
		}
		all[n] = b
	}
	return all
}

func day(n int) string { return epoch.AddDate(-3, 0, n).Format(time.DateOnly) }

func euros(cents int) string { return fmt.Sprintf("%d.%02d", cents/100, cents%100) }

func (h history) people(w *bufio.Writer) {
	fmt.Fprintln(w, "customer_id,first_order_at,last_order_at,orders,total")
	for _, b := range h {
		total := 0
		for _, c := range b.cents {
			total += c
		}
		fmt.Fprintf(w, "%s,%s,%s,%d,%s\n", b.id, day(b.days[0]), day(b.days[len(b.days)-1]), len(b.days), euros(total))
	}
}

func (h history) orders(w *bufio.Writer) {
	fmt.Fprintln(w, "order_id,customer_id,ordered_at,amount")
	n := 0
	for _, b := range h {
		for i := range b.days {
			n++
			fmt.Fprintf(w, "h%06d,%s,%s,%s\n", n, b.id, day(b.days[i]), euros(b.cents[i]))
		}
	}
}
