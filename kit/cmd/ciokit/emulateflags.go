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

// emulateFlags are those of ciokit emulate and ciokit proxy.
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
	flags.StringVar(&f.addr, "addr", addr, "address to listen on; port 0 takes a free one")
	flags.StringSliceVar(&f.keys, "key", nil, "write keys that are known; without any, every key opens a workspace of its own")
	flags.StringSliceVar(&f.hosts, "allow-host", nil, "names that the Host header may have besides localhost and IP addresses, such as that of a container")
	flags.StringVar(&f.db, "db", "", "file that keeps all of it; default memory alone")
	flags.IntVar(&c.MaxMessages, "max-messages", 0, "messages that the journal of a workspace keeps; default 100,000, negative none")
	flags.IntVar(&c.MaxJournalBytes, "max-journal-bytes", 0, "bytes of messages that it keeps; default 268,435,456")
	flags.IntVar(&c.MaxEventsPerPerson, "max-events-per-person", 0, "events that are kept of one person; default all")

	flags.BoolVar(&c.Strict, "strict", false, "strict mode for every call, for SDKs that cannot send X-Strict-Mode")
	flags.BoolVar(&c.DropOversize, "drop-oversize", false, "drop what is too large with a 200 in strict mode too")
	flags.BoolVar(&c.RefuseItems, "refuse-items", false, "in strict mode, refuse the bad messages of a batch alone, not the whole batch")
	flags.BoolVar(&c.RejectSuppressed, "reject-suppressed", false, "in strict mode, answer 400 for suppressed people")
	flags.DurationVar(&c.DedupWindow, "dedup-window", 0, "drop messages whose messageId was accepted less than this long ago; default never")
	flags.IntVar(&c.RateLimit, "rate-limit", 0, "calls that a workspace may make in 3 seconds before it gets a 429; default any number")
	flags.BoolVar(&c.KeepDates, "keep-dates", false, "leave ISO 8601 strings in attributes as they are, instead of making unix seconds of them")
	flags.BoolVar(&c.DropUnknownPeople, "drop-unknown-people", false, "drop events of people who were never identified")
	flags.BoolVar(&c.MergeOnAlias, "merge-on-alias", false, "let alias merge two people")
	flags.BoolVar(&c.PlainCIOIDs, "plain-cio-ids", false, "take a userId that begins with cio_ for an id like any other where people are deleted or suppressed")
	flags.BoolVar(&c.KeepIDs, "keep-ids", false, "keep traits.id from changing the id of a person who is named by cio_id")
	flags.BoolVar(&c.ChangeEmails, "change-emails", false, "let an identify by id change an email address, as a setting of a workspace does")
	flags.BoolVar(&c.OrderByTimestamp, "order-by-timestamp", false, "keep messages that are older by their timestamp from changing what a newer one set")
	flags.BoolVar(&c.KeepPageNames, "keep-page-names", false, "leave pages without a name nameless, instead of naming them by their URL")
	flags.BoolVar(&c.DropUnknownObjectTypes, "drop-unknown-object-types", false, "drop what concerns objects of another type than 1")
	flags.BoolVar(&c.RefuseOddObjectTypes, "refuse-odd-object-types", false, "refuse object types that are no whole number")
	flags.BoolVar(&c.RequireGroupPerson, "require-group-person", false, "refuse a group message of a batch that names no person")
	flags.BoolVar(&c.RequireReportPerson, "require-report-person", false, "refuse a delivery or content report that names no person")
	flags.BoolVar(&c.IgnoreIntegrations, "ignore-integrations", false, "apply messages whose integrations switch Customer.io off")
	flags.BoolVar(&c.JoinSlashes, "join-slashes", false, "read several slashes in a row in a path as one")
	flags.BoolVar(&c.TakeBareKeys, "take-bare-keys", false, "take a key in Basic auth without the colon behind it")
	flags.BoolVar(&c.TakeBearer, "take-bearer", false, "take a key that comes as a bearer token")
	flags.IntVar(&c.MaxCallBytes, "max-call-bytes", 0, fmt.Sprintf("limit of a call; default %d, negative none", emulator.DefaultMaxCallBytes))
	flags.IntVar(&c.MaxBatchBytes, "max-batch-bytes", 0, fmt.Sprintf("limit of a batch; default %d, negative none", emulator.DefaultMaxBatchBytes))

	flags.StringVar(&f.file, "switches", "", "file with lines of NAME=VALUE that set the flags above where they are not given, such as ciokit live probe writes")

	var names []string
	for _, p := range emulator.Presets() {
		names = append(names, p.Name)
	}
	flags.StringArrayVar(&f.faults, "fault", nil, "trouble on purpose, any number of times: "+strings.Join(names, ", ")+", or JSON as POST /_emulator/faults takes it")
	cmd.RegisterFlagCompletionFunc("fault", cobra.FixedCompletions(names, cobra.ShellCompDirectiveNoFileComp))

	flags.BoolVar(&f.tls, "tls", false, "listen with TLS and a certificate made at start")
	flags.StringVar(&f.tlsCert, "tls-cert", "", "file to write that certificate to, for clients to trust")
	flags.BoolVar(&f.open, "open", false, "open its page in the browser")
	flags.BoolVar(&f.quiet, "quiet", false, "no line for each call")
	flags.BoolVar(&f.json, "json", false, "a JSON object for each call instead of a line")
	console.SetSections(cmd, []console.Section{
		{Title: "Where it listens", Flags: []string{"to", "addr", "open", "allow-host", "tls", "tls-cert"}},
		{Title: "What it keeps", Flags: []string{"key", "db", "max-messages", "max-journal-bytes", "max-events-per-person"}},
		{Title: "What it prints", Flags: []string{"quiet", "json"}},
		{Title: "Trouble on purpose", Flags: []string{"fault"}},
		{Title: "What it does where a workspace has a setting, or no document says", Flags: append([]string{"switches"}, switchNames...)},
	})
}

