package cio_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/events"
)

// Enqueue returns at once; Close sends what is queued.
func ExampleBatcher() {
	client, srv := emulated(emulator.Config{})
	batcher, err := cio.NewBatcher(client, cio.BatcherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i := range 1000 {
		err := batcher.Enqueue(context.Background(), cio.Track{
			UserID: fmt.Sprint("user-", i%10),
			Event:  events.ProductViewed{ProductID: fmt.Sprint("p", i), Price: new(9.5)},
		})
		if err != nil {
			fmt.Println(err)
		}
	}
	fmt.Println("closed:", batcher.Close(context.Background()))

	stats, _ := srv.Stats("my-key")
	fmt.Println("people:", stats.People, "events:", stats.Events)
	// Output:
	// closed: <nil>
	// people: 10 events: 1000
}

// OnReport gets the outcome of each message, one message at a time.
func ExampleBatcherConfig_onReport() {
	client, _ := emulated(emulator.Config{
		Refuse: func(m emulator.Message) (string, bool) { return "bad-luck", m.UserID == "13" },
	})
	batcher, err := cio.NewBatcher(client, cio.BatcherConfig{
		Concurrency: 1,
		OnReport: func(r cio.Report) {
			fmt.Println(r.Tag, r.Err == nil, errors.Is(r.Err, cio.ErrInvalid))
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for i, who := range []string{"12", "13", "14"} {
		if err := batcher.Enqueue(context.Background(), cio.Page{UserID: who, Tag: uint64(i)}); err != nil {
			fmt.Println(err)
		}
	}
	if err := batcher.Close(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 0 true false
	// 1 false true
	// 2 true false
}

// Flush waits for what was enqueued before it, for example at the end of a job.
func ExampleBatcher_Flush() {
	client, srv := emulated(emulator.Config{})
	batcher, err := cio.NewBatcher(client, cio.BatcherConfig{MaxDelay: time.Hour})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer batcher.Close(context.Background())
	if err := batcher.TryEnqueue(cio.Page{UserID: "42"}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(batcher.Flush(context.Background()))
	stats, _ := srv.Stats("my-key")
	fmt.Println("events:", stats.Events, "queued:", batcher.Stats().Queued)
	// Output:
	// <nil>
	// events: 1 queued: 0
}

// An outage lasts longer than the process: Close hands back what it could not deliver. Store it and send it later with the same ids.
func ExampleBatcher_Close() {
	client, srv := emulated(emulator.Config{})
	srv.AddFault(emulator.Fault{Status: 503})
	batcher, err := cio.NewBatcher(client, cio.BatcherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := batcher.Enqueue(context.Background(), cio.Page{UserID: "42", MessageID: "page-1"}); err != nil {
		fmt.Println(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
	defer cancel()

	var left *cio.UnacceptedError
	if errors.As(batcher.Close(ctx), &left) {
		stored, _ := json.Marshal(left.Messages)
		fmt.Println("left:", len(left.Messages), json.Valid(stored))
	}

	srv.ClearFaults()
	fmt.Println(client.Send(context.Background(), left.Messages[0]))
	messages, _ := srv.Messages(emulator.MessagesQuery{})
	fmt.Println(messages.Messages[0].MessageID, messages.Messages[0].Verdict)
	// Output:
	// left: 1 true
	// <nil>
	// page-1 accepted
}

// The key was refused and everything waits. A new key resumes it.
func ExampleClient_SetAPIKey() {
	client, _ := emulated(emulator.Config{Keys: []string{"new-key"}})
	batcher, err := cio.NewBatcher(client, cio.BatcherConfig{})
	if err != nil {
		fmt.Println(err)
		return
	}
	if err := batcher.Enqueue(context.Background(), cio.Page{UserID: "42"}); err != nil {
		fmt.Println(err)
	}
	fmt.Println(errors.Is(batcher.Flush(context.Background()), cio.ErrUnauthorized))
	if err := client.SetAPIKey("new-key"); err != nil {
		fmt.Println(err)
	}
	fmt.Println(batcher.Close(context.Background()))
	// Output:
	// true
	// <nil>
}
