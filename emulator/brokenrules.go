package emulator

import (
	"cmp"
	"slices"
)

// RuleCount is a rule, and how many messages broke it.
type RuleCount struct {
	Rule
	Count uint64 `json:"count"`
}

// BrokenRules returns the rules that messages of a workspace broke, warnings
// included, the most frequent first. key is as for Stats.
func (s *Server) BrokenRules(key string) ([]RuleCount, error) {
	ws, err := s.workspace(key)
	if ws == nil {
		return []RuleCount{}, err
	}
	ws.mu.Lock()
	defer ws.mu.Unlock()
	list := []RuleCount{}
	for id, n := range ws.broken {
		if n > 0 {
			list = append(list, RuleCount{ruleTable[id], n})
		}
	}
	slices.SortStableFunc(list, func(a, b RuleCount) int { return cmp.Compare(b.Count, a.Count) })
	return list, nil
}
