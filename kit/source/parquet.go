package source

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/maphash"
	"io"
	"os"
	"sync"

	"github.com/ciokit/cio/kit/internal/nameless"
	"github.com/parquet-go/parquet-go"
)

const (
	parquetMagic = "PAR1" // at the beginning and the end of a Parquet file
	// parquetBatchRows and parquetBatchBytes bound the rows of a Batch of Parquet.
	parquetBatchRows  = 1024
	parquetBatchBytes = 512 << 10
)

// parquetSource is a Source of the rows of a Parquet file. It keeps one page of each column in memory, whatever the size of the file.
type parquetSource struct {
	in     io.ReaderAt
	closer io.Closer
	once   sync.Once // closes it
	size   int64
	limit  int   // bytes of a row
	values int64 // in a page of a column, at most
	origin
	watched  *watch
	sum      *sum     // of the rows that were read
	selected []string // columns
	skipped  int64    // rows of an earlier run

	description uint64 // a hash of the file's description

	view    *parquetView
	file    *parquet.File // of the view
	nodes   []*parquetNode
	columns []Column
	slots   []int // for each column its place among the selected ones, or -1
	chosen  int

	rows  parquetRows
	group int   // the next row group
	left  int64 // rows left in the current one
	at    int64 // the number of the next row in it
	read  int64 // rows before the next one
	skip  int64 // rows to be skipped
	ends  [][2]int

	broken error // why the file cannot be read further
}

// openParquet reads the description of a Parquet file. It closes in if it fails.
func openParquet(in io.ReaderAt, closer io.Closer, size int64, limit int) (*parquetSource, error) {
	p := &parquetSource{in: in, closer: closer, size: size, limit: limit, values: maxPageValues, sum: newSum()}
	if err := p.open(); err != nil {
		return nil, errors.Join(err, p.Close())
	}
	return p, nil
}

func (p *parquetSource) open() (err error) {
	defer func() {
		if err = recovered(err, recover()); err != nil {
			err = &FormatError{Problem: "the input begins like a Parquet file but cannot be read as that: " + err.Error(), Hint: "is it complete? write it again; if it is text, use --format csv"}
		}
	}()
	var end [8]byte
	if p.size < int64(len(parquetMagic)+len(end)) {
		return errors.New("it is too short")
	}
	if _, err := p.in.ReadAt(end[:], p.size-int64(len(end))); err != nil && err != io.EOF {
		return err
	}
	switch string(end[4:]) {
	case parquetMagic:
	case "PARE":
		return errors.New("it is encrypted")
	default:
		return errors.New("it does not end like one")
	}
	n := int64(binary.LittleEndian.Uint32(end[:]))
	if n > p.size-int64(len(parquetMagic)+len(end)) {
		return errors.New("its description is longer than the file")
	}
	description := make([]byte, n)
	if _, err := p.in.ReadAt(description, p.size-int64(len(end))-n); err != nil {
		return err
	}
	if _, err := thriftLength(description); err != nil {
		return err
	}
	p.description = maphash.Bytes(seed, description)
	if p.view, err = newParquetView(p.in, p.size, description); err != nil {
		return err
	}
	p.file, err = parquet.OpenFile(p.view, p.view.Size(), parquet.SkipPageIndex(true), parquet.SkipBloomFilters(true))
	if err != nil {
		return err
	}
	meta := p.file.Metadata()
	nodes, leaves, err := parquetColumns(meta.Schema)
	if err != nil {
		return err
	}
	total := int64(0)
	for _, g := range p.file.RowGroups() {
		if g.NumRows() < 0 || len(g.ColumnChunks()) != leaves {
			return errParquetSchema
		}
		total += g.NumRows()
	}
	if total != meta.NumRows {
		return fmt.Errorf("it says that it has %d rows, and its row groups have %d", meta.NumRows, total)
	}
	p.nodes = nodes
	p.rows = parquetRows{leaves: make([]parquetLeafReader, leaves), limit: p.limit}
	for _, n := range nodes {
		p.columns = append(p.columns, Column{Name: n.name, Kind: KindJSON, Type: n.typ})
	}
	return nil
}

// recovered turns a panic into an error. The decoder of the format panics on some damaged files.
func recovered(err error, panicked any) error {
	if panicked != nil {
		return fmt.Errorf("it is damaged (%v)", panicked)
	}
	return err
}

func (p *parquetSource) Columns(context.Context) ([]Column, error) { return p.columns, nil }

func (p *parquetSource) Select(names []string) error {
	slots, err := slotsOf(p.columns, names)
	if err != nil {
		return err
	}
	p.slots, p.chosen, p.selected = slots, len(names), names
	p.rows.used = make([]bool, len(p.rows.leaves))
	for found, slot := range slots {
		if slot < 0 {
			continue
		}
		for leaf, n := p.nodes[found].leaf, p.nodes[found].leaves; n > 0; leaf, n = leaf+1, n-1 {
			p.rows.used[leaf] = true
		}
	}
	return nil
}

// Resume skips the first rows, whole row groups at once.
func (p *parquetSource) Resume(_ context.Context, rows int64, _ []byte) (bool, error) {
	if rows > p.file.NumRows() {
		return false, fmt.Errorf("source: the file has %d rows, not the %d that were read before", p.file.NumRows(), rows)
	}
	p.skip, p.skipped = rows, rows
	return true, nil
}

