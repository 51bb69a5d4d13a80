// Command checkreceipt checks a receipt of an erasure with another program than the one that wrote it. It shares no code with ciokit, and uses only
// the standard library. erasure/internal/checker is short enough that you can read it before you believe it.
//
//	go run github.com/ciokit/cio/erasure/cmd/checkreceipt -key FILE [-since CHECKPOINT] DIR
//
// DIR is a receipt, or the proof of one person's entries that ciokit erase proof wrote. FILE has the public keys that are trusted, one a line.
// CHECKPOINT is a checkpoint of the receipt that was kept elsewhere. The exit status is 0 if the entries, the plan and the approval are as they were
// signed, 1 if they are not, and 2 if the command cannot check it.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ciokit/cio/erasure/internal/checker"
)

func main() { os.Exit(run(os.Args[1:], os.Stdout, os.Stderr)) }

func run(args []string, stdout, stderr io.Writer) int {
	flags := flag.NewFlagSet("checkreceipt", flag.ContinueOnError)
	flags.SetOutput(stderr)
	flags.Usage = func() {
		fmt.Fprintln(stderr, "usage: checkreceipt -key FILE [-since CHECKPOINT] DIR")
		flags.PrintDefaults()
	}
	keyFile := flags.String("key", "", "`file` with the public keys that are trusted, one a line")
	sinceFile := flags.String("since", "", "`file` with a checkpoint of the receipt that was kept elsewhere")
	if flags.Parse(args) != nil {
		return 2
	}
	dirs := flags.Args()
	if len(dirs) > 1 && flags.Parse(dirs[1:]) == nil { // flags may follow the directory
		dirs = append(dirs[:1], flags.Args()...)
	}
	if len(dirs) != 1 || *keyFile == "" {
		flags.Usage()
		return 2
	}
	keys, err := os.ReadFile(*keyFile)
	var since []byte
	if err == nil && *sinceFile != "" {
		since, err = os.ReadFile(*sinceFile)
	}
	if err == nil {
		_, err = os.ReadDir(dirs[0])
	}
	if err != nil {
		fmt.Fprintln(stderr, "checkreceipt:", err)
		return 2
	}
	answer, err := check(dirs[0], string(keys), string(since))
	if f := (*checker.Fault)(nil); errors.As(err, &f) {
		fmt.Fprintln(stdout, "WRONG:", f)
		return 1
	} else if err != nil {
		fmt.Fprintln(stderr, "checkreceipt:", err)
		return 2
	}
	fmt.Fprintln(stdout, answer)
	return 0
}

func check(dir, keys, since string) (answer string, err error) {
	if proofs, _ := filepath.Glob(filepath.Join(dir, "*.tlog-proof")); len(proofs) > 0 {
		if since != "" {
			return "", errors.New("a proof has its own checkpoint; -since is for a whole receipt")
		}
		n, err := checker.CheckProof(dir, keys)
		return fmt.Sprintf("ok: %d entries are in the receipt of the plan, which is approved", n), err
	}
	signed, more, err := checker.Check(dir, keys, since)
	answer = fmt.Sprintf("ok: %d entries, the plan and its approval are as they were signed", signed)
	if more {
		answer += "\nnote: entries follow that nobody has signed: the run was killed, or a checkpoint was removed"
	}
	return answer, err
}
