// Command load measures how many rows of CSV and of JSON Lines kit/load brings to a server on this machine for each second of CPU, beside
// the least that a hand-written program can do: parse, write JSON, post.
//
//	GOWORK=off go run . -rows 2000000
//
// Each case runs in a process of its own, so that its CPU time and its peak of memory are its own; the server, which reads and drops
// everything, is another process and is not counted.
package main

import (
	"bufio"
	"bytes"
	"context"
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
	"strings"
	"syscall"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/source"
)

const columns = "id,email,name,city,plan,orders,total,first_at,last_at,note"

const mapping = `
messages:
  - identify:
      userId: $id
      traits: {email: $email, name: $name, city: $city, plan: $plan, orders: =int(orders), total: =decimal(total), first_at: =date(first_at), last_at: =date(last_at), note: $note}
`

func main() {
	rows := flag.Int("rows", 2_000_000, "rows of each file")
	role := flag.String("case", "", "run this case alone, against the server at -to, and print its cost")
	to := flag.String("to", "", "address of the server")
	dir := flag.String("dir", "", "where the files are made; default a temporary directory")
	flag.Parse()
	log.SetFlags(0)
	var err error
	switch *role {
	case "":
		err = all(*rows, *dir)
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
	if err := makeFiles(dir, rows); err != nil {
		return err
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
	for _, name := range []string{"csv", "csv, one request at once", "jsonl", "ceiling"} {
		cmd := exec.Command(os.Args[0], "-case", name, "-to", strings.TrimSpace(address), "-dir", dir)
		cmd.Stderr = os.Stderr
		started := time.Now()
		if out, err := cmd.Output(); err != nil {
			return fmt.Errorf("%s: %w: %s", name, err, out)
		}
		took := time.Since(started).Seconds()
		usage := cmd.ProcessState.SysUsage().(*syscall.Rusage)
		cpu := (cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()).Seconds()
		fmt.Printf("%-34s %12.0f %14.0f %10.2f %10d\n", name, float64(rows)/took, float64(rows)/cpu, cpu/float64(rows)*1e6, usage.Maxrss>>10)
	}
	return nil
}

func makeFiles(dir string, rows int) error {
	asCSV, err := os.Create(filepath.Join(dir, "rows.csv"))
	if err != nil {
		return err
	}
	asJSON, err := os.Create(filepath.Join(dir, "rows.jsonl"))
	if err != nil {
		return err
	}
	c, j := bufio.NewWriterSize(asCSV, 1<<20), bufio.NewWriterSize(asJSON, 1<<20)
	fmt.Fprintln(c, columns)
	for i := range rows {
		fmt.Fprintf(c, "%08d,person%d@example.com,\"Ann, the %dth\",Berlin,pro,%d,%d.%02d,2021-01-%02d,2022-03-04 05:06:07,some text to carry\n", i, i, i, i%50, i%1000, i%100, i%28+1)
		fmt.Fprintf(j, `{"id":"%08d","email":"person%d@example.com","name":"Ann, the %dth","city":"Berlin","plan":"pro","orders":%d,"total":%d.%02d,"first_at":"2021-01-%02d","last_at":"2022-03-04 05:06:07","note":"some text to carry"}`+"\n",
			i, i, i, i%50, i%1000, i%100, i%28+1)
	}
	return errors.Join(c.Flush(), j.Flush(), asCSV.Close(), asJSON.Close())
}

// serve takes everything on a port of its choice, which it prints.
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
	src, err := source.Open(filepath.Join(dir, "rows."+format), source.Config{})
	if err != nil {
		return err
	}
	defer src.Close()
	m, err := load.ParseMapping("bench", []byte(mapping))
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

// ceiling is what a program for this one file costs: encoding/csv, JSON by hand, posts of 475 KB.
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
