package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/spf13/cobra"
)

// eraseKeygenFlags are the flags of erase keygen.
type eraseKeygenFlags struct {
	dir  string
	json bool
}

// eraseMade is what keygen prints. It contains no secret.
type eraseMade struct {
	Files  []string `json:"files"`
	Public string   `json:"public,omitempty"`
}

func newEraseKeygen(con console.Console) *cobra.Command {
	var f eraseKeygenFlags
	cmd := &cobra.Command{
		Use: "keygen", Short: "Make the keys of operators and approvers, and the secrets of a workspace", Args: cobra.NoArgs,
		Long: `Make keys. No file is overwritten, and no secret is printed.

An operator makes plans and runs them. An approver approves them. Each person has a key of their own, and must keep it secret: otherwise an
approval proves nothing. Give the public keys to everybody who approves, runs or checks. The workspace has two secrets: receipt.key
makes the hashes that stand for people in receipts, and guard.key makes those in the guard. If you destroy receipt.key, nobody can link any receipt to a person again. The
guard keeps working.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.PersistentFlags().StringVar(&f.dir, "dir", ".", "directory for the files; it must exist")
	cmd.PersistentFlags().BoolVar(&f.json, "json", false, "print JSON")
	for _, role := range []erasure.Role{erasure.RoleOperator, erasure.RoleApprover} {
		cmd.AddCommand(&cobra.Command{
			Use: string(role) + " NAME", Short: "Make the key of an " + string(role) + ": " + string(role) + "-NAME.key and " + string(role) + "-NAME.pub", Args: cobra.ExactArgs(1),
			Example: "  ciokit erase keygen " + string(role) + " ann --dir ~/.ciokit",
			RunE:    func(_ *cobra.Command, args []string) error { return f.signer(con, role, args[0]) },
		})
	}
	cmd.AddCommand(&cobra.Command{
		Use: "workspace", Short: "Make the two secrets of a workspace: receipt.key and guard.key", Args: cobra.NoArgs,
		Example: "  ciokit erase keygen workspace --dir /etc/ciokit",
		RunE:    func(*cobra.Command, []string) error { return f.workspace(con) },
	})
	return cmd
}

func (f *eraseKeygenFlags) signer(con console.Console, role erasure.Role, name string) error {
	private, public, err := erasure.GenerateKey(role, name)
	if err != nil {
		return exit.Fail(exit.Usage, "%s", eraseWords(err))
	}
	base := filepath.Join(f.dir, string(role)+"-"+name)
	if err := writeNewFiles([]newFile{{base + ".key", private + "\n", 0o600}, {base + ".pub", public + "\n", 0o644}}); err != nil {
		return err
	}
	if f.json {
		return eraseJSON(con.Out, eraseMade{[]string{base + ".key", base + ".pub"}, public})
	}
	does := "plan and run with --operator-key " + nextstep.Path(base+".key")
	if role == erasure.RoleApprover {
		does = "approve with --approver-key " + nextstep.Path(base+".key")
	}
	fmt.Fprintf(con.Out, "Wrote %s, which is secret, and %s.\nThe public key is %s\n", eraseShort(base+".key"), eraseShort(base+".pub"), public)
	fmt.Fprintf(con.Out, "Next: %s\nGive %s to everybody who approves, runs or checks: --keys %s\n", does, eraseShort(base+".pub"), nextstep.Path(base+".pub"))
	return nil
}

func (f *eraseKeygenFlags) workspace(con console.Console) error {
	receipt, guard := filepath.Join(f.dir, "receipt.key"), filepath.Join(f.dir, "guard.key")
	err := writeNewFiles([]newFile{{receipt, erasure.NewReceiptKey().Reveal() + "\n", 0o600}, {guard, erasure.NewGuardKey().Reveal() + "\n", 0o600}})
	if err != nil {
		return err
	}
	if f.json {
		return eraseJSON(con.Out, eraseMade{Files: []string{receipt, guard}})
	}
	fmt.Fprintf(con.Out, "Wrote %s and %s, which are secret.\n", eraseShort(receipt), eraseShort(guard))
	fmt.Fprintf(con.Out, "Keep a copy of both in a safe place: without the first, nobody can find a person in a receipt; without the second, the guard cannot recognize anybody.\n")
	fmt.Fprintf(con.Out, "Next: give these flags to ciokit erase plan, run and verify: --receipt-key %s --guard-key %s\n", nextstep.Path(receipt), nextstep.Path(guard))
	return nil
}

// newFile is a file that must not exist yet.
type newFile struct {
	name, text string
	mode       os.FileMode
}

// writeNewFiles writes all of the files, or none. The error has an exit code.
func writeNewFiles(files []newFile) error {
	for _, f := range files {
		dir := filepath.Dir(f.name)
		switch info, err := os.Stat(dir); {
		case errors.Is(err, fs.ErrNotExist):
			return exit.Fail(exit.Local, "there is no directory %s, so no key was made; create it for you alone, and run the same command again: mkdir -p -m 700 %s", eraseShort(dir), nextstep.Path(dir))
		case err == nil && !info.IsDir():
			return exit.Fail(exit.Usage, "--dir: %s is a file, not a directory; give the directory for the keys", eraseShort(dir))
		}
		if err := notThereYet(f.name); err != nil {
			return err
		}
	}
	for i, f := range files {
		if err := writeNewFile(f); err != nil {
			for _, done := range files[:i] {
				err = errors.Join(err, os.Remove(done.name))
			}
			return err
		}
	}
	return nil
}

// notThereYet returns an error if a file with that name exists.
func notThereYet(name string) error {
	switch _, err := os.Lstat(name); {
	case err == nil:
		return exit.Fail(exit.Usage, "%s already exists, and is not overwritten: give another name, or move the file away", eraseShort(name))
	case !errors.Is(err, fs.ErrNotExist):
		return exit.With(exit.Local, err)
	}
	return nil
}

func writeNewFile(f newFile) error {
	out, err := os.OpenFile(f.name, os.O_CREATE|os.O_EXCL|os.O_WRONLY, f.mode)
	if errors.Is(err, fs.ErrExist) {
		return notThereYet(f.name)
	}
	if err != nil {
		return exit.With(exit.Local, err)
	}
	_, err = out.WriteString(f.text)
	if err == nil {
		err = out.Sync()
	}
	if err = errors.Join(err, out.Close()); err != nil {
		return exit.With(exit.Local, errors.Join(err, os.Remove(f.name)))
	}
	return nil
}
