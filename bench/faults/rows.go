package main

import (
	"net/http"
	"os"
	"syscall"
	"time"
)

// row is one experiment. It is made with each client.
type row struct {
	Name     string
	Messages int
	Rate     int // messages a second; 0: as fast as Enqueue takes them
	// Linger is how long the application goes on after the last message before it closes the client, unless all was reported before.
	Linger time.Duration
	// CloseWithin bounds Close where the client takes a bound.
	CloseWithin time.Duration
	// Mutate changes every properties map right after Enqueue.
	Mutate bool
	// Race calls Close while eight goroutines call Enqueue.
	Race bool
	// Large gives the size in bytes that a message's text has.
	Large map[int]int
	// RenewKey is when the application puts in another key, where the client can; 0: never.
	RenewKey time.Duration

	fault    func(request) action
	downFor  time.Duration // nobody listens at first
	signal   os.Signal
	signalAt time.Duration
	alone    bool // the clients take turns
}

const (
	oldKey = "bench"
	newKey = "renewed"
)

// outage answers that status for a time.
func outage(status int, d time.Duration) func(request) action {
	return func(r request) action {
		if r.since < d {
			return action{status: status}
		}
		return action{}
	}
}

// refuse answers that status to every request that carries the message.
func refuse(status, message int) func(request) action {
	return func(r request) action {
		if r.ids[message] {
			return action{status: status}
		}
		return action{}
	}
}

// first does that to the first n requests.
func first(n int, a action) func(request) action {
	return func(r request) action {
		if r.n <= n {
			return a
		}
		return action{}
	}
}

func always(a action) func(request) action { return func(request) action { return a } }

// rows are the experiments in the order of the table. A client that repeats a batch ten times with its own pauses gives it up after 43 s, so
// the application lingers longer than that where the server refuses for good.
var rows = []row{
	{Name: "500 for 3 s", Messages: 20_000, Rate: 4_000, Linger: 30 * time.Second, fault: outage(500, 3*time.Second)},
	{Name: "500 for 60 s", Messages: 20_000, Rate: 500, Linger: 60 * time.Second, fault: outage(500, 60*time.Second)},
	{Name: "429 with Retry-After: 2 for 6 s", Messages: 20_000, Rate: 4_000, Linger: 30 * time.Second, fault: func(r request) action {
		if r.since < 6*time.Second {
			return action{status: http.StatusTooManyRequests, retryAfter: 2}
		}
		return action{}
	}},
	{Name: "400 for one message", Messages: 5_000, Rate: 4_000, Linger: 55 * time.Second, fault: refuse(http.StatusBadRequest, 777)},
	{Name: "413 for one message", Messages: 5_000, Rate: 4_000, Linger: 55 * time.Second, fault: refuse(http.StatusRequestEntityTooLarge, 777)},
	{Name: "401 until another key is put in after 5 s", Messages: 5_000, Rate: 4_000, Linger: 55 * time.Second, RenewKey: 5 * time.Second, fault: func(r request) action {
		if r.key != newKey {
			return action{status: http.StatusUnauthorized}
		}
		return action{}
	}},
	{Name: "reset before processing, 3 times", Messages: 20_000, Rate: 10_000, Linger: 20 * time.Second, fault: first(3, action{resetFirst: true})},
	{Name: "reset after processing, 3 times", Messages: 20_000, Rate: 10_000, Linger: 20 * time.Second, fault: first(3, action{resetLast: true})},
	{Name: "one call hangs for 30 s", Messages: 20_000, Rate: 10_000, Linger: 40 * time.Second, fault: first(1, action{delay: 30 * time.Second})},
	{Name: "server down for the first 5 s", Messages: 20_000, Rate: 4_000, Linger: 30 * time.Second, downFor: 5 * time.Second},
	{Name: "every 200 takes 500 ms", Messages: 50_000, Rate: 20_000, Linger: 20 * time.Second, fault: always(action{delay: 500 * time.Millisecond})},
	{Name: "a message of 40 KB and one of 600 KB", Messages: 2_000, Rate: 4_000, Linger: 5 * time.Second, Large: map[int]int{500: 40 << 10, 1000: 600 << 10}},
	{Name: "burst of 300,000, 503 for 8 s", Messages: 300_000, Linger: 60 * time.Second, fault: outage(503, 8*time.Second), alone: true},
	{Name: "Close during an outage that does not end", Messages: 20_000, Rate: 10_000, CloseWithin: 3 * time.Second, fault: always(action{status: 500})},
	{Name: "properties changed right after Enqueue", Messages: 20_000, Mutate: true, Linger: 10 * time.Second, alone: true},
	{Name: "eight Enqueue against Close", Messages: 2_000_000, Race: true, alone: true},
	{Name: "SIGTERM after 2 s, every 200 takes 300 ms", Messages: 50_000, Rate: 5_000, Linger: 30 * time.Second, signal: syscall.SIGTERM, signalAt: 2 * time.Second, fault: always(action{delay: 300 * time.Millisecond})},
	{Name: "SIGKILL after 2 s (no client in memory can help it)", Messages: 50_000, Rate: 5_000, Linger: 30 * time.Second, signal: syscall.SIGKILL, signalAt: 2 * time.Second, fault: always(action{delay: 300 * time.Millisecond})},
}
