package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"runtime"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/emulated"
	"github.com/ciokit/cio/kit/internal/textfile"
	"github.com/spf13/cobra"
)

// The emulator's address where none is given, and the key used with it where none is set.
const (
	emulatorAddr = "127.0.0.1:8110"
	emulatorKey  = "emulator"
)

// destination is what the flags --to and --key-file say.
type destination struct {
	to      string
	keyFile string

	emulator bool  // config has found that an emulator answers there
	silent   error // why nothing on this machine does
}

func (d *destination) flags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&d.to, "to", "", "where to send: emulator (http://"+emulatorAddr+"), us, eu, or a URL (required)")
	cmd.Flags().StringVar(&d.keyFile, "key-file", "", "file that holds the write key; default the environment's CUSTOMERIO_API_KEY, and on this machine one that an emulator takes")
	cmd.RegisterFlagCompletionFunc("to", cobra.FixedCompletions([]cobra.Completion{"emulator", "us", "eu", "http://"}, cobra.ShellCompDirectiveNoFileComp))
}

// acceptAnyFlag lets a stub of one's own be taken for the API.
func acceptAnyFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "accept-any-2xx", false, "take any answer with a status of 2xx for acceptance, for a stub of your own; what a sign-in page or a proxy answers to is lost then")
}

// config resolves the destination. It says on con.err where data is about to go, unless it stays on this machine.
func (d *destination) config(ctx context.Context, con console) (cio.Config, error) {
	cfg := cio.Config{}
	switch d.to {
	case "":
		return cfg, fail(exitUsage, "say where to send: --to emulator, --to us, --to eu, or --to URL")
	case "us", "eu":
		cfg.Region = cio.Region(d.to)
	case "emulator":
		cfg.BaseURL = "http://" + emulatorAddr
	default:
		if !strings.HasPrefix(d.to, "http://") && !strings.HasPrefix(d.to, "https://") {
			return cfg, fail(exitUsage, "--to is emulator, us, eu, or a URL that begins with http:// or https://")
		}
		cfg.BaseURL = d.to
	}
	var err error
	if cfg.APIKey, err = d.key(con); err != nil {
		return cfg, err
	}
	client, err := cio.NewClient(cfg) // for its checks; the command makes its own
	if err != nil {
		return cfg, &exitError{exitUsage, err}
	}
	if d.to == "emulator" {
		if err := probeEmulator(ctx, client.Target()); err != nil {
			return cfg, err
		}
		d.emulator = true
		return cfg, nil
	}
	note := map[cio.Region]string{cio.RegionUS: " (Customer.io, United States)", cio.RegionEU: " (Customer.io, Europe)"}[cfg.Region]
	if loopback(client.Target()) {
		d.emulator, d.silent = emulates(ctx, client.Target())
		if ctx.Err() != nil {
			return cfg, &exitError{exitInterrupted, errInterrupted}
		}
		note = ", which is no emulator and may pass everything on to a real workspace"
	}
	if !d.emulator && d.silent == nil {
		fmt.Fprintf(con.err, "Sending to %s%s\n", client.Target(), note)
	}
	return cfg, nil
}

// othersRead reports whether others may read a file. On Windows its mode says nothing: who may is said by the rights of its directory.
func othersRead(file os.FileInfo) bool {
	return runtime.GOOS != "windows" && file.Mode().IsRegular() && file.Mode().Perm()&0o077 != 0
}

func (d *destination) key(con console) (string, error) {
	if d.keyFile != "" {
		f, err := os.Open(d.keyFile)
		if err != nil {
			return "", fail(exitLocal, "read the write key: %w", err)
		}
		defer f.Close()
		if info, err := f.Stat(); err == nil && othersRead(info) {
			fmt.Fprintf(con.err, "Warning: %s can be read by others; chmod 600 it\n", d.keyFile)
		}
		b, err := io.ReadAll(io.LimitReader(f, 4096))
		if err != nil {
			return "", fail(exitLocal, "read the write key: %w", err)
		}
		if b, err = textfile.Decode(b); err != nil {
			return "", fail(exitUsage, "read the write key from %s: %w", d.keyFile, err)
		}
		return strings.TrimSpace(string(b)), nil
	}
	key := os.Getenv("CUSTOMERIO_API_KEY")
	if key == "" && (d.to == "emulator" || loopback(d.to)) { // anything else there says that it does not know the key
		return emulatorKey, nil
	}
	return key, nil
}

func loopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// emulates reports whether an emulator answers the API's calls at an address of this machine. The error says that nothing answers.
func emulates(ctx context.Context, base string) (bool, error) {
	return emulated.Answers(ctx, base, nil)
}

// probeEmulator makes sure that what listens there is an emulator: data meant for it must not end up in whatever took its port.
func probeEmulator(ctx context.Context, base string) error {
	switch ok, err := emulates(ctx, base); {
	case errors.Is(context.Cause(ctx), errInterrupted):
		return &exitError{exitInterrupted, errInterrupted}
	case err != nil:
		return fail(exitUnavailable, "no emulator listens on %s; start one in another terminal with: ciokit emulate", base)
	case !ok:
		return fail(exitUnavailable, "what listens on %s is not ciokit's emulator; start one on another port with: ciokit emulate --addr 127.0.0.1:8112, and load --to http://127.0.0.1:8112", base)
	}
	return nil
}
