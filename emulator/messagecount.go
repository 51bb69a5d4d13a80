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

// CountNewMessages counts the messages that a query lists and that are newer
// than the message whose sequence is given by after, as far as the journal
// still keeps them. It ignores Before and Limit. last is the sequence of the
// newest message. Pass it as after to the next call. If the
// workspace was reset meanwhile, last is less than the argument. It fails as
// Messages does.
func (s *Server) CountNewMessages(q MessagesQuery, after uint64) (n int, last uint64, err error) {
	if err := q.check(); err != nil {
		return 0, 0, err
	}
	ws, err := s.workspace(q.Key)
	if err != nil || ws == nil {
		return 0, 0, err
	}
	f := ws.filter(q)
	var some []entry
	for {
		ws.mu.Lock()
		some, after = ws.journal.newer(after, f, some[:0])
		last = ws.journal.sequence
		ws.mu.Unlock()
		for i := range some {
			if f.matches(&some[i]) {
				n++
			}
		}
		if after == 0 {
			return n, last, nil
		}
	}
}
