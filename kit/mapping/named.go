package mapping

import (
	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// Named is whom one message of a mapping names in a row, whether or not the message is made of it.
type Named struct {
	// ID is the userId, empty if the row has none that can be read. Address is the e-mail address that the message would give the person, as it is
	// compared with others; empty for none.
	ID, Address string
	// Lost says that the message may be about somebody who is not told here: it has no userId, or the address cannot be read. An identify without a
	// userId counts also if it is not meant, unless Excluded is set.
	Lost bool
	// Excluded says that the message has no userId and is not meant, by a condition on the columns that the userId is made of.
	Excluded bool
}

// Named calls f for each message of the mapping that has a userId there, in their order, whatever becomes of the row. It must be one that could be
// read. What was made of the row at hand stays as it is.
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
	case p.kind.typ == cio.TypeIdentify: // whom it would have made may have left because of an empty cell, whoever else the row names
		n.Lost = true
	}
	return n
}
