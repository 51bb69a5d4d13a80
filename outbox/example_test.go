package outbox_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync/atomic"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/outbox"
)

// emulated returns a client of an emulated Customer.io, and a directory.
func emulated(cfg emulator.Config) (*cio.Client, *emulator.Server, string) {
	srv := emulator.New(cfg)
	client, err := cio.NewClient(cio.Config{APIKey: emulator.TestKey, BaseURL: "http://emulator", HTTPClient: &http.Client{Transport: srv.Transport()}})
	if err != nil {
		panic(err)
	}
	dir, err := os.MkdirTemp("", "outbox")
	if err != nil {
		panic(err)
	}
	return client, srv, dir
}

func signedUp(who string) cio.Track {
	return cio.Track{UserID: who, Event: cio.Named("Signed Up", nil)}
}

// If Enqueue returned nil, the message is on disk.
func ExampleOutbox() {
	client, srv, dir := emulated(emulator.Config{})
	defer os.RemoveAll(dir)
	box, err := outbox.Open(client, outbox.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	fmt.Println("enqueued:", box.Enqueue(ctx, signedUp("42")))
	fmt.Println("sent:", box.Flush(ctx))
	fmt.Println("closed:", box.Close(ctx))

	stats, _ := srv.Stats(emulator.TestKey)
	fmt.Println("events:", stats.Events)
	// Output:
	// enqueued: <nil>
	// sent: <nil>
	// closed: <nil>
	// events: 1
}

// Messages on disk that were not sent are sent after the next Open, with the same message id.
func ExampleOpen() {
	client, srv, dir := emulated(emulator.Config{})
	defer os.RemoveAll(dir)
	_ = srv.AddFault(emulator.Fault{Status: 503}) // Customer.io is down
	box, err := outbox.Open(client, outbox.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("enqueued:", box.Enqueue(context.Background(), signedUp("42")))
	ended, end := context.WithCancel(context.Background())
	end()
	fmt.Println("closed:", box.Close(ended))

	srv.ClearFaults()
	box, err = outbox.Open(client, outbox.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println("sent:", box.Flush(context.Background()))
	fmt.Println("closed:", box.Close(context.Background()))
	stats, _ := srv.Stats(emulator.TestKey)
	fmt.Println("events:", stats.Events)
	// Output:
	// enqueued: <nil>
	// closed: <nil>
	// sent: <nil>
	// closed: <nil>
	// events: 1
}

// EnqueueAll stores many messages in one commit: all of them, or none.
func ExampleOutbox_EnqueueAll() {
	client, _, dir := emulated(emulator.Config{})
	defer os.RemoveAll(dir)
	box, err := outbox.Open(client, outbox.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	err = box.EnqueueAll(context.Background(), []cio.Message{signedUp("1"), signedUp("2"), cio.Page{}})
	var rule *cio.MessageError
	fmt.Println("refused:", errors.As(err, &rule), "message:", rule.Index, "stored:", box.Stats().Enqueued)
	fmt.Println("closed:", box.Close(context.Background()))
	// Output:
	// refused: true message: 2 stored: 0
	// closed: <nil>
}

// TryEnqueue does not wait for room. Use it in handlers that must not wait.
func ExampleOutbox_TryEnqueue() {
	client, srv, dir := emulated(emulator.Config{})
	defer os.RemoveAll(dir)
	_ = srv.AddFault(emulator.Fault{Status: 503})
	box, err := outbox.Open(client, outbox.Config{Dir: dir, MaxBytes: 250}) // room for one message
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(box.TryEnqueue(signedUp("42")))
	fmt.Println(box.TryEnqueue(signedUp("43")))
	ended, end := context.WithCancel(context.Background())
	end()
	fmt.Println(box.Close(ended))
	// Output:
	// <nil>
	// cio: the queue is full
	// <nil>
}

// Stats says how many messages wait, and for how long. Alert on Oldest.
func ExampleOutbox_Stats() {
	client, srv, dir := emulated(emulator.Config{})
	defer os.RemoveAll(dir)
	_ = srv.AddFault(emulator.Fault{Status: 503})
	box, err := outbox.Open(client, outbox.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = box.Enqueue(context.Background(), signedUp("42"))
	stats := box.Stats()
	fmt.Println("waiting:", stats.Queued, "failing:", stats.Failing)
	ended, end := context.WithCancel(context.Background())
	end()
	fmt.Println("closed:", box.Close(ended))
	// Output:
	// waiting: 1 failing: <nil>
	// closed: <nil>
}

// Rejected messages are kept with the reason. You can retry them after you have fixed the cause, or drop them.
func ExampleOutbox_Store() {
	var right atomic.Bool
	client, srv, dir := emulated(emulator.Config{Refuse: func(m emulator.Message) (string, bool) { return "not-yet", !right.Load() }})
	defer os.RemoveAll(dir)
	box, err := outbox.Open(client, outbox.Config{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx := context.Background()
	_ = box.Enqueue(ctx, signedUp("42"))
	fmt.Println("all has ended:", box.Flush(ctx))
	letters, err := box.Store().Dead(ctx, 0, 100)
	if err != nil || len(letters) != 1 {
		fmt.Println(letters, err)
		return
	}
	fmt.Println("rejected:", strings.Contains(letters[0].Reason, "not-yet"))

	right.Store(true)
	n, err := box.Store().Retry(ctx, []uint64{letters[0].Seq})
	fmt.Println("retried:", n, err)
	fmt.Println("all has ended:", box.Flush(ctx))
	n, err = box.Store().Drop(ctx, []uint64{letters[0].Seq})
	fmt.Println("dropped:", n, err)
	fmt.Println("closed:", box.Close(ctx))
	stats, _ := srv.Stats(emulator.TestKey)
	fmt.Println("events:", stats.Events)
	// Output:
	// all has ended: <nil>
	// rejected: true
	// retried: 1 <nil>
	// all has ended: <nil>
	// dropped: 0 <nil>
	// closed: <nil>
	// events: 1
}

// Purge removes the messages of a person who asks to be forgotten, queued or dead.
func ExampleOutbox_Purge() {
	client, srv, dir := emulated(emulator.Config{})
	defer os.RemoveAll(dir)
	_ = srv.AddFault(emulator.Fault{Status: 503})
	box, err := outbox.Open(client, outbox.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	_ = box.Enqueue(context.Background(), signedUp("42"))
	_ = box.Enqueue(context.Background(), signedUp("43"))
	queued, dead, err := box.Purge(context.Background(), "42", "jane@example.com")
	fmt.Println("queued:", queued, "dead:", dead, err)
	ended, end := context.WithCancel(context.Background())
	end()
	fmt.Println("closed:", box.Close(ended))
	// Output:
	// queued: 1 dead: 0 <nil>
	// closed: <nil>
}

// OpenDisk opens a directory to inspect it, even while a service uses it.
func ExampleOpenDisk() {
	client, _, dir := emulated(emulator.Config{})
	defer os.RemoveAll(dir)
	box, err := outbox.Open(client, outbox.Config{Dir: dir})
	if err != nil {
		fmt.Println(err)
		return
	}
	disk, err := outbox.OpenDisk(outbox.DiskConfig{Dir: dir, Shared: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	stats, err := disk.Stats(context.Background())
	fmt.Println("queued:", stats.Queued, "dead:", stats.Dead, err)
	fmt.Println("alone:", disk.Owned(), "closed:", disk.Close())
	fmt.Println("closed:", box.Close(context.Background()))
	// Output:
	// queued: 0 dead: 0 <nil>
	// alone: false closed: <nil>
	// closed: <nil>
}
