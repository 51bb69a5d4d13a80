package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// emulateFlags are the flags of ciokit emulate and ciokit proxy.
type emulateFlags struct {
	addr    string
	keys    []string
	hosts   []string
	db      string
	open    bool // the page in a browser
	tls     bool
	tlsCert string
	file    string // of switches
	quiet   bool
	json    bool
	faults  []string

	emulator emulator.Config
}

func (f *emulateFlags) add(cmd *cobra.Command, addr string) {
	flags, c := cmd.Flags(), &f.emulator
	flags.SortFlags = false
	flags.StringVar(&f.addr, "addr", addr, "address to listen on; with port 0, any free port")
	flags.StringSliceVar(&f.keys, "key", nil, "write keys to accept; without this flag, every key opens its own workspace")
	flags.StringSliceVar(&f.hosts, "allow-host", nil, "names to accept in the Host header in addition to localhost and IP addresses, such as the name of a container")
	flags.StringVar(&f.db, "db", "", "file to keep all data in; default memory only")
	flags.IntVar(&c.MaxMessages, "max-messages", 0, "messages to keep in the journal of a workspace; default 100000, negative for none")
	flags.IntVar(&c.MaxJournalBytes, "max-journal-bytes", 0, "bytes of messages to keep in the journal; default 268435456")
	flags.IntVar(&c.MaxEventsPerPerson, "max-events-per-person", 0, "events to keep for each person; default all")

	flags.BoolVar(&c.Strict, "strict", false, "strict mode for every call, for SDKs that cannot send X-Strict-Mode")
	flags.BoolVar(&c.DropOversize, "drop-oversize", false, "also in strict mode, drop messages that are too large, and answer 200")
	flags.BoolVar(&c.RefuseItems, "refuse-items", false, "in strict mode, reject only the bad messages of a batch, not the whole batch")
	flags.BoolVar(&c.RejectSuppressed, "reject-suppressed", false, "in strict mode, answer 400 for suppressed people")
	flags.DurationVar(&c.DedupWindow, "dedup-window", 0, "drop a message if its messageId was already accepted less than this long ago; default never")
	flags.IntVar(&c.RateLimit, "rate-limit", 0, "calls in 3 seconds before a workspace gets a 429; default no limit")
	flags.BoolVar(&c.KeepDates, "keep-dates", false, "keep ISO 8601 strings in attributes, instead of converting them to unix seconds")
	flags.BoolVar(&c.DropUnknownPeople, "drop-unknown-people", false, "drop events of people who were never identified")
	flags.BoolVar(&c.MergeOnAlias, "merge-on-alias", false, "let alias merge two people")
	flags.BoolVar(&c.PlainCIOIDs, "plain-cio-ids", false, "when people are deleted or suppressed, treat a userId that begins with cio_ like any other id")
	flags.BoolVar(&c.KeepIDs, "keep-ids", false, "if a person is identified by cio_id, do not let traits.id change the id")
	flags.BoolVar(&c.ChangeEmails, "change-emails", false, "allow that an identify with an id changes the email address of the person; a real workspace has a setting for this")
	flags.BoolVar(&c.OrderByTimestamp, "order-by-timestamp", false, "do not let a message with an older timestamp change what a newer one has set")
	flags.BoolVar(&c.KeepPageNames, "keep-page-names", false, "if a page has no name, do not use its URL as the name")
	flags.BoolVar(&c.DropUnknownObjectTypes, "drop-unknown-object-types", false, "drop messages about objects of any type other than 1")
	flags.BoolVar(&c.RefuseOddObjectTypes, "refuse-odd-object-types", false, "reject object types that are not whole numbers")
	flags.BoolVar(&c.RequireGroupPerson, "require-group-person", false, "reject a group message in a batch if it names no person")
	flags.BoolVar(&c.RequireReportPerson, "require-report-person", false, "reject a delivery or content report that names no person")
	flags.BoolVar(&c.IgnoreIntegrations, "ignore-integrations", false, "apply messages even if they exclude Customer.io in the field \"integrations\"")
	flags.BoolVar(&c.JoinSlashes, "join-slashes", false, "treat several slashes one after the other in a path as one")
	flags.BoolVar(&c.TakeBareKeys, "take-bare-keys", false, "accept a key in Basic auth without the colon after it")
	flags.BoolVar(&c.TakeBearer, "take-bearer", false, "accept a key as a bearer token")
	flags.IntVar(&c.MaxCallBytes, "max-call-bytes", 0, fmt.Sprintf("largest size of a call; default %d, negative for no limit", emulator.DefaultMaxCallBytes))
	flags.IntVar(&c.MaxBatchBytes, "max-batch-bytes", 0, fmt.Sprintf("largest size of a batch; default %d, negative for no limit", emulator.DefaultMaxBatchBytes))

	flags.StringVar(&f.file, "switches", "", "file with lines of NAME=VALUE that set flags of this section; a flag on the command line wins; ciokit live probe writes such a file")

	var names []string
	for _, p := range emulator.Presets() {
		names = append(names, p.Name)
	}
	flags.StringArrayVar(&f.faults, "fault", nil, "a fault that the emulator makes on purpose, as in docs/emulator.md: "+strings.Join(names, ", ")+", or JSON as for POST /_emulator/faults; can be given several times")
	cmd.RegisterFlagCompletionFunc("fault", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))

	flags.BoolVar(&f.tls, "tls", false, "listen with TLS, with a certificate that is made at the start")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "file to write that certificate to, so that clients can trust it")
	flags.BoolVar(&f.open, "open", false, "open the page in the browser")
	flags.BoolVar(&f.quiet, "quiet", false, "do not print a line for each call")
	flags.BoolVar(&f.json, "json", false, "print a JSON object for each call instead of a line")
	console.SetSections(cmd, []console.Section{
		{Title: "Where it listens", Flags: []string{"to", "addr", "open", "allow-host", "tls", "tls-cert"}},
		{Title: "What it keeps", Flags: []string{"key", "db", "max-messages", "max-journal-bytes", "max-events-per-person"}},
		{Title: "What it prints", Flags: []string{"quiet", "json"}},
		{Title: "Trouble on purpose", Flags: []string{"fault"}},
		{Title: "Behaviour that depends on the workspace or is not documented", Flags: append([]string{"switches"}, switchNames...)},
	})
}

