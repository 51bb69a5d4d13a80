package emulator

import (
	"errors"
	"slices"
	"strings"
)

func (p *pageRequest) objects() (view, error) {
	var data struct {
		ObjectsPage
		Search string
		Later  bool
	}
	data.Search = p.query.Get("q")
	data.Later = p.query.Has("before")
	var err error
	if p.found {
		data.ObjectsPage, err = p.s.Objects(ObjectsQuery{Key: p.key, Search: data.Search, Before: p.number("before"), Limit: pageRows})
	}
	return view{template: "objects", title: "Objects", section: "objects", data: data}, err
}

// pageRelation is a person related to an object.
type pageRelation struct {
	RelatedPerson
	Path string
}

// objectData is what the page shows of an object.
type objectData struct {
	Object
	Attributes []pageTrait
	Related    []pageRelation
	Graph      graph
}

func (p *pageRequest) object(typeID, id string) (view, error) {
	gone := pageNotFound("There is no such object.", "It may have been deleted, have another type, or be in another workspace.", pageLink{"All objects", pageURL(p.query.Get("w"), "/objects")})
	if !p.found {
		return view{}, gone
	}
	var data objectData
	var err error
	var people ObjectPeoplePage
	var why map[string]WhyTrait
	if data.Object, err = p.s.Object(p.key, typeID, id); err == nil {
		why, err = p.s.WhyObject(p.key, typeID, id)
	}
	if err == nil {
		people, err = p.s.ObjectPeople(ObjectPeopleQuery{Key: p.key, TypeID: typeID, ID: id, Limit: pageRows})
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return view{}, gone
	case err != nil:
		return view{}, err
	}
	data.Attributes = pageTraits(why)
	data.Graph = objectGraph(data.Object, people.People, p.at.Handle)
	for _, person := range people.People {
		data.Related = append(data.Related, pageRelation{person, personPath(person)})
	}
	return view{template: "object", title: id, section: "objects", data: data}, nil
}

// pageTraits lists traits by their names.
func pageTraits(why map[string]WhyTrait) []pageTrait {
	var list []pageTrait
	for name, trait := range why {
		list = append(list, pageTrait{name, trait})
	}
	slices.SortFunc(list, func(a, b pageTrait) int { return strings.Compare(a.Name, b.Name) })
	return list
}
