package emulator

import (
	"context"
	"fmt"
)

// changed wakes those who watch the workspace. It needs mu held. It costs
// nothing if nobody watches.
func (ws *workspaceState) changed() {
	if ws.watched != nil {
		close(ws.watched)
		ws.watched = nil
	}
}

// watch returns a channel that is closed with the next change. It takes the
// lock.
func (ws *workspaceState) watch() <-chan struct{} {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	if ws.watched == nil {
		ws.watched = make(chan struct{})
	}
	return ws.watched
}

// Changed returns a channel that is closed with the next change of the
// workspace of key. key is as for Stats. If nothing has opened the workspace
// yet, the channel is closed when the next workspace opens.
func (s *Server) Changed(key string) (<-chan struct{}, error) {
	ws, err := s.workspace(key)
	switch {
	case err != nil:
		return nil, err
	case ws != nil:
		return ws.watch(), nil
	}
	return s.watchOpened(key), nil
}

// Wait returns nil when condition holds. It calls condition at once, and after
// each call that the workspace of key processed. If the context ends first, it
// returns the context's cause, with the counters. If several calls come in
// quick succession, it may check only once for all of them. key is as for
// Stats.
func (s *Server) Wait(ctx context.Context, key string, condition func() bool) error {
	for {
		// The channel comes first: a change while the condition is checked
		// closes it.
		changed, err := s.Changed(key)
		if err != nil {
			return err
		}
		if condition() {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			stats, _ := s.Stats(key)
			return fmt.Errorf("emulator: the condition was not met; people %d, events %d, messages %+v: %w",
				stats.People, stats.Events, stats.Messages, context.Cause(ctx))
		}
	}
}

// watchOpened returns a channel that is closed when the next workspace opens,
// or at once if that of key has opened meanwhile.
func (s *Server) watchOpened(key string) <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.workspaces[key] != nil || key == "" && len(s.workspaces) > 0 {
		open := make(chan struct{})
		close(open)
		return open
	}
	if s.opened == nil {
		s.opened = make(chan struct{})
	}
	return s.opened
}