// config is the emulator's configuration.
func (f *emulateFlags) config(con console.Console) (emulator.Config, error) {
	cfg := f.emulator
	cfg.Keys, cfg.AllowHosts = f.keys, f.hosts
	switch {
	case f.quiet && f.json:
		return cfg, exit.Fail(exit.Usage, "--quiet and --json cannot be used together")
	case f.tlsCert != "" && !f.tls:
		return cfg, exit.Fail(exit.Usage, "--tls-cert needs --tls")
	case f.quiet:
	default:
		lines := &callLog{con: con, json: f.json}
		cfg.OnRequest, cfg.OnFault = lines.request, lines.fault
	}
	return cfg, nil
}

// queueFaults queues the faults of --fault.
func (f *emulateFlags) queueFaults(srv *emulator.Server) error {
	for _, text := range f.faults {
		if strings.HasPrefix(text, "{") && !json.Valid([]byte(text)) {
			return exit.Fail(exit.Usage, `--fault %s is not valid JSON; write it like {"status": 503, "count": 2}, in single quotes for the shell`, text)
		}
		fault, err := emulator.ParseFault(text)
		if err == nil {
			err = srv.AddFault(fault)
		}
		if err != nil {
			return exit.Fail(exit.Usage, "--fault: %w%s", err, nearFault(text))
		}
	}
	return nil
}

func nearFault(text string) string {
	var names []string
	for _, p := range emulator.Presets() {
		names = append(names, p.Name)
	}
	return console.Meant(text, names...)
}

// callLog writes a line for each call.
type callLog struct {
	con  console.Console
	json bool
	mu   sync.Mutex
}

func (l *callLog) write(line string, value any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.json {
		json.NewEncoder(l.con.Out).Encode(value)
		return
	}
	fmt.Fprintln(l.con.Out, line)
}

func (l *callLog) request(r emulator.Request) { l.write(requestLine(r), r) }

// fault says that a call fails because of a fault. Without this line, the call would look as if it had never come.
func (l *callLog) fault(path string, f emulator.Fault) {
	now := time.Now()
	line := fmt.Sprintf("%s FAULT %s: %s", now.Format(time.TimeOnly), strings.TrimPrefix(path, "/v1/"), f.Effect())
	l.write(line, struct {
		At    time.Time      `json:"at"`
		Path  string         `json:"path"`
		Fault emulator.Fault `json:"fault"`
	}{now, path, f})
}

// requestLine describes one call in one line, without its contents.
func requestLine(r emulator.Request) string {
	var b strings.Builder
	mode := "permissive"
	if r.Strict {
		mode = "strict"
	}
	fmt.Fprintf(&b, "%s %d %-10s %-12s %7d B", r.ReceivedAt.Format(time.TimeOnly), r.Status, mode, strings.TrimPrefix(r.Path, "/v1/"), r.Bytes)
	for _, part := range []struct {
		n    uint64
		name string
	}{{r.Messages.Accepted, "accepted"}, {r.Messages.Dropped, "DROPPED"}, {r.Messages.Rejected, "REJECTED"}} {
		if part.n > 0 {
			fmt.Fprintf(&b, "  %d %s", part.n, part.name)
		}
	}
	if len(r.Rules) > 0 {
		b.WriteString("  " + strings.Join(r.Rules, ", "))
	}
	if u := r.Upstream; u != nil {
		if u.Status == 0 {
			b.WriteString("  Customer.io: no answer")
		} else {
			fmt.Fprintf(&b, "  Customer.io: %d in %d ms", u.Status, u.Milliseconds)
		}
		if u.Status != r.Status {
			b.WriteString(", DIFFERS")
		}
	}
	return b.String()
}

// fromEnvironment sets each flag that was not given from the variable CIOKIT_ and its name, in the environment or in .env.
func fromEnvironment(con console.Console, flags *pflag.FlagSet) error {
	var failed error
	flags.VisitAll(func(f *pflag.Flag) {
		name := "CIOKIT_" + strings.ToUpper(strings.ReplaceAll(f.Name, "-", "_"))
		if f.Changed || f.Name == "help" || failed != nil {
			return
		}
		value := con.Env.Get(name)
		if value == "" {
			return
		}
		if err := flags.Set(f.Name, value); err != nil {
			// The text of pflag repeats the value, which may be a key.
			failed = exit.Fail(exit.Usage, "%s, in the environment or in .env, sets --%s; it must be %s", name, f.Name, cmp.Or(console.Takes(f), "a value as its help says"))
		}
	})
	if err := con.Env.Done(con.Err); err != nil {
		return exit.With(exit.Usage, err)
	}
	return failed
}
