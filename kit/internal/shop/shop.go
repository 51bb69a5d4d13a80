// Package shop makes the data of a small shop: people, orders, devices, and a few of the mistakes that real exports have. The data is the same every
// time.
package shop

import (
	"bufio"
	"embed"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"time"
)

//go:embed *.yaml
var mappings embed.FS

// File is one file of the shop and the mapping that belongs to it.
type File struct {
	Name    string // such as orders.csv
	Path    string
	Mapping string // path of the mapping
}

// The number of rows of each file, without the mistakes.
const (
	People    = 200
	Orders    = 1000
	Devices   = 80
	Forgotten = 2
)

// Write writes the shop's files and their mappings into dir and returns them in the order in which to load them. The ids and addresses of
// people begin with prefix, which may be empty.
func Write(dir, prefix string) ([]File, error) {
	s := &shop{rand: rand.New(rand.NewPCG(1, 8110)), prefix: prefix}
	var files []File
	for _, f := range []struct {
		name, mapping string
		write         func(*bufio.Writer)
	}{
		{"people.csv", "people.yaml", s.people},
		{"forgotten.csv", "forgotten.yaml", s.forgotten},
		{"orders.csv", "orders.yaml", s.orders},
		{"devices.jsonl", "devices.yaml", s.devices},
	} {
		file := File{Name: f.name, Path: filepath.Join(dir, f.name), Mapping: filepath.Join(dir, f.mapping)}
		if err := create(file.Path, f.write); err != nil {
			return nil, err
		}
		mapping, err := mappings.ReadFile(f.mapping)
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(file.Mapping, mapping, 0o600); err != nil {
			return nil, err
		}
		files = append(files, file)
	}
	return files, nil
}

func create(path string, write func(*bufio.Writer)) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	w := bufio.NewWriter(f)
	write(w)
	if err := w.Flush(); err != nil {
		f.Close()
		return err
	}
	return f.Close()
}

type shop struct {
	rand   *rand.Rand
	prefix string
}

var (
	firstNames = []string{"Ada", "Alan", "Barbara", "Claude", "Dorothy", "Edsger", "Frances", "Grace", "Hedy", "Ida", "Joan", "Ken", "Leslie", "Margaret", "Niklaus", "Radia"}
	cities     = []string{"Aachen", "Bergen", "Cork", "Delft", "Espoo", "Faro", "Graz", "Hasselt"}
	skus       = []string{"tea-001", "tea-002", "cup-001", "pot-001", "tin-003", "kettle-1"}
	epoch      = time.Date(2025, 1, 1, 8, 0, 0, 0, time.UTC)
)

func pick(r *rand.Rand, from []string) string { return from[r.IntN(len(from))] }

func (s *shop) id(n int) string { return fmt.Sprintf("%sc%04d", s.prefix, n+1) }

func (s *shop) people(w *bufio.Writer) {
	fmt.Fprintln(w, "customer_id,email,first_name,city,created_at,newsletter,updated_at")
	for n := range People {
		name := pick(s.rand, firstNames)
		created := epoch.Add(time.Duration(n) * 9 * time.Hour)
		newsletter := "yes"
		if s.rand.IntN(3) == 0 {
			newsletter = ""
		}
		fmt.Fprintf(w, "%s,%s%s.%d@example.com,%s,%s,%s,%s,2026-01-01\n", s.id(n), s.prefix, strings.ToLower(name), n+1, name, pick(s.rand, cities), created.Format(time.RFC3339), newsletter)
		switch n {
		case 40: // names nobody: neither an id nor an address
			fmt.Fprintln(w, ",,Nemo,Graz,2025-01-16T08:00:00Z,yes,2026-01-01")
		case 120: // a comma that should have been quoted
			fmt.Fprintln(w, "c9001,kim@example.com,Kim,Delft, NL,2025-02-15T08:00:00Z,yes,2026-01-01")
		}
	}
}

func (s *shop) forgotten(w *bufio.Writer) {
	fmt.Fprintln(w, "customer_id")
	for n := range Forgotten {
		fmt.Fprintln(w, s.id(n*7+3))
	}
}

func (s *shop) orders(w *bufio.Writer) {
	fmt.Fprintln(w, "order_id,customer_id,ordered_at,sku,quantity,amount,note")
	for n := range Orders {
		at := epoch.AddDate(0, 2, 0).Add(time.Duration(n) * 7 * time.Hour)
		quantity := 1 + s.rand.IntN(4)
		cents := quantity * (499 + s.rand.IntN(3000))
		fmt.Fprintf(w, "o%05d,%s,%s,%s,%d,%d.%02d,\n", n+1, s.id(s.rand.IntN(People)), at.Format("2006-01-02 15:04"), pick(s.rand, skus), quantity, cents/100, cents%100)
		switch n {
		case 100: // a decimal comma
			fmt.Fprintln(w, `o90001,`+s.id(6)+`,2025-04-01 10:00,tea-001,1,"12,50",`)
		case 300: // a day that does not exist
			fmt.Fprintln(w, "o90002,"+s.id(7)+",2025-02-30 10:00,tea-002,1,7.50,")
		case 500: // an order of nobody
			fmt.Fprintln(w, "o90003,,2025-06-01 10:00,cup-001,2,18.00,")
		case 700: // larger than the limit of Customer.io
			fmt.Fprintf(w, "o90004,%s,2025-08-01 10:00,pot-001,1,39.00,\"%s\"\n", s.id(8), strings.Repeat("happy birthday! ", 2500))
		}
	}
}

func (s *shop) devices(w *bufio.Writer) {
	enc := json.NewEncoder(w)
	type device struct {
		Customer  string `json:"customer"`
		Token     string `json:"token,omitempty"`
		Platform  string `json:"platform"`
		OSVersion string `json:"os_version"`
	}
	for n := range Devices {
		d := device{Customer: s.id(n*2 + 1), Token: fmt.Sprintf("%016x", s.rand.Uint64()), Platform: "ios", OSVersion: "18.1"}
		if n%3 == 0 {
			d.Platform, d.OSVersion = "android", "15"
		}
		enc.Encode(d)
		if n == 30 { // a phone without a token
			enc.Encode(device{Customer: s.id(0), Platform: "ios", OSVersion: "17.0"})
		}
	}
}
