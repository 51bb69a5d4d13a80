package load

import (
	"errors"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/mapping"
)

// The order of rows about the same thing matters, even if they are also about other things.
func TestRowsAboutTheSameThing(t *testing.T) {
	const (
		order   = "messages:\n  - identify: {userId: $id, traits: {plan: $p}}\n  - track: {userId: $id, event: Ordered, messageId: [$o]}\n"
		visitor = "messages:\n  - identify: {userId: $id, anonymousId: $o, traits: {plan: $p}}\n"
		device  = "messages:\n  - delete_person: {userId: $id}\n    when: =p == \"del\"\n  - set_device: {userId: $id, token: $o, platform: ios}\n    when: =p == \"dev\"\n"
		gone    = "messages:\n  - delete_person: {userId: $id}\n    when: =p == \"del\"\n  - track: {userId: $id, event: E, messageId: [$o]}\n    when: =p == \"e\"\n"
		address = "messages:\n  - identify: {userId: $id, traits: {email: $o, plan: $p}}\n"
		object  = "messages:\n  - group: {userId: $id, groupId: $o, traits: {plan: $p}}\n"
		related = "messages:\n  - relate: {userId: $id, objectId: $o, attributes: {plan: $p}}\n"
		torn    = "messages:\n  - relate: {userId: $id, objectId: $o}\n    when: =p == \"r\"\n  - delete_object: {objectId: $o}\n    when: =p == \"del\"\n"
		devices = "messages:\n  - set_device: {userId: $id, token: $o, platform: ios, attributes: {p: $p}}\n"
	)
	tests := []struct {
		name, mapping, first, second string
		unchanged                    int64
	}{
		{"a person whose rows are of different events", order, "u,a,1\nu,b,2\n", "u,c,1\nu,b,2\n", 0},
		{"in another order", order, "u,a,1\nu,b,2\n", "u,b,2\nu,a,1\n", 0},
		{"the last row gone", order, "u,a,1\nu,b,2\n", "u,a,1\n", 0},
		{"that all say the same of the person", order, "u,a,1\nu,a,2\n", "u,a,2\nu,a,3\nu,a,1\n", 1},
		{"others are left out", order, "u,a,1\nv,b,2\n", "v,b,2\nu,c,1\n", 1},
		{"a person with another anonymousId", visitor, "u,a,1\nu,b,2\n", "u,c,1\nu,b,2\n", 0},
		{"a device after the deletion of its person", device, "u,dev,x\n", "u,del,\nu,dev,x\n", 0},
		{"an event after the deletion of its person", gone, "u,e,x\n", "u,del,\nu,e,x\n", 0},
		{"a deletion that comes last now", device, "u,del,\nu,dev,x\n", "u,dev,x\nu,del,\n", 0},
		{"a person by the address", address, "u,a,u@x.example\n,b,U@x.example\n", "u,c,u@x.example\n,b,u@x.example\n", 0},
		{"a person whose id is the address", address, "U@x.example,a,\n,b,u@x.example\n", "u@x.example,c,\n,b,u@x.example\n", 0},
		{"an object by several people", object, "u,a,o\nv,b,o\n", "u,c,o\nv,b,o\n", 0},
		{"relationships of one person are different things", related, "u,a,o\nu,b,p\nv,b,o\n", "v,b,o\nu,c,o\nu,b,p\n", 2},
		{"a relationship after the deletion of its object", torn, "u,r,o\n", "u,del,o\nu,r,o\n", 0},
		{"devices of one person are different things", devices, "u,a,x\nu,b,y\n", "u,c,x\nu,b,y\n", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newChanging(t, tt.mapping)
			if _, err := c.load("id,p,o\n" + tt.first); err != nil {
				t.Fatal(err)
			}
			if s, err := c.load("id,p,o\n" + tt.second); err != nil || s.Unchanged != tt.unchanged {
				t.Errorf("%v: %d rows are unchanged, want %d: sent %q", err, s.Unchanged, tt.unchanged, c.sent)
			}
		})
	}
}

// A snapshot from a mapping that can delete a person is not valid for a mapping that cannot: the person may not exist any more.
func TestMappingThatDeletesNoLonger(t *testing.T) {
	t.Parallel()
	const device = "messages:\n  - set_device: {userId: $id, token: $o, platform: ios}\n    when: =p == \"dev\"\n"
	c := newChanging(t, device+"  - delete_person: {userId: $id}\n    when: =p == \"del\"\n")
	c.want("id,p,o\nu,dev,x\nu,del,\n", 0, "u -u")
	c.job.Mapping = mustMapping(t, device)
	c.want("id,p,o\nu,dev,x\n", 0, "u")
}

// An event that has no messageId and no time is not loaded with a snapshot: if it happens again, it would seem to be the earlier one.
func TestEventsThatCannotBeTold(t *testing.T) {
	t.Parallel()
	for _, event := range []string{"track: {userId: $id, event: Login}", "page: {userId: $id}", "screen: {userId: $id, name: Home}", "product_viewed: {userId: $id}"} {
		c := newChanging(t, "messages:\n  - "+event+"\n")
		var wrong *mapping.Error
		if _, err := c.load("id,at\na,\n"); !errors.As(err, &wrong) || !strings.Contains(err.Error(), "map.yaml:2:5: messages[0]: with a snapshot, an event that happens again") || len(c.sent) > 0 {
			t.Errorf("%s: %v", event, err)
		}
	}
	c := newChanging(t, "messages:\n  - track: {userId: $id, event: Login, timestamp: =date(at)}\n")
	c.want("id,at\na,2021-01-01\na,\n", 0, "a a")
	c.want("id,at\na,2021-01-01\na,\na,2021-01-02\n", 1, "a a") // without its time a row could be another event
}
