package mapping

import (
	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// Named is the person that one message of a mapping identifies in a row, even if the message is not made.
type Named struct {
	// ID is the userId, empty if the row has none that can be read. Address is the email address that the message would give the person, in the form
	// in which addresses are compared; empty if there is none.
	ID, Address string
	// Lost says that the message may be about somebody who is not known here: it has no userId, or its address cannot be read. An identify without a
	// userId counts even if its condition is not met, unless Excluded is set.
	Lost bool
	// Excluded says that the message has no userId and that its condition, which is about the columns of the userId, is not met.
	Excluded bool
}

// Named calls f, in order, for each message of the mapping that has a userId, whether or not the row is sent. The row must be one that could be read.
// The messages of the current row stay valid.
func (m *Mapper) Named(r *source.Row, f func(Named)) {
	m.row.raw = r.Raw
	for _, p := range m.plan.messages {
		m.begin(p, r.Cells)
		for _, t := range p.texts {
			if t.field == fieldUserID {
				f(m.named(p, t.value))
			}
		}
	}
}

func (m *Mapper) named(p *Message, userID scalar) (n Named) {
	id, some, err := userID.text(&m.row)
	if err == nil && some && id != "" {
		address, known := m.addressIn(p)
		return Named{ID: id, Address: address, Lost: !known}
	}
	meant, bad := p.met(&m.row)
	switch {
	case err != nil || meant || bad != nil:
		n.Lost = true
	case p.whenOnKey:
		n.Excluded = true
	case p.kind.typ == cio.TypeIdentify: // an empty cell may hide whom it would have made, whatever else the row names
		n.Lost = true
	}
	return n
}
