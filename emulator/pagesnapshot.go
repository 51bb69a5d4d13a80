package emulator

import (
	"net/url"
	"strings"
	"time"
)

// pageSnapshot is a snapshot as its list shows it.
type pageSnapshot struct {
	Name   string
	At     time.Time
	People int
	Events int
}

func (p *pageRequest) snapshots() (view, error) {
	var data struct {
		List     []pageSnapshot
		From, To string
		Compared bool
		Difference
	}
	for _, n := range p.s.snapshotsOf(p.ws) {
		events := 0
		for _, person := range n.state.People {
			events += person.EventCount
		}
		data.List = append(data.List, pageSnapshot{n.name, n.state.SavedAt, len(n.state.People), events})
	}
	data.From, data.To = p.query.Get("from"), p.query.Get("to")
	if p.query.Has("from") && p.ws != nil {
		from, err := p.s.snapshotNamed(p.ws, data.From)
		if err != nil {
			return view{}, pageNotFound("There is no snapshot of that name.")
		}
		to, err := p.s.snapshotNamed(p.ws, data.To)
		if err != nil {
			return view{}, pageNotFound("There is no snapshot of that name.")
		}
		data.Difference, data.Compared = Diff(from, to), true
	}
	return view{"snapshots", "Snapshots", "snapshots", data}, nil
}

// actOnSnapshot carries out the forms about snapshots.
func (p *pageRequest) actOnSnapshot(path string, form url.Values) (view, error) {
	if p.ws == nil {
		return view{}, pageNotFound("There is no workspace yet.")
	}
	name := strings.TrimSpace(form.Get("name"))
	switch path {
	case "/snapshots":
		return p.done("/snapshots", "snapshot", p.s.keepSnapshot(p.ws, name))
	case "/snapshots/restore":
		from, err := p.s.snapshotNamed(p.ws, name)
		if err == nil && name != "" {
			err = p.ws.restore(from.state)
		}
		return p.done("/snapshots", "restore", err)
	case "/snapshots/delete":
		p.s.deleteSnapshot(p.ws, name)
		return p.done("/snapshots", "delete", nil)
	}
	return view{}, pageNotFound("That is no form of this page.")
}
