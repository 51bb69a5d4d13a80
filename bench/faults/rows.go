package main

import (
	"net/http"
	"os"
	"syscall"
	"time"
)

// row is one experiment. It is run with each client.
type row struct {
	Name     string
	Messages int
	Rate     int // messages a second; 0: as fast as Enqueue accepts them
	// Linger is how long the application waits after the last message before it closes the client. It does not wait if everything has been
	// reported.
	Linger time.Duration
	// CloseWithin bounds Close, if the client accepts a bound.
	CloseWithin time.Duration
	// Mutate changes every properties map right after Enqueue.
	Mutate bool
	// Race calls Close while eight goroutines call Enqueue.
	Race bool
	// Block is how long the callback of the hundredth report after the call of Close blocks. 0 means that none blocks.
	Block time.Duration
	// Large gives the size in bytes of the text in single messages.
	Large map[int]int
	// RenewKey is when the application replaces the key, if the client can do that; 0 means never.
	RenewKey time.Duration

	fault    func(request) action
	downFor  time.Duration // at first there is no server
	signal   os.Signal
	signalAt time.Duration
	alone    bool // the clients run one after the other
	outbox   bool // the outbox is run too
}

const (
	oldKey = "bench"
	newKey = "renewed"
)

// Answers that do not come from the API.
const (
	signInPage   = "<!DOCTYPE html><html><head><title>Sign in to the network</title></head><body><p>Please accept the terms of use.</p></body></html>"
	firewallPage = "<!DOCTYPE html><html><head><title>Attention Required!</title></head><body><h1>Sorry, you have been blocked</h1></body></html>"
)

// during applies an action to all requests for some time.
func during(d time.Duration, a action) func(request) action {
	return func(r request) action {
		if r.since < d {
			return a
		}
		return action{}
	}
}

// outage answers with that status for some time.
func outage(status int, d time.Duration) func(request) action {
	return during(d, action{status: status})
}

// refuse applies an action to every request that contains the message.
func refuse(message int, a action) func(request) action {
	a.culprits = []int{message}
	return func(r request) action {
		if r.ids[message] {
			return a
		}
		return action{}
	}
}

// nodes are two servers, one of which rejects the key. which decides by a number of the request which of them it reaches.
func nodes(which func(request) int64) func(request) action {
	return func(r request) action {
		if which(r)%2 == 1 {
			return action{status: http.StatusUnauthorized}
		}
		return action{}
	}
}

// first applies an action to the first n requests.
func first(n int, a action) func(request) action {
	return func(r request) action {
		if r.n <= n {
			return a
		}
		return action{}
	}
}

func always(a action) func(request) action { return func(request) action { return a } }

