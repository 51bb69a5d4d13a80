// Command load measures how many rows of CSV, JSON Lines, Parquet and databases kit/load sends to a server on this machine for each second
// of CPU. It compares that with the least that a hand-written program can do (parse, write JSON, post) and with an ordinary script in
// Python.
//
//	GOWORK=off go run . -rows 2000000
//
// Each case runs in a process of its own, so that its CPU time and its peak memory are measured separately. The server, which reads and
// drops everything, is another process and does not count.
package main

import (
	"bufio"
	"bytes"
	"context"
	_ "embed"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/parquet-go/parquet-go"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

const columns = "id,email,name,city,plan,orders,total,first_at,last_at,note"

const yaml = `
messages:
  - identify:
      userId: $id
      traits: {email: $email, name: $name, city: $city, plan: $plan, orders: =int(orders), total: =decimal(total), first_at: =date(first_at), last_at: =date(last_at), note: $note}
`

func main() {
	rows := flag.Int("rows", 2_000_000, "rows of each file")
	role := flag.String("case", "", "run only this case, against the server at -to, and print its cost")
	to := flag.String("to", "", "address of the server")
	dir := flag.String("dir", "", "directory for the files; default a temporary directory")
	flag.Parse()
	log.SetFlags(0)
	var err error
	switch *role {
	case "":
		err = all(*rows, *dir)
	case "files":
		err = makeFiles(*dir, *rows)
	case "server":
		err = serve()
	default:
		err = one(*role, *to, *dir)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// all makes the files, starts the server, and runs each case.
func all(rows int, dir string) error {
	if dir == "" {
		var err error
		if dir, err = os.MkdirTemp("", "cioload"); err != nil {
			return err
		}
		defer os.RemoveAll(dir)
	}
	// Linux adds the memory of a process to the peak of the processes that it starts, so this one stays small.
	files := exec.Command(os.Args[0], "-case", "files", "-dir", dir, "-rows", strconv.Itoa(rows))
	files.Stderr = os.Stderr
	if err := files.Run(); err != nil {
		return fmt.Errorf("making the files: %w", err)
	}
	server := exec.Command(os.Args[0], "-case", "server")
	out, err := server.StdoutPipe()
	if err != nil {
		return err
	}
	if err := server.Start(); err != nil {
		return err
	}
	defer server.Process.Kill()
	address, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		return err
	}
	fmt.Printf("%-34s %12s %14s %10s %10s\n", "case", "rows/s", "rows/core-s", "us/row", "peak MiB")
	address = strings.TrimSpace(address)
	for _, name := range []string{"csv", "csv, one request at once", "jsonl", "parquet", "sqlite", "postgres", "mariadb", "ceiling", "python"} {
		cmd, of := exec.Command(os.Args[0], "-case", name, "-to", address, "-dir", dir), rows
		if d, found := databases[name]; found {
			if databaseURL(name, dir) == "" {
				fmt.Printf("%-34s left out: %s is not set\n", name, d.variable)
				continue
			}
			of = min(rows, fewRows)
		}
		if name == "python" {
			script, err := pythonLoader(dir)
			if err != nil {
				fmt.Printf("%-34s left out: %v\n", name, err)
				continue
			}
			of = min(rows, fewRows)
			cmd = exec.Command("python3", script, filepath.Join(dir, "few.csv"), address)
		}
		cmd.Stderr = os.Stderr
		started := time.Now()
		if out, err := cmd.Output(); err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, out)
		}
		took := time.Since(started).Seconds()
		usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		cpu := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		fmt.Printf("%-34s %12.0f %14.0f %10.2f %10d\n", name, float64(of)/took, float64(of)/cpu, cpu/float64(of)*1e6, usage.Maxrss>>10)
	}
	return nil
}

// fewRows is how many rows the Python script and the databases load: each row costs the same, and they are slow.
const fewRows = 500_000

//go:embed ordinary.py
var ordinary []byte

// pythonLoader writes the script and returns its path.
func pythonLoader(dir string) (string, error) {
	if _, err := exec.LookPath("python3"); err != nil {
		return "", err
	}
	path := filepath.Join(dir, "ordinary.py")
	return path, os.WriteFile(path, ordinary, 0o600)
}

// person is a row of the files.
type person struct {
	ID     string    `parquet:"id"`
	Email  string    `parquet:"email"`
	Name   string    `parquet:"name"`
	City   string    `parquet:"city,dict"`
	Plan   string    `parquet:"plan,dict"`
	Orders int64     `parquet:"orders"`
	Total  int64     `parquet:"total,decimal(2:18)"`
	First  int32     `parquet:"first_at,date"`
	Last   time.Time `parquet:"last_at,timestamp(millisecond)"`
	Note   string    `parquet:"note,dict"`
}

var firstDay = int32(time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC).Unix() / 86400)

func personOf(i int) person {
	return person{fmt.Sprintf("%08d", i), fmt.Sprintf("person%d@example.com", i), fmt.Sprintf("Ann, the %dth", i), "Berlin", "pro",
		int64(i % 50), int64(i%1000*100 + i%100), firstDay + int32(i%28), time.Date(2022, 3, 4, 5, 6, 7, 0, time.UTC), "some text to carry"}
}

