package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"regexp"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/destination"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/places"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/internal/textfile"
	"github.com/spf13/cobra"
)

func newErase(con console.Console) *cobra.Command {
	top := &cobra.Command{
		Use:   "erase",
		Short: "Delete and suppress people, with an approval and a receipt that shows whether somebody changed it",
		Long: `Delete people, suppress them, or end a suppression, and keep a record: who ordered it, who approved it, and the outcome for
each person. The record is a directory, the receipt. It contains no identifier in clear. The check finds every change of a signed entry, unless
it was made with an operator's key. The check also finds that the last entries
were removed, or that the whole receipt was replaced, if you keep a checkpoint of the receipt in another place.

  1. keygen makes the keys: one for each operator and each approver, and two secrets for the workspace.
  2. plan writes down whom to delete or suppress, and why. Nothing is sent.
  3. approve signs the plan with the key of another person.
  4. run deletes or suppresses the people of the plan, and writes the receipt.
  5. verify checks who is gone.
  6. check finds changes of a receipt, report writes a page about it, and guard writes a list
     that prevents loads of erased people.

Secrets are read from files that only their owner can read, or from the environment. No command prints a secret or an identifier.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	top.AddCommand(newEraseKeygen(con), newErasePlan(con), newEraseApprove(con), newEraseRun(con), newEraseVerify(con), newEraseCheck(con), newEraseProof(con), newEraseCheckProof(con), newEraseFind(con), newEraseFindCopies(con), newEraseGuard(con), newEraseReport(con))
	return top
}

// eraseKeys are the keys of the commands, from files or from the environment.
type eraseKeys struct {
	operator, approver, receipt, guard string
	ring                               []string
}

// eraseSecrets are the flags of secrets, the variables that contain a secret if no file is given, and the command that makes it.
var eraseSecrets = map[string]struct{ variable, what, made string }{
	"operator-key": {"CIOKIT_ERASURE_OPERATOR_KEY", "the operator's key", "operator NAME"},
	"approver-key": {"CIOKIT_ERASURE_APPROVER_KEY", "the approver's key", "approver NAME"},
	"receipt-key":  {"CIOKIT_ERASURE_RECEIPT_KEY", "the key of the receipts", "workspace"},
	"guard-key":    {"CIOKIT_ERASURE_GUARD_KEY", "the key of the guard", "workspace"},
}

const (
	eraseRingVariable = "CIOKIT_ERASURE_KEYS"
	eraseTool         = "ciokit/" + cio.Version
)

// flags adds the flags of the secrets that a command needs.
func (k *eraseKeys) flags(cmd *cobra.Command, names ...string) {
	to := map[string]*string{"operator-key": &k.operator, "approver-key": &k.approver, "receipt-key": &k.receipt, "guard-key": &k.guard}
	for _, name := range names {
		s := eraseSecrets[name]
		cmd.Flags().StringVar(to[name], name, "", "file with "+s.what+", which only you can read; without it, the key itself in "+s.variable)
	}
}

// ringFlag adds --keys.
func (k *eraseKeys) ringFlag(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&k.ring, "keys", nil, "file with public keys that you trust, one on each line; can be given several times; without it, the keys themselves in "+eraseRingVariable)
}

// eraseSecret reads a secret from the file of a flag or from its variable.
func eraseSecret(flag, file string) (string, error) {
	s := eraseSecrets[flag]
	if file == "" {
		text := os.Getenv(s.variable)
		if strings.TrimSpace(text) == "" {
			return "", exit.Fail(exit.Usage, "%s is missing: give --%s FILE, or the key itself in %s. If there is none yet, make it with ciokit erase keygen %s; a new key does not fit plans, receipts and guards that exist already", s.what, flag, s.variable, s.made)
		}
		if info, err := os.Stat(text); err == nil && !info.IsDir() {
			return "", exit.Fail(exit.Usage, "%s contains the name of a file, but it must contain the key itself; give the file with --%s", s.variable, flag)
		}
		return text, nil
	}
	name := printed.Line(console.ShortPath(file))
	f, err := os.Open(file)
	if err != nil {
		return "", exit.Fail(exit.Local, "--%s %w", flag, err)
	}
	defer f.Close()
	const most = 4096
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err != nil {
		return "", exit.Fail(exit.Local, "--%s %w", flag, err)
	}
	if ring, err := erasure.ParseKeyring(string(text)); err == nil && len(ring.Names()) > 0 {
		return "", exit.Fail(exit.Usage, "--%s %s: the file contains a public key; give the secret key, a file that ends in .key", flag, name)
	}
	if info, err := f.Stat(); err == nil && places.OthersRead(info) {
		return "", exit.Fail(exit.Usage, "--%s %s: other users can read the file (mode %04o), so the key is not secret: run chmod 600 on it, and make a new key if somebody may have read it", flag, name, info.Mode().Perm())
	}
	if text, err = textfile.Decode(text); err != nil || len(text) > most {
		return "", exit.Fail(exit.Usage, "--%s %s: the file does not contain a key; use the unchanged file that ciokit erase keygen %s wrote", flag, name, s.made)
	}
	return string(text), nil
}

// eraseKeyError says where an unreadable key came from.
func eraseKeyError(flag, file string, err error) error {
	from := "--" + flag + " " + eraseShort(file)
	if file == "" {
		from = eraseSecrets[flag].variable
	}
	return exit.Fail(exit.Usage, "%s: %s", from, eraseWords(err))
}

// signer reads the key of an operator or an approver.
func (k *eraseKeys) signer(role erasure.Role) (erasure.Signer, error) {
	flag, file := "operator-key", k.operator
	if role == erasure.RoleApprover {
		flag, file = "approver-key", k.approver
	}
	text, err := eraseSecret(flag, file)
	if err != nil {
		return erasure.Signer{}, err
	}
	s, err := erasure.ParseSigner(text)
	if err == nil && s.Role() != role {
		err = fmt.Errorf("this is the key of %s, but the key of an %s is needed here", s.Name(), role)
	}
	if err != nil {
		return erasure.Signer{}, eraseKeyError(flag, file, err)
	}
	return s, nil
}

func (k *eraseKeys) receiptKey() (erasure.ReceiptKey, error) {
	return eraseHashKey("receipt-key", k.receipt, erasure.ParseReceiptKey)
}

func (k *eraseKeys) guardKey() (erasure.GuardKey, error) {
	return eraseHashKey("guard-key", k.guard, erasure.ParseGuardKey)
}

func eraseHashKey[K any](flag, file string, parse func(string) (K, error)) (key K, err error) {
	text, err := eraseSecret(flag, file)
	if err != nil {
		return key, err
	}
	if key, err = parse(text); err != nil {
		return key, eraseKeyError(flag, file, err)
	}
	return key, nil
}

// ringLine is how errors of a keyring name a line.
var ringLine = regexp.MustCompile(`^line [0-9]+ of the keyring`)

// keyring reads the public keys. If there are none, it is empty if that is allowed.
func (k *eraseKeys) keyring(needed bool) (erasure.Keyring, error) {
	var text bytes.Buffer
	for _, file := range k.ring {
		b, err := os.ReadFile(file)
		if err != nil {
			return erasure.Keyring{}, exit.Fail(exit.Local, "--keys %w", err)
		}
		if b, err = textfile.Decode(b); err == nil {
			_, err = erasure.ParseKeyring(string(b))
		}
		if err != nil {
			return erasure.Keyring{}, exit.Fail(exit.Usage, "--keys %s: %s", printed.Line(console.ShortPath(file)), eraseWords(err))
		}
		both := text.String() + string(b) + "\n"
		if _, err := erasure.ParseKeyring(both); err != nil { // together with the files before it; the number of the line would be that of both
			return erasure.Keyring{}, exit.Fail(exit.Usage, "--keys %s: %s", printed.Line(console.ShortPath(file)), ringLine.ReplaceAllString(eraseWords(err), "a key in this file"))
		}
		text.Reset()
		text.WriteString(both)
	}
	if k.ring == nil {
		text.WriteString(os.Getenv(eraseRingVariable))
	}
	ring, err := erasure.ParseKeyring(text.String())
	switch {
	case err != nil:
		return ring, exit.Fail(exit.Usage, "%s: %s", eraseRingVariable, eraseWords(err))
	case needed && len(ring.Names()) == 0:
		return ring, exit.Fail(exit.Usage, "say whose signatures you trust: --keys FILE with the public keys that ciokit erase keygen wrote (NAME.pub), once for each file, or the keys in %s", eraseRingVariable)
	}
	return ring, nil
}

// eraseDestination is the workspace that a command is for.
type eraseDestination struct {
	destination.Flags
	destination.Destination
}

// client makes the client, and does not print where it sends. No text of a server is logged, because it may contain an identifier.
func (d *eraseDestination) client(ctx context.Context, con console.Console, change func(*cio.Config)) (*cio.Client, error) {
	var err error
	if d.Destination, err = d.Resolve(ctx, console.New(con.In, con.Out, io.Discard)); err != nil {
		return nil, err
	}
	cfg := d.Config
	cfg.Logger = slog.New(slog.NewTextHandler(con.Err, &slog.HandlerOptions{Level: slog.LevelInfo, ReplaceAttr: func(_ []string, a slog.Attr) slog.Attr {
		switch a.Key {
		case slog.LevelKey, slog.MessageKey, "status", "failures", "after", "requests", "window", "url", "rule":
			return a
		}
		return slog.Attr{}
	}}))
	if change != nil {
		change(&cfg)
	}
	c, err := cio.NewClient(cfg)
	if err != nil {
		return nil, exit.With(exit.Usage, d.Explain(err))
	}
	return c, nil
}

// eraseWords writes an error of the package in the words of the command.
func eraseWords(err error) string {
	text := err.Error()
	for _, prefix := range []string{"erasure: ", "source: ", "appapi: ", "cio: "} {
		text = strings.ReplaceAll(text, prefix, "")
	}
	return text
}

// eraseExit adds the exit code to an error of the package.
func eraseExit(ctx context.Context, err error) error {
	var ended *exit.Error
	code := exit.Local
	switch {
	case err == nil || errors.As(err, &ended):
		return err
	case ctx.Err() != nil && errors.Is(context.Cause(ctx), exit.ErrTerminated):
		code = exit.Terminated
	case ctx.Err() != nil:
		code = exit.Interrupted
	case errors.Is(err, cio.ErrUnauthorized), errors.Is(err, appapi.ErrUnauthorized):
		code = exit.Key
	case errors.Is(err, cio.ErrUnavailable), errors.Is(err, appapi.ErrUnavailable), errors.Is(err, appapi.ErrRateLimited):
		code = exit.Unavailable
	case errors.Is(err, erasure.ErrInUse):
		code = exit.Usage
	case errors.Is(err, erasure.ErrDamaged), errors.Is(err, erasure.ErrUnsigned):
		code = exit.Rejects
	case eraseGuarded(err):
		code = exit.Guard
	}
	return exit.Fail(code, "%s", eraseWords(err))
}

// eraseGuarded reports whether an error is a rule that protects people who must not be erased.
func eraseGuarded(err error) bool {
	for _, guard := range []error{erasure.ErrUntrusted, erasure.ErrAltered, erasure.ErrNotApproved, erasure.ErrExpired, erasure.ErrOtherPeople, erasure.ErrOtherKey, erasure.ErrTooMany, erasure.ErrRunBefore, erasure.ErrClock} {
		if errors.Is(err, guard) {
			return true
		}
	}
	return errors.As(err, new(*erasure.TargetError))
}

// eraseJSON prints the object of --json.
func eraseJSON(w io.Writer, v any) error {
	out := json.NewEncoder(w)
	out.SetEscapeHTML(false)
	if err := out.Encode(v); err != nil {
		return exit.With(exit.Local, err)
	}
	return nil
}

// eraseAsk asks for yes before an action that cannot be undone.
func eraseAsk(ctx context.Context, con console.Console, question, refused, without string) error {
	in, ok := con.In.(*os.File)
	if !ok || !console.Terminal(in) || !console.Terminal(con.Err) {
		return exit.Fail(exit.Guard, "%s: %s", refused, without)
	}
	fmt.Fprintf(con.Err, "\n%s Type yes: ", question)
	answer, err := readLine(ctx, in)
	if err != nil {
		return exit.With(exit.Interrupted, err)
	}
	if strings.TrimSpace(answer) != "yes" {
		return exit.Fail(exit.Guard, "%s", refused)
	}
	return nil
}

// eraseShort is a path as it is shown.
func eraseShort(path string) string { return printed.Line(console.ShortPath(path)) }