// rows are the experiments in the order of the table. A client that repeats a batch ten times with its own pauses gives up after 43 s, so
// the application lingers longer than that if the server rejects permanently.
var rows = []row{
	{Name: "500 for 3 s", Messages: 20_000, Rate: 4_000, Linger: 30 * time.Second, fault: outage(500, 3*time.Second)},
	{Name: "500 for 60 s", Messages: 20_000, Rate: 500, Linger: 60 * time.Second, fault: outage(500, 60*time.Second)},
	{Name: "429 with Retry-After: 2 for 6 s", Messages: 20_000, Rate: 4_000, Linger: 30 * time.Second, fault: during(6*time.Second, action{status: http.StatusTooManyRequests, retryAfter: 2})},
	{Name: "400 for one message", Messages: 5_000, Rate: 4_000, Linger: 55 * time.Second, fault: refuse(777, action{status: http.StatusBadRequest})},
	{Name: "413 for one message", Messages: 5_000, Rate: 4_000, Linger: 55 * time.Second, fault: refuse(777, action{status: http.StatusRequestEntityTooLarge})},
	{Name: "401 until another key is put in after 5 s", Messages: 5_000, Rate: 4_000, Linger: 55 * time.Second, RenewKey: 5 * time.Second, fault: func(r request) action {
		if r.key != newKey {
			return action{status: http.StatusUnauthorized}
		}
		return action{}
	}},
	{Name: "one stray 401", Messages: 20_000, Rate: 4_000, Linger: 30 * time.Second, CloseWithin: 5 * time.Second, fault: func(r request) action {
		if r.n == 1 {
			return action{status: http.StatusUnauthorized}
		}
		return action{delay: 100 * time.Millisecond} // other requests are in flight when it arrives
	}},
	{Name: "one of two nodes always 401, requests in turn", Messages: 20_000, Rate: 4_000, Linger: 55 * time.Second, CloseWithin: 5 * time.Second, fault: nodes(func(r request) int64 { return int64(r.n) })},
	{Name: "one of two nodes always 401, connections in turn", Messages: 20_000, Rate: 4_000, Linger: 55 * time.Second, CloseWithin: 5 * time.Second, fault: nodes(func(r request) int64 { return r.conn })},
	{Name: "a firewall's 403 page for one message", Messages: 5_000, Rate: 4_000, Linger: 55 * time.Second, CloseWithin: 5 * time.Second, fault: refuse(777, action{status: http.StatusForbidden, body: firewallPage})},
	{Name: "200 with a page for 5 s", Messages: 20_000, Rate: 4_000, Linger: 30 * time.Second, fault: during(5*time.Second, action{status: http.StatusOK, body: signInPage})},
	{Name: "400 in plain text for 5 s", Messages: 20_000, Rate: 4_000, Linger: 55 * time.Second, fault: during(5*time.Second, action{status: http.StatusBadRequest, body: "Bad Request\n"})},
	{Name: "reset before processing, 3 times", Messages: 20_000, Rate: 10_000, Linger: 20 * time.Second, fault: first(3, action{resetFirst: true})},
	{Name: "reset after processing, 3 times", Messages: 20_000, Rate: 10_000, Linger: 20 * time.Second, fault: first(3, action{resetLast: true})},
	{Name: "one call hangs for 30 s", Messages: 20_000, Rate: 10_000, Linger: 40 * time.Second, fault: first(1, action{delay: 30 * time.Second})},
	{Name: "server down for the first 5 s", Messages: 20_000, Rate: 4_000, Linger: 30 * time.Second, downFor: 5 * time.Second},
	{Name: "every 200 takes 500 ms", Messages: 50_000, Rate: 20_000, Linger: 20 * time.Second, fault: always(action{delay: 500 * time.Millisecond})},
	{Name: "a message of 40 KB and one of 600 KB", Messages: 2_000, Rate: 4_000, Linger: 5 * time.Second, Large: map[int]int{500: 40 << 10, 1000: 600 << 10}},
	{Name: "burst of 300,000, 503 for 8 s", Messages: 300_000, Linger: 60 * time.Second, fault: outage(503, 8*time.Second), alone: true, outbox: true},
	{Name: "Close during an outage that does not end", Messages: 20_000, Rate: 10_000, CloseWithin: 3 * time.Second, fault: always(action{status: 500}), outbox: true},
	{Name: "a callback that blocks for 8 s during Close", Messages: 20_000, Rate: 20_000, CloseWithin: 2 * time.Second, Block: 8 * time.Second, fault: always(action{delay: 300 * time.Millisecond})},
	{Name: "properties changed right after Enqueue", Messages: 20_000, Mutate: true, Linger: 10 * time.Second, alone: true},
	{Name: "eight Enqueue against Close", Messages: 2_000_000, Race: true, alone: true},
	{Name: "SIGTERM after 2 s, every 200 takes 300 ms", Messages: 50_000, Rate: 5_000, Linger: 30 * time.Second, signal: syscall.SIGTERM, signalAt: 2 * time.Second, fault: always(action{delay: 300 * time.Millisecond})},
	{Name: "SIGKILL after 2 s (no client in memory can help it)", Messages: 50_000, Rate: 5_000, Linger: 30 * time.Second, signal: syscall.SIGKILL, signalAt: 2 * time.Second, fault: always(action{delay: 300 * time.Millisecond}), outbox: true},
}
