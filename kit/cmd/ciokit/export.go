package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/reading"
	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/spf13/cobra"
)

func newExport(con console.Console) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "export",
		Short: "Export people or deliveries to a CSV file that Customer.io makes",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(newExportPeople(con), newExportDeliveries(con))
	return cmd
}

// exportFlags say where an export goes.
type exportFlags struct {
	reading.Flags
	out string
}

func (f *exportFlags) add(cmd *cobra.Command) {
	f.Flags.Add(cmd)
	cmd.Flags().StringVar(&f.out, "out", "", "file for the export; an existing file is replaced when the new one is complete; - is standard output (required)")
}

func newExportPeople(con console.Console) *cobra.Command {
	var f exportFlags
	var filter reading.Filter
	cmd := &cobra.Command{
		Use: "people --out FILE", Short: "Export the people who match conditions", Args: cobra.NoArgs,
		Long: `Export the people who match all conditions, or with --any at least one, as the CSV file that Customer.io makes. The file contains personal
data, and only its owner can read it. Customer.io needs some time to make it; the command shows that it is waiting.`,
		Example: `  ciokit export people --in-segment 7 --out vip.csv --to eu
  ciokit export people --has email --out people.csv --to emulator`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			of, err := filter.Filter(nextstep.New(cmd, "segments list").String())
			if err != nil {
				return err
			}
			return f.export(cmd.Context(), con, func(ctx context.Context, app *appapi.Client, w io.Writer, report func(appapi.Export)) (appapi.Export, error) {
				return app.Exports().PeopleTo(ctx, of, w, report)
			})
		},
	}
	f.add(cmd)
	filter.Add(cmd, true)
	return cmd
}

