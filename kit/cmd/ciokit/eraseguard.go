package main

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/spf13/cobra"
)

func newEraseGuard(con console.Console) *cobra.Command {
	var keys eraseKeys
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "guard DIR... --out FILE", Short: "Write the guard, which prevents loads of erased people", Args: cobra.MinimumNArgs(1),
		Long: `Write the guard of receipts to a file: hashes of all identifiers of the people who were deleted or suppressed. ciokit load --guard FILE
rejects rows about them. A client, a batcher and an outbox with the guard in Config.Guard reject messages about them too. Give all receipts
of the workspace: a later receipt may have ended the suppression of a person. That person must not be in the guard any more. The guard knows only the
identifiers in the plan. To have more of them, plan with --also or --resolve.

The file contains no identifier in clear. A file that is already there is replaced.`,
		Example: `  ciokit erase guard receipts/* --guard-key guard.key --keys keys.pub --out erased.guard
  ciokit load people.csv --mapping people.yaml --to eu --guard erased.guard --guard-key guard.key`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return eraseGuard(cmd, con, args, &keys, out, asJSON)
		},
	}
	keys.flags(cmd, "guard-key")
	keys.ringFlag(cmd)
	cmd.Flags().StringVar(&out, "out", "", "file for the guard (required)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

func eraseGuard(cmd *cobra.Command, con console.Console, dirs []string, keys *eraseKeys, out string, asJSON bool) error {
	if out == "" {
		return exit.Fail(exit.Usage, "say where to write the guard: --out FILE")
	}
	for _, dir := range dirs {
		if err := notReceipt(cmd, dir); err != nil {
			return err
		}
	}
	key, err := keys.guardKey()
	if err != nil {
		return err
	}
	cfg, err := checkConfig(keys, "")
	if err != nil {
		return err
	}
	g, err := erasure.GuardOf(dirs, cfg, key)
	if err != nil {
		return eraseCheckExit(cmd.Context(), "the guard was not written", err)
	}
	if err := g.WriteGuard(out); err != nil {
		return exit.With(exit.Local, err)
	}
	if asJSON {
		return eraseJSON(con.Out, struct {
			Guard       string `json:"guard"`
			Receipts    int    `json:"receipts"`
			Identifiers int    `json:"identifiers"`
			Kept        int    `json:"kept"`
			KeysTrusted bool   `json:"keys_trusted"`
		}{out, len(dirs), g.Len(), g.Kept(), len(cfg.Keys.Names()) > 0})
	}
	fmt.Fprintf(con.Out, "%s knows %s, from %s.\n", eraseShort(out), plural.Count(g.Len(), "identifier", "identifiers"), plural.Count(len(dirs), "receipt", "receipts"))
	if len(cfg.Keys.Names()) == 0 {
		fmt.Fprintln(con.Out, "The command did not check who made the receipts: give the public keys that you trust with --keys.")
	}
	if n := g.Kept(); n > 0 {
		fmt.Fprintf(con.Out, "%s of people whose suppression ended: an erased person has the same identifiers, or the same person was erased by another identifier.\n", plural.Count(n, "identifier stays", "identifiers stay"))
	}
	load := nextstep.New(cmd, "load", "FILE").With("mapping", "MAPPING.yaml").With("to", "WORKSPACE").With("guard", out)
	fmt.Fprintf(con.Out, "Next: %s\n%s", load, nextstep.Environment(load))
	return nil
}

// readEraseGuard reads the guard of --guard, nil for none. The error has an exit code.
func readEraseGuard(file, keyFile string) (*erasure.Guard, error) {
	if file == "" {
		if keyFile != "" {
			return nil, exit.Fail(exit.Usage, "--guard-key is the key for the file of --guard, but --guard is missing")
		}
		return nil, nil
	}
	keys := eraseKeys{guard: keyFile}
	key, err := keys.guardKey()
	if err != nil {
		return nil, err
	}
	g, err := erasure.ReadGuard(file, key)
	path := new(os.PathError)
	switch {
	case errors.As(err, &path):
		return nil, exit.Fail(exit.Local, "--guard %w", path) // which names the file
	case err != nil:
		return nil, exit.Fail(exit.Usage, "--guard %s; give the unchanged file that ciokit erase guard wrote", strings.TrimPrefix(eraseWords(err), "the guard "))
	}
	return g, nil
}
