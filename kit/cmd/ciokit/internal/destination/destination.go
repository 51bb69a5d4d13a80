// Package destination finds out where a command sends: it reads --to and --key-file, and checks which server listens there.
package destination

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"regexp"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/emulated"
	"github.com/ciokit/cio/kit/internal/places"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/internal/textfile"
	"github.com/spf13/cobra"
)

// The emulator's default address, and the default key for it.
const (
	EmulatorAddr = "127.0.0.1:8110"
	EmulatorKey  = "emulator"
)

// Flags are the values of --to and --key-file. Resolve refuses the zero value.
type Flags struct {
	To      string
	KeyFile string
}

// AddFlags adds --to and --key-file to a command.
func AddFlags(cmd *cobra.Command, to, keyFile *string) {
	cmd.Flags().StringVar(to, "to", "", "where to send: emulator (http://"+EmulatorAddr+"), us, eu, or a URL (required)")
	cmd.Flags().StringVar(keyFile, "key-file", "", "file with the write key; default CUSTOMERIO_API_KEY of the environment or of .env, and for an emulator on this machine a key that it accepts")
	cmd.RegisterFlagCompletionFunc("to", cobra.FixedCompletions([]cobra.Completion{"emulator", "us", "eu", "http://"}, cobra.ShellCompDirectiveNoFileComp))
}

// AddAcceptAnyFlag adds the flag that accepts the answers of your own stub.
func AddAcceptAnyFlag(cmd *cobra.Command, to *bool) {
	cmd.Flags().BoolVar(to, "accept-any-2xx", false, "treat any 2xx answer as accepted, for your own stub; if a sign-in page or a proxy answers, the messages are lost")
}

// Destination is where a command sends.
type Destination struct {
	// Config has the key and the region or the address. The command adds the rest.
	Config cio.Config
	// Emulator says that an emulator on this machine answers there.
	Emulator bool
	// Keyless says that no key was given, so that EmulatorKey is used.
	Keyless bool
	// Silent is the reason why no server answers, if the address is on this machine.
	Silent error
}

// Resolve finds out what the flags mean. If the address is on this machine, it checks which server answers. It prints on con.Err where data will be
// sent, unless the data stays on this machine. The error has an exit code.
func (f Flags) Resolve(ctx context.Context, con console.Console) (Destination, error) {
	d := Destination{}
	cfg := &d.Config
	switch f.To {
	case "":
		return d, exit.Fail(exit.Usage, "say where to send: --to emulator, --to us, --to eu, or --to URL")
	case "us", "eu":
		cfg.Region = cio.Region(f.To)
	case "emulator":
		cfg.BaseURL = "http://" + EmulatorAddr
	default:
		if !IsURL(f.To) {
			return d, NoDestination(f.To, "emulator", "us", "eu")
		}
		cfg.BaseURL = f.To
	}
	var err error
	if cfg.APIKey, err = f.Key(con); err != nil {
		return d, err
	}
	d.Keyless = f.KeyFile == "" && cfg.APIKey == EmulatorKey && con.Env.Get(keyVariable) == ""
	client, err := cio.NewClient(*cfg) // for its checks; the command makes its own
	if err != nil {
		return d, exit.With(exit.Usage, f.Explain(err))
	}
	if f.To == "emulator" {
		if err := ProbeEmulator(ctx, client.Target()); err != nil {
			return d, err
		}
		d.Emulator = true
		return d, nil
	}
	note := map[cio.Region]string{cio.RegionUS: " (Customer.io, United States)", cio.RegionEU: " (Customer.io, Europe)"}[cfg.Region]
	if Loopback(client.Target()) {
		d.Emulator, d.Silent = Emulates(ctx, client.Target())
		if ctx.Err() != nil {
			return d, exit.With(exit.Interrupted, exit.ErrInterrupted)
		}
		note = ", which is not an emulator and may forward everything to a real workspace"
	}
	if !d.Emulator && d.Silent == nil {
		fmt.Fprintf(con.Err, "Sending to %s%s\n", client.Target(), note)
	}
	return d, nil
}

