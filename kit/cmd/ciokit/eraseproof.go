package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/internal/idlist"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/internal/textfile"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/spf13/cobra"
)

// erasePerson is the person of a search, given by one or more identifiers.
type erasePerson struct {
	ids      []string
	file     string
	verbatim bool
}

func (p *erasePerson) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&p.ids, "id", nil, "an id, an address or a cio_ id of the person; it stays in the history of a shell")
	cmd.Flags().StringVar(&p.file, "id-file", "", "file with the identifiers, one on each line; - is standard input, which leaves no trace")
	cmd.Flags().BoolVar(&p.verbatim, "verbatim-ids", false, "accept identifiers that look wrong: placeholders, numbers that a spreadsheet has rewritten, addresses that are not valid, and identifiers with invisible characters")
}

// read returns the identifiers, by the rules of a plan: without the spaces around them, and only if it is clear whom they name. The error has an
// exit code and contains no identifier.
func (p *erasePerson) read(con console.Console) (ids []string, err error) {
	r := &idReader{eraseColumns: eraseColumns{verbatim: p.verbatim}}
	for i, id := range p.ids {
		bare := mapping.TrimID(id)
		if err := r.check(0, bare); err != nil {
			return nil, exit.Fail(exit.Usage, "--id%s: %s", map[bool]string{true: fmt.Sprintf(" (number %d)", i+1)}[len(p.ids) > 1], eraseWords(err))
		}
		ids = append(ids, bare)
	}
	if p.file != "" {
		if ids, err = r.small(con, "--id-file", p.file, ids); err != nil {
			return nil, err
		}
	}
	if len(ids) == 0 {
		return nil, exit.Fail(exit.Usage, "say who: --id ID, or --id-file FILE with - for standard input")
	}
	return ids, nil
}

// small appends the identifiers of a small file, one on each line. The error has an exit code and contains no identifier.
func (r *idReader) small(con console.Console, flag, file string, ids []string) ([]string, error) {
	text, err := readSmall(con, file)
	if err != nil {
		return nil, err
	}
	if err := noListBegins(text, flag+" "+eraseShort(file)); err != nil {
		return nil, err
	}
	err = idlist.Lines(bytes.NewReader(text), 0, idlist.Words{Column: "write one identifier a line", Encoding: "save it as UTF-8"}, func(l idlist.Line) error {
		if err := r.check(l.Number, mapping.TrimID(l.ID)); err != nil {
			return err
		}
		ids, r.list.lines = append(ids, mapping.TrimID(l.ID)), append(r.list.lines, l.Number)
		return nil
	})
	if err != nil {
		return nil, exit.Fail(exit.Usage, "%s %s: %s", flag, eraseShort(file), eraseWords(err))
	}
	return ids, nil
}

// eraseOther finds a person by other identifiers than the one in the plan: with the file of --targets, and with the guard of each receipt.
type eraseOther struct{ targets string }

func (o *eraseOther) flags(cmd *cobra.Command, keys *eraseKeys) {
	keys.flags(cmd, "guard-key")
	cmd.Flags().StringVar(&o.targets, "targets", "", "the file that ciokit erase plan --targets has written, if you still have it: you can then give any identifier that it has for the person")
}

// named returns the identifiers, and the identifiers in the plan for the same people.
func (o *eraseOther) named(ctx context.Context, con console.Console, key erasure.ReceiptKey, ids []string) ([]string, error) {
	if o.targets == "" {
		return ids, nil
	}
	list, _, err := (&erasePeople{targets: o.targets}).read(ctx, con)
	if err != nil {
		return nil, err
	}
	asked := make(map[erasure.Subject]bool)
	for _, id := range ids {
		asked[key.Subject(id)] = true
	}
	for _, t := range list.targets {
		if !asked[key.Subject(t.ID)] && slices.ContainsFunc(t.Also, func(id string) bool { return asked[key.Subject(id)] }) {
			ids = append(ids, t.ID)
		}
	}
	return ids, nil
}