// makeFiles writes the same rows in each format.
func makeFiles(dir string, rows int) (err error) {
	open := func(name string) *bufio.Writer {
		f, failed := os.Create(filepath.Join(dir, name))
		err = errors.Join(err, failed)
		return bufio.NewWriterSize(f, 1<<20)
	}
	asCSV, few, asJSON, columnar := open("rows.csv"), open("few.csv"), open("rows.jsonl"), open("rows.parquet")
	if err != nil {
		return err
	}
	fmt.Fprintln(asCSV, columns)
	fmt.Fprintln(few, columns)
	parquets := parquet.NewGenericWriter[person](columnar, parquet.Compression(&parquet.Snappy), parquet.MaxRowsPerRowGroup(200_000))
	for i := range rows {
		p := personOf(i)
		day, last := time.Unix(int64(p.First)*86400, 0).UTC().Format(time.DateOnly), p.Last.Format(time.DateTime)
		line := fmt.Sprintf("%s,%s,\"%s\",%s,%s,%d,%d.%02d,%s,%s,%s\n", p.ID, p.Email, p.Name, p.City, p.Plan, p.Orders, p.Total/100, p.Total%100, day, last, p.Note)
		asCSV.WriteString(line)
		if i < fewRows {
			few.WriteString(line)
		}
		fmt.Fprintf(asJSON, `{"id":%q,"email":%q,"name":%q,"city":%q,"plan":%q,"orders":%d,"total":%d.%02d,"first_at":%q,"last_at":%q,"note":%q}`+"\n",
			p.ID, p.Email, p.Name, p.City, p.Plan, p.Orders, p.Total/100, p.Total%100, day, last, p.Note)
		if _, err := parquets.Write([]person{p}); err != nil {
			return err
		}
	}
	err = errors.Join(parquets.Close(), asCSV.Flush(), few.Flush(), asJSON.Flush(), columnar.Flush())
	for name := range databases {
		if databaseURL(name, dir) != "" {
			err = errors.Join(err, makeTable(name, dir, min(rows, fewRows)))
		}
	}
	return err
}

// serve accepts everything on a port of its choice, which it prints.
func serve() error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Printf("http://%s\n", l.Addr())
	return http.Serve(l, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { io.Copy(io.Discard, r.Body) }))
}

// one runs a case.
func one(name, to, dir string) error {
	if name == "ceiling" {
		return ceiling(to, filepath.Join(dir, "rows.csv"))
	}
	format, single, _ := strings.Cut(name, ",")
	var src source.Source
	var err error
	if _, found := databases[name]; found {
		src, err = openTable(name, dir)
	} else {
		src, err = source.Open(filepath.Join(dir, "rows."+format), source.Config{})
	}
	if err != nil {
		return err
	}
	defer src.Close()
	m, err := mapping.Parse("bench", []byte(yaml))
	if err != nil {
		return err
	}
	client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: to, RateLimit: -1})
	if err != nil {
		return err
	}
	job := load.Job{Source: src, Mapping: m, Client: client, Concurrency: 8}
	if single != "" {
		job.Concurrency = 1
	}
	s, err := load.Run(context.Background(), job)
	if err == nil && s.Accepted != s.Rows {
		err = fmt.Errorf("%+v", s)
	}
	return err
}

// ceiling is the cost of a program for exactly this file: encoding/csv, hand-written JSON, posts of 475 KB.
func ceiling(to, file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	r := csv.NewReader(bufio.NewReaderSize(f, 1<<20))
	r.ReuseRecord = true
	names, err := r.Read()
	if err != nil {
		return err
	}
	names = append([]string(nil), names...)
	var body bytes.Buffer
	post := func() error {
		body.WriteString("]}")
		resp, err := http.Post(to+"/v1/batch", "application/json", bytes.NewReader(body.Bytes()))
		if err != nil {
			return err
		}
		io.Copy(io.Discard, resp.Body)
		body.Reset()
		return resp.Body.Close()
	}
	for n := 0; ; n++ {
		row, err := r.Read()
		if err == io.EOF {
			return post()
		}
		if err != nil {
			return err
		}
		if body.Len() == 0 {
			body.WriteString(`{"batch":[`)
		} else {
			body.WriteByte(',')
		}
		fmt.Fprintf(&body, `{"type":"identify","messageId":"%032x","userId":`, n)
		quote(&body, row[0])
		body.WriteString(`,"traits":{`)
		for i, v := range row[1:] {
			if i > 0 {
				body.WriteByte(',')
			}
			quote(&body, names[i+1])
			body.WriteByte(':')
			if i == 4 || i == 5 {
				body.WriteString(v)
			} else {
				quote(&body, v)
			}
		}
		body.WriteString("}}")
		if body.Len() > 470_000 {
			if err := post(); err != nil {
				return err
			}
		}
	}
}

func quote(b *bytes.Buffer, s string) {
	if strings.ContainsAny(s, "\"\\\n\r\t") {
		text, _ := json.Marshal(s)
		b.Write(text)
		return
	}
	b.WriteByte('"')
	b.WriteString(s)
	b.WriteByte('"')
}
