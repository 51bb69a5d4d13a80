package emulator

// MaxCount is the most that [Server.CountMessages] counts. So it need not read
// to the end if most of a million messages match.
const MaxCount = 10_000

// CountMessages counts the messages that a query lists on all of its pages. It
// ignores Before and Limit. more says that there are more than MaxCount.
func (s *Server) CountMessages(q MessagesQuery) (n int, more bool, err error) {
	ws, err := s.workspace(q.Key)
	if err != nil || ws == nil {
		return 0, false, err
	}
	f := ws.filter(q)
	var some []entry
	for before := uint64(0); ; {
		ws.mu.Lock()
		some, before = ws.journal.older(before, f, some[:0], scanned)
		ws.mu.Unlock()
		for i := range some {
			if !f.matches(&some[i]) {
				continue
			}
			if n == MaxCount {
				return n, true, nil
			}
			n++
		}
		if before == 0 {
			return n, false, nil
		}
	}
}