// nobody says why receipts contain nothing about a person. With the key of the guard, it also checks the guards: the person may be there under
// another identifier.
func (o *eraseOther) nobody(ctx context.Context, keys *eraseKeys, cfg erasure.CheckConfig, dirs, ids []string) error {
	const other = "a receipt knows a person only by the identifier in the plan: the id, the address or the cio_ id"
	none := "no receipt has an entry for " + plural.Form(len(ids), "this identifier", "these identifiers")
	if keys.guard == "" && os.Getenv(eraseSecrets["guard-key"].variable) == "" {
		return exit.Fail(exit.Rejects, "%s; %s. Give the person's other identifiers too, or --guard-key or --targets, which know all identifiers of the plan", none, other)
	}
	key, err := keys.guardKey()
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		for _, id := range ids {
			has, err := erasure.GuardHas(dir, cfg, key, id)
			if errors.Is(err, erasure.ErrOtherKey) {
				return exit.Fail(exit.Usage, "%s, and the guard of %s was not checked: its plan was made with another guard key. Give that key", none, eraseShort(dir))
			}
			if err != nil {
				return eraseCheckExit(ctx, dir, err)
			}
			if has {
				return exit.Fail(exit.Rejects, "%s, but the guard of %s knows it: the person is there under another identifier. Look up the id, or give the file of --targets of the plan", none, eraseShort(dir))
			}
		}
	}
	return exit.Fail(exit.Rejects, "%s, and no guard of the receipts knows it; %s, and the identifiers of --also are only in the guard of a receipt with this guard key", none, other)
}

// readSmall reads a small file of text, or standard input for -.
func readSmall(con console.Console, file string) ([]byte, error) {
	in := con.In
	if file != "-" {
		f, err := os.Open(file)
		if err != nil {
			return nil, exit.With(exit.Local, err)
		}
		defer f.Close()
		in = f
	}
	const most = 1 << 20
	text, err := io.ReadAll(io.LimitReader(in, most+1))
	if err != nil {
		return nil, exit.With(exit.Local, err)
	}
	if text, err = textfile.Decode(text); err != nil || len(text) > most {
		return nil, exit.Fail(exit.Usage, "%s: write it as UTF-8 text of at most 1 MiB", eraseShort(file))
	}
	return text, nil
}

