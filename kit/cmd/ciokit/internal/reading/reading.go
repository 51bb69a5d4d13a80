// Package reading reads back from the App API of a workspace: it has the flags for the workspace, for the people or objects, and for the output.
package reading

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/spf13/cobra"
)

// Flags say which workspace is read, and how the output is printed.
type Flags struct {
	To, KeyFile string
	JSON        bool

	emulated bool // Client found an emulator, which accepts the write key
}

// The variables of a workspace and its key, if no flag gives them.
const (
	keyVariable     = "CUSTOMERIO_APP_API_KEY"
	addressVariable = "CUSTOMERIO_APP_BASE_URL"
	regionVariable  = "CUSTOMERIO_REGION"
)

// Add adds the flags to a command.
func (f *Flags) Add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.To, "to", "", "the workspace: emulator (http://"+destination.EmulatorAddr+"), us, eu, or the URL of an emulator or of the App API; default "+addressVariable+" or "+regionVariable)
	cmd.Flags().StringVar(&f.KeyFile, "app-key-file", "", "file with an App API key of the workspace; default "+keyVariable+" of the environment or of .env, and for an emulator the write key")
	cmd.Flags().BoolVar(&f.JSON, "json", false, "print JSON, and no progress")
	cmd.RegisterFlagCompletionFunc("to", cobra.FixedCompletions([]cobra.Completion{"emulator", "us", "eu", "http://"}, cobra.ShellCompDirectiveNoFileComp))
}

// Client makes the client of the workspace. The error has an exit code.
func (f *Flags) Client(ctx context.Context, con console.Console) (*appapi.Client, error) {
	cfg, err := f.place(con)
	if err != nil {
		return nil, err
	}
	probe := cfg
	probe.APIKey = "any" // the address is checked first, because an emulator has another key
	client, err := appapi.NewClient(probe)
	if err != nil {
		return nil, exit.With(exit.Usage, inWords(err))
	}
	emulated := false
	if f.To == "emulator" {
		if err := destination.ProbeEmulator(ctx, client.Target()); err != nil {
			return nil, err
		}
		emulated = true
	} else if destination.Loopback(client.Target()) {
		var silent error
		if emulated, silent = destination.Emulates(ctx, client.Target()); silent != nil && ctx.Err() == nil {
			return nil, exit.Fail(exit.Unavailable, "no server answers on %s; start an emulator in another terminal with: %s", client.Target(), destination.Emulate(client.Target()))
		}
	}
	f.emulated = emulated
	if err := f.key(con, &cfg, emulated); err != nil {
		return nil, err
	}
	if client, err = appapi.NewClient(cfg); err != nil {
		return nil, exit.With(exit.Usage, inWords(err))
	}
	return client, nil
}

// place finds the address of the workspace.
func (f *Flags) place(con console.Console) (cfg appapi.Config, err error) {
	switch {
	case f.To == "us" || f.To == "eu":
		cfg.Region = cio.Region(f.To)
	case f.To == "emulator":
		cfg.BaseURL = "http://" + destination.EmulatorAddr
	case destination.IsURL(f.To):
		cfg.BaseURL = f.To
	case f.To != "":
		return cfg, destination.NoDestination(f.To, "emulator", "us", "eu")
	default:
		cfg.BaseURL, cfg.Region = con.Env.Get(addressVariable), cio.Region(strings.ToLower(con.Env.Get(regionVariable)))
		if err := con.Env.Done(con.Err); err != nil {
			return cfg, exit.With(exit.Usage, err)
		}
		if cfg.BaseURL == "" && cfg.Region == "" {
			return cfg, exit.Fail(exit.Usage, "say which workspace: --to emulator, --to us, --to eu, --to URL, or set "+regionVariable+", in the environment or in .env")
		}
	}
	return cfg, nil
}

