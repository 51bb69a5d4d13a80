package emulator

import (
	"cmp"
	"fmt"
	"net/http"
	"slices"
	"strconv"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

type appObjectIdentifiers struct {
	ID    string `json:"object_id"`
	CIOID string `json:"cio_object_id"`
}

func (o *objectState) appIdentifiers() appObjectIdentifiers {
	return appObjectIdentifiers{o.key.id, o.appID()}
}

// appID is the id that Customer.io would give the object.
func (o *objectState) appID() string { return fmt.Sprintf("ob%08x", o.number) }

// ofObject is an operation on the object that the first two parameters name.
func ofObject(answer func(*workspaceState, *appCall, *objectState) reply) appOperation {
	return appOperation{answer: func(ws *workspaceState, c *appCall) reply {
		var o *objectState
		switch c.query.Get("id_type") {
		case "", "object_id":
			o = ws.objects[objectKey{c.args[0], c.args[1]}]
		case "cio_object_id":
			for _, one := range ws.objects {
				if one.appID() == c.args[1] && one.key.typeID == c.args[0] {
					o = one
				}
			}
		default:
			return errorReply(http.StatusBadRequest, "id_type is object_id or cio_object_id")
		}
		if o == nil {
			return errorReply(http.StatusNotFound, "no such object")
		}
		return answer(ws, c, o)
	}}
}

func (ws *workspaceState) appObject(_ *appCall, o *objectState) reply {
	timestamps := make(map[string]int64, len(o.attributes))
	for _, a := range o.attributes {
		if a.origin != nil {
			timestamps[a.name.Value()] = a.origin.at.Unix()
		}
	}
	return appReply(map[string]any{"object": map[string]any{
		"object_type_id": o.key.typeID,
		"identifiers":    o.appIdentifiers(),
		"attributes":     o.attributes.appTexts(),
		"timestamps":     timestamps,
	}})
}

// Pages of objects. The document of the API names no limits.
const (
	defaultObjects = 100
	maxObjects     = 1000
)

// appObjectPeople lists the people related to an object, in the order of their
// creation.
func (ws *workspaceState) appObjectPeople(c *appCall, o *objectState) reply {
	start, limit, problem := appPage(c.query, defaultObjects, maxObjects)
	if problem != "" {
		return errorReply(http.StatusBadRequest, problem)
	}
	var people []*personState
	for p := range o.people {
		if p.number >= start {
			people = append(people, p)
		}
	}
	slices.SortFunc(people, func(a, b *personState) int { return cmp.Compare(a.number, b.number) })
	next := uint64(0)
	if len(people) > limit {
		next, people = people[limit].number, people[:limit]
	}
	list := []map[string]any{}
	for _, p := range people {
		list = append(list, map[string]any{"object_type_id": o.key.typeID, "identifiers": p.appIdentifiers(), "object_type_disabled": false})
	}
	return appReply(map[string]any{"cio_relationships": list, "next": nextPage(next)})
}

func (ws *workspaceState) appObjectSearch(c *appCall) reply {
	start, limit, problem := appPage(c.query, defaultObjects, maxObjects)
	if problem != "" {
		return errorReply(http.StatusBadRequest, problem)
	}
	typeID := rawjson.Member(c.body, "object_type_id")
	if !rawjson.IsString(typeID) {
		return errorReply(http.StatusBadRequest, "object_type_id is required, and is text")
	}
	r := filterReader{ws: ws, objects: true, typeID: rawjson.Unquote(typeID)}
	fits, wrong := r.read(rawjson.Member(c.body, "filter"), 0)
	if wrong != nil {
		return *wrong
	}
	identifiers, ids, next := []appObjectIdentifiers{}, []string{}, uint64(0)
	for _, place := range ws.objectOrder.list[ws.objectOrder.index(start):] {
		o := place.thing
		if o == nil || o.key.typeID != r.typeID || !fits(&filtered{object: o}) {
			continue
		}
		if len(ids) == limit {
			next = place.number
			break
		}
		identifiers, ids = append(identifiers, o.appIdentifiers()), append(ids, o.key.id)
	}
	return appReply(map[string]any{"identifiers": identifiers, "ids": ids, "next": nextPage(next)})
}

// objectTypes are those of the workspace's objects, and the one that every
// workspace has.
func (ws *workspaceState) objectTypes() []string {
	seen := map[string]bool{defaultObjectType: true}
	for key := range ws.objects {
		seen[key.typeID] = true
	}
	types := make([]string, 0, len(seen))
	for typeID := range seen {
		types = append(types, typeID)
	}
	number := func(s string) int64 {
		if n, err := strconv.ParseInt(s, 10, 64); err == nil {
			return n
		}
		return -1
	}
	slices.SortFunc(types, func(a, b string) int { return cmp.Or(cmp.Compare(number(a), number(b)), cmp.Compare(a, b)) })
	return types
}

func (ws *workspaceState) appObjectTypes(*appCall) reply {
	list := []map[string]any{}
	for _, typeID := range ws.objectTypes() {
		list = append(list, map[string]any{"id": typeID, "enabled": true, "icon": "", "name": "Objects of type " + typeID, "singular_name": "Object of type " + typeID,
			"slug": "objects_" + typeID, "singular_slug": "object_" + typeID})
	}
	return appReply(map[string]any{"types": list})
}

// appWorkspaces has only the workspace of the key, which has no name.
func (ws *workspaceState) appWorkspaces(*appCall) reply {
	return appReply(map[string]any{"workspaces": []map[string]any{{
		"id": 1, "name": "", "people": len(ws.byCustomerIOID), "objects": len(ws.objects), "object_types": len(ws.objectTypes()),
		"messages_sent": len(ws.deliveries()), "billable_messages_sent": 0,
	}}})
}
