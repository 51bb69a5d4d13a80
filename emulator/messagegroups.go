package emulator

import (
	"cmp"
	"slices"
	"time"
)

// MessageGroup is a number of messages that are alike.
type MessageGroup struct {
	Verdict Verdict `json:"verdict"`
	Type    string  `json:"type"`
	Event   string  `json:"event"`
	// Rule is the rule that they broke.
	Rule  string `json:"rule,omitempty"`
	Count uint64 `json:"count"`
	// Last is the [Record]'s Sequence of the newest of them. ReceivedAt is its
	// time.
	Last       uint64    `json:"last"`
	ReceivedAt time.Time `json:"receivedAt"`
}

// MessageGroupsQuery says which messages to count.
type MessageGroupsQuery struct {
	// Key is the workspace's write key. Empty: the only workspace.
	Key string
	// After is the [Record]'s Sequence of the last message that is not counted.
	After uint64
}

// groupedByEvent is how many of the newest messages are separated by their
// events, which must be decoded for that.
const groupedByEvent = 20_000

// MessageGroups counts, by verdict, type, rule and event, the messages that the
// journal keeps. The group of the newest message comes first. If there are very
// many, it separates only the newest by their events. It fails as Stats does.
func (s *Server) MessageGroups(q MessageGroupsQuery) ([]MessageGroup, error) {
	ws, err := s.workspace(q.Key)
	if err != nil || ws == nil {
		return []MessageGroup{}, err
	}
	type alike struct {
		verdict     Verdict
		kind        kind
		rule, event string
	}
	groups := make(map[alike]*MessageGroup)
	f, some, before, looked := &messageFilter{}, []entry(nil), uint64(0), 0
	for {
		ws.mu.Lock()
		some, before = ws.journal.older(before, f, some[:0], scanned)
		ws.mu.Unlock()
		for i := range some {
			e := &some[i]
			if e.sequence <= q.After {
				before = 0
				break
			}
			a := alike{verdict: e.verdict, kind: e.kind}
			if e.why.rule != noRule {
				a.rule = e.why.export().Rule
			}
			if looked++; looked <= groupedByEvent && e.raw != "" {
				m := decodeMessage(e.raw, e.kind, e.at, e.keepName)
				a.event = m.event
			}
			if groups[a] == nil {
				groups[a] = &MessageGroup{e.verdict, e.kind.String(), a.event, a.rule, 0, e.sequence, e.at}
			}
			groups[a].Count++
		}
		if before == 0 {
			break
		}
	}
	list := make([]MessageGroup, 0, len(groups))
	for _, g := range groups {
		list = append(list, *g)
	}
	slices.SortFunc(list, func(a, b MessageGroup) int { return cmp.Compare(b.Last, a.Last) })
	return list, nil
}
