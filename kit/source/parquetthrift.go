package source

import (
	"encoding/binary"
	"errors"
)

// thriftLength returns the length of the structure at the beginning of data, in Thrift's compact protocol, with which Parquet describes itself. It
// exists because a decoder allocates memory for as many items as a list claims to have: here a list cannot claim more than there are bytes.
// errThriftEnds says that data ends before the structure.
func thriftLength(data []byte) (int, error) {
	t := thriftWalk{data: data}
	err := t.structure(0)
	return t.at, err
}

var (
	errThriftEnds = errors.New("the description ends too early")
	errThrift     = errors.New("the description is damaged")
)

// thriftWalk skips values.
type thriftWalk struct {
	data []byte
	at   int
}

const thriftDepth = 32

func (t *thriftWalk) skip(n uint64) error {
	if n > uint64(len(t.data)-t.at) {
		return errThriftEnds
	}
	t.at += int(n)
	return nil
}

func (t *thriftWalk) byte() (byte, error) {
	if t.at == len(t.data) {
		return 0, errThriftEnds
	}
	t.at++
	return t.data[t.at-1], nil
}

func (t *thriftWalk) varint() (uint64, error) {
	n, width := binary.Uvarint(t.data[t.at:])
	switch {
	case width == 0:
		return 0, errThriftEnds
	case width < 0:
		return 0, errThrift
	}
	t.at += width
	return n, nil
}

func (t *thriftWalk) structure(depth int) error {
	if depth > thriftDepth {
		return errThrift
	}
	for {
		b, err := t.byte()
		if err != nil || b == 0 {
			return err
		}
		if b>>4 == 0 { // the number of the field follows
			if _, err := t.varint(); err != nil {
				return err
			}
		}
		if kind := b & 0xf; kind != 1 && kind != 2 { // true and false have no bytes of their own in a structure
			if err := t.value(kind, depth); err != nil {
				return err
			}
		}
	}
}

func (t *thriftWalk) value(kind byte, depth int) error {
	switch kind {
	case 1, 2, 3:
		return t.skip(1)
	case 4, 5, 6:
		_, err := t.varint()
		return err
	case 7:
		return t.skip(8)
	case 8:
		n, err := t.varint()
		if err != nil {
			return err
		}
		return t.skip(n)
	case 9, 10:
		return t.list(depth)
	case 12:
		return t.structure(depth + 1)
	}
	return errThrift // Parquet has no maps
}

func (t *thriftWalk) list(depth int) error {
	b, err := t.byte()
	if err != nil {
		return err
	}
	n := uint64(b >> 4)
	if n == 15 {
		if n, err = t.varint(); err != nil {
			return err
		}
	}
	if n > uint64(len(t.data)-t.at) {
		return errThriftEnds
	}
	for range n {
		if err := t.value(b&0xf, depth+1); err != nil {
			return err
		}
	}
	return nil
}
