package emulator

import (
	"cmp"
	"fmt"
	"math"
	"net/url"
	"slices"
	"strings"
)

// maxNodes is how many neighbours the picture of a relationship shows.
const maxNodes = 16

// graph is a picture of one thing in the middle and what it is related to
// around it.
type graph struct {
	Center string
	Kind   string // of the one in the middle: person or object
	Nodes  []graphNode
	More   int
}

// graphNode is a neighbour: where it is, and the link to its page.
type graphNode struct {
	X, Y, LabelY float64
	Label        string
	Link         string // of its page
	Kind         string
}

// The picture's size, in the units of its view box.
const (
	graphWidth, graphHeight = 640, 320
	graphRadiusX            = 230
	graphRadiusY            = 115
)

func newGraph(center, kind string, nodes []graphNode) graph {
	slices.SortFunc(nodes, func(a, b graphNode) int { return cmp.Compare(a.Label, b.Label) })
	g := graph{Center: clipLabel(center), Kind: kind, More: max(0, len(nodes)-maxNodes)}
	g.Nodes = nodes[:min(len(nodes), maxNodes)]
	for i := range g.Nodes {
		angle := 2*math.Pi*float64(i)/float64(len(g.Nodes)) - math.Pi/2
		n := &g.Nodes[i]
		n.X = math.Round(graphWidth/2 + graphRadiusX*math.Cos(angle))
		n.Y = math.Round(graphHeight/2 + graphRadiusY*math.Sin(angle))
		n.LabelY = n.Y + 24
		n.Label = clipLabel(n.Label)
	}
	return g
}

func personGraph(p Person, title, w string) graph {
	var nodes []graphNode
	for _, r := range p.Relationships {
		nodes = append(nodes, graphNode{Label: r.ObjectID, Link: pageURL(w, objectPath(r)), Kind: "object"})
	}
	return newGraph(title, "person", nodes)
}

// objectGraph gets no more people than are shown: an object may have a hundred
// thousand.
func objectGraph(o Object, people []RelatedPerson, w string) graph {
	var nodes []graphNode
	for _, p := range people[:min(len(people), maxNodes)] {
		nodes = append(nodes, graphNode{Label: cmp.Or(p.ID, p.Email, p.CustomerIOID), Link: pageURL(w, personPath(p)), Kind: "person"})
	}
	g := newGraph(o.ID, "object", nodes)
	g.More = o.People - len(g.Nodes)
	return g
}

func personPath(p RelatedPerson) string { return "/people/" + url.PathEscape(p.CustomerIOID) }

func objectPath(r Relationship) string {
	return fmt.Sprintf("/objects/%s/%s", url.PathEscape(r.ObjectTypeID), url.PathEscape(r.ObjectID))
}

// clipLabel keeps a label from leaving the picture.
func clipLabel(s string) string {
	const most = 18
	runes := []rune(strings.ToValidUTF8(s, ""))
	if len(runes) <= most {
		return string(runes)
	}
	return string(runes[:most-1]) + "\u2026"
}
