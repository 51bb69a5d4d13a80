package source

import (
	"errors"
	"fmt"
	"io"

	"github.com/parquet-go/parquet-go"
)

// parquetValues is how many values of a leaf are read at once.
const parquetValues = 256

// parquetLeafReader reads the values of one leaf in one row group, a page at a time.
type parquetLeafReader struct {
	pages  parquet.Pages
	page   parquet.Page        // of the values; nil if there is none
	reader parquet.ValueReader // of page
	values []parquet.Value
	at, n  int   // of the values
	rows   int64 // how many rows begin in the used values
}

// peek returns the next value, nil at the end of the row group.
func (l *parquetLeafReader) peek() (*parquet.Value, error) {
	if l.at < l.n {
		return &l.values[l.at], nil
	}
	return l.fill()
}

// skip uses up the value that peek has returned.
func (l *parquetLeafReader) skip() {
	if l.values[l.at].RepetitionLevel() == 0 {
		l.rows++
	}
	l.at++
}

func (l *parquetLeafReader) fill() (*parquet.Value, error) {
	for l.pages != nil {
		if l.page == nil {
			page, err := l.pages.ReadPage()
			if err == io.EOF {
				return nil, l.close()
			}
			if err != nil {
				return nil, err
			}
			l.page, l.reader = page, page.Values()
		}
		if l.values == nil {
			l.values = make([]parquet.Value, parquetValues)
		}
		n, err := l.reader.ReadValues(l.values)
		l.at, l.n = 0, n
		if err != nil && err != io.EOF {
			return nil, err
		}
		if n > 0 {
			return &l.values[0], nil
		}
		if err == nil {
			return nil, io.ErrNoProgress
		}
		parquet.Release(l.page)
		l.page, l.reader = nil, nil
	}
	return nil, nil
}

func (l *parquetLeafReader) close() error {
	if l.page != nil {
		parquet.Release(l.page)
	}
	var err error
	if l.pages != nil {
		err = l.pages.Close()
	}
	l.pages, l.page, l.reader, l.at, l.n = nil, nil, nil, 0, 0
	return err
}

var (
	errLeafEnds  = errors.New("a column has fewer values than the others; the file is damaged")
	errLeafAhead = errors.New("a column has more values than the others; the file is damaged")
)

// parquetRows assembles the rows of a row group from the values of its leaves.
type parquetRows struct {
	leaves []parquetLeafReader
	used   []bool // which leaves are read
	limit  int    // bytes of a row
	start  int    // of the current row in dst
	bad    error
}

// errRowTooLong is for a row over the limit. All other errors of parquetRows are about the file.
var errRowTooLong = errors.New("the row is too long")

// peek returns the next value of a leaf, which must exist.
func (p *parquetRows) peek(leaf int) (*parquet.Value, error) {
	v, err := p.leaves[leaf].peek()
	if err == nil && v == nil {
		err = errLeafEnds
	}
	if err != nil {
		return nil, err
	}
	return v, nil
}

// drop uses up the values of something absent: one of each leaf below it.
func (p *parquetRows) drop(n *parquetNode) error {
	for leaf := n.leaf; leaf < n.leaf+n.leaves; leaf++ {
		if _, err := p.peek(leaf); err != nil {
			return err
		}
		p.leaves[leaf].skip()
	}
	return nil
}

// value appends the next value of a node as JSON. A value without a JSON form becomes null, and p.bad says why.
func (p *parquetRows) value(dst []byte, n *parquetNode) ([]byte, error) {
	v, err := p.peek(n.leaf)
	if err != nil {
		return dst, err
	}
	if n.optional && v.DefinitionLevel() < n.def {
		if n.kind == parquetLeaf {
			p.leaves[n.leaf].skip()
			return append(dst, "null"...), nil
		}
		return append(dst, "null"...), p.drop(n)
	}
	switch n.kind {
	case parquetList:
		return p.list(dst, n)
	case parquetMap:
		return p.pairs(dst, n)
	case parquetGroup:
		dst = append(dst, '{')
		for i, child := range n.children {
			if i > 0 {
				dst = append(dst, ',')
			}
			if dst, err = p.value(append(dst, child.key...), child); err != nil {
				return dst, err
			}
		}
		return append(dst, '}'), nil
	}
	out, err := n.write(dst, v)
	p.leaves[n.leaf].skip()
	if err != nil {
		if p.bad == nil {
			p.bad = err
		}
		out = append(dst, "null"...)
	}
	return out, nil
}