func newEraseProof(con console.Console) *cobra.Command {
	var keys eraseKeys
	var person erasePerson
	var other eraseOther
	var out string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "proof DIR --id ID --out DIR2", Short: "Write the entries of one person, with a proof that can be checked without the receipt", Args: cobra.ExactArgs(1),
		Long: `Write what a receipt says about one person to a new directory, for somebody who must not have the whole receipt. The directory contains the
plan, the public keys, and each entry of the person with a proof that it belongs to the last checkpoint. ciokit erase check-proof checks the
directory without the receipt. Any program that knows https://c2sp.org/tlog-proof can check it too. Name the person as the plan did, or give several
identifiers. If you still have the file of --targets, give it too: you can then give any identifier that it has for the person. The directory
contains no identifier in clear. The exit code is 6 if the receipt does not contain the person.`,
		Example: `  ciokit erase proof receipts/DSR-204 --id-file - --receipt-key receipt.key --out proof-DSR-204`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if out == "" {
				return exit.Fail(exit.Usage, "say where to write the proof: --out DIR")
			}
			ids, err := person.read(con)
			if err != nil {
				return err
			}
			key, err := keys.receiptKey()
			if err != nil {
				return err
			}
			cfg, err := checkConfig(&keys, "")
			if err != nil {
				return err
			}
			if err := notReceipt(cmd, args[0]); err != nil {
				return err
			}
			if ids, err = other.named(cmd.Context(), con, key, ids); err != nil {
				return err
			}
			id, err := theOne(args[0], cfg, key, ids)
			if errors.Is(err, erasure.ErrNobody) {
				return other.nobody(cmd.Context(), &keys, cfg, args, ids)
			}
			if err != nil {
				return eraseCheckExit(cmd.Context(), args[0], err)
			}
			n, err := erasure.WriteProof(args[0], cfg, key, id, out)
			if err != nil {
				return eraseCheckExit(cmd.Context(), args[0], err)
			}
			if asJSON {
				return eraseJSON(con.Out, struct {
					Proof   string `json:"proof"`
					Entries int    `json:"entries"`
				}{out, n})
			}
			check := nextstep.New(cmd, "erase check-proof", out).Without("receipt-key", "id-file", "verbatim-ids") // who checks it needs no secret
			fmt.Fprintf(con.Out, "%s has %s about that person, each with its proof.\nNext: %s\n", eraseShort(out), plural.Count(n, "entry", "entries"), check)
			return nil
		},
	}
	keys.flags(cmd, "receipt-key")
	other.flags(cmd, &keys)
	keys.ringFlag(cmd)
	person.flags(cmd)
	cmd.Flags().StringVar(&out, "out", "", "new directory for the proof (required)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// theOne returns the identifier that finds a person in a receipt. If two identifiers find two people, that is an error: a proof is about one person.
func theOne(dir string, cfg erasure.CheckConfig, key erasure.ReceiptKey, ids []string) (string, error) {
	one := ""
	for _, id := range ids {
		found, err := erasure.Find([]string{dir}, cfg, key, id)
		switch {
		case err != nil:
			return "", err
		case found[0].OtherKey:
			return id, nil // WriteProof reports it
		case len(found[0].Entries) == 0 || one != "" && key.Subject(one) == key.Subject(id):
		case one != "":
			return "", exit.Fail(exit.Usage, "a proof is about one person, but the receipt has entries for several of these identifiers: give one of them")
		default:
			one = id
		}
	}
	if one == "" {
		return "", erasure.ErrNobody
	}
	return one, nil
}

// eraseEntry is a printed entry of one person.
type eraseEntry struct {
	N       int64     `json:"n"`
	At      time.Time `json:"at"`
	Entry   string    `json:"entry"`
	Action  string    `json:"action,omitempty"`
	Message string    `json:"message,omitempty"`
	Outcome string    `json:"outcome,omitempty"`
	Status  int       `json:"status,omitempty"`
	Rule    string    `json:"rule,omitempty"`
	Reason  string    `json:"reason,omitempty"`
}

func eraseEntries(all []erasure.Entry) []eraseEntry {
	out := make([]eraseEntry, len(all))
	for i := range all {
		e := &all[i]
		out[i] = eraseEntry{e.N, e.At, string(e.Type), string(e.Action), e.MessageID, string(e.Outcome) + string(e.Verdict), e.Status, e.Rule, e.Reason}
	}
	return out
}

// String describes an entry in one line.
func (e eraseEntry) String() string {
	text := fmt.Sprintf("%d  %s  ", e.N, e.At.Local().Format(time.DateTime))
	switch erasure.EntryType(e.Entry) {
	case erasure.EntryTypeIntent:
		return text + "to be sent: " + e.Action + ", message " + e.Message
	case erasure.EntryTypeVerified:
		text += "read back: " + e.Outcome
	default:
		text += "the message: " + e.Outcome
	}
	if e.Status != 0 {
		text += fmt.Sprintf(", status %d", e.Status)
	}
	if e.Rule != "" {
		text += ", " + e.Rule
	}
	if e.Reason != "" {
		text += ", " + reasonWords(e.Reason)
	}
	return text
}

func newEraseCheckProof(con console.Console) *cobra.Command {
	var keys eraseKeys
	var person erasePerson
	var since string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "check-proof DIR", Short: "Check the proof of one person, without the receipt", Args: cobra.ExactArgs(1),
		Long: `Check a proof that ciokit erase proof has written, without the receipt, the network or a secret. The proof shows that its entries are in the
receipt. The receipt may have more entries of the person: the proof does not show that. Only the key of the receipts can show whom the entries are about: with --receipt-key
and --id or --id-file the command checks that too.`,
		Example: `  ciokit erase check-proof proof-DSR-204 --keys operator-ann.pub --keys approver-bob.pub`,
		RunE: func(cmd *cobra.Command, args []string) error {
			return eraseCheckProof(cmd, con, args[0], &keys, &person, since, asJSON)
		},
	}
	keys.flags(cmd, "receipt-key")
	keys.ringFlag(cmd)
	person.flags(cmd)
	cmd.Flags().StringVar(&since, "since", "", "a checkpoint that was kept elsewhere: the proof must have the same one")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print JSON")
	return cmd
}