// key finds the key. An emulator accepts the write key, and has no rate limit.
func (f *Flags) key(con console.Console, cfg *appapi.Config, emulated bool) (err error) {
	switch {
	case emulated:
		cfg.RateLimit = -1
		cfg.APIKey, err = (destination.Flags{To: cfg.BaseURL, KeyFile: f.KeyFile}).Key(con)
		return err
	case f.KeyFile != "":
		if cfg.APIKey, err = (destination.Flags{KeyFile: f.KeyFile}).Key(con); err != nil {
			return exit.With(exit.CodeOf(err), &reworded{strings.NewReplacer("the write key of a Data Pipelines source", "an App API key of the workspace", "write key", "App API key", "--key-file", "--app-key-file").Replace(err.Error()), errors.Unwrap(err)})
		}
		return nil
	}
	cfg.APIKey = con.Env.Get(keyVariable)
	if err := con.Env.Done(con.Err); err != nil {
		return exit.With(exit.Usage, err)
	}
	if cfg.APIKey == "" {
		return exit.Fail(exit.Usage, "no App API key: set "+keyVariable+", in the environment or in .env, or give a file with the key with --app-key-file. Make one in Customer.io under Settings, Account Settings, API Credentials, App API Keys; the write key does not work here")
	}
	return nil
}

// reworded is an error in other words.
type reworded struct {
	text string
	err  error
}

func (e *reworded) Error() string { return e.text }
func (e *reworded) Unwrap() error { return e.err }

// inWords removes names of Go from an error.
func inWords(err error) error {
	return errors.New(strings.NewReplacer("Config.Region (CUSTOMERIO_REGION)", "--to", "Config.BaseURL (CUSTOMERIO_APP_BASE_URL)", "the address of --to", "Config.APIKey, CUSTOMERIO_APP_API_KEY", "CUSTOMERIO_APP_API_KEY, --app-key-file").Replace(strings.TrimPrefix(err.Error(), "appapi: ")))
}

// Error adds the exit code to a read error, and says what to do. missing is the text for an answer 404: what does not exist, and what to do. It is
// nil for nil.
func (f *Flags) Error(ctx context.Context, err error, missing string) error {
	var ended *exit.Error
	var api *appapi.APIError
	var name *net.DNSError
	switch {
	case err == nil || errors.As(err, &ended):
		return err
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), exit.ErrTerminated):
		return exit.With(exit.Terminated, exit.ErrTerminated)
	case ctx.Err() != nil:
		return exit.With(exit.Interrupted, exit.ErrInterrupted)
	case !errors.As(err, &api):
		return exit.With(exit.Usage, inWords(err))
	}
	said := api.Message
	if api.Status != 0 {
		said = strings.TrimSuffix(fmt.Sprintf("%d %s: %s", api.Status, http.StatusText(api.Status), api.Message), ": ")
	}
	if api.Attempts > 1 {
		said += fmt.Sprintf(" (after %d attempts)", api.Attempts)
	}
	switch {
	case errors.Is(err, appapi.ErrUnauthorized):
		said, _, _ = strings.Cut(said, "the key is not accepted")
		if f.emulated {
			return exit.Fail(exit.Key, "the emulator refused the key: %s; start the emulator with this key (ciokit emulate --key KEY), or set %s to one of the emulator's keys", strings.TrimRight(said, "; :"), cmp.Or(f.KeyFile, "CUSTOMERIO_API_KEY"))
		}
		return exit.Fail(exit.Key, "the App API refused the key: %s; the key must be an App API key, not a write key, of this workspace and region: check %s and --to", strings.TrimRight(said, "; :"), f.keyPlace())
	case errors.Is(err, appapi.ErrNotFound) && missing != "":
		return exit.Fail(exit.Rejects, "%s", missing)
	case errors.Is(err, appapi.ErrRateLimited):
		return exit.Fail(exit.Unavailable, "the App API accepts 10 requests a second, and other programs use them too: %s; try again later", said)
	case api.Status == http.StatusBadRequest, api.Status == http.StatusUnprocessableEntity:
		return exit.Fail(exit.Usage, "the App API rejected the request: %s", said)
	case errors.As(api.Err, &name):
		return exit.Fail(exit.Unavailable, "the App API did not answer: the name %s was not found; check the network and --to", name.Name)
	case api.Status == 0:
		return exit.Fail(exit.Unavailable, "the App API did not answer: %s", console.FlagWords(said))
	}
	return exit.Fail(exit.Unavailable, "the App API answered %s", said)
}

// keyPlace says where the key is from.
func (f *Flags) keyPlace() string { return cmp.Or(f.KeyFile, keyVariable) }
