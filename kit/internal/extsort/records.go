package extsort

import (
	"bytes"
	"io"
)

// Both has the records of two lists, in order.
type Both struct {
	A, B     Records
	atA, atB []byte
	begun    bool
	out      []byte
}

func (u *Both) Next() ([]byte, error) {
	if !u.begun {
		u.begun = true
		if err := Advance(u.A, &u.atA); err != nil {
			return nil, err
		}
		if err := Advance(u.B, &u.atB); err != nil {
			return nil, err
		}
	}
	from, at := u.A, &u.atA
	switch {
	case u.atA == nil && u.atB == nil:
		return nil, io.EOF
	case u.atA == nil || u.atB != nil && bytes.Compare(u.atB, u.atA) < 0:
		from, at = u.B, &u.atB
	}
	u.out = append(u.out[:0], *at...)
	return u.out, Advance(from, at)
}

// Advance reads the next record into to; nil at the end.
func Advance(from Records, to *[]byte) error {
	record, err := from.Next()
	if err != nil {
		record = nil
	}
	if *to = record; err == io.EOF {
		return nil
	}
	return err
}

// Subtract calls f for every record that is in from and not in those; both must be in order.
func Subtract(from, those Records, f func([]byte) error) error {
	other, otherErr := those.Next()
	for {
		record, err := from.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for otherErr == nil && bytes.Compare(other, record) < 0 {
			other, otherErr = those.Next()
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
