package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/spf13/cobra"
)

func newEmulate(con console) *cobra.Command {
	var addr string
	var keys []string
	cmd := &cobra.Command{
		Use:   "emulate",
		Short: "Run an emulator of Customer.io on this machine",
		Long: `Run an emulator of Customer.io's Data Pipelines API on this machine.

It takes the same calls as the real one, keeps in memory what they made, and says of every message whether it was accepted, or what the
real API would have dropped without a word. Any client uses it by changing its URL.`,
		Example: `  ciokit emulate
  ciokit load people.csv --mapping people.yaml --to emulator
  curl -s http://127.0.0.1:8110/_emulator/stats`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			l, err := net.Listen("tcp", addr)
			if err != nil {
				return fail(exitLocal, "%w; choose another address with --addr", err)
			}
			base := "http://" + l.Addr().String()
			fmt.Fprintf(con.err, "An emulator of Customer.io listens on %s. It is not Customer.io: nothing leaves this machine, nothing outlives this process.\n", base)
			if !loopback(base) {
				fmt.Fprintln(con.err, "Warning: it can be reached from other machines.")
			}
			fmt.Fprintf(con.err, "  load:    ciokit load FILE --mapping MAP.yaml --to %s\n  look:    %s/_emulator/stats\n  refused: %s/_emulator/messages?verdict=dropped\nCtrl-C ends it.\n", base, base, base)
			return serve(cmd.Context(), l, emulator.New(emulator.Config{Keys: keys}))
		},
	}
	cmd.Flags().StringVar(&addr, "addr", emulatorAddr, "address to listen on; port 0 takes a free one")
	cmd.Flags().StringSliceVar(&keys, "key", nil, "write keys that the emulator knows; without any, every key opens a workspace of its own")
	return cmd
}

// serve answers requests until ctx ends, which is no failure.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, MaxHeaderBytes: 64 << 10}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return &exitError{exitLocal, err}
	case <-ctx.Done():
	}
	// Requests under way get a moment; one that a fault holds up does not keep the process alive.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if server.Shutdown(grace) != nil {
		server.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return &exitError{exitLocal, err}
	}
	return nil
}
