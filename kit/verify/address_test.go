package verify

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
)

// If another person has the address of a person, both are named together, for as many people as the limit allows.
func TestNamesWhoHasTheAddress(t *testing.T) {
	t.Parallel()
	m, err := mapping.Read(write(t, "m.yaml", "messages:\n  - identify:\n      userId: $id\n      traits: {email: $email, plan: $plan}\n"))
	if err != nil {
		t.Fatal(err)
	}
	// b and d take the places of a and c. e has another address than the file says, and nobody has that of the file. f is deleted, and a person
	// without an id has the address of f. h has its address, and another plan.
	file := write(t, "rows.csv", "id,email,plan\na,x@example.com,pro\nc,y@example.com,pro\ne,e@example.com,pro\nf,f@example.com,pro\nok,ok@example.com,pro\nh,h@example.com,pro\n")
	send, read := workspace(t)
	for _, msg := range []cio.Message{
		cio.Identify{UserID: "e", Traits: map[string]any{"email": "other@example.com", "plan": "pro"}},
	} {
		if err := send.Send(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	loadAll(t, send, file, m)
	for _, msg := range []cio.Message{
		cio.Identify{UserID: "b", Traits: map[string]any{"email": "X@example.com"}},
		cio.Identify{UserID: "d", Traits: map[string]any{"email": "y@example.com"}},
		cio.DeletePerson{UserID: "f"},
		cio.Identify{UserID: "F@example.com", Traits: map[string]any{"plan": "basic"}},
		cio.Identify{UserID: "h", Traits: map[string]any{"plan": "basic"}},
	} {
		if err := send.Send(t.Context(), msg); err != nil {
			t.Fatal(err)
		}
	}
	e := expected(t, file, m, All, 0)
	for most, want := range map[int]string{
		0:  "a [] true, c [] true, e [] false, f [] true, h [] false",
		1:  "a [b] true, c [] true, e [] false, f [] true, h [] false",
		2:  "a [b] true, c [d] true, e [] false, f [] true, h [] false",
		-1: "a [b] true, c [d] true, e [] false, f [cio_] true, h [] false",
	} {
		r, err := Run(t.Context(), e.People, Config{App: read, AtOnce: true, Sent: time.Now().Add(-time.Hour), Addresses: most})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, p := range r.Wrong() {
			for i, id := range p.AddressOf {
				if strings.HasPrefix(id, "cio_") && len(id) > 4 {
					p.AddressOf[i] = "cio_"
				}
			}
			got = append(got, fmt.Sprint(p.ID, " ", p.AddressOf, " ", p.Gone))
		}
		if strings.Join(got, ", ") != want {
			t.Errorf("for %d people: %s, want %s", most, strings.Join(got, ", "), want)
		}
		if text, err := json.Marshal(r); err != nil || strings.Contains(string(text), "address_of") != (most != 0) || strings.Contains(string(text), "@example.com") {
			t.Errorf("%s, %v", text, err)
		}
	}
}