// eraseProven is what check-proof prints with --json.
type eraseProven struct {
	Proof       string       `json:"proof"`
	OK          bool         `json:"ok"`
	Problem     string       `json:"problem,omitempty"`
	PlanHash    string       `json:"plan_hash,omitempty"`
	KeysTrusted bool         `json:"keys_trusted"`
	Person      *bool        `json:"person,omitempty"` // whether it is the given person; absent if none was given
	Checkpoint  int64        `json:"checkpoint,omitempty"`
	Root        string       `json:"root,omitempty"`
	Entries     []eraseEntry `json:"entries"`
	ExitCode    int          `json:"exit_code"`
}

// notProof refuses a path that is certainly not a proof.
func notProof(dir string) error {
	info, err := os.Stat(dir)
	if err == nil && !info.IsDir() {
		return exit.Fail(exit.Local, "%s is a file, not a proof: give the directory that ciokit erase proof wrote", eraseShort(dir))
	}
	return nil
}

func eraseCheckProof(cmd *cobra.Command, con console.Console, dir string, keys *eraseKeys, person *erasePerson, since string, asJSON bool) error {
	if receiptBegun(dir) {
		return exit.Fail(exit.Usage, "%s is a receipt, not a proof of one person (ciokit erase proof makes one); check the receipt with: %s", eraseShort(dir), nextstep.New(cmd, "erase check", dir))
	}
	cfg, err := checkConfig(keys, since)
	if err != nil {
		return err
	}
	asked := person.file != "" || person.ids != nil
	var ids []string
	var key erasure.ReceiptKey
	if asked {
		if ids, err = person.read(con); err == nil {
			key, err = keys.receiptKey()
		}
		if err != nil {
			return err
		}
	}
	var p *erasure.Proven
	if err = notProof(dir); err == nil {
		p, err = erasure.CheckProof(dir, cfg)
	}
	if errors.Is(err, os.ErrNotExist) {
		err = exit.Fail(exit.Local, "%s", strings.Replace(eraseWords(err), "is not a receipt", "is not a proof", 1))
	}
	if err == nil && asked {
		for _, id := range ids {
			if err = p.Names(key, id); err == nil {
				break
			}
		}
	}
	ended := eraseCheckExit(cmd.Context(), dir, err)
	if asJSON {
		out := eraseProven{Proof: dir, OK: ended == nil, ExitCode: exit.CodeOf(ended), Entries: []eraseEntry{}}
		if ended != nil {
			out.Problem = words(ended)
		}
		if p != nil {
			hash := p.Plan.Hash()
			out.PlanHash, out.KeysTrusted = base64.StdEncoding.EncodeToString(hash[:]), !p.OwnKeys
			out.Checkpoint, out.Root, out.Entries = p.Checkpoint.Size, base64.StdEncoding.EncodeToString(p.Checkpoint.Root[:]), eraseEntries(p.Entries)
		}
		if asked && p != nil {
			is := err == nil
			out.Person = &is
		}
		return errors.Join(ended, eraseJSON(con.Out, out))
	}
	if ended != nil {
		return ended
	}
	line := func(name, format string, args ...any) {
		fmt.Fprintf(con.Out, "%-15s%s\n", name, printed.Line(fmt.Sprintf(format, args...)))
	}
	erasePrintPlan(line, &p.Plan.Plan)
	for _, e := range eraseEntries(p.Entries) {
		line("entry", "%s", e)
	}
	line("checkpoint", "of %s, signed by %s", plural.Count(p.Checkpoint.Size, "entry", "entries"), p.Checkpoint.Signer)
	fmt.Fprintf(con.Out, "\nThe entries are in the receipt%s.\n", map[bool]string{true: ", and are about the given person"}[asked])
	if p.OwnKeys {
		fmt.Fprintln(con.Out, "The command did not check who made it: give the public keys that you trust with --keys.")
	}
	if !asked {
		fmt.Fprintln(con.Out, "The command did not check whom they are about: give --receipt-key, and --id or --id-file.")
	}
	return nil
}