// IsURL reports whether the value of --to is an address, not a name.
func IsURL(to string) bool {
	return strings.HasPrefix(to, "http://") || strings.HasPrefix(to, "https://")
}

// NoDestination refuses a value of --to that is not one of the names and not an address, and suggests what was probably meant. The error has an
// exit code. It shows nothing that can be a key or a password.
func NoDestination(to string, names ...string) error {
	hint := console.Meant(to, names...)
	if hint == "" {
		if address := nearAddress(to); address != "" {
			hint = "; did you mean " + address + "?"
		}
	}
	return exit.Fail(exit.Usage, "--to must be %s, or a URL that begins with http:// or https://%s", strings.Join(names, ", "), hint)
}

// hostPort matches an address without a scheme, or with a misspelt one.
var hostPort = regexp.MustCompile(`(?i)^(?:[a-z]{1,6}:/{0,3}|/{1,2})?((?:localhost|\[[0-9a-f:]+\]|[a-z0-9-]+(?:\.[a-z0-9-]+)+)?(?::[0-9]{1,5})?)((?:/[a-z0-9._/-]*)?)$`)

// nearAddress is the URL that an address without a scheme, or with a misspelt one, probably means; empty if there is none.
func nearAddress(to string) string {
	parts := hostPort.FindStringSubmatch(strings.TrimSpace(to))
	if parts == nil || parts[1] == "" {
		return ""
	}
	host, path := strings.ToLower(parts[1]), parts[2]
	if strings.HasPrefix(host, ":") {
		host = "127.0.0.1" + host
	}
	if Loopback("http://" + host) {
		return "http://" + host + path
	}
	return "https://" + host + path
}

// KeyWithoutOne is the key for an address if no key is given. An emulator on this machine accepts it, and any other server there answers that it
// does not know the key. It is empty for all other addresses.
func KeyWithoutOne(to string) string {
	if to == "emulator" || Loopback(to) {
		return EmulatorKey
	}
	return ""
}

// Key reads the write key: from the file, from the environment or .env, or, without any of these, the key for an emulator. Only a key from the
// environment can be empty.
func (f Flags) Key(con console.Console) (string, error) {
	if f.KeyFile != "" {
		return f.keyOfFile(con)
	}
	key := con.Env.Get(keyVariable)
	if err := con.Env.Done(con.Err); err != nil {
		return "", exit.With(exit.Usage, err)
	}
	if key == "" {
		key = KeyWithoutOne(f.To)
	}
	return key, nil
}

// keyVariable is the variable with the key, if no file is given.
const keyVariable = "CUSTOMERIO_API_KEY"

// maxKeyFile is more bytes than a key and a line feed need in any encoding.
const maxKeyFile = 4096

func (f Flags) keyOfFile(con console.Console) (string, error) {
	file, err := os.Open(f.KeyFile)
	if err != nil {
		return "", exit.Fail(exit.Local, "cannot read the write key: %w", err)
	}
	defer file.Close()
	if info, err := file.Stat(); err == nil && places.OthersRead(info) {
		fmt.Fprintf(con.Err, "Warning: other users can read %s: chmod 600 %[1]s\n", f.file())
	}
	b, err := io.ReadAll(io.LimitReader(file, maxKeyFile+1))
	if err != nil {
		return "", exit.Fail(exit.Local, "cannot read the write key: %w", err)
	}
	if b, err = textfile.Decode(b); err != nil {
		return "", exit.Fail(exit.Usage, "cannot read the write key from %s: %w", f.file(), err)
	}
	key := strings.TrimSpace(string(b))
	switch {
	case len(b) > maxKeyFile:
		return "", exit.Fail(exit.Usage, "%s has more than %d bytes, but a file of --key-file must contain only a write key", f.file(), maxKeyFile)
	case key == "":
		return "", exit.Fail(exit.Usage, "%s does not contain a write key: %s", f.file(), f.HowToGiveKey())
	}
	return key, nil
}

