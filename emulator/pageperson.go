package emulator

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
)

// pageTrait is a trait with the message that set it.
type pageTrait struct {
	Name string
	WhyTrait
}

// setBy is a trait, for the link to the message that set it.
type setBy struct {
	W     string
	Trait pageTrait
}

// personData is what the page shows of a person.
type personData struct {
	Person
	Title  string
	Why    Why
	Traits []pageTrait
	Events PersonEventsPage
	Later  bool
	Graph  graph
}

// person shows one person, or somebody who is suppressed.
func (p *pageRequest) person(id string) (view, error) {
	if !p.found {
		return view{}, p.noPerson(id)
	}
	var data personData
	var err error
	data.Person, err = p.s.Person(p.key, id)
	if err == nil && data.Suppressed {
		data.Title = id
		return view{template: "person", title: id, section: "people", data: data}, nil
	}
	if err == nil {
		data.Why, err = p.s.Why(p.key, id)
	}
	if err == nil {
		data.Events, err = p.s.PersonEvents(PersonEventsQuery{Key: p.key, ID: id, Before: p.number("before"), Limit: pageRows})
	}
	switch {
	case errors.Is(err, ErrNotFound):
		return view{}, p.noPerson(id)
	case err != nil:
		return view{}, err
	}
	data.Later = p.query.Has("before")
	data.Title = cmp.Or(data.ID, data.Why.Email, data.CustomerIOID)
	data.Traits = pageTraits(data.Why.Traits)
	data.Graph = personGraph(data.Person, data.Title, p.at.Handle, func(r Relationship) string {
		o, err := p.s.Object(p.key, r.ObjectTypeID, r.ObjectID)
		if err != nil {
			return r.ObjectID
		}
		return named(o.Attributes, o.ID)
	})
	return view{template: "person", title: data.Title, section: "people", data: data}, nil
}

func (p *pageRequest) noPerson(id string) error {
	w := p.query.Get("w")
	search := []pageLink{{"Search people for it", pageURL(w, "/people", "q", id)}, {"Messages that name it", pageURL(w, "/messages", "person", id)}}
	if why, merge, err := p.s.Successor(p.key, id); err == nil {
		name, verb := cmp.Or(why.ID, why.Email, why.CustomerIOID), "replaced"
		if merge.Kind == MergeKindAlias {
			verb = "merged into another person"
		}
		return pageNotFound("This person has another identifier now.", fmt.Sprintf("%s was %s in message %d. The person's identifier is now %s.", shorten(id), verb, merge.By.Sequence, shorten(name)),
			append([]pageLink{{"See " + shorten(name), pageURL(w, "/people/"+url.PathEscape(why.CustomerIOID))}, {"Why: the message", pageURL(w, messagePath(merge.By.Sequence))}}, search...)...)
	}
	return pageNotFound("There is no such person.", "Nobody has the identifier "+shorten(id)+". They may never have been identified, have been deleted, or be in another workspace.", search...)
}
