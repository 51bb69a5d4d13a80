package subject

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/bench/internal/workload"
)

// ceiling is what one would write by hand for this single event with as little work as possible: it appends the same bytes that our client
// sends, with an id and the time, directly to one buffer, and posts it when it is full. It has one goroutine, and no checks, queue, lanes,
// retries or reports. The plain one formats numbers and times with the standard library. The tuned one uses code that is made for the
// amounts, ids and times that occur here.
type ceiling struct {
	http   *http.Client
	url    string
	events []workload.Order
	form   form
	typed  bool
	buf    []byte
}

const (
	ceilingBytes = 475_000
	ceilingOpen  = `{"batch":[`
	contextJSON  = `"context":{"library":{"name":"ciokit-go","version":"` + cio.Version + `"}}`
)

func newCeiling(typed bool, newForm func() form) func(Config) (Subject, error) {
	return func(c Config) (Subject, error) {
		client := c.HTTPClient
		if client == nil {
			client = http.DefaultClient
		}
		return &ceiling{http: client, url: c.URL + "/v1/batch", events: workload.Make(c.Shape), form: newForm(), typed: typed, buf: append(make([]byte, 0, 512<<10), ceilingOpen...)}, nil
	}
}

func (c *ceiling) Put(n int) error {
	o := &c.events[n%len(c.events)]
	for {
		start := len(c.buf)
		dst := c.buf
		if start > len(ceilingOpen) {
			dst = append(dst, ',')
		}
		dst = append(dst, `{"type":"track","messageId":"`...)
		dst = c.form.id(dst)
		dst = append(dst, `","timestamp":"`...)
		dst = c.form.now(dst)
		dst = append(dst, `","userId":`...)
		dst = appendQuoted(dst, o.UserID)
		dst = append(dst, `,"event":"`+workload.EventName+`","properties":`...)
		if c.typed {
			dst = c.form.order(dst, &o.Typed)
		} else {
			var err error
			if dst, err = c.form.object(dst, o.Map); err != nil {
				return err
			}
		}
		dst = append(dst, `,`+contextJSON+`}`...)
		if c.buf = dst; len(dst)+2 <= ceilingBytes {
			return nil
		}
		c.buf = c.buf[:start]
		if err := c.post(); err != nil {
			return err
		}
	}
}

func (c *ceiling) post() error {
	c.buf = append(c.buf, `]}`...)
	req, err := http.NewRequest(http.MethodPost, c.url, bytes.NewReader(c.buf))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/json")
	req.SetBasicAuth("bench", "")
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("the sink answered %s", resp.Status)
	}
	c.buf = append(c.buf[:0], ceilingOpen...)
	return nil
}

func (c *ceiling) Close(context.Context) error {
	if len(c.buf) == len(ceilingOpen) {
		return nil
	}
	return c.post()
}
