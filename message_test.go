package cio_test

import (
	"errors"
	"testing"

	"github.com/ciokit/cio"
)

func TestPointersToMessages(t *testing.T) {
	t.Parallel()
	s := &server{}
	c := newClient(t, s, nil)
	e := mustEncode(t, cio.Page{UserID: "u1"})
	if err := c.Send(t.Context(), &e, &cio.Page{UserID: "u1"}); err != nil {
		t.Errorf("pointers: %v", err)
	}
	var identify *cio.Identify
	var encoded *cio.Encoded
	for _, m := range []cio.Message{&cio.Encoded{}, encoded, identify} {
		if err := c.Send(t.Context(), m); !errors.Is(err, cio.ErrInvalid) {
			t.Errorf("%T: %v", m, err)
		}
		if _, err := cio.Encode(m); !errors.Is(err, cio.ErrInvalid) {
			t.Errorf("%T: %v", m, err)
		}
	}
	if n := len(s.seen()); n != 1 {
		t.Errorf("%d requests", n)
	}
}
