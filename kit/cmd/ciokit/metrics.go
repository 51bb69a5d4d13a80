package main

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/nextstep"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/reading"
	"github.com/spf13/cobra"
)

// metricsKinds are the kinds that have metrics.
var metricsKinds = []string{"campaigns", "broadcasts", "newsletters", "transactional"}

// metricsFlags say which metrics, and of which time.
type metricsFlags struct {
	reading.Flags
	kind, id string
	links    bool
	period   string
	steps    int
}

func newMetrics(con console.Console) *cobra.Command {
	var f metricsFlags
	cmd := &cobra.Command{
		Use: "metrics KIND [ID]", Short: "Show how many messages of campaigns and newsletters were sent, opened, clicked", Args: cobra.RangeArgs(1, 2),
		Long: `Show how many messages were sent, delivered, opened and so on, with one number for each period, the newest last. KIND is campaigns,
broadcasts, newsletters or transactional. Without ID the command lists all of that kind. With --links, the command shows how often each link was clicked. The
emulator answers with invented numbers; the names of its campaigns and newsletters contain the word canned.`,
		Example: `  ciokit metrics campaigns --to eu
  ciokit metrics campaigns 3 --period weeks --steps 4 --to eu
  ciokit metrics newsletters 5 --links --json --to eu`,
		ValidArgsFunction: cobra.FixedCompletions(metricsKinds, cobra.ShellCompDirectiveNoFileComp),
		RunE: func(cmd *cobra.Command, args []string) error {
			f.kind = args[0]
			if !slices.Contains(metricsKinds, f.kind) {
				return exit.Fail(exit.Usage, "KIND must be campaigns, broadcasts, newsletters or transactional%s", console.Meant(f.kind, metricsKinds...))
			}
			if !slices.Contains([]string{"", "hours", "days", "weeks", "months"}, f.period) {
				return console.OneOf("period", f.period, "hours", "days", "weeks", "months")
			}
			if f.steps < 0 {
				return exit.Fail(exit.Usage, "--steps must be at least 0")
			}
			if len(args) == 1 {
				return f.list(cmd, con)
			}
			f.id = args[1]
			if err := wholeNumber(f.id, "campaign or message", "to see the IDs: "+f.lists(cmd)); err != nil {
				return err
			}
			return f.show(cmd, con)
		},
	}
	f.Flags.Add(cmd)
	cmd.Flags().BoolVar(&f.links, "links", false, "show how often each link was clicked")
	cmd.Flags().StringVar(&f.period, "period", "", "length of a period: hours, days, weeks or months; default the length that the API uses")
	cmd.Flags().IntVar(&f.steps, "steps", 0, "number of periods; 0 means the number that the API uses")
	cmd.RegisterFlagCompletionFunc("period", cobra.FixedCompletions([]cobra.Completion{"hours", "days", "weeks", "months"}, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// metricsOf is one campaign, newsletter or message with metrics.
type metricsOf struct {
	id, name, state string
	value           any
}

// MarshalJSON writes it as the App API has it.
func (m metricsOf) MarshalJSON() ([]byte, error) { return json.Marshal(m.value) }

// lists is the command that lists the items of the kind.
func (f *metricsFlags) lists(cmd *cobra.Command) string {
	return nextstep.New(cmd, "metrics", f.kind).Without("links", "period", "steps", "json").String()
}

// list lists the items of a kind.
func (f *metricsFlags) list(cmd *cobra.Command, con console.Console) error {
	ctx := cmd.Context()
	if f.links || f.period != "" || f.steps != 0 {
		return exit.Fail(exit.Usage, "--links, --period and --steps need the ID of one of the %s; to see the IDs: %s", f.kind, f.lists(cmd))
	}
	app, err := f.Client(ctx, con)
	if err != nil {
		return err
	}
	var found []metricsOf
	add := func(id appapi.ID, name, state string, value any) {
		found = append(found, metricsOf{string(id), name, state, value})
	}
	switch f.kind {
	case "campaigns":
		var all []appapi.Campaign
		all, err = app.Campaigns().List(ctx)
		for _, c := range all {
			add(c.ID, c.Name, c.State, c)
		}
	case "broadcasts":
		var all []appapi.Broadcast
		all, err = app.Broadcasts().List(ctx)
		for _, b := range all {
			add(b.ID, b.Name, b.State, b)
		}
	case "transactional":
		var all []appapi.TransactionalMessage
		all, err = app.Transactional().List(ctx)
		for _, m := range all {
			add(m.ID, m.Name, "", m)
		}
	default:
		for n, failed := range app.Newsletters().List(ctx, appapi.NewsletterQuery{}) {
			if err = failed; err != nil {
				break
			}
			add(n.ID, n.Name, reading.Time(n.SentAt), n)
		}
	}
	head := map[bool]string{true: "SENT", false: "STATE"}[f.kind == "newsletters"]
	return reading.Print(ctx, &f.Flags, con, reading.All(found, err), 0, reading.Table[metricsOf]{Head: []string{"ID", "NAME", head}, One: f.kind, Several: map[bool]string{true: "transactional messages", false: f.kind}[f.kind == "transactional"],
		Row: func(m metricsOf) []string { return []string{m.id, m.name, m.state} }}, "")
}

// show shows the metrics of one.
func (f *metricsFlags) show(cmd *cobra.Command, con console.Console) error {
	ctx := cmd.Context()
	app, err := f.Client(ctx, con)
	if err != nil {
		return err
	}
	id, period := appapi.ID(f.id), appapi.Period(f.period)
	one := map[string]string{"campaigns": "campaign", "broadcasts": "broadcast", "newsletters": "newsletter", "transactional": "transactional message"}[f.kind]
	missing := fmt.Sprintf("there is no %s %s; to see them all: %s", one, f.id, f.lists(cmd))
	if f.links {
		q := appapi.LinkMetricsQuery{Period: period, Steps: f.steps}
		var links []appapi.LinkMetrics
		switch f.kind {
		case "campaigns":
			links, err = app.Campaigns().LinkMetrics(ctx, id, q)
		case "broadcasts":
			links, err = app.Broadcasts().LinkMetrics(ctx, id, q)
		case "newsletters":
			links, err = app.Newsletters().LinkMetrics(ctx, id, q)
		default:
			links, err = app.Transactional().LinkMetrics(ctx, id, q)
		}
		return reading.Print(ctx, &f.Flags, con, reading.All(links, err), 0, linkTable, missing)
	}
	var m appapi.Metrics
	switch f.kind {
	case "campaigns":
		m, err = app.Campaigns().Metrics(ctx, id, f.ofCampaign(time.Now()))
	case "broadcasts":
		m, err = app.Broadcasts().Metrics(ctx, id, appapi.MetricsQuery{Period: period, Steps: f.steps})
	case "newsletters":
		m, err = app.Newsletters().Metrics(ctx, id, appapi.MetricsQuery{Period: period, Steps: f.steps})
	default:
		m, err = app.Transactional().Metrics(ctx, id, appapi.TransactionalMetricsQuery{Period: period, Steps: f.steps})
	}
	switch {
	case err != nil:
		return f.Error(ctx, err, missing)
	case f.JSON:
		return reading.PrintJSON(con, m)
	}
	return reading.Print(ctx, &f.Flags, con, reading.All(seriesOf(m.Series), nil), 0, seriesTable, "")
}

// ofCampaign requests the metrics of a campaign, which have a beginning and an end instead of a number of periods.
func (f *metricsFlags) ofCampaign(now time.Time) appapi.CampaignMetricsQuery {
	q := appapi.CampaignMetricsQuery{Resolution: appapi.Resolution(f.period)}
	if f.steps == 0 {
		return q
	}
	q.To = now
	switch f.period {
	case "hours":
		q.From = now.Add(time.Duration(-f.steps) * time.Hour)
	case "weeks":
		q.From = now.AddDate(0, 0, -7*f.steps)
	case "months":
		q.From = now.AddDate(0, -f.steps, 0)
	default:
		q.From, q.Resolution = now.AddDate(0, 0, -f.steps), appapi.ResolutionDays
	}
	return q
}

// metricsSeries is one of the counts.
type metricsSeries struct {
	name  string
	total int64
	steps []int64
}

// seriesOf returns the counts of the API, sorted by name.
func seriesOf(s appapi.Series) (list []metricsSeries) {
	v := reflect.ValueOf(s)
	for i := range v.NumField() {
		steps, ok := v.Field(i).Interface().([]int64)
		if !ok || len(steps) == 0 {
			continue
		}
		one := metricsSeries{name: v.Type().Field(i).Tag.Get("json"), steps: steps}
		for _, n := range steps {
			one.total += n
		}
		list = append(list, one)
	}
	return list
}

var seriesTable = reading.Table[metricsSeries]{Head: []string{"METRIC", "TOTAL", "STEPS"}, One: "metric", Several: "metrics",
	Row: func(s metricsSeries) []string {
		return []string{s.name, strconv.FormatInt(s.total, 10), stepsText(s.steps)}
	}}

var linkTable = reading.Table[appapi.LinkMetrics]{Head: []string{"LINK", "CLICKED", "STEPS"}, One: "link", Several: "links",
	Row: func(l appapi.LinkMetrics) []string {
		total := int64(0)
		for _, n := range l.Metric.Series.Clicked {
			total += n
		}
		return []string{l.Link.URL, strconv.FormatInt(total, 10), stepsText(l.Metric.Series.Clicked)}
	}}

// mostSteps is how many periods a line shows, the newest ones.
const mostSteps = 12

func stepsText(steps []int64) string {
	before := ""
	if len(steps) > mostSteps {
		steps, before = steps[len(steps)-mostSteps:], "... "
	}
	var words []string
	for _, n := range steps {
		words = append(words, strconv.FormatInt(n, 10))
	}
	return before + strings.Join(words, " ")
}
