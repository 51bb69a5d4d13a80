package load

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// fakeClient encodes as a Client does, and answers Send with a script.
type fakeClient struct {
	encode func(cio.Message) (cio.Encoded, error) // default cio.Encode
	// send gets the number of the call, from 0, and returns the Send's error; default nil.
	send func(ctx context.Context, call int, messages []cio.Message) error
	key  string

	mu       sync.Mutex
	calls    int
	accepted []string // the messages as JSON, in their order
	stats    cio.Stats
}

func (c *fakeClient) Encode(m cio.Message) (cio.Encoded, error) {
	if c.encode != nil {
		return c.encode(m)
	}
	return cio.Encode(m)
}

func (c *fakeClient) Send(ctx context.Context, messages ...cio.Message) error {
	c.mu.Lock()
	call := c.calls
	c.calls++
	c.stats.Requests++
	c.mu.Unlock()
	var err error
	if c.send != nil {
		err = c.send(ctx, call, messages)
	}
	lost := make(map[int]bool)
	if failed, ok := err.(*cio.SendError); ok {
		for _, f := range failed.Failures {
			lost[f.Index] = true
		}
	} else if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, m := range messages {
		if !lost[i] {
			data, _ := m.(*cio.Encoded).AppendJSON(nil)
			c.accepted = append(c.accepted, string(data))
		}
	}
	return err
}

func (c *fakeClient) Stats() cio.Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

func (c *fakeClient) Target() string { return "http://fake.test" }

func (c *fakeClient) KeyHash(salt []byte) []byte {
	sum := sha256.Sum256(append(salt[:len(salt):len(salt)], c.key...))
	return sum[:8]
}

// sent returns how often Send was called and how many messages it accepted.
func (c *fakeClient) sent() (calls, accepted int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.calls, len(c.accepted)
}

func mustMapping(t testing.TB, text string) *mapping.Mapping {
	t.Helper()
	m, err := mapping.Parse("map.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func mustSource(t testing.TB, text string, cfg source.Config) source.Source {
	t.Helper()
	src, err := source.New(strings.NewReader(text), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { src.Close() })
	return wholeSource{src}
}

// wholeSource is a text in memory that is known to be complete.
type wholeSource struct{ source.Source }

func (w wholeSource) Info() source.Info {
	info := w.Source.Info()
	info.Whole = true
	return info
}

// checkSum checks what is always true of a Summary.
func checkSum(t testing.TB, s Summary) {
	t.Helper()
	if s.Messages != s.Accepted+s.Rejected+s.RejectedByAPI+s.Unsent {
		t.Errorf("the sum is wrong: %+v", s)
	}
	if s.Rows != s.RowsMapped+s.RowsRejected+s.RowsEmpty+s.Unchanged {
		t.Errorf("the sum of the rows is wrong: %+v", s)
	}
	if s.Unknown > s.Unsent || s.RowsRejected+s.RowsEmpty > s.Rows || s.Guarded > s.Rejected {
		t.Errorf("a part is larger than the whole: %+v", s)
	}
	reasons := int64(0)
	for _, r := range s.Reasons {
		reasons += r.Count
	}
	if reasons < s.RowsRejected+s.RejectedByAPI || reasons > s.Rejected+s.RejectedByAPI {
		t.Errorf("%d reasons: %+v", reasons, s)
	}
}

// counts is a short form of a Summary.
func counts(s Summary) string {
	return fmt.Sprintf("rows %d bad %d empty %d; messages %d accepted %d rejected %d by API %d unsent %d",
		s.Rows, s.RowsRejected, s.RowsEmpty, s.Messages, s.Accepted, s.Rejected, s.RejectedByAPI, s.Unsent)
}

// failures makes a SendError of outcomes by index; the others are accepted.
func failures(total int, outcomes map[int]cio.Failure) *cio.SendError {
	e := &cio.SendError{Total: total, Accepted: total - len(outcomes)}
	for i := range total {
		if f, ok := outcomes[i]; ok {
			f.Index = i
			e.Failures = append(e.Failures, f)
		}
	}
	return e
}

// all makes a SendError in which every message has the same outcome.
func all(total int, outcome cio.Outcome, err error) *cio.SendError {
	outcomes := make(map[int]cio.Failure)
	for i := range total {
		outcomes[i] = cio.Failure{Outcome: outcome, Err: err}
	}
	return failures(total, outcomes)
}
