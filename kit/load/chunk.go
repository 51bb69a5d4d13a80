package load

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

const (
	// maxRawBytes bounds the rows that are kept until their result is known.
	maxRawBytes = 4 << 20
	// linger is how long messages wait for others while the input pauses.
	linger = time.Second
)

// chunk is a run of rows that are counted together, once the results of all its messages are known and all chunks before it are counted.
type chunk struct {
	rows []chunkRow
	raw  []byte // of the rows, one after the other

	read  int64 // how many rows there were, including those without messages
	empty int64
	blank int64 // those of empty whose columns that the mapping reads are all empty
	chunkEntries
	warned   mapping.Warnings
	offset   int64  // in the input
	ordinal  int64  // of the next row after the chunk
	mark     []byte // of the last row, if the source needs it to resume
	who      string // hash of the people in the rows so far, if the source marks its rows
	complete bool   // the input ended
	err      error  // why reading stopped

	messages int
	deletes  int64        // number of messages that delete or suppress something
	sealed   bool         // no more rows are added
	settled  int          // number of messages; guarded by run.mu
	lost     map[int]fate // messages that were not accepted; guarded by run.mu
}

// chunkRow is a row that has messages or was rejected.
type chunkRow struct {
	file     string
	line     int64
	ordinal  int64
	form     *source.Form // nil: a JSON object
	kept     *source.Kept // of a row of a rejects file
	raw      [2]int       // where in chunk.raw
	messages [2]int       // which of the chunk's
	lost     int64        // how many messages were lost with the row
	reject   *Reject
}

func (c *chunk) reset() {
	*c = chunk{rows: c.rows[:0], raw: c.raw[:0], chunkEntries: chunkEntries{entries: c.entries[:0]}, warned: c.warned[:0]}
}

// reader turns rows into messages and gives them to the lanes.
type reader struct {
	r       *run
	mapper  *mapping.Mapper
	counter *identityCounter
	perRow  int64     // messages
	skip    int64     // rows that an earlier run settled
	count   int64     // of rows read
	first   int64     // of these, those before the current batch
	mark    []byte    // after the last chunk
	who     whoIsIn   // the people in the rows so far, if the source marks them
	met     string    // sum of who, after the last chunk
	before  string    // sum of who, after the rows that an earlier run settled
	offset  int64     // in the input, of the rows before the current ones
	now     time.Time // approximate
}

// run reads until the input or ctx ends. The last chunk says why.
func (rd *reader) run(ctx context.Context) {
	var rows source.Batch
	for {
		err := rd.next(ctx, &rows)
		if errors.Is(err, errPause) {
			rd.r.lanes.flush()
			continue
		}
		offset := rows.Offset
		rd.first = rd.count
		c := rd.r.newChunk(rd.offset)
		if err == nil {
			c, err = rd.add(ctx, c, &rows)
		} else if changed := rd.compare(); err == io.EOF && changed != nil {
			err = changed
		}
		if err != nil {
			if c.complete = err == io.EOF; !c.complete {
				c.err = err
			}
		}
		c.offset, rd.offset = offset, offset
		rd.seal(c, &rows)
		if err != nil {
			return
		}
		rd.r.waitForRoom(ctx)
	}
}

var errPause = errors.New("the input pauses")

// next reads the rows that follow. If messages are waiting to be sent, it returns errPause after a while.
func (rd *reader) next(ctx context.Context, rows *source.Batch) error {
	src := rd.r.job.Source
	if !rd.r.lanes.waiting() {
		return src.Next(ctx, rows)
	}
	brief, cancel := context.WithTimeout(ctx, linger)
	defer cancel()
	err := src.Next(brief, rows)
	if err != nil && ctx.Err() == nil && brief.Err() != nil && errors.Is(err, context.DeadlineExceeded) {
		return errPause
	}
	return err
}

// chunkRows is the most rows in a chunk. When a run is resumed, at most so many rows are sent again, besides those that were on their way.
const chunkRows = 256

