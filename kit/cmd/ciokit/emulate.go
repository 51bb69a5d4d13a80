package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/sdks"
	"github.com/spf13/cobra"
)

func newEmulate(con console.Console) *cobra.Command {
	flags := new(emulateFlags)
	cmd := &cobra.Command{
		Use:   "emulate",
		Short: "Run an emulator of Customer.io on this machine",
		Long: `Run an emulator of Customer.io's Data Pipelines API on this machine.

It accepts the same calls as the real API, and stores what they create. For every message it says whether it was accepted, rejected, or
dropped: the real API answers a dropped message with 200 and reports no error. To use it, change the URL of your client. A browser shows
what arrived. Standard output gets one line for each call.

While it runs, /_emulator/stats counts the messages, and /_emulator/messages lists them. Add ?verdict=rejected to see only those that were
rejected, or ?verdict=dropped to see those that the real API answers with 200 and then loses. Customer.io's own SDKs, as this
project's tests run them:

` + sdkHelp("http://"+destination.EmulatorAddr) + `
Every flag can also be set in the environment or in .env: --rate-limit is CIOKIT_RATE_LIMIT. A flag wins.`,
		Example: `  ciokit emulate --open
  ciokit load people.csv --mapping people.yaml --to emulator
  ciokit emulate --strict --dedup-window 24h --db shop.db
  ciokit emulate --fault stray-401 --fault '{"preset": "html-200", "for_ms": 60000}'
  curl -s http://127.0.0.1:8110/_emulator/stats`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runEmulate(cmd, con, flags, nil)
		},
	}
	flags.add(cmd, destination.EmulatorAddr)
	return cmd
}

// runEmulate listens until the command's context ends. With a target, it forwards calls to it.
func runEmulate(cmd *cobra.Command, con console.Console, flags *emulateFlags, to *target) error {
	if err := fromEnvironment(con, cmd.Flags()); err != nil {
		return err
	}
	if err := fromSwitches(cmd.Flags(), flags.file); err != nil {
		return err
	}
	cfg, err := flags.config(con)
	if err != nil {
		return err
	}
	if flags.db != "" {
		db, err := openDatabase(flags.db, con)
		if err != nil {
			return err
		}
		defer db.Close()
		cfg.Store = db
	}
	if to != nil {
		if cfg.Forward, err = to.forwarder(); err != nil {
			return err
		}
	}
	srv, err := emulator.Open(cfg)
	if err != nil && flags.db != "" {
		return exit.Fail(exit.Local, "%w; the file is %s; you can give another one with --db", err, flags.db)
	}
	if err != nil {
		return exit.With(exit.Local, err)
	}
	if err := flags.queueFaults(srv); err != nil {
		return err
	}
	if _, _, err := net.SplitHostPort(flags.addr); err != nil {
		return exit.Fail(exit.Local, "--addr %s is not an address to listen on: write HOST:PORT, such as 127.0.0.1:8112%s", flags.addr, nearListen(flags.addr))
	}
	l, err := net.Listen("tcp", flags.addr)
	switch {
	case errors.Is(err, destination.ErrAddrInUse):
		return exit.Fail(exit.Local, "another program listens on %s, perhaps an emulator; choose another address: --addr 127.0.0.1:8112", flags.addr)
	case err != nil:
		return exit.Fail(exit.Local, "nothing can listen on %s; choose another address: --addr 127.0.0.1:8112 (%w)", flags.addr, err)
	}
	base := "http://" + l.Addr().String()
	if flags.tls {
		if l, err = flags.secure(l); err != nil {
			return exit.With(exit.Local, err)
		}
		base = "https://" + l.Addr().String()
	}
	for _, f := range srv.Faults() {
		fmt.Fprintf(con.Err, "Faults on, with %s: %s.\n", f.Scope(), f.Effect())
	}
	flags.greet(con, base, to)
	return serve(cmd.Context(), l, srv)
}

