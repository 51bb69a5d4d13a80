// Command bench compares this library's Batcher with other Go clients for the same kind of API, and with the least that hand-written code
// for one event needs. Every client runs in a process of its own and sends to a sink in another process, over loopback.
//
//	go run .                the table: every client, both shapes of events, the median of five rounds
//	go run . -before FILE   ours also as another state of the library makes them, in turns, and compared; see below
//	go run . transport      HTTP/1.1, HTTP/2, new connections and gzip, per body of 475,000 bytes
//	go run . soak -n 20000000 -delay 10ms
//	                        one client for long, with its memory as it goes
//	go run . profile -client ours-map -o cpu.prof
//
// To compare with another commit of the library, build this same program with it and pass it to the table:
//
//	git worktree add /tmp/before COMMIT
//	cp go.mod /tmp/before.mod && cp go.sum /tmp/before.sum
//	GOWORK=off go mod edit -replace github.com/ciokit/cio=/tmp/before /tmp/before.mod
//	GOWORK=off go build -modfile /tmp/before.mod -o /tmp/bench-before .
//	GOWORK=off go run . -before /tmp/bench-before -rounds 16
//
// The CPU time of two measurements differs by more than a few per cent, and by tens of per cent on a machine that does other work. Use many
// rounds, an even number, and trust a difference only if the medians, the lowest values and the rounds all show it.
//
// It is a separate module, outside the workspace: run it in this directory with GOWORK=off. It needs Linux. RESULTS.md has the results of a
// run. The directory faults contains the experiments with a server that fails.
package main

import (
	"errors"
	"fmt"
	"os"

	"github.com/ciokit/cio/bench/internal/sink"
)

func main() {
	name, args := "table", os.Args[1:]
	if len(args) > 0 && args[0] != "" && args[0][0] != '-' {
		name, args = args[0], args[1:]
	}
	var err error
	switch name {
	case "table":
		err = table(args)
	case "transport":
		err = transport(args)
	case "soak":
		err = soak(args)
	case "profile":
		err = profile(args)
	case "sink":
		err = sink.Serve(os.Stdin, os.Stdout)
	case "child":
		err = runChild(os.Stdin, os.Stdout)
	case "post-child":
		err = runPostChild(os.Stdin, os.Stdout)
	default:
		err = errors.New("unknown command " + name + "; see go doc .")
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}
