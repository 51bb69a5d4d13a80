package main

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/input"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/reading"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/verify"
	"github.com/spf13/cobra"
)

// verifyFlags are the flags of ciokit verify.
type verifyFlags struct {
	reading.Flags
	in      inputFlags
	mapping string
	sample  int
	seed    uint64
	all     bool
	wait    time.Duration
	limit   int
}

// defaultSample is how many people are read by default: that takes 20 seconds at the API's limit.
const defaultSample = 200

func newVerify(con console.Console) *cobra.Command {
	var f verifyFlags
	cmd := &cobra.Command{
		Use: "verify FILE... --mapping MAP.yaml", Short: "Read people back, and compare them with the file that was loaded", Args: cobra.MinimumNArgs(1),
		Long: `Read people back, and compare each attribute with what the file and its mapping say. All rows are read. The command looks up a
sample of the people in them, or everybody with --all. The same --seed gives the same sample. Each attribute has one of these results:

  arrived         it has the value in the file
  different       it has another value
  missing         it is not there, or its person is not there
  not-yet         the value in the file is not there yet, but may still arrive; only --wait 0 gives this result
  not-comparable  it is there, but is an object or a list: the App API's form of these is not documented

A date that was sent as text counts as arrived if the attribute has the same time in unix seconds; that is an assumption. Attributes that differ
are read again until --wait is over. No value is printed. The App API accepts 10 requests a second, and each person needs one. If a person
has another address than the one in the file, one more request looks up who now has the address of the file; this is done for at most
--limit people. The exit code is 6 if somebody differs from the file.`,
		Example: `  ciokit verify people.csv --mapping people.yaml --to eu
  ciokit verify people.csv --mapping people.yaml --all --to emulator --json`,
		RunE: func(cmd *cobra.Command, args []string) error { return f.do(cmd, con, args) },
	}
	f.in.flags(cmd)
	f.Flags.Add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.mapping, "mapping", "", "the mapping that the file was loaded with (required)")
	fl.IntVar(&f.sample, "sample", defaultSample, "how many people to look up")
	fl.Uint64Var(&f.seed, "seed", 1, "number that selects the sample: the same number selects the same people")
	fl.BoolVar(&f.all, "all", false, "look up everybody")
	fl.DurationVar(&f.wait, "wait", verify.DefaultWait, "how long to wait for attributes that have not arrived")
	fl.IntVar(&f.limit, "limit", reading.DefaultLimit, "how many of the people who differ from the file are named, at most; 0 names all")
	return cmd
}

// verified is what verify prints with --json.
type verified struct {
	Target string `json:"target"`
	Rows   int64  `json:"rows"`
	// Unmade counts the rows without a message: their people are not known.
	Unmade int64  `json:"rows_rejected"`
	Sample string `json:"sample"` // all, or the seed and the number
	People int    `json:"people_read"`
	Wrong  int    `json:"people_wrong"`
	// Attributes counts the attributes by status.
	Attributes map[verify.Status]int64 `json:"attributes"`
	// Named are the people who differ from the file, without values.
	Named []verify.Person `json:"people"`
}

func (f *verifyFlags) do(cmd *cobra.Command, con console.Console, args []string) error {
	ctx := cmd.Context()
	switch {
	case f.mapping == "":
		return exit.Fail(exit.Usage, "say what the rows mean: --mapping MAP.yaml, the mapping that the file was loaded with")
	case f.sample < 1 || f.sample > math.MaxInt32:
		return exit.Fail(exit.Usage, "--sample must be at least 1; --all looks up everybody")
	case f.wait < 0 || f.limit < 0:
		return exit.Fail(exit.Usage, "--wait and --limit must be at least 0")
	}
	m, err := readMapping(f.mapping, args, swappedLoad(cmd, "verify"))
	if err != nil {
		return err
	}
	src, err := f.in.open(ctx, con, args)
	if err != nil {
		return err
	}
	defer src.Close()
	app, err := f.Client(ctx, con)
	if err != nil {
		return err
	}
	out := verified{Target: app.Target(), Sample: "all", Named: []verify.Person{}}
	sample := verify.All
	if !f.all {
		sample, out.Sample = f.sample, fmt.Sprintf("a sample of at most %d, with seed %d", f.sample, f.seed)
	}
	expected, err := verify.Expect(ctx, src, m, f.in.comma, sample, f.seed)
	if err != nil {
		if ctx.Err() != nil {
			return f.Error(ctx, err, "")
		}
		return input.Named(input.Error(err), args)
	}
	if len(expected.People) == 0 {
		return exit.Fail(exit.Usage, "none of the rows of the file (%s) names a person who can be read back; check that the mapping has identify messages", plural.Grouped(int64(expected.Rows)))
	}
	addresses := f.limit
	if f.limit == 0 {
		addresses = -1 // all
	}
	cfg := verify.Config{App: app, Wait: f.wait, AtOnce: f.wait == 0, Addresses: addresses, Progress: f.progress(con, len(expected.People))}
	result, err := verify.Run(ctx, expected.People, cfg)
	if err != nil {
		return f.Error(ctx, err, "")
	}
	out.Rows, out.Unmade, out.People, out.Attributes = expected.Rows, expected.Unmade, len(result.People), result.Counts
	wrong := result.Wrong()
	out.Wrong = len(wrong)
	if f.limit > 0 && len(wrong) > f.limit {
		wrong = wrong[:f.limit]
	}
	out.Named = append(out.Named, wrong...)
	return f.tell(con, &out)
}

