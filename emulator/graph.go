package emulator

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// maxNodes is how many neighbours the picture of a relationship shows.
const maxNodes = 16

// graph is a picture of one thing at the left and what it is related to in a
// column at the right. All labels are outside, where no edge is.
type graph struct {
	Center        string
	Kind          string // of the one at the left: person or object
	Height        int
	X, Y          int // of the one at the left
	LabelX, NodeX int
	TextX, TextY  int // of the labels at the right, and below the middle of a node
	Nodes         []graphNode
	More          int
}

// graphNode is a neighbour: where it is, and the link to its page.
type graphNode struct {
	Y     int
	Label string
	Link  string // of its page
	Kind  string
}

// The picture's measures, in the units of its view box, which has the width of
// a phone: 440.
const (
	graphRow    = 26
	graphBorder = 12
	graphX      = 166
	graphNodeX  = 250
)

func newGraph(center, kind string, nodes []graphNode) graph {
	slices.SortFunc(nodes, func(a, b graphNode) int { return cmp.Compare(a.Label, b.Label) })
	g := graph{Center: clipLabel(center, 17), Kind: kind, More: max(0, len(nodes)-maxNodes)}
	g.Nodes = nodes[:min(len(nodes), maxNodes)]
	g.Height = max(2, len(g.Nodes))*graphRow + 2*graphBorder
	g.X, g.Y, g.LabelX, g.NodeX, g.TextX, g.TextY = graphX, g.Height/2, graphX-20, graphNodeX, graphNodeX+16, 4
	for i := range g.Nodes {
		n := &g.Nodes[i]
		n.Y = g.Height * (2*i + 1) / (2 * len(g.Nodes))
		n.Label = clipLabel(n.Label, 24)
	}
	return g
}

// nameTraits are those that hold somebody's name.
var nameTraits = []string{"name", "first_name", "last_name", "firstName", "lastName"}

// named puts a name before the identifier of what has one.
func named(attributes map[string]json.RawMessage, id string) string {
	for _, parts := range [][]string{nameTraits[:1], nameTraits[1:3], nameTraits[3:]} {
		var words []string
		for _, part := range parts {
			var word string
			if json.Unmarshal(attributes[part], &word) == nil && strings.TrimSpace(word) != "" {
				words = append(words, strings.TrimSpace(word))
			}
		}
		if len(words) > 0 {
			return strings.Join(words, " ")
		}
	}
	return id
}

// personGraph shows the objects of a person by the names that objectName knows.
func personGraph(p Person, title, w string, objectName func(Relationship) string) graph {
	var nodes []graphNode
	for _, r := range p.Relationships[:min(len(p.Relationships), maxNodes)] {
		nodes = append(nodes, graphNode{Label: objectName(r), Link: pageURL(w, objectPath(r)), Kind: "object"})
	}
	g := newGraph(named(p.Traits, title), "person", nodes)
	g.More = len(p.Relationships) - len(g.Nodes)
	return g
}

// objectGraph gets no more people than are shown: an object may have a hundred
// thousand.
func objectGraph(o Object, people []RelatedPerson, w string) graph {
	var nodes []graphNode
	for _, p := range people[:min(len(people), maxNodes)] {
		nodes = append(nodes, graphNode{Label: cmp.Or(p.Name, p.ID, p.Email, p.CustomerIOID), Link: pageURL(w, personPath(p)), Kind: "person"})
	}
	g := newGraph(named(o.Attributes, o.ID), "object", nodes)
	g.More = o.People - len(g.Nodes)
	return g
}

func personPath(p RelatedPerson) string { return "/people/" + url.PathEscape(p.CustomerIOID) }

func objectPath(r Relationship) string {
	return fmt.Sprintf("/objects/%s/%s", url.PathEscape(r.ObjectTypeID), url.PathEscape(r.ObjectID))
}

// clipLabel keeps a label from leaving the picture.
func clipLabel(s string, most int) string {
	runes := []rune(strings.ToValidUTF8(s, ""))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-1]) + "\u2026"
}
