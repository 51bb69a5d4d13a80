package load

import (
	"bytes"
	"io"
)

// both are the records of two lists in their order.
type both struct {
	a, b     records
	atA, atB []byte
	begun    bool
	out      []byte
}

func (u *both) next() ([]byte, error) {
	if !u.begun {
		u.begun = true
		if err := advance(u.a, &u.atA); err != nil {
			return nil, err
		}
		if err := advance(u.b, &u.atB); err != nil {
			return nil, err
		}
	}
	from, at := u.a, &u.atA
	switch {
	case u.atA == nil && u.atB == nil:
		return nil, io.EOF
	case u.atA == nil || u.atB != nil && bytes.Compare(u.atB, u.atA) < 0:
		from, at = u.b, &u.atB
	}
	u.out = append(u.out[:0], *at...)
	return u.out, advance(from, at)
}

// advance puts the next record into to, nil at the end.
func advance(from records, to *[]byte) error {
	record, err := from.next()
	if err != nil {
		record = nil
	}
	if *to = record; err == io.EOF {
		return nil
	}
	return err
}

// subtract calls f for what is in one list and not in the other; both are in order.
func subtract(from, those records, f func([]byte) error) error {
	other, otherErr := those.next()
	for {
		record, err := from.next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for otherErr == nil && bytes.Compare(other, record) < 0 {
			other, otherErr = those.next()
		}
		if otherErr != nil && otherErr != io.EOF {
			return otherErr
		}
		if otherErr == nil && bytes.Equal(other, record) {
			continue
		}
		if err := f(record); err != nil {
			return err
		}
	}
}
