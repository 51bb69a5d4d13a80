package emulator_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"

	"github.com/ciokit/cio/emulator"
)

// sent returns a server that has processed the calls, each a path and a body.
func sent(calls ...string) *emulator.Server {
	srv := emulator.New(emulator.Config{})
	for i := 0; i < len(calls); i += 2 {
		r := httptest.NewRequest(http.MethodPost, "http://localhost"+calls[i], strings.NewReader(calls[i+1]))
		r.SetBasicAuth("my-key", "")
		srv.ServeHTTP(httptest.NewRecorder(), r)
	}
	return srv
}

func ExampleServer_PersonEvents() {
	srv := sent("/v1/track", `{"userId":"ann","event":"First"}`, "/v1/track", `{"userId":"ann","event":"Second"}`)
	q := emulator.PersonEventsQuery{Key: "my-key", ID: "ann", Limit: 1}
	for more := true; more; more = q.Before > 0 {
		page, err := srv.PersonEvents(q)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println(page.Events[0].Name, "of", page.Total, "in request", page.Events[0].Request)
		q.Before = page.Next
	}
	// Output:
	// Second of 2 in request 2
	// First of 2 in request 1
}

func ExampleServer_ObjectPeople() {
	srv := sent("/v1/group", `{"userId":"ann","groupId":"acme","traits":{"name":"Acme"}}`, "/v1/group", `{"userId":"bob","groupId":"acme"}`)
	page, err := srv.ObjectPeople(emulator.ObjectPeopleQuery{Key: "my-key", TypeID: "1", ID: "acme"})
	for _, p := range page.People {
		fmt.Println(p.ID, err)
	}
	why, err := srv.WhyObject("my-key", "1", "acme")
	fmt.Println("the name is of request", why["name"].Request, err)
	// Output:
	// bob <nil>
	// ann <nil>
	// the name is of request 1 <nil>
}

func ExampleServer_Replay() {
	srv := sent("/v1/track", `{"userId":"ann"}`, "/v1/track", `{"userId":"ann","event":"Ordered"}`)
	rules, err := srv.BrokenRules("my-key")
	fmt.Println(rules[0].ID, rules[0].Count, err)
	request, err := srv.Request("my-key", 2)
	fmt.Println(request.Path, request.Whole, request.Body(), err)
	again, err := srv.Replay("my-key", 2)
	fmt.Println(again.Number, again.Messages.Accepted, err)
	// Output:
	// missing-event 1 <nil>
	// /v1/track true {"userId":"ann","event":"Ordered"} <nil>
	// 3 1 <nil>
}

func ExampleServer_KeepSnapshot() {
	srv := sent("/v1/identify", `{"userId":"ann"}`)
	if err := srv.KeepSnapshot("my-key", "before"); err != nil {
		fmt.Println(err)
		return
	}
	kept, err := srv.Snapshots("my-key")
	fmt.Println(kept[0].Name, kept[0].People, err)
	fmt.Println(srv.DeleteSnapshot("my-key", "before"))
	// Output:
	// before 1 <nil>
	// <nil>
}

func ExampleServer_KeyOf() {
	srv := sent("/v1/identify", `{"userId":"ann"}`)
	key, found := srv.KeyOf(srv.Workspaces()[0].Handle)
	fmt.Println(key, found, srv.Forwards())
	changed, err := srv.Changed(key)
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = srv.ResetWorkspace(key)
	<-changed
	fmt.Println("changed")
	// Output:
	// my-key true false
	// changed
}

func ExampleServer_MessageGroups() {
	srv := sent("/v1/track", `{"userId":"ann","event":"Ordered"}`, "/v1/track", `{"userId":"bob","event":"Ordered"}`, "/v1/track", `{"userId":"ann"}`)
	groups, err := srv.MessageGroups(emulator.MessageGroupsQuery{})
	for _, g := range groups {
		fmt.Printf("%d %s %q %s\n", g.Count, g.Type, g.Event, g.Verdict)
	}
	fmt.Println(err)
	// Output:
	// 1 track "" dropped
	// 2 track "Ordered" accepted
	// <nil>
}