// progress returns what verify.Run calls after each answer. Once everybody was read, it says for whom the command still waits, and how long.
func (f *verifyFlags) progress(con console.Console, all int) func(read, arrived int) {
	progress, until, waits := f.NewProgress(con), time.Now().Add(f.wait), false
	people := func(n int) string { return plural.Count(n, "person", "people") }
	return func(read, arrived int) {
		left := time.Until(until).Round(time.Second)
		if read < all || arrived == all || left <= 0 {
			progress.Say(func() string {
				return fmt.Sprintf("%s of %s read, %s as in the file", plural.Grouped(int64(read)), people(all), plural.Grouped(int64(arrived)))
			})
			return
		}
		line := func() string {
			return fmt.Sprintf("%s of %s as in the file; the data of %s is read again, for at most %s (--wait)", plural.Grouped(int64(arrived)), people(all), people(all-arrived), left)
		}
		if !waits { // the reader learns at once why the command does not end
			waits = true
			progress.Now(line())
			return
		}
		progress.Say(line)
	}
}

// verifyStatuses are the statuses in the order of the summary.
var verifyStatuses = []verify.Status{verify.StatusArrived, verify.StatusDifferent, verify.StatusMissing, verify.StatusNotYet, verify.StatusNotComparable}

// tell prints the result.
func (f *verifyFlags) tell(con console.Console, out *verified) error {
	var ended error
	if out.Wrong > 0 {
		ended = exit.With(exit.Rejects, nil)
	}
	if f.JSON {
		return errors.Join(ended, reading.PrintJSON(con, out))
	}
	t := reading.NewRows(con.Out)
	if len(out.Named) > 0 {
		t.Cells("LINE", "PERSON", "STATUS", "ATTRIBUTES")
		for i := range out.Named {
			p := &out.Named[i]
			who := p.ID
			if who == "" {
				who = p.Email
			}
			lines := plural.Grouped(p.Line)
			if p.LastLine != p.Line {
				lines += " and " + plural.Grouped(p.LastLine)
			}
			t.Cells(lines, who, string(p.Status), wrongAttributes(p))
		}
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if left := out.Wrong - len(out.Named); left > 0 {
		fmt.Fprintf(con.Out, "and %s: --limit 0 names all\n", plural.Count(left, "more person", "more people"))
	}
	var counts []string
	for _, s := range verifyStatuses {
		if n := out.Attributes[s]; n > 0 {
			counts = append(counts, plural.Grouped(n)+" "+strings.ReplaceAll(string(s), "-", " "))
		}
	}
	fmt.Fprintf(con.Out, "%s read (%s): %s as in the file, %s not as in the file. Attributes: %s.\n", plural.Count(out.People, "person", "people"), out.Sample, plural.Grouped(int64(out.People-out.Wrong)), plural.Grouped(int64(out.Wrong)), strings.Join(counts, ", "))
	if out.Unmade > 0 {
		fmt.Fprintf(con.Out, "Rejected rows: %s of %s. People who are only in rejected rows were not looked up.\n", plural.Grouped(int64(out.Unmade)), plural.Grouped(out.Rows))
	}
	return ended
}

// wrongAttributes names the attributes of a person that differ from the file, with their statuses if these differ from the person's.
func wrongAttributes(p *verify.Person) string {
	owner := ""
	if len(p.AddressOf) > 0 {
		owner = "; the address belongs to " + strings.Join(p.AddressOf, " and ") + " now"
	}
	if p.Gone {
		return "there is no such person" + owner
	}
	var words []string
	for _, a := range p.Attributes {
		switch {
		case a.Status == verify.StatusNotComparable:
		case a.Name == "":
			words = append(words, "the person is there, but the file deletes them")
		case a.Status == p.Status:
			words = append(words, a.Name)
		default:
			words = append(words, a.Name+" ("+string(a.Status)+")")
		}
	}
	return strings.Join(words, ", ") + owner
}
