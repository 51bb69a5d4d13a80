package emulator_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator"
)

// post sends body to a path of the API with the write key "my-key".
func post(client *http.Client, path, body string) (status int) {
	req, err := http.NewRequest(http.MethodPost, "http://emulator"+path, strings.NewReader(body))
	if err != nil {
		panic(err)
	}
	req.SetBasicAuth("my-key", "")
	resp, err := client.Do(req)
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	return resp.StatusCode
}

// A server without sockets: a client uses its transport, and the state shows
// what arrived.
func Example() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}

	post(client, "/v1/identify", `{"userId": "u1", "traits": {"plan": "basic", "score": 1.50}}`)
	post(client, "/v1/track", `{"userId": "u1", "event": "Order Completed", "properties": {"total": 12.30}}`)

	person, err := srv.Person("my-key", "u1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("plan %s, score %s\n", person.Traits["plan"], person.Traits["score"])
	for _, e := range person.Events {
		fmt.Printf("%s %s\n", e.Name, e.Properties)
	}
	// Output:
	// plan "basic", score 1.50
	// Order Completed {"total": 12.30}
}

// A count goes up to MaxCount; the value more says that there are others.
func ExampleServer_CountMessages() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	post(client, "/v1/page", `{"userId": "u1", "name": "Home"}`)
	post(client, "/v1/page", `{"userId": "u2", "name": "Prices"}`)

	n, more, err := srv.CountMessages(emulator.MessagesQuery{Search: "prices"})
	fmt.Println(n, more, err)
	// Output: 1 false <nil>
}

// A program that follows new messages continues to count where it stopped.
func ExampleServer_CountNewMessages() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	q := emulator.MessagesQuery{Type: "page"}
	post(client, "/v1/page", `{"userId": "u1", "name": "Home"}`)
	n, last, err := srv.CountNewMessages(q, 0)
	fmt.Println(n, err)

	post(client, "/v1/page", `{"userId": "u2", "name": "Prices"}`)
	post(client, "/v1/identify", `{"userId": "u2"}`)
	n, last, err = srv.CountNewMessages(q, last)
	fmt.Println(n, last, err)
	// Output:
	// 1 <nil>
	// 1 3 <nil>
}

// What a 200 hides: the journal shows which message was dropped, and why.
func ExampleServer_Messages() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}

	fmt.Println(post(client, "/v1/track", `{"userId": "u1"}`))

	dropped, err := srv.Messages(emulator.MessagesQuery{Verdict: emulator.VerdictDropped})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, m := range dropped.Messages {
		fmt.Println(m.Rule, "at", m.Field)
		fmt.Println(m.Reason)
		fmt.Println(m.Hint)
	}
	// Output:
	// 200
	// missing-event at event
	// The track call has no event name.
	// Set event to a name that is not blank.
}

// A fault affects the next calls: they have no effect.
func ExampleServer_AddFault() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}

	if err := srv.AddFault(emulator.Fault{Count: 2, Status: 429, RetryAfter: 1}); err != nil {
		fmt.Println(err)
		return
	}
	for range 3 {
		fmt.Println(post(client, "/v1/identify", `{"userId": "u1"}`))
	}
	stats, err := srv.Stats("")
	fmt.Println(stats.People, stats.Requests, err)
	// Output:
	// 429
	// 429
	// 200
	// 1 1 <nil>
}

// The outline of a test: start a server, give its URL to the program under
// test, and wait for what must arrive.
func ExampleStart() {
	t := new(exampleT) // a *testing.T in a test
	defer t.end()
	cio := emulator.Start(t)

	ended := make(chan struct{})
	go func() { // the program under test
		defer close(ended)
		req, err := http.NewRequest(http.MethodPost, cio.URL+"/v1/track", strings.NewReader(`{"userId": "u1", "event": "Signed Up"}`))
		if err != nil {
			panic(err)
		}
		req.SetBasicAuth(cio.Key, "")
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			panic(err)
		}
		resp.Body.Close()
	}()

	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cio.Wait(ctx, func() bool { return len(cio.Events("u1")) == 1 })
	fmt.Println(cio.Events("u1")[0].Name)
	<-ended // it has its answer before the server ends
	// Output: Signed Up
}

// Which message set the value of a trait.
func ExampleServer_Why() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	post(client, "/v1/identify", `{"messageId": "m1", "userId": "u1", "traits": {"plan": "basic"}}`)
	post(client, "/v1/identify", `{"messageId": "m2", "userId": "u1", "traits": {"plan": "pro"}}`)

	why, err := srv.Why("", "u1")
	if err != nil {
		fmt.Println(err)
		return
	}
	plan := why.Traits["plan"]
	fmt.Printf("%s since message %d, %s\n", plan.Value, plan.By.Sequence, plan.By.MessageID)
	// Output: "pro" since message 2, m2
}

func ExampleServer_Successor() {
	srv := emulator.New(emulator.Config{})
	client := &http.Client{Transport: srv.Transport()}
	post(client, "/v1/identify", `{"messageId": "m1", "userId": "u1", "traits": {"email": "ann@example.com"}}`)
	post(client, "/v1/identify", `{"messageId": "m2", "userId": "u2", "traits": {"email": "ann@example.com"}}`)

	why, merge, err := srv.Successor("", "u1")
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%s took over from %s by %s\n", why.ID, merge.From, merge.By.MessageID)
	// Output: u2 took over from u1 by m2
}

// exampleT replaces the *testing.T, which an example does not have.
type exampleT struct{ cleanups []func() }

func (t *exampleT) Helper()                           {}
func (t *exampleT) Cleanup(f func())                  { t.cleanups = append(t.cleanups, f) }
func (t *exampleT) Fatalf(format string, args ...any) { panic(fmt.Sprintf(format, args...)) }
func (t *exampleT) end() {
	for _, f := range t.cleanups {
		f()
	}
}
