package source

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/ciokit/cio/kit/internal/jsonvalue"
)

// Values are the values of a row, one for each column of Rows, in their order. A mapping reads them with $column as:
//
//	nil                               no value, like an empty cell
//	string, and a type made of it     text
//	bool, integers, json.Number       themselves, with every digit
//	float64, float32                  the shortest number that reads back as the same; NaN and infinities reject the row
//	time.Time                         text as ISO 8601 in UTC, to the nanosecond
//	[]byte                            text in standard base64
//	json.RawMessage                   that JSON; null means no value
//	anything else                     what encoding/json makes of it
type Values []any

// RuleNoJSONForm is the rule for a value of a row that has no JSON form, such as a NaN.
const RuleNoJSONForm = "no-json-form"

// Rows returns a Source of the rows of an iterator with these columns. The iterator runs once, when the first row is wanted, on a goroutine of its
// own and some hundred rows ahead. If the run ends early or the Source is closed, it is stopped at the next row that it yields, and Close waits for
// that. A row belongs to the iterator: it is read while the iterator waits in yield, and can be reused for the next row.
//
// A row may be yielded with an error. A *source.RowError rejects that row and the iteration continues. Any other error ends the input, and the run
// with ErrSource. A row with more or fewer values than there are columns is rejected.
//
// A load of an iterator can be resumed if the iterator yields the same rows in the same order again, and Job.Fingerprint says that they are the same.
func Rows(columns []string, rows iter.Seq2[Values, error]) Source {
	s := &sequence{rows: rows, ready: make(chan struct{}, 1), room: make(chan struct{}, 1), quit: make(chan struct{})}
	for _, name := range columns {
		s.columns = append(s.columns, Column{Name: name, Kind: KindJSON})
	}
	return s
}

const (
	// seqRows and seqBytes bound the rows that wait to be read.
	seqRows  = 256
	seqBytes = 256 << 10
)

// sequence is a Source of an iterator.
type sequence struct {
	columns []Column
	rows    iter.Seq2[Values, error]
	slots   []int // for each column its place among the selected ones, or -1
	chosen  int
	bytes   int64 // of the rows that were handed out

	running sync.WaitGroup
	begin   sync.Once
	end     sync.Once
	quit    chan struct{} // closed when no more rows are wanted
	ready   chan struct{} // there may be rows, or the end
	room    chan struct{} // there may be room for rows

	mu      sync.Mutex
	waiting []Row
	size    int   // of those
	err     error // why there are no more rows
}

func (s *sequence) Columns(context.Context) ([]Column, error) {
	if len(s.columns) == 0 {
		return nil, &FormatError{Problem: "the rows have no columns", Hint: "name them"}
	}
	return s.columns, nil
}

func (s *sequence) Select(names []string) error {
	s.slots, s.chosen = make([]int, len(s.columns)), len(names)
	for i := range s.slots {
		s.slots[i] = -1
	}
	for slot, name := range names {
		is := func(c Column) bool { return c.Name == name }
		at := slices.IndexFunc(s.columns, is)
		switch {
		case at < 0:
			return fmt.Errorf("source: the rows have no column %q", name)
		case slices.ContainsFunc(s.columns[at+1:], is):
			return fmt.Errorf("source: the rows have two columns %q", name)
		}
		s.slots[at] = slot
	}
	return nil
}

