package emulator

import "strings"

// objectKey names one object: IDs are unique within their type only.
type objectKey struct {
	typeID string
	id     string
}

func (k objectKey) clone() objectKey {
	return objectKey{strings.Clone(k.typeID), strings.Clone(k.id)}
}

// objectState is one object, which the API calls a group.
type objectState struct {
	key        objectKey
	number     uint64 // objects in the order of their creation
	attributes attributes
	people     map[*personState]struct{} // who is related to it
	anonymous  map[string]struct{}       // the same of people not yet identified
}

// objectFor returns the object key, and creates it if need be.
func (ws *workspaceState) objectFor(key objectKey) *objectState {
	o := ws.objects[key]
	if o == nil {
		ws.lastObject++
		o = &objectState{key: key.clone(), number: ws.lastObject}
		ws.objects[o.key] = o
		ws.objectOrder.add(o.number, o)
	}
	return o
}

// relate makes a relationship between p and the object key, both of which
// exist afterwards, and returns its attributes.
func (ws *workspaceState) relate(p *personState, key objectKey) *attributes {
	if as, found := p.relationships[key]; found {
		return as
	}
	o := ws.objectFor(key)
	if o.people == nil {
		o.people = make(map[*personState]struct{})
	}
	o.people[p] = struct{}{}
	if p.relationships == nil {
		p.relationships = make(map[objectKey]*attributes)
	}
	as := new(attributes)
	p.relationships[key.clone()] = as
	ws.relationships++
	return as
}

// unrelate ends the relationship between p and the object key. It reports
// whether there was one.
func (ws *workspaceState) unrelate(p *personState, key objectKey) bool {
	if _, found := p.relationships[key]; !found {
		return false
	}
	delete(p.relationships, key)
	delete(ws.objects[key].people, p)
	ws.relationships--
	return true
}

// deleteObject deletes the object and ends its relationships. It reports
// whether it existed.
func (ws *workspaceState) deleteObject(key objectKey) bool {
	o, found := ws.objects[key]
	if !found {
		return false
	}
	for p := range o.people {
		ws.unrelate(p, key)
	}
	for id := range o.anonymous {
		if a := ws.anonymous[id]; a != nil {
			delete(a.relationships, key)
		}
	}
	delete(ws.objects, key)
	ws.objectOrder.remove(o.number)
	return true
}

// reservedObjectTrait reports whether a trait says what to do with a group or
// a relationship, instead of being an attribute.
func reservedObjectTrait(name string) bool {
	switch name {
	case "object_type_id", "objectTypeId", "objectId", "relationshipAttributes":
		return true
	}
	return false
}

// attributeWriter returns the writer for an object of m at path.
func (ws *workspaceState) attributeWriter(m *decodedMessage, path string) attributeWriter {
	return attributeWriter{m, path, ws.config.KeepDates, ws.config.OrderByTimestamp}
}

// writeObject merges traits into the attributes of an object or relationship,
// and warns when they exceed what the store takes in total.
func (ws *workspaceState) writeObject(as *attributes, m *decodedMessage, path, traits string) {
	ws.attributeWriter(m, path).merge(as, traits, reservedObjectTrait)
	if as.bytes() > maxObjectBytes {
		m.warn(ruleAttributeBytes, strings.TrimSuffix(path, "."))
	}
}

// relationshipPath is where a message keeps a relationship's attributes.
const relationshipPath = "traits.relationshipAttributes."
