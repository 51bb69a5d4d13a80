package emulator

import (
	"net/url"
	"slices"
	"strings"
)

func (p *pageRequest) snapshots() (view, error) {
	var data struct {
		List     []NamedSnapshot
		From, To string
		Compared bool
		Difference
	}
	var err error
	if p.found {
		data.List, err = p.s.Snapshots(p.key)
	}
	if err != nil {
		return view{}, err
	}
	data.From, data.To = p.query.Get("from"), p.query.Get("to")
	if p.query.Has("from") && p.found {
		from, err := p.snapshot(data.List, data.From)
		if err != nil {
			return view{}, err
		}
		to, err := p.snapshot(data.List, data.To)
		if err != nil {
			return view{}, err
		}
		data.Difference, data.Compared = Diff(from, to), true
	}
	return view{template: "snapshots", title: "Snapshots", section: "snapshots", data: data}, nil
}

// snapshot returns the snapshot with the name, or without a name the present
// state.
func (p *pageRequest) snapshot(kept []NamedSnapshot, name string) (Snapshot, error) {
	if name == "" {
		return p.s.Snapshot(p.key)
	}
	i := slices.IndexFunc(kept, func(n NamedSnapshot) bool { return n.Name == name })
	if i < 0 {
		return Snapshot{}, pageNotFound("There is no such snapshot.", "It was deleted, or the emulator was restarted: snapshots last as long as its process.", pageLink{"All snapshots", pageURL(p.query.Get("w"), "/snapshots")})
	}
	return kept[i].Snapshot, nil
}

// actOnSnapshot does what a form about snapshots asks for.
func (p *pageRequest) actOnSnapshot(path string, form url.Values) (view, error) {
	if !p.found {
		return view{}, pageNotFound("There is no workspace yet.", "The first call with a write key opens one.")
	}
	name := strings.TrimSpace(form.Get("name"))
	switch path {
	case "/snapshots":
		return p.done("/snapshots", "snapshot", p.s.KeepSnapshot(p.key, name))
	case "/snapshots/restore":
		return p.done("/snapshots", "restore", p.restore(name))
	case "/snapshots/delete":
		return p.done("/snapshots", "delete", p.s.DeleteSnapshot(p.key, name))
	}
	return view{}, p.noPage()
}

func (p *pageRequest) restore(name string) error {
	kept, err := p.s.Snapshots(p.key)
	if err != nil || name == "" {
		return err
	}
	from, err := p.snapshot(kept, name)
	if err != nil {
		return err
	}
	return p.s.Restore(p.key, from)
}