// items calls one for each item of a list or a map.
func (p *parquetRows) items(n *parquetNode, one func(first bool) error) error {
	v, err := p.peek(n.leaf)
	if err != nil {
		return err
	}
	if v.DefinitionLevel() < n.itemDef {
		return p.drop(n)
	}
	for first := true; ; first = false {
		if err := one(first); err != nil {
			return err
		}
		v, err := p.leaves[n.leaf].peek()
		if err != nil {
			return err
		}
		if v == nil || v.RepetitionLevel() < n.itemRep {
			return nil
		}
	}
}

func (p *parquetRows) list(dst []byte, n *parquetNode) ([]byte, error) {
	dst = append(dst, '[')
	err := p.items(n, func(first bool) (err error) {
		if !first {
			dst = append(dst, ',')
		}
		if len(dst)-p.start > p.limit {
			return errRowTooLong
		}
		dst, err = p.value(dst, n.item)
		return err
	})
	return append(dst, ']'), err
}

// pairs appends a map as an object. JSON would keep only the last of equal keys, so equal keys are an error of the value.
func (p *parquetRows) pairs(dst []byte, n *parquetNode) ([]byte, error) {
	dst = append(dst, '{')
	seen := make(map[string]bool)
	err := p.items(n, func(first bool) (err error) {
		if !first {
			dst = append(dst, ',')
		}
		if len(dst)-p.start > p.limit {
			return errRowTooLong
		}
		start := len(dst)
		if dst, err = p.value(dst, n.children[0]); err != nil {
			return err
		}
		switch key := string(dst[start:]); {
		case seen[key]:
			p.note(errors.New("a map has the same key twice, and JSON keeps only one"))
		case key[0] == '{', key[0] == '[', key == "null":
			p.note(errors.New("the key of a map is neither text nor a number, which JSON cannot write"))
		default:
			if seen[key] = true; key[0] != '"' {
				dst = append(append(append(dst[:start], '"'), key...), '"')
			}
		}
		dst = append(dst, ':')
		if len(n.children) == 1 {
			dst = append(dst, "null"...)
			return nil
		}
		dst, err = p.value(dst, n.children[1])
		return err
	})
	return append(dst, '}'), err
}

func (p *parquetRows) note(err error) {
	if p.bad == nil {
		p.bad = err
	}
}

// finish uses up what is left of a row, and checks that all leaves are at its end. row is its number in the row group, from 0.
func (p *parquetRows) finish(row int64) error {
	for i := range p.leaves {
		if !p.used[i] {
			continue
		}
		l := &p.leaves[i]
		for {
			v, err := l.peek()
			if err != nil {
				return err
			}
			if v == nil && l.rows <= row {
				return errLeafEnds
			}
			if v == nil || l.rows > row && v.RepetitionLevel() == 0 {
				break
			}
			l.skip()
		}
		if l.rows != row+1 {
			return errLeafAhead
		}
	}
	return nil
}

// open begins a row group. values is the most values that a page of one of its columns has.
func (p *parquetRows) open(f *parquet.File, v *parquetView, group int, values int64) error {
	chunks := f.RowGroups()[group].ColumnChunks()
	if len(chunks) != len(p.leaves) {
		return fmt.Errorf("a row group has %d columns, the schema %d", len(chunks), len(p.leaves))
	}
	if err := p.close(); err != nil {
		return err
	}
	v.hide()
	for i := range p.leaves {
		if !p.used[i] {
			continue
		}
		l := &p.leaves[i]
		if err := v.show(group, i, values); err != nil {
			return err
		}
		l.pages, l.rows = chunks[i].Pages(), 0
	}
	return nil
}

func (p *parquetRows) close() error {
	var errs []error
	for i := range p.leaves {
		errs = append(errs, p.leaves[i].close())
	}
	return errors.Join(errs...)
}
