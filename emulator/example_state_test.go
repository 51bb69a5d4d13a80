package emulator_test

import (
	"fmt"
	"net/http"
	"time"

	"github.com/ciokit/cio/emulator"
)

// A snapshot comparison shows what a piece of code changes in a workspace,
// without a query for each thing.
func ExampleDiff() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	post(client, "/v1/identify", `{"userId": "u1", "traits": {"plan": "basic"}}`)

	before, err := srv.Snapshot("my-key")
	if err != nil {
		fmt.Println(err)
		return
	}
	post(client, "/v1/identify", `{"userId": "u1", "traits": {"plan": "pro"}}`)
	after, err := srv.Snapshot("my-key")
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, change := range emulator.Diff(before, after).People {
		for _, a := range change.Attributes {
			fmt.Printf("%s %s: %s %s -> %s\n", change.Name, change.What, a.Name, a.Before, a.After)
		}
	}
	fmt.Println(!after.TakenAt().Before(before.TakenAt()))
	// Output:
	// u1 changed: plan "basic" -> "pro"
	// true
}

// A workspace that is filled once, and restored for each test.
func ExampleServer_Restore() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	post(client, "/v1/identify", `{"userId": "u1"}`)
	filled, err := srv.Snapshot("my-key")
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := srv.ResetWorkspace("my-key"); err != nil {
		fmt.Println(err)
		return
	}
	post(client, "/v1/identify", `{"userId": "u2"}`)
	if err := srv.Restore("my-key", filled); err != nil {
		fmt.Println(err)
		return
	}
	_, err = srv.Person("my-key", "u2")
	fmt.Println(err)
	fmt.Println(srv.Reset(), srv.Keys())
	// Output:
	// emulator: person not found
	// <nil> []
}

// An anonymous visitor who comes back after 31 days: their events are not kept
// that long.
func ExampleServer_AdvanceClock() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	srv.SetClock(time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC), true)
	post(client, "/v1/track", `{"anonymousId": "a1", "event": "Visit"}`)

	srv.AdvanceClock(31 * 24 * time.Hour)
	fmt.Println(srv.Clock().Now.Format(time.DateOnly))
	post(client, "/v1/identify", `{"userId": "u1", "anonymousId": "a1"}`)
	person, err := srv.Person("my-key", "u1")
	fmt.Println(len(person.Events), err)
	srv.ResetClock()
	// Output:
	// 2026-02-01
	// 0 <nil>
}

// Amounts that were sent as text, among others that were sent as numbers.
func ExampleServer_EventShapes() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	post(client, "/v1/track", `{"userId": "u1", "event": "Order Completed", "properties": {"total": 12.5}}`)
	post(client, "/v1/track", `{"userId": "u2", "event": "Order Completed", "properties": {"total": "12.5"}}`)

	shapes, err := srv.EventShapes(emulator.EventShapesQuery{Key: "my-key"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, s := range shapes {
		for _, f := range s.Fields {
			fmt.Println(s.Name, f.Name, f.Types, f.Mixed())
		}
	}
	// Output: Order Completed total map[number:1 string:1] true
}

func ExampleServer_Objects() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	post(client, "/v1/group", `{"groupId": "acme", "userId": "u1", "traits": {"name": "Acme"}}`)
	post(client, "/v1/group", `{"groupId": "globex", "traits": {"objectTypeId": "2"}}`)

	page, err := srv.Objects(emulator.ObjectsQuery{Key: "my-key"})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, o := range page.Objects {
		fmt.Println(o.TypeID, o.ID, o.People)
	}
	acme, err := srv.Object("my-key", "1", "acme")
	fmt.Println(string(acme.Attributes["name"]), err)
	// Output:
	// 2 globex 0
	// 1 acme 1
	// "Acme" <nil>
}