func newExportDeliveries(con console.Console) *cobra.Command {
	var f exportFlags
	var which appapi.DeliveryExport
	var from, to, metric string
	ids := map[string]*appapi.ID{"newsletter": &which.NewsletterID, "campaign": &which.CampaignID, "transactional": &which.TransactionalID, "action": &which.ActionID}
	of := map[string]*string{}
	cmd := &cobra.Command{
		Use: "deliveries --out FILE", Short: "Export the deliveries of a campaign, a newsletter or a transactional message", Args: cobra.NoArgs,
		Long: `Export the deliveries of a newsletter, a campaign, a transactional message or an action of a campaign, as the CSV file that Customer.io
makes. Without --from it contains the last 6 months. The longest time is 12 months. The file contains personal data, and only its owner
can read it.`,
		Example: `  ciokit export deliveries --campaign 3 --from 2026-01-01 --out deliveries.csv --to eu
  ciokit export deliveries --newsletter 5 --metric bounced --out bounced.csv --to eu`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			named := 0
			for name, id := range ids {
				if *of[name] == "" {
					continue
				}
				named++
				if err := wholeNumber(*of[name], name, "Customer.io shows the IDs"); err != nil {
					return err
				}
				*id = appapi.ID(*of[name])
			}
			if named != 1 {
				return exit.Fail(exit.Usage, "say which deliveries: give one of --campaign, --newsletter, --transactional and --action, with its number")
			}
			var err error
			if which.From, err = dayOf("from", from); err != nil {
				return err
			}
			if which.To, err = dayOf("until", to); err != nil {
				return err
			}
			which.Metric = appapi.Metric(metric)
			return f.export(cmd.Context(), con, func(ctx context.Context, app *appapi.Client, w io.Writer, report func(appapi.Export)) (appapi.Export, error) {
				return app.Exports().DeliveriesTo(ctx, which, w, report)
			})
		},
	}
	f.add(cmd)
	for _, name := range []string{"campaign", "newsletter", "transactional", "action"} {
		of[name] = cmd.Flags().String(name, "", map[string]string{"campaign": "the number of a campaign", "newsletter": "the number of a newsletter", "transactional": "the number of a transactional message", "action": "the number of an action in a campaign"}[name])
	}
	cmd.Flags().StringVar(&metric, "metric", "", "only deliveries with this outcome, such as sent, delivered, opened, clicked, bounced or failed")
	cmd.Flags().StringVar(&from, "from", "", "only deliveries from this day on, such as 2026-01-31, or from a time such as 2026-01-31T12:00:00Z")
	cmd.Flags().StringVar(&to, "until", "", "only deliveries before the start of this day, or before this time")
	cmd.Flags().BoolVar(&which.Drafts, "drafts", false, "also drafts")
	var metrics []cobra.Completion
	for _, m := range []appapi.Metric{appapi.MetricSent, appapi.MetricDelivered, appapi.MetricOpened, appapi.MetricClicked, appapi.MetricConverted, appapi.MetricBounced, appapi.MetricFailed} {
		metrics = append(metrics, string(m))
	}
	cmd.RegisterFlagCompletionFunc("metric", cobra.FixedCompletions(metrics, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// dayOf reads a day, which begins in UTC, or a time; the zero value for nothing.
func dayOf(flag, text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, exit.Fail(exit.Usage, "--%s must be a day, such as 2026-01-31, or a time, such as 2026-01-31T12:00:00Z, not %q", flag, text)
}

// errWrite is an error of writing the file, not of reading.
type errWrite struct{ error }

func (e errWrite) Unwrap() error { return e.error }

// fileOut counts what is written, and marks its errors.
type fileOut struct {
	w io.Writer
	n int64
}

func (o *fileOut) Write(b []byte) (int, error) {
	n, err := o.w.Write(b)
	o.n += int64(n)
	if err != nil {
		err = errWrite{err}
	}
	return n, err
}

// export makes an export and fetches it.
func (f *exportFlags) export(ctx context.Context, con console.Console, do func(context.Context, *appapi.Client, io.Writer, func(appapi.Export)) (appapi.Export, error)) error {
	if f.out == "" {
		return exit.Fail(exit.Usage, "say where to write the export: --out FILE, or --out - for standard output")
	}
	if f.out == "-" && f.JSON {
		return exit.Fail(exit.Usage, "--json and --out - both write to standard output: remove one")
	}
	if f.out != "-" {
		if dir := filepath.Dir(f.out); !isDirectory(dir) {
			return exit.Fail(exit.Local, "there is no directory %s for the export: create the directory first", printed.Line(console.ShortPath(dir)))
		}
	}
	app, err := f.Client(ctx, con)
	if err != nil {
		return err
	}
	progress := f.NewProgress(con)
	status := appapi.ExportStatus("")
	report := func(e appapi.Export) {
		if e.Status != status {
			status = e.Status
			progress.Now("Export " + string(e.ID) + " is " + string(e.Status) + ".")
			return
		}
		progress.Say(func() string { return "Export " + string(e.ID) + " is still " + string(e.Status) + "." })
	}
	var made appapi.Export
	var out *fileOut
	fetch := func(w io.Writer) (err error) {
		out = &fileOut{w: w}
		made, err = do(ctx, app, out, report)
		return err
	}
	if f.out == "-" {
		to := con.Out // on a terminal, control characters of the file have no effect
		if !console.Terminal(con.Out) {
			to = console.Raw(con.Out).(io.Writer)
		}
		err = fetch(to)
	} else {
		err = atomicfile.Write(f.out, 0o600, fetch)
	}
	var path *os.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &errWrite{}), errors.As(err, &path), errors.As(err, &link):
		return exit.With(exit.Local, err)
	case errors.Is(err, appapi.ErrExportFailed):
		return exit.Fail(exit.Unavailable, "Customer.io could not make the export %s; start it again, with fewer people or a shorter time", made.ID)
	case err != nil && out != nil && out.n > 0:
		return f.Error(ctx, exit.Fail(exit.Unavailable, "the download was interrupted; start the export again"), "")
	case err != nil:
		return f.Error(ctx, err, "")
	case f.JSON:
		return reading.PrintJSON(con, exportedFile{made, f.out, out.n})
	}
	fmt.Fprintf(con.Err, "Export %s: %s, %s in %s\n", made.ID, exportedRows(made), console.ByteSize(out.n), f.place())
	return nil
}

func isDirectory(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// place is where the export went, in words.
func (f *exportFlags) place() string {
	if f.out == "-" {
		return "standard output"
	}
	return printed.Line(console.ShortPath(f.out))
}

// exportedRows says how much there is.
func exportedRows(e appapi.Export) string {
	return plural.Count(e.Total, "row", "rows")
}

// exportedFile is what an export says with --json.
type exportedFile struct {
	appapi.Export
	file  string
	bytes int64
}

// MarshalJSON writes the export as the App API has it, with the file and its bytes.
func (e exportedFile) MarshalJSON() ([]byte, error) {
	text, err := joined(e.Export, "file", e.file)
	if err != nil {
		return nil, err
	}
	return joined(json.RawMessage(text), "bytes", e.bytes)
}
