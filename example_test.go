package cio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

// emulated returns a client of a new emulated workspace, and the emulator for inspection.
func emulated(config emulator.Config) (*cio.Client, *emulator.Server) {
	srv := emulator.New(config)
	client, err := cio.NewClient(cio.Config{
		APIKey:     "my-key",
		BaseURL:    "http://emulator", // Region: cio.RegionEU for the real one
		HTTPClient: &http.Client{Transport: srv.Transport()},
	})
	if err != nil {
		panic(err)
	}
	return client, srv
}

func Example() {
	client, srv := emulated(emulator.Config{})

	err := client.Send(context.Background(),
		cio.Identify{UserID: "42", Traits: map[string]any{"email": "ann@example.com", "plan": "pro"}},
		cio.Track{UserID: "42", Event: cio.Named("Signed Up", map[string]any{"source": "newsletter"})},
	)
	fmt.Println("accepted:", err == nil)

	person, _ := srv.Person("my-key", "42")
	fmt.Println(person.Email, person.Events[0].Name, string(person.Events[0].Properties))
	// Output:
	// accepted: true
	// ann@example.com Signed Up {"source":"newsletter"}
}

// The real API answers 200 to a track call without a person and drops it. Here the message is rejected before it is sent.
func ExampleClient_Send_invalid() {
	client, _ := emulated(emulator.Config{})

	err := client.Send(context.Background(), cio.Track{Event: cio.Named("Signed Up", nil)})

	var invalid *cio.MessageError
	if errors.As(err, &invalid) {
		fmt.Println(invalid.Field, invalid.Rule)
		fmt.Println(invalid.Hint)
	}
	// Output:
	// userId missing-identity
	// set UserID or AnonymousID; the API drops a track call without either
}

// The server rejects one message of a batch; the others are accepted.
func ExampleSendError() {
	client, srv := emulated(emulator.Config{
		Refuse: func(m emulator.Message) (string, bool) { return "bad-luck", m.UserID == "13" },
	})

	err := client.Send(context.Background(),
		cio.Page{UserID: "12", MessageID: "m12"},
		cio.Page{UserID: "13", MessageID: "m13"},
		cio.Page{UserID: "14", MessageID: "m14"},
	)

	var failed *cio.SendError
	if errors.As(err, &failed) {
		fmt.Printf("%d of %d accepted\n", failed.Accepted, failed.Total)
		for _, f := range failed.Failures {
			fmt.Println(f.Index, f.MessageID, f.Outcome, errors.Is(f.Err, cio.ErrInvalid))
		}
	}
	stats, _ := srv.Stats("my-key")
	fmt.Println("people:", stats.People)
	// Output:
	// 2 of 3 accepted
	// 1 m13 rejected true
	// people: 2
}

// A message that is encoded first can be stored. If it is sent later, it has the same id.
func ExampleEncode() {
	encoded, err := cio.Encode(cio.Page{UserID: "42", MessageID: "page-1", Name: "Home"})
	if err != nil {
		fmt.Println(err)
		return
	}
	stored, _ := json.Marshal(encoded)

	var again cio.Encoded
	if err := json.Unmarshal(stored, &again); err != nil {
		fmt.Println(err)
		return
	}
	client, srv := emulated(emulator.Config{})
	fmt.Println(client.Send(context.Background(), again))

	messages, _ := srv.Messages(emulator.MessagesQuery{})
	fmt.Println(messages.Messages[0].MessageID, messages.Messages[0].Verdict)
	// Output:
	// <nil>
	// page-1 accepted
}

// A Client's Encode applies its guard and its limits.
func ExampleClient_Encode() {
	client, err := cio.NewClient(cio.Config{
		APIKey: "my-key",
		Region: cio.RegionEU,
		Guard: func(id cio.Identity) error {
			if id.UserID == "42" {
				return errors.New("asked to be forgotten")
			}
			return nil
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = client.Encode(cio.Page{UserID: "42"})
	fmt.Println(err)
	// Output:
	// cio: refused-by-guard: Config.Guard refuses to send this person's data (asked to be forgotten)
}

// An event of your own is a struct that has a name.
func ExampleEvent() {
	client, srv := emulated(emulator.Config{})

	err := client.Send(context.Background(), cio.Track{UserID: "42", Event: trialStarted{Plan: "pro"}})
	if err != nil {
		fmt.Println(err)
		return
	}
	person, _ := srv.Person("my-key", "42")
	fmt.Println(person.Events[0].Name, string(person.Events[0].Properties))
	// Output:
	// Trial Started {"plan":"pro"}
}

// There is no default region: the wrong one would put personal data into the wrong country.
func ExampleNewClient() {
	_, err := cio.NewClient(cio.Config{APIKey: "my-key"})
	fmt.Println(err)

	client, _ := cio.NewClient(cio.Config{APIKey: "my-key", Region: cio.RegionEU})
	fmt.Println(client.Target())
	// Output:
	// cio: no region: set Config.Region (CUSTOMERIO_REGION) to cio.RegionUS or cio.RegionEU, where the account lives; the wrong one would put personal data into the wrong country
	// https://cdp-eu.customer.io
}

func ExampleRetryable() {
	for _, status := range []int{400, 401, 408, 429, 500, 501} {
		fmt.Println(status, cio.Retryable(&cio.APIError{Status: status}))
	}
	// Output:
	// 400 false
	// 401 false
	// 408 true
	// 429 true
	// 500 true
	// 501 false
}

func ExampleClient_Stats() {
	client, srv := emulated(emulator.Config{})
	srv.AddFault(emulator.Fault{Count: 1, Status: 503})

	if err := client.Send(context.Background(), cio.Page{UserID: "42"}); err != nil {
		fmt.Println(err)
	}
	stats := client.Stats()
	fmt.Println("accepted:", stats.Accepted, "requests:", stats.Requests, "retries:", stats.Retries)
	// Output:
	// accepted: 1 requests: 2 retries: 1
}

// Warnings name what Customer.io would accept and then partly lose.
func ExampleEncoded_Warnings() {
	encoded, err := cio.Encode(cio.Identify{UserID: "42", Traits: map[string]any{"bio": string(make([]byte, 2000))}})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, w := range encoded.Warnings() {
		fmt.Println(w.Field, w.Rule)
	}
	// Output:
	// traits.bio attribute-value-length
}

func ExampleSendGroup() {
	client, _ := emulated(emulator.Config{Refuse: func(m emulator.Message) (string, bool) { return "no-such-luck", m.UserID != "u0" }})

	var group cio.SendGroup
	refused := 0
	ctx := group.Context(context.Background(), func(lo, hi int, err error) {
		if err == nil {
			return
		}
		if refused += hi - lo; refused == 3 {
			group.Stop()
		}
	})
	var messages []cio.Message
	for i := range 100 {
		messages = append(messages, cio.Page{UserID: fmt.Sprint("u", i)})
	}
	err := client.Send(ctx, messages...)
	fmt.Println(errors.Is(err, cio.ErrStopped), refused)
	// Output:
	// true 3
}

func ExampleAPIError_Temporary() {
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusUnauthorized} {
		err := &cio.APIError{Operation: "batch", Status: status}
		fmt.Println(status, err.Temporary())
	}
	// Output:
	// 503 true
	// 401 false
}
