package cio

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
)

// UndeliveredError is what Close could not bring to acceptance.
type UndeliveredError struct {
	// Messages holds every message that is not known to be accepted, in the order of each identity. They can be stored, by
	// Encoded.MarshalJSON, and enqueued again in another process; they keep their ids. Some may have arrived, if no answer came, or if an
	// OnReport that did not return kept them from being reported.
	Messages []Encoded
	// Refused counts the messages that the server refused earlier and that nobody was told of, because there was no OnReport; RefusedIDs has
	// the ids of the first hundred.
	Refused    int64
	RefusedIDs []string
	// Reasons says why, for the messages of both kinds, the most frequent first.
	Reasons []Reason
	// Err is why Close did not go on: the context's end, or what sending had stopped for. Nil if it did all that was to do.
	Err error
}

// Reason is why messages were not accepted.
type Reason struct {
	Text     string
	Messages int64
}

func (e *UndeliveredError) Error() string {
	var parts []string
	if n := len(e.Messages); n > 0 {
		parts = append(parts, plural(int64(n), "message was", "messages were")+" not delivered and handed back")
	}
	if e.Refused > 0 {
		parts = append(parts, plural(e.Refused, "message was", "messages were")+" refused by the server, and there was no OnReport to be told")
	}
	var b strings.Builder
	b.WriteString("cio: " + strings.Join(parts, "; "))
	writeReasons(&b, e.Reasons)
	return b.String()
}

// writeReasons writes the most frequent reasons, with how many messages they stopped.
func writeReasons(b *strings.Builder, reasons []Reason) {
	for i, r := range reasons {
		if i == maxListed {
			fmt.Fprintf(b, "; and %d more reasons", len(reasons)-maxListed)
			break
		}
		if r.Messages > 1 {
			fmt.Fprintf(b, "; %d times: %s", r.Messages, r.Text)
		} else {
			b.WriteString("; " + r.Text)
		}
	}
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n) + " " + many
}

func (e *UndeliveredError) Unwrap() error { return e.Err }

// counts counts messages by reason.
type counts map[string]int64

const (
	maxReasons = 100
	otherwise  = "other reasons"
)

func (c counts) add(text string, n int64) {
	if _, ok := c[text]; !ok && len(c) >= maxReasons {
		text = otherwise
	}
	c[text] += n
}

func (c counts) sorted() []Reason {
	var all []Reason
	for _, text := range slices.Sorted(maps.Keys(c)) {
		all = append(all, Reason{text, c[text]})
	}
	slices.SortStableFunc(all, func(a, b Reason) int { return cmp.Compare(b.Messages, a.Messages) })
	return all
}

// refusals remembers what nobody was told of.
type refusals struct {
	mu      sync.Mutex
	n       int64
	ids     []string
	reasons counts
}

const maxRefusals = 100

func (r *refusals) add(id string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n++; len(r.ids) < maxRefusals {
		r.ids = append(r.ids, id)
	}
	if r.reasons == nil {
		r.reasons = make(counts)
	}
	r.reasons.add(reasonOf(err), 1)
}

// into adds what is remembered to e and to the reasons.
func (r *refusals) into(e *UndeliveredError, reasons counts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Refused, e.RefusedIDs = r.n, r.ids
	for text, n := range r.reasons {
		reasons.add(text, n)
	}
}