// add maps the rows into the chunk and into further chunks that it makes, and returns the last chunk. It returns io.EOF at the limit.
func (rd *reader) add(ctx context.Context, c *chunk, rows *source.Batch) (*chunk, error) {
	limit := rd.r.job.Limit
	rd.now = time.Now()
	if rows.Mark != nil {
		rd.r.changes.doubt()
	}
	for i := range rows.Rows {
		if limit > 0 && rd.count == limit {
			return c, io.EOF
		}
		if i%chunkRows == 0 && i > 0 {
			rd.seal(c, rows)
			c = rd.r.newChunk(rd.offset)
		}
		if i%chunkRows == 0 && ctx.Err() != nil {
			return c, ctx.Err()
		}
		if err := rd.compare(); err != nil {
			return c, err
		}
		var messages int // of the row, if it was not rejected
		if rd.count++; rd.count > rd.skip {
			messages = rd.row(c, &rows.Rows[i])
		} else {
			messages = rd.passed(&rows.Rows[i])
		}
		if rows.Mark != nil {
			rd.who.row(rd.mapper.Identities()[:messages])
		}
	}
	if limit > 0 && rd.count == limit {
		return c, io.EOF
	}
	return c, nil
}

// compare returns an error if the rows that an earlier run settled are about other people than that run found there. It compares once all of them are
// passed. The Source has already compared what it can.
func (rd *reader) compare() error {
	if rd.count != rd.skip || rd.who.hash == nil || rd.who.sum() == rd.before {
		return nil
	}
	return &source.ChangedError{Problem: fmt.Sprintf("some of the first %d rows are about other people than when the load first read them, so a resumed load would skip somebody", rd.skip),
		Hint: "nothing more was sent; begin a new load from the first row"}
}

// seal ends the chunk after the last row that was read, which is one of rows or was before them.
func (rd *reader) seal(c *chunk, rows *source.Batch) {
	if n := rd.count - rd.first; n > 0 && rd.count > rd.skip && rows.Mark != nil {
		rd.mark, rd.met = rows.Mark(int(n)), rd.who.sum()
	}
	c.ordinal, c.mark, c.who = rd.count, rd.mark, rd.met
	rd.r.seal(c)
}

// passed counts what a row that an earlier run settled shares with other rows, and returns how many messages it has.
func (rd *reader) passed(src *source.Row) int {
	if src.Err != nil {
		return 0
	}
	messages, err := rd.mapper.Map(src, 0)
	if err != nil {
		return 0
	}
	rd.counter.row(src, rd.mapper.Said())
	return len(messages)
}

// row maps one row, adds the result to the chunk, and returns how many messages it has.
func (rd *reader) row(c *chunk, src *source.Row) int {
	var messages []cio.Encoded
	var reject *Reject
	switch {
	case src.Err != nil:
		bad := unreadable(src.Line, src.Err)
		reject = &bad
	case src.Kept != nil && src.Kept.Sum != "" && src.Kept.DecimalComma != rd.r.job.DecimalComma:
		bad := otherComma(src.Line, src.Kept.DecimalComma)
		reject = &bad
	default:
		var err *mapping.ValueError
		if messages, err = rd.mapper.Map(src, uint64(src.Line)); err != nil {
			bad := newReject(src.Line, err)
			reject = &bad
		} else {
			rd.counter.row(src, rd.mapper.Said())
		}
	}
	c.read++
	switch {
	case reject != nil:
		reject.File = src.File
		rd.r.changes.unsent(c, src, rd.mapper)
	case len(messages) == 0:
		rd.r.changes.unsent(c, src, rd.mapper)
		if c.empty++; rd.mapper.Blank() {
			c.blank++
		}
		return 0
	case rd.r.changes.skip(c, src, messages, rd.mapper):
		return len(messages)
	}
	row := chunkRow{file: src.File, line: src.Line, ordinal: src.Ordinal, form: src.Form, kept: src.Kept, raw: [2]int{len(c.raw), len(c.raw) + len(src.Raw)}, messages: [2]int{c.messages, c.messages + len(messages)}, reject: reject}
	c.raw = append(c.raw, src.Raw...)
	if reject != nil {
		row.lost = rd.perRow
	}
	c.rows = append(c.rows, row)
	c.messages += len(messages)
	if len(messages) > 0 {
		rd.r.job.Recorder.look(src.File, src.Line, messages, rd.mapper)
		c.warned.AddRow(src, messages, rd.mapper, rd.now)
		rd.r.send(c, row.messages[0], messages, rd.mapper)
	}
	return len(messages)
}

// otherComma is why a run does not load a row of a rejects file if it reads numbers in another way.
func otherComma(line int64, comma bool) Reject {
	hint := "the row was read with a decimal point when it was rejected; load the rejects without --decimal-comma"
	if comma {
		hint = "the row was read with a decimal comma when it was rejected; load the rejects with --decimal-comma too"
	}
	return Reject{Line: line, Rule: RuleDecimalComma, Hint: hint}
}