func (s *sequence) Next(ctx context.Context, b *Batch) error {
	b.Rows = b.Rows[:0]
	s.begin.Do(func() { s.running.Go(s.run) })
	for {
		s.mu.Lock()
		err := s.err
		if b.Rows = append(b.Rows, s.waiting...); len(b.Rows) > 0 {
			s.bytes += int64(s.size)
			clear(s.waiting)
			s.waiting, s.size = s.waiting[:0], 0
		}
		s.mu.Unlock()
		b.Offset = s.bytes
		if len(b.Rows) > 0 {
			signal(s.room)
			return nil
		}
		if err != nil {
			return err
		}
		select {
		case <-s.ready:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// signal wakes a goroutine that waits for it, now or later.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

func (s *sequence) Info() Info { return Info{Name: "rows of a program", Whole: true} }

// Fingerprint is empty: see Job.Fingerprint.
func (s *sequence) Fingerprint() (string, error) { return "", nil }

// Changed returns no reason: the rows of a program cannot be read again.
func (s *sequence) Changed(context.Context) (string, error) { return "", nil }

func (s *sequence) Close() error {
	s.end.Do(func() { close(s.quit) })
	s.begin.Do(func() {}) // it will not run any more
	s.running.Wait()
	return nil
}

// run runs the iterator to its end.
func (s *sequence) run() {
	end := io.EOF
	ordinal := int64(0)
	for row, err := range s.rows {
		var bad *RowError
		if err != nil && !errors.As(err, &bad) {
			end = err
			break
		}
		if !s.put(s.row(row, bad, ordinal)) {
			return
		}
		ordinal++
	}
	s.mu.Lock()
	s.err = end
	s.mu.Unlock()
	signal(s.ready)
}

// put adds a row that waits to be read, once there is room. It returns false if no more rows are wanted.
func (s *sequence) put(row Row) bool {
	for {
		s.mu.Lock()
		full := len(s.waiting) >= seqRows || s.size >= seqBytes
		if !full {
			s.waiting = append(s.waiting, row)
			s.size += len(row.Raw)
		}
		s.mu.Unlock()
		if !full {
			signal(s.ready)
			select {
			case <-s.quit:
				return false
			default:
				return true
			}
		}
		select {
		case <-s.room:
		case <-s.quit:
			return false
		}
	}
}

// row makes a Row of values. All its bytes are copies.
func (s *sequence) row(values Values, bad *RowError, ordinal int64) Row {
	out := Row{Line: ordinal + 1, Ordinal: ordinal, Err: bad}
	if out.Err == nil && len(values) != len(s.columns) {
		out.Err = &RowError{Rule: RuleFieldCount, Hint: fmt.Sprintf("the row has %d values, and there are %d columns", len(values), len(s.columns))}
	}
	raw := append(make([]byte, 0, 32*len(values)), '{')
	places := make([][2]int, s.chosen)
	for i, v := range values {
		if i > 0 {
			raw = append(raw, ',')
		}
		name := fmt.Sprintf("column %d", i+1)
		if i < len(s.columns) {
			name = s.columns[i].Name
		}
		raw = append(jsonvalue.AppendText(raw, name), ':')
		start := len(raw)
		var err error
		if raw, err = appendGoValue(raw, v); err != nil {
			raw = append(raw[:start], "null"...)
			if out.Err == nil {
				out.Err = &RowError{Rule: RuleNoJSONForm, Hint: "column " + name + ": " + err.Error()}
			}
		}
		if i < len(s.slots) && s.slots[i] >= 0 && string(raw[start:]) != "null" {
			places[s.slots[i]] = [2]int{start, len(raw)}
		}
	}
	out.Raw = append(raw, '}')
	if out.Err != nil {
		return out
	}
	out.Cells = make([]Cell, s.chosen)
	for slot, p := range places {
		if p[1] > 0 {
			out.Cells[slot] = Cell{Kind: KindJSON, Bytes: out.Raw[p[0]:p[1]:p[1]]}
		}
	}
	return out
}

// appendGoValue appends a value of a row as JSON. The error contains nothing of the value.
func appendGoValue(dst []byte, v any) ([]byte, error) {
	switch v := v.(type) {
	case nil:
		return append(dst, "null"...), nil
	case string:
		return jsonvalue.AppendText(dst, v), nil
	case bool:
		return strconv.AppendBool(dst, v), nil
	case int:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case int64:
		return strconv.AppendInt(dst, v, 10), nil
	case int32:
		return strconv.AppendInt(dst, int64(v), 10), nil
	case uint64:
		return strconv.AppendUint(dst, v, 10), nil
	case float64:
		return jsonvalue.AppendFloat(dst, v, 64)
	case float32:
		return jsonvalue.AppendFloat(dst, float64(v), 32)
	case time.Time:
		return jsonvalue.AppendTime(dst, v, true)
	case []byte:
		if v == nil {
			return append(dst, "null"...), nil
		}
		return jsonvalue.AppendBinary(dst, v), nil
	case json.RawMessage:
		if v == nil {
			return append(dst, "null"...), nil
		}
		if !json.Valid(v) {
			return dst, errors.New("it is a json.RawMessage but not JSON")
		}
		return append(dst, bytes.TrimSpace(v)...), nil
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return dst, errors.New("a value of this type cannot be written as JSON")
	}
	return append(dst, bytes.TrimRight(out.Bytes(), "\n")...), nil
}
