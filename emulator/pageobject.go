package emulator

import (
	"cmp"
	"encoding/json"
	"slices"
)

func (p *pageRequest) objects() view {
	var data struct {
		ObjectsPage
		Search string
		Later  bool
	}
	data.Search = p.query.Get("q")
	data.Later = p.query.Has("before")
	if p.ws != nil {
		data.ObjectsPage = p.ws.listObjects(data.Search, p.number("before"), pageRows)
	}
	return view{"objects", "Objects", "objects", data}
}

// pageRelation is a person related to an object.
type pageRelation struct {
	Person     PersonSummary
	Path       string
	Attributes []pageTrait
}

// objectData is what the page shows of an object.
type objectData struct {
	Object
	Attributes []pageTrait
	Related    []pageRelation
	Graph      graph
}

func (p *pageRequest) object(typeID, id string) (view, error) {
	if p.ws == nil {
		return view{}, pageNotFound("There is no such object.")
	}
	data, found := p.ws.objectData(typeID, id)
	if !found {
		return view{}, pageNotFound("There is no such object. It may have been deleted.")
	}
	return view{"object", id, "objects", data}, nil
}

// firstPeople returns up to n of the people related to o, the oldest first.
func (o *objectState) firstPeople(n int) []*personState {
	older := func(a, b *personState) int { return cmp.Compare(a.number, b.number) }
	var first []*personState // sorted
	for p := range o.people {
		if len(first) == n && older(p, first[n-1]) > 0 {
			continue
		}
		i, _ := slices.BinarySearchFunc(first, p, older)
		first = slices.Insert(first, i, p)
		first = first[:min(len(first), n)]
	}
	return first
}

func pageTraits(as attributes) []pageTrait {
	var list []pageTrait
	for _, a := range as {
		list = append(list, pageTrait{Name: a.name.Value(), Value: json.RawMessage(a.value), By: a.origin.export()})
	}
	return list
}