func ExampleServer_Reports() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	post(client, "/v1/track", `{"anonymousId": "d1", "event": "Report Delivery Event", "properties": {"deliveryId": "d1", "metric": "opened"}}`)

	reports, err := srv.Reports(emulator.ReportsQuery{Key: "my-key"})
	fmt.Println(len(reports.Reports), err)
	for _, ws := range srv.Workspaces() {
		fmt.Println(ws.Key, ws.Stats.Messages.Accepted)
	}
	// Output:
	// 1 <nil>
	// my-key 1
}

// What the server assumes because no document says it, and why it can refuse a
// message.
func ExampleAssumptions() {
	for _, a := range emulator.Assumptions() {
		if a.Switch == "MergeOnAlias" {
			fmt.Println(a.Confidence)
		}
	}
	for _, r := range emulator.Rules() {
		if r.ID == "missing-event" {
			fmt.Println(r.Effect, r.Hint)
		}
	}
	// Output:
	// low
	// refuses Set event to a name that is not blank.
}

// records is a store in memory. Package emulatordb of module kit is a real one,
// in a file.
type records [][]byte

func (r *records) Load(_, record func([]byte) error) error {
	for _, line := range *r {
		if err := record(line); err != nil {
			return err
		}
	}
	return nil
}

func (r *records) Append(record []byte) func() error {
	*r = append(*r, append([]byte(nil), record...))
	return func() error { return nil }
}

func (r *records) Compact(snapshot []byte) error { return nil }

// A server that has the same state after a restart.
func ExampleOpen() {
	store := new(records)
	for range 2 {
		srv, err := emulator.Open(emulator.Config{Store: store})
		if err != nil {
			fmt.Println(err)
			return
		}
		post(&http.Client{Transport: srv.Transport()}, "/v1/track", `{"userId": "u1", "event": "Start"}`)
		stats, err := srv.Stats("my-key")
		fmt.Println(stats.Events, err)
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
}

// A test that checks whether a person was created, and whether its fault
// occurred.
func ExampleInstance_Find() {
	srv := emulator.Config{}.InProcess(nil)
	if err := srv.Server.AddFault(emulator.Fault{Count: 1, Status: 503}); err != nil {
		fmt.Println(err)
		return
	}
	req, err := http.NewRequest(http.MethodPost, srv.URL+"/v1/identify", http.NoBody)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp, err := srv.Client().Do(req)
	if err != nil {
		fmt.Println(err)
		return
	}
	resp.Body.Close()
	_, found := srv.Find("u1")
	fmt.Println(resp.StatusCode, found, srv.Server.Faults()[0].State)
	// Output: 503 false done
}

// What your code does with a captive portal, which answers 200 to everything.
func ExamplePresets() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	for _, p := range emulator.Presets() {
		if p.Name != "html-200" {
			continue
		}
		if err := srv.AddFault(p.Fault); err != nil {
			fmt.Println(err)
			return
		}
	}
	post(client, "/v1/identify", `{"userId": "u1"}`)
	_, err := srv.Person("my-key", "u1")
	fmt.Println(err)
	srv.AdvanceClock(5 * time.Second)
	post(client, "/v1/identify", `{"userId": "u1"}`)
	person, err := srv.Person("my-key", "u1")
	fmt.Println(person.ID, err)
	// Output:
	// emulator: person not found
	// u1 <nil>
}

// A firewall that refuses what looks like an attack, and nothing else.
func ExampleParseFault() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	f, err := emulator.ParseFault(`{"preset": "firewall-403", "contains": "DROP TABLE"}`)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(f.Scope() + ": " + f.Effect())
	if err := srv.AddFault(f); err != nil {
		fmt.Println(err)
		return
	}
	post(client, "/v1/identify", `{"userId": "u1", "traits": {"name": "Robert'); DROP TABLE students"}}`)
	post(client, "/v1/identify", `{"userId": "u2"}`)
	people, err := srv.People(emulator.PeopleQuery{})
	fmt.Println(len(people.People), people.People[0].ID, err)
	// Output:
	// all calls that contain "DROP TABLE": answers 403
	// 1 u2 <nil>
}