// file is the name of the key's file in texts.
func (f Flags) file() string { return printed.Line(console.ShortPath(f.KeyFile)) }

// HowToGiveKey says where to find a write key and where to put it.
func (f Flags) HowToGiveKey() string {
	const key = "the write key of a Data Pipelines source"
	if f.KeyFile == "" {
		return "set " + keyVariable + " to " + key
	}
	return "put " + key + " into " + f.file()
}

// Words is console.FlagWords for a text about the write key: if the key is in a file, the text names the file.
func (f Flags) Words(text string) string {
	text = console.FlagWords(text)
	if f.KeyFile == "" {
		return text
	}
	return strings.NewReplacer(keyVariable+", --key-file", f.file(), keyVariable, f.file()).Replace(text)
}

// Explain writes an error of sending in the words of the flags: it names the file of the key, and, if successes that the API does not send may come
// from a stub, the flag that accepts them. It is nil for nil.
func (f Flags) Explain(err error) error {
	if err == nil {
		return nil
	}
	return &explained{f.Words(stubHint(f.To, err).Error()), err}
}

// explained is an error in other words.
type explained struct {
	text string
	err  error
}

func (e *explained) Error() string { return e.text }
func (e *explained) Unwrap() error { return e.err }

// Loopback reports whether an address is on this machine.
func Loopback(base string) bool {
	u, err := url.Parse(base)
	if err != nil {
		return false
	}
	ip := net.ParseIP(u.Hostname())
	return u.Hostname() == "localhost" || ip != nil && ip.IsLoopback()
}

// Emulates reports whether an emulator answers the API's calls at an address of this machine. The error says that no server answers.
func Emulates(ctx context.Context, base string) (bool, error) {
	return emulated.Answers(ctx, base, nil)
}

// ProbeEmulator makes sure that the server is an emulator: data for an emulator must not go to another program on the same port.
func ProbeEmulator(ctx context.Context, base string) error {
	switch ok, err := Emulates(ctx, base); {
	case errors.Is(context.Cause(ctx), exit.ErrInterrupted):
		return exit.With(exit.Interrupted, exit.ErrInterrupted)
	case err != nil:
		return exit.Fail(exit.Unavailable, "no emulator listens on %s; start one in another terminal with: ciokit emulate", base)
	case !ok:
		return exit.Fail(exit.Unavailable, "the server on %s is not ciokit's emulator; start one on another port with: ciokit emulate --addr 127.0.0.1:8112, and use --to http://127.0.0.1:8112", base)
	}
	return nil
}

// Emulate is the command that starts an emulator at an address of this machine.
func Emulate(base string) string {
	const command = "ciokit emulate"
	u, err := url.Parse(base)
	if err != nil || u.Host == "" || base == "http://"+EmulatorAddr {
		return command
	}
	host := u.Host
	if u.Port() == "" {
		host = net.JoinHostPort(u.Hostname(), map[bool]string{true: "443", false: "80"}[u.Scheme == "https"])
	}
	text := command
	if host != EmulatorAddr {
		text += " --addr " + host
		if strings.Contains(host, "[") {
			text = command + " --addr '" + host + "'"
		}
	}
	if u.Scheme == "https" {
		text += " --tls"
	}
	return text
}

// stubHint adds the flag that accepts the answers of a stub to an error about successes that the API does not send, if they may come from a stub.
func stubHint(to string, err error) error {
	var api *cio.APIError
	if !strings.HasPrefix(to, "http") || !errors.Is(err, cio.ErrNotAPI) || !errors.As(err, &api) || api.Status != 0 && api.Status/100 != 2 {
		return err
	}
	return fmt.Errorf("%w; if this is your own stub, use --accept-any-2xx", err)
}
