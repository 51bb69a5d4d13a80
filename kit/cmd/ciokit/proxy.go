package main

import (
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/spf13/cobra"
)

// proxyAddr differs from the emulator's address, so that nobody reaches the real API by mistake.
const proxyAddr = "127.0.0.1:8111"

// forwardTimeout limits one call to the real API.
const forwardTimeout = 60 * time.Second

func newProxy(con console.Console) *cobra.Command {
	flags := new(emulateFlags)
	to := new(target)
	cmd := &cobra.Command{
		Use:   "proxy --to us|eu|URL",
		Short: "Forward calls to Customer.io, and record and check them",
		Long: `Record and judge calls on their way to Customer.io.

The proxy listens and checks each call as ciokit emulate does. It forwards the call unchanged, with its write key, and returns Customer.io's
answer to the caller. A call that a --fault affects is not forwarded: the caller gets the answer of the fault. The page, and the line that
the command prints for each call, show the results of Customer.io and of the emulator. The emulator's result also names messages that the real
API drops with a 200.

What the proxy shows about the workspace comes only from the calls that it saw. It reads nothing from Customer.io.`,
		Example: `  ciokit proxy --to eu
  ciokit proxy --to us --quiet`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return runEmulate(cmd, con, flags, to)
		},
	}
	cmd.Flags().StringVar(&to.name, "to", "", "where calls go: us, eu, or a URL (required)")
	flags.add(cmd, proxyAddr)
	cmd.RegisterFlagCompletionFunc("to", cobra.FixedCompletions([]cobra.Completion{"us", "eu", "https://"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// target is where the proxy forwards calls to.
type target struct {
	name string
	base *url.URL // once resolved
}

func (t *target) String() string {
	region := map[string]string{"us": " (Customer.io, United States)", "eu": " (Customer.io, Europe)"}[t.name]
	return t.base.String() + region
}

// forwarder resolves the target and returns the function that sends a call there. It does not follow redirects.
func (t *target) forwarder() (func(*http.Request) (*http.Response, error), error) {
	cfg := cio.Config{APIKey: "none", BaseURL: t.name}
	switch {
	case t.name == "":
		return nil, exit.Fail(exit.Usage, "say where to send calls: --to us, --to eu, or --to URL")
	case t.name == "us" || t.name == "eu":
		cfg.BaseURL, cfg.Region = "", cio.Region(t.name)
	case !destination.IsURL(t.name):
		return nil, destination.NoDestination(t.name, "us", "eu")
	}
	client, err := cio.NewClient(cfg) // for the hosts of the regions, and for its checks
	if err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	if t.base, err = url.Parse(client.Target()); err != nil {
		return nil, exit.With(exit.Usage, err)
	}
	t.base.Path = strings.TrimSuffix(strings.TrimSuffix(t.base.Path, "/"), "/v1")
	sender := &http.Client{
		Timeout:       forwardTimeout,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return func(r *http.Request) (*http.Response, error) {
		r.URL.Scheme, r.URL.Host, r.Host = t.base.Scheme, t.base.Host, t.base.Host
		r.URL.Path = t.base.Path + r.URL.Path
		return sender.Do(r)
	}, nil
}
