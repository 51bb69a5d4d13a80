package emulator

// countedMatches bounds how many messages are counted that a filter lists: a search that most of a million messages match is not read to its end.
const countedMatches = 10_000

// countMatches counts the messages that a query lists on all of its pages, of which one is at hand and is not looked at again. more says that there are
// more than countedMatches.
func (s *Server) countMatches(q MessagesQuery, page MessagesPage) (n int, more bool, err error) {
	ws, err := s.workspace(q.Key)
	if err != nil || ws == nil {
		return 0, false, err
	}
	f := ws.filter(q)
	n = len(page.Messages)
	if q.Before > 0 {
		n += ws.countWanted(f, 0, q.Before, countedMatches-n)
	}
	if page.Next > 0 {
		n += ws.countWanted(f, page.Next, 0, countedMatches-n)
	}
	return min(n, countedMatches), n > countedMatches, nil
}

// countWanted counts the messages that f wants with sequences below before, if that is not 0, and from after on: all, or one more than most. It takes the lock.
func (ws *workspaceState) countWanted(f *messageFilter, before, after uint64, most int) (n int) {
	var some []entry
	for n <= most {
		ws.mu.Lock()
		some, before = ws.journal.older(before, f, some[:0], scanned)
		ws.mu.Unlock()
		for i := range some {
			if some[i].sequence < after {
				return n
			}
			if f.matches(&some[i]) {
				if n++; n > most {
					return n
				}
			}
		}
		if before == 0 || before <= after {
			return n
		}
	}
	return n
}