// config is the emulator's configuration.
func (f *emulateFlags) config(con console.Console) (emulator.Config, error) {
	cfg := f.emulator
	cfg.Keys, cfg.AllowHosts = f.keys, f.hosts
	switch {
	case f.quiet && f.json:
		return cfg, exit.Fail(exit.Usage, "--quiet and --json exclude each other")
	case f.tlsCert != "" && !f.tls:
		return cfg, exit.Fail(exit.Usage, "--tls-cert needs --tls")
	case f.quiet:
	default:
		lines := &callLog{con: con, json: f.json}
		cfg.OnRequest, cfg.OnFault = lines.request, lines.fault
	}
	return cfg, nil
}

// queueFaults queues those of --fault.
func (f *emulateFlags) queueFaults(srv *emulator.Server) error {
	for _, text := range f.faults {
		if strings.HasPrefix(text, "{") && !json.Valid([]byte(text)) {
			return exit.Fail(exit.Usage, `--fault %s is no JSON; write it such as {"status": 503, "count": 2}, in single quotes for the shell`, text)
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

// fault says that a call goes wrong on purpose: one that nothing else is said of looks like one that never came.
func (l *callLog) fault(path string, f emulator.Fault) {
	now := time.Now()
	line := fmt.Sprintf("%s FAULT %s: %s", now.Format(time.TimeOnly), strings.TrimPrefix(path, "/v1/"), f.Effect())
	l.write(line, struct {
		At    time.Time      `json:"at"`
		Path  string         `json:"path"`
		Fault emulator.Fault `json:"fault"`
	}{now, path, f})
}

// requestLine is one call in one line, without what was sent in it.
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

// fromEnvironment sets each flag that was not given from CIOKIT_ and its name, which may stand in .env too.
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
			failed = exit.Fail(exit.Usage, "%s in the environment or in .env is no value for --%s, which takes %s", name, f.Name, cmp.Or(console.Takes(f), "what its help says"))
		}
	})
	if err := con.Env.Done(con.Err); err != nil {
		return exit.With(exit.Usage, err)
	}
	return failed
}
