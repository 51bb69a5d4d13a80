package load

import (
	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// maxID bounds the ids that are kept: no message of 32,000 bytes, which are all there can be, has a longer one.
const maxID = 32_000

// peopleOf returns the ids of the people whom messages are about, each once, as they are compared.
func peopleOf(messages []cio.Encoded) (ids [][]byte) {
	for i := range messages {
		if id := messages[i].Identity().UserID; id != "" {
			ids = addOnce(ids, foldID(id))
		}
	}
	return ids
}

func addOnce(list [][]byte, id string) [][]byte {
	for _, other := range list {
		if string(other) == id {
			return list
		}
	}
	return append(list, []byte(id))
}

// naming is what a row tells of the people whom it is about, whatever became of it.
type naming struct {
	ids [][]byte // as they are compared
	// named is set if there are any. lost is set if there may be others: a message about somebody has no userId, or it cannot be read.
	named, lost bool
}

// whoIsIn finds out whom a row is about: also by messages that it does not become, because of their condition or because it was refused.
func (m *mapper) whoIsIn(r *source.Row) (n naming) {
	if r.Err != nil {
		return naming{lost: true}
	}
	m.row.raw = r.Raw
	for _, p := range m.plan.messages {
		m.begin(p, r.Cells)
		for _, t := range p.texts {
			if t.field != fieldUserID {
				continue
			}
			id, some, err := t.value.text(&m.row)
			switch {
			case err != nil:
				n.lost = true
			case some && id != "":
				if n.named = true; len(id) <= maxID { // nobody in a snapshot has another
					n.ids = addOnce(n.ids, foldID(id))
				}
			default:
				meant, err := p.holds(&m.row)
				n.lost = n.lost || meant || err != nil
			}
		}
	}
	return n
}
