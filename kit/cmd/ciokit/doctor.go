package main

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/spf13/cobra"
)

// The states of a check.
const (
	checkOK   = "ok"
	checkWarn = "warn"
	checkFail = "fail"
	checkSkip = "skip"
)

// symptom is the result of one check.
type symptom struct {
	Name  string `json:"check"`
	State string `json:"state"`
	// Said is what the check found, Do what to do about it.
	Said string `json:"said"`
	Do   string `json:"do,omitempty"`
}

// diagnosis has the results of all checks.
type diagnosis struct {
	Target  string `json:"target"`
	Healthy bool   `json:"healthy"`
	// Changes says what the doctor changed in the workspace.
	Changes string        `json:"changes"`
	Checks  []symptom     `json:"checks"`
	Latency *latencyStats `json:"latency_ms,omitempty"`
}

// doctor checks everything that this machine needs to send a message.
type doctor struct {
	to      destination.Flags
	cfg     cio.Config
	app     string // App API key, or empty
	appBase string
	samples int
	wire    *recorder
	nobody  string
	found   diagnosis
	keyBad  bool
}

func newDoctor(con console.Console) *cobra.Command {
	d := &doctor{}
	var asJSON bool
	var timeout time.Duration
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Check whether this machine can send to a workspace",
		Long: `Check everything that this machine needs to send a message: proxy, TLS, region, write key, strict mode, clock, latency, limits. For each
problem the command says what to do.

It changes nothing. Its calls ask to delete a person who does not exist, with an id that begins with ciokit_doctor_. One more call is
incomplete, so that the API rejects it. If a region refuses the key, the command asks the other region too.

CUSTOMERIO_API_KEY contains the write key. Without --to, CUSTOMERIO_REGION names the region. If CUSTOMERIO_APP_API_KEY is set, that key
is tried too. You can also set all three in a file .env in the current directory.

The exit code is 0 if nothing failed, 3 if Customer.io refuses the key, and 5 if anything else failed.`,
		Example: `  ciokit doctor --to eu
  ciokit doctor --to emulator --json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if d.samples < 1 || d.samples > 1000 {
				return exit.Fail(exit.Usage, "--samples must be between 1 and 1000")
			}
			if timeout <= 0 {
				return exit.Fail(exit.Usage, "--timeout must be greater than 0")
			}
			if err := d.configure(con); err != nil {
				return err
			}
			d.cfg.Timeout = timeout
			d.wire = newRecorder(nil)
			d.examine(cmd.Context())
			return d.tell(cmd.Context(), con, asJSON)
		},
	}
	cmd.Flags().StringVar(&d.to.To, "to", "", "the workspace: emulator (http://"+destination.EmulatorAddr+"), us, eu, or a URL; default CUSTOMERIO_BASE_URL or CUSTOMERIO_REGION")
	cmd.Flags().StringVar(&d.to.KeyFile, "key-file", "", "file with the write key; default CUSTOMERIO_API_KEY")
	cmd.Flags().IntVar(&d.samples, "samples", 10, "number of calls to measure the latency")
	cmd.Flags().DurationVar(&timeout, "timeout", 10*time.Second, "how long to wait for an answer")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	cmd.RegisterFlagCompletionFunc("to", cobra.FixedCompletions([]cobra.Completion{"emulator", "us", "eu", "http://"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// configure resolves what to check. An error in the key is left to the check of the key.
func (d *doctor) configure(con console.Console) error {
	live, err := workspaceOf(con, d.to.To)
	if err != nil {
		return err
	}
	d.cfg = cio.Config{APIKey: live.APIKey, Region: live.Region, BaseURL: live.BaseURL}
	d.app, d.appBase = live.AppAPIKey, live.AppBaseURL
	if d.appBase == "" {
		d.appBase = d.cfg.BaseURL
	}
	if d.to.KeyFile != "" {
		if d.cfg.APIKey, err = d.to.Key(con); err != nil {
			return err
		}
	}
	probe := d.cfg
	probe.APIKey = "any" // only the address is checked here; the key has its own check
	client, err := cio.NewClient(probe)
	if err != nil {
		return exit.With(exit.Usage, err)
	}
	d.found.Target = client.Target()
	return nil
}

func (d *doctor) say(name, state, do, format string, args ...any) {
	d.found.Checks = append(d.found.Checks, symptom{name, state, d.to.Words(fmt.Sprintf(format, args...)), do})
}

// examine runs the checks. The order matters: a check uses the results of earlier ones.
func (d *doctor) examine(ctx context.Context) {
	random := make([]byte, 8)
	rand.Read(random) // never fails
	d.nobody = "ciokit_doctor_" + hex.EncodeToString(random)
	d.found.Changes = "nothing; the calls ask to delete the person " + d.nobody + ", who does not exist"
	d.checkProxy()
	client, ok := d.checkConfig()
	if !ok {
		d.keyBad = true
		return
	}
	err := client.Send(ctx, cio.DeletePerson{UserID: d.nobody})
	var api *cio.APIError
	errors.As(err, &api)
	d.checkConnection(api)
	d.checkTLS(api)
	d.checkKey(api)
	d.checkRegion(ctx, api)
	d.checkClock()
	if api == nil {
		d.checkStrict(ctx)
		d.checkLatency(ctx, client)
	}
	d.checkLimits()
	d.checkApp(ctx)
}

// tell prints what was found and returns the exit code.
func (d *doctor) tell(ctx context.Context, con console.Console, asJSON bool) error {
	d.found.Healthy = true
	for _, c := range d.found.Checks {
		d.found.Healthy = d.found.Healthy && c.State != checkFail
	}
	var err error
	if asJSON {
		e := json.NewEncoder(con.Out)
		e.SetIndent("", "  ")
		err = e.Encode(d.found)
	} else {
		var b strings.Builder
		fmt.Fprintf(&b, "%s\n", d.found.Target)
		for _, c := range d.found.Checks {
			fmt.Fprintf(&b, "%-5s %-11s %s\n", c.State, c.Name, c.Said)
			if c.Do != "" {
				fmt.Fprintf(&b, "      %-11s   what to do: %s\n", "", c.Do)
			}
		}
		fmt.Fprintf(&b, "Changed: %s.\n", d.found.Changes)
		_, err = con.Out.Write([]byte(b.String()))
	}
	switch {
	case err != nil:
		return exit.With(exit.Local, err)
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), exit.ErrTerminated):
		return exit.With(exit.Terminated, nil)
	case ctx.Err() != nil:
		return exit.With(exit.Interrupted, nil)
	case d.keyBad:
		return exit.With(exit.Key, nil)
	case !d.found.Healthy:
		return exit.With(exit.Unavailable, nil)
	}
	return nil
}

// client returns a client that makes one try, over the recorder.
func (d *doctor) client(cfg cio.Config) (*cio.Client, error) {
	cfg.HTTPClient = &http.Client{Transport: d.wire}
	cfg.MaxElapsed = time.Nanosecond
	return cio.NewClient(cfg)
}

// proxyVariables are those that Go's HTTP client reads.
var proxyVariables = []string{"HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY"}

func proxySettings() (set []string) {
	for _, name := range proxyVariables {
		if os.Getenv(name) != "" || os.Getenv(strings.ToLower(name)) != "" {
			set = append(set, name)
		}
	}
	return set
}
