package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/bench/internal/meter"
	"github.com/ciokit/cio/bench/internal/sink"
	"github.com/ciokit/cio/bench/internal/workload"
)

// post is one way to send bodies. It is measured in a process of its own.
type post struct {
	Name   string `json:"name"`
	URL    string `json:"url"`
	CA     string `json:"ca"`
	HTTP2  bool   `json:"http2"`
	Reuse  bool   `json:"reuse"` // keep connections
	Gzip   int    `json:"gzip"`  // level; 0: none
	Bodies int    `json:"bodies"`
}

const bodyBytes = 475_000

// transport measures the cost of sending bodies of 475,000 bytes, one after the other, in different ways.
func transport(args []string) (err error) {
	f := flag.NewFlagSet("transport", flag.ExitOnError)
	bodies := f.Int("n", 400, "how many bodies a measurement")
	rounds := f.Int("rounds", 5, "how many measurements of each; the table has the medians")
	f.Parse(args)
	b, err := newBench()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, b.close()) }()
	plain, secure, ca := b.sink.Plain, b.sink.TLS, b.sink.CA
	ways := []post{
		{Name: "plain, HTTP/1.1, kept alive", URL: plain, Reuse: true},
		{Name: "plain, HTTP/1.1, a connection each", URL: plain},
		{Name: "TLS, HTTP/1.1, kept alive", URL: secure, CA: ca, Reuse: true},
		{Name: "TLS, HTTP/1.1, a connection each", URL: secure, CA: ca},
		{Name: "TLS, HTTP/2", URL: secure, CA: ca, HTTP2: true, Reuse: true},
		{Name: "plain, kept alive, gzip level 1", URL: plain, Reuse: true, Gzip: gzip.BestSpeed},
		{Name: "plain, kept alive, gzip level 6", URL: plain, Reuse: true, Gzip: 6},
	}
	cpu := make([][]float64, len(ways))
	counts := make([]sink.Counts, len(ways))
	for round := range *rounds {
		for i := range ways {
			i := (i + round) % len(ways)
			ways[i].Bodies = *bodies
			took, c, err := b.post(ways[i])
			if err != nil {
				return fmt.Errorf("%s: %w", ways[i].Name, err)
			}
			cpu[i] = append(cpu[i], took.Seconds()*1e3/float64(*bodies))
			counts[i] = c
		}
	}
	fmt.Printf("\nbodies of %d bytes, %d a measurement, medians of %d\n\n", bodyBytes, *bodies, *rounds)
	fmt.Println("| way | CPU ms per body (lowest to highest) | connections | bytes on the wire per body |\n|---|---|---|---|")
	for i, w := range ways {
		slices.Sort(cpu[i])
		fmt.Printf("| %s (HTTP/%s) | %.2f (%.2f to %.2f) | %d | %d |\n", w.Name, counts[i].Protocol, cpu[i][len(cpu[i])/2], cpu[i][0], cpu[i][len(cpu[i])-1], counts[i].Connections, counts[i].WireBytes/counts[i].Requests)
	}
	return nil
}

func (b *bench) post(p post) (cpu time.Duration, c sink.Counts, err error) {
	if err := b.sink.Reset(); err != nil {
		return 0, c, err
	}
	in, err := json.Marshal(p)
	if err != nil {
		return 0, c, err
	}
	cmd := exec.Command(b.executable, "post-child")
	cmd.Stdin = bytes.NewReader(in)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return 0, c, err
	}
	if err := json.Unmarshal(out, &cpu); err != nil {
		return 0, c, err
	}
	c, err = b.sink.Counts()
	return cpu, c, err
}

// runPostChild sends the bodies and prints the CPU time it took, in nanoseconds.
func runPostChild(in io.Reader, out io.Writer) error {
	var p post
	if err := json.NewDecoder(in).Decode(&p); err != nil {
		return err
	}
	client := sink.Client(p.CA, p.HTTP2, p.Reuse)
	body, err := sampleBody()
	if err != nil {
		return err
	}
	var zipped bytes.Buffer
	var z *gzip.Writer
	if p.Gzip != 0 {
		if z, err = gzip.NewWriterLevel(&zipped, p.Gzip); err != nil {
			return err
		}
	}
	var before time.Duration
	for i := range p.Bodies + 1 {
		if i == 1 { // the first request opens the connection
			if before, err = meter.CPU(); err != nil {
				return err
			}
		}
		content := body
		if z != nil {
			zipped.Reset()
			z.Reset(&zipped)
			z.Write(body) // a bytes.Buffer accepts everything
			z.Close()
			content = zipped.Bytes()
		}
		if err := send(client, p, content); err != nil {
			return err
		}
	}
	after, err := meter.CPU()
	if err != nil {
		return err
	}
	return json.NewEncoder(out).Encode(after - before)
}

func send(client *http.Client, p post, content []byte) error {
	req, err := http.NewRequest(http.MethodPost, p.URL+"/v1/batch", bytes.NewReader(content))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	if p.Gzip != 0 {
		req.Header.Set("Content-Encoding", "gzip")
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return errors.New("the sink answered " + resp.Status)
	}
	return nil
}

// sampleBody returns a batch as the Batcher makes it.
func sampleBody() ([]byte, error) {
	body := []byte(`{"batch":[`)
	for i := 0; ; i++ {
		o := workload.Build(workload.ShapeSmall, i%workload.Orders)
		m, err := cio.Encode(cio.Track{UserID: o.UserID, Event: o.Typed})
		if err != nil {
			return nil, err
		}
		if len(body)+1+m.Len()+2 > bodyBytes {
			return append(body, `]}`...), nil
		}
		if i > 0 {
			body = append(body, ',')
		}
		if body, err = m.AppendJSON(body); err != nil {
			return nil, err
		}
	}
}