// greet says what listens where, what it is not, and how to use it.
func (f *emulateFlags) greet(con console.Console, base string, to *target) {
	if to != nil {
		fmt.Fprintf(con.Err, "A proxy in front of Customer.io listens on %s. It forwards every call to %s, the real API.\n", base, to)
	} else {
		keeps := "and all data is gone when this process ends"
		if f.db != "" {
			keeps = "and its data is kept in " + f.db
		}
		fmt.Fprintf(con.Err, "An emulator of Customer.io listens on %s. It is not Customer.io: no data leaves this machine, %s.\n", base, keeps)
	}
	if !destination.Loopback(base) {
		fmt.Fprintln(con.Err, "Warning: other machines can reach it.")
	}
	if f.tls && f.tlsCert == "" {
		fmt.Fprintln(con.Err, "Its certificate is new, and no client trusts it; --tls-cert FILE writes it to a file for the clients.")
	}
	fmt.Fprintf(con.Err, `  page:     %[1]s/
  send:     %[1]s/v1, with any write key%[3]s; or ciokit load FILE --mapping MAP.yaml --to %[1]s
  lost:     %[1]s/_emulator/messages?verdict=rejected, ?verdict=dropped (answered with 200 and lost), ?key=%[2]s (sent with an unknown key)
Ctrl-C ends it. For Customer.io's SDKs and all other options: ciokit %[4]s --help
`, base, emulator.UnknownKey, map[bool]string{true: " that --key lists", false: ""}[len(f.keys) > 0], map[bool]string{true: "proxy", false: "emulate"}[to != nil])
	if f.open {
		if err := openPage(base + "/"); err != nil {
			fmt.Fprintf(con.Err, "No browser could be opened (%v): open the page yourself.\n", err)
		}
	}
}

// openPage opens a page in the browser that BROWSER names, or in the system's browser.
func openPage(url string) error {
	args := []string{"xdg-open"}
	switch named := os.Getenv("BROWSER"); {
	case named != "":
		args = []string{named}
	case runtime.GOOS == "darwin":
		args = []string{"open"}
	case runtime.GOOS == "windows":
		args = []string{"rundll32", "url.dll,FileProtocolHandler"}
	}
	browser := exec.Command(args[0], append(args[1:], url)...)
	if err := browser.Start(); err != nil {
		return err
	}
	go browser.Wait() // it may stay open for longer than the emulator runs
	return nil
}

// sdkHelp says how Customer.io's own SDKs are pointed at an address.
func sdkHelp(base string) string {
	var b strings.Builder
	for _, s := range sdks.Snippets {
		fmt.Fprintf(&b, "  %-33s  %s\n", s.Package, s.For(base, `"KEY"`))
	}
	return b.String()
}

// serve answers requests until ctx ends. That is not an error.
func serve(ctx context.Context, l net.Listener, h http.Handler) error {
	server := &http.Server{Handler: h, ReadHeaderTimeout: 10 * time.Second, IdleTimeout: 5 * time.Minute, MaxHeaderBytes: 64 << 10}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(l) }()
	select {
	case err := <-failed:
		return exit.With(exit.Local, err)
	case <-ctx.Done():
	}
	// Running requests get a moment. A request that a fault delays does not keep the process alive.
	grace, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
	defer cancel()
	if server.Shutdown(grace) != nil {
		server.Close()
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return exit.With(exit.Local, err)
	}
	return nil
}

// nearListen suggests the address that was probably meant by an address without a host, without a port, or with a scheme.
func nearListen(addr string) string {
	if _, err := strconv.ParseUint(addr, 10, 16); err == nil {
		return "; did you mean 127.0.0.1:" + addr + "?"
	}
	if u, err := url.Parse(addr); err == nil && u.Scheme == "http" && u.Port() != "" && u.User == nil {
		return "; did you mean " + u.Host + "?"
	}
	if host, rest, _ := strings.Cut(addr, ":"); rest == "" && (host == "localhost" || net.ParseIP(host) != nil) {
		return "; did you mean " + host + ":8110?"
	}
	return ""
}
