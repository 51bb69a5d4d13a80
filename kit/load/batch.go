package load

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

const (
	// maxRawBytes bounds the rows that a batch keeps beside its messages, for wide rows of which little is mapped.
	maxRawBytes = 4 << 20
	// linger is how long rows wait for others when the input pauses.
	linger = time.Second
)

// batch is what is sent at once: rows, the messages they became, and what the rows before the last one came to.
type batch struct {
	rows     []batchRow
	messages []cio.Message
	bytes    int    // of the messages, as they are in a request
	raw      []byte // of the rows, one after the other

	read     int64 // how many rows there were, those without messages included
	empty    int64
	offset   int64 // in the input
	complete bool  // the input ended
	err      error // why the input was not read on
}

// batchRow is a row that has messages or was refused.
type batchRow struct {
	line     int64
	raw      [2]int // where in batch.raw
	messages [2]int // which of batch.messages
	lost     int64  // how many messages were refused with it
	reject   *Reject
}

func (b *batch) reset() {
	clear(b.messages)
	*b = batch{rows: b.rows[:0], messages: b.messages[:0], raw: b.raw[:0]}
}

// reader turns rows into batches, on a goroutine of its own.
type reader struct {
	job     *Job
	mapper  *mapper
	perRow  int64 // messages
	current *batch
	count   int64 // of rows read

	ready chan<- *batch
	free  <-chan *batch
}

// run reads until the input or ctx ends, and closes ready.
func (r *reader) run(ctx context.Context) {
	defer close(r.ready)
	var rows source.Batch
	r.current = new(batch)
	for {
		err := r.next(ctx, &rows)
		if errors.Is(err, errPause) {
			r.hand()
			continue
		}
		if err == nil {
			err = r.add(ctx, &rows)
		}
		if err != nil {
			if r.current.complete = err == io.EOF; !r.current.complete {
				r.current.err = err
			}
			r.current.offset = rows.Offset
			r.ready <- r.current
			return
		}
		r.current.offset = rows.Offset
	}
}

var errPause = errors.New("the input pauses")

// next reads the rows that follow. If there are rows that wait to be sent it returns errPause after a while.
func (r *reader) next(ctx context.Context, rows *source.Batch) error {
	if r.current.read == 0 {
		return r.job.Source.Next(ctx, rows)
	}
	brief, cancel := context.WithTimeout(ctx, linger)
	defer cancel()
	err := r.job.Source.Next(brief, rows)
	if err != nil && ctx.Err() == nil && brief.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
		return errPause
	}
	return err
}

// add maps the rows. It returns io.EOF at the limit.
func (r *reader) add(ctx context.Context, rows *source.Batch) error {
	const lookUp = 256 // rows, between two looks at whether ctx ended
	for i := range rows.Rows {
		if r.job.Limit > 0 && r.count == r.job.Limit {
			return io.EOF
		}
		if i%lookUp == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		r.count++
		r.row(&rows.Rows[i])
	}
	if r.job.Limit > 0 && r.count == r.job.Limit {
		return io.EOF
	}
	return nil
}

// row maps one row and adds what becomes of it to the current batch.
func (r *reader) row(src *source.Row) {
	var messages []cio.Encoded
	var reject *Reject
	if src.Err != nil {
		bad := unreadable(src.Line, src.Err)
		reject = &bad
	} else {
		var err *valueError
		if messages, err = r.mapper.messagesOf(src, uint64(src.Line)); err != nil {
			bad := newReject(src.Line, err)
			reject = &bad
		}
	}
	size := 0
	for _, m := range messages {
		size += m.Len() + 1
	}
	b := r.current
	if len(b.rows) > 0 && (b.bytes+size > r.job.BatchBytes || len(b.raw)+len(src.Raw) > maxRawBytes) {
		r.hand()
		b = r.current
	}
	b.read++
	if reject == nil && len(messages) == 0 {
		b.empty++
		return
	}
	row := batchRow{line: src.Line, raw: [2]int{len(b.raw), len(b.raw) + len(src.Raw)}, reject: reject}
	b.raw = append(b.raw, src.Raw...)
	if reject != nil {
		row.lost = r.perRow
	}
	row.messages[0] = len(b.messages)
	for _, m := range messages {
		b.messages = append(b.messages, m)
	}
	row.messages[1] = len(b.messages)
	b.bytes += size
	b.rows = append(b.rows, row)
}

// hand hands the current batch on and begins another.
func (r *reader) hand() {
	offset := r.current.offset
	r.ready <- r.current
	select {
	case r.current = <-r.free:
		r.current.reset()
	default:
		r.current = new(batch)
	}
	r.current.offset = offset
}