func (p *parquetSource) Next(ctx context.Context, b *Batch) (err error) {
	if p.slots == nil {
		return errors.New("source: Next was called before Select")
	}
	b.reset()
	if p.broken != nil {
		return p.broken
	}
	defer func() {
		err = recovered(err, recover())
		if err == nil || err == io.EOF {
			return
		}
		if len(b.Rows) > 0 { // rows that were read before the damage, or before ctx ended, are valid
			b.Offset = p.used()
		}
		if ended := ctx.Err(); ended != nil && errors.Is(err, ended) {
			if len(b.Rows) > 0 {
				err = nil
			}
			return
		}
		p.broken = fmt.Errorf("source: the Parquet file cannot be read after row %d (row group %d): %w", p.read, p.group, err)
		if err = p.broken; len(b.Rows) > 0 {
			err = nil
		}
	}()
	for len(b.Rows) < parquetBatchRows && len(b.scratch) < parquetBatchBytes {
		if p.left == 0 {
			more, err := p.advance(ctx)
			if err != nil {
				return err
			}
			if !more {
				break
			}
		}
		if err := p.row(b); err != nil {
			return err
		}
	}
	if b.Offset = p.used(); len(b.Rows) == 0 {
		return io.EOF
	}
	return nil
}

// Changed reads the rows again if the file was touched. Otherwise it reads only the description at the end of the file.
func (p *parquetSource) Changed(ctx context.Context) (string, error) {
	return p.watchRows().changed(ctx)
}

func (p *parquetSource) watching() *watch { return p.watchRows() }

// used returns how much of the file is used up, estimated by the rows.
func (p *parquetSource) used() int64 {
	if p.read == p.file.NumRows() {
		return p.size
	}
	return int64(float64(p.size) * float64(p.read) / float64(p.file.NumRows()))
}

// advance begins the next row group that has unread rows. It returns false if there is none.
func (p *parquetSource) advance(ctx context.Context) (bool, error) {
	groups := p.file.RowGroups()
	for p.left == 0 {
		if p.group == len(groups) {
			return false, p.rows.close()
		}
		if err := ctx.Err(); err != nil {
			return false, err
		}
		g := groups[p.group]
		p.group++
		if n := g.NumRows(); n <= p.skip {
			p.skip -= n
			p.read += n
			continue
		}
		if err := p.rows.open(p.file, p.view, p.group-1, p.values); err != nil {
			return false, err
		}
		p.left, p.at = g.NumRows(), 0
		for ; p.skip > 0; p.skip-- {
			if err := p.rows.finish(p.at); err != nil {
				return false, err
			}
			p.passed()
		}
	}
	return true, nil
}

func (p *parquetSource) passed() {
	p.left--
	p.at++
	p.read++
}

// row writes the next row as a JSON object of the selected columns. Its cells are parts of that object. The other columns are not even read.
func (p *parquetSource) row(b *Batch) error {
	start := len(b.scratch)
	raw := append(b.scratch, '{')
	p.ends = p.ends[:0]
	p.rows.start = start
	row := Row{Line: p.read + 1, Ordinal: p.read}
	for i, n := range p.nodes {
		if p.slots[i] < 0 {
			p.ends = append(p.ends, [2]int{})
			continue
		}
		if len(raw)-start > 1 {
			raw = append(raw, ',')
		}
		raw = append(raw, n.key...)
		from := len(raw)
		var err error
		if raw, err = p.rows.value(raw, n); err == errRowTooLong {
			row.Err = tooLong(p.limit)
			break
		} else if err != nil {
			return err
		}
		if p.rows.bad != nil {
			if row.Err == nil {
				row.Err = &RowError{RuleNoJSON, fmt.Sprintf("column %s: %v", n.name, p.rows.bad)}
			}
			p.rows.bad = nil
			raw = append(raw[:from], "null"...)
		}
		p.ends = append(p.ends, [2]int{from, len(raw)})
	}
	raw = append(raw, '}')
	b.scratch = raw
	if err := p.rows.finish(p.at); err != nil {
		return err
	}
	p.rows.bad = nil
	p.passed()
	if len(raw)-start > p.limit {
		row.Err = tooLong(p.limit)
	}
	row.Raw = raw[start:len(raw):len(raw)]
	if row.Err != nil {
		if row.Err.Rule == RuleRowTooLong {
			row.Raw, _ = CutRow(row.Raw, p.limit)
		}
		p.sum.note(&row)
		b.Rows = append(b.Rows, row)
		return nil
	}
	row.Cells = b.addCells(p.chosen)
	for i, slot := range p.slots {
		if slot < 0 {
			continue
		}
		if from, to := p.ends[i][0], p.ends[i][1]; !bytes.Equal(raw[from:to], null) {
			row.Cells[slot] = Cell{KindJSON, raw[from:to:to]}
		}
	}
	p.sum.note(&row)
	b.Rows = append(b.Rows, row)
	return nil
}

var null = []byte("null")

func (p *parquetSource) Info() Info {
	info := p.info()
	info.Size, info.Rows, info.Whole, info.Content, info.Layouts = p.size, p.file.NumRows(), p.watched != nil, p.sum.content(), p.layouts()
	return info
}

func (p *parquetSource) layouts() []Layout { return []Layout{{Format: FormatParquet}} }

func (p *parquetSource) Close() error {
	var err error
	p.once.Do(func() {
		if p.closer != nil {
			err = p.closer.Close() // a Next that is still running keeps what it uses
		}
	})
	return err
}

// spool keeps its input in a file that is removed with it. A Parquet file is read from its end, which a stream does not allow.
type spool struct{ *os.File }

// newSpool makes a file that only this user can read.
func newSpool() (spool, error) {
	f, err := nameless.Create("")
	return spool{f}, err
}
