package erasure

import (
	_ "embed"
	"encoding/base64"
	"fmt"
	"html/template"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

//go:embed report.html
var reportPage string

var reportTemplate = template.Must(template.New("report").Funcs(template.FuncMap{
	"count": grouped, "time": reportTime, "hash": func(h tlog.Hash) string { return base64.StdEncoding.EncodeToString(h[:]) }, "text": func(b []byte) string { return string(b) },
}).Parse(reportPage))

// ReportConfig says what a report contains in addition to the result of the check. The zero value is valid.
type ReportConfig struct {
	// Receipt is the name of the receipt's directory, for the commands on the page; default "RECEIPT".
	Receipt string
	// Tool names the program that made the report; default none.
	Tool string
	// Now is the time of the report; default time.Now.
	Now func() time.Time
}

// WriteReport writes what a check found as one page of HTML for people. The page prints on A4 and needs no other file. It says what was ordered, who
// ordered, approved and ran it, what the outcome and the exceptions are, and how somebody else can check it. It contains no identifier of a person.
func WriteReport(w io.Writer, c *Checked, cfg ReportConfig) error {
	return reportTemplate.Execute(w, newReport(c, cfg))
}

// report is the result of a check, in words and numbers for the page.
type report struct {
	*Checked
	Title, Verdict, Note, Tone string
	Receipt, By                string
	Now                        time.Time
	PlanHash                   string
	Outcomes, Exceptions       []reportCount
	ReadBack                   []reportCount
	Points                     []Checkpoint
	LeftOut                    int // checkpoints that are not listed
	Keys                       []reportKey
}

// reportCount is a statement on the page, and how many people it is about.
type reportCount struct {
	Class, Name, Note string
	Count             int64
	Percent           float64
}

type reportKey struct{ Name, Key, Did string }

func newReport(c *Checked, cfg ReportConfig) *report {
	hash := c.Plan.Hash()
	r := &report{Checked: c, Receipt: cfg.Receipt, By: cfg.Tool, PlanHash: fmt.Sprintf("%x", hash), Now: time.Now()}
	if cfg.Now != nil {
		r.Now = cfg.Now()
	}
	if r.Receipt == "" {
		r.Receipt = "RECEIPT"
	}
	people := counted(int64(c.Plan.Subjects), "person", "people")
	switch c.Plan.Action {
	case ActionDelete:
		r.Title = "Deletion of " + people
	case ActionSuppress:
		r.Title = "Suppression of " + people
	case ActionUnsuppress:
		r.Title = "End of the suppression of " + people
	}
	again, unknown := "nothing arrived; a later run sends it", "may have arrived; a later run sends it again"
	if r.expired() {
		again, unknown = "nothing arrived; a new plan is needed", "may have arrived; reading back shows whether the person is gone"
	}
	if r.Settled > 0 {
		unknown += "; " + grouped(r.Settled) + " read back as gone"
	}
	r.Outcomes = []reportCount{
		{Class: "accepted", Name: "accepted", Note: "the API answered with success", Count: c.Totals.Accepted},
		{Class: "rejected", Name: "rejected", Note: "for the reasons below; not sent again", Count: c.Totals.Rejected},
		{Class: "unsent", Name: "unsent", Note: again, Count: c.Totals.Unsent},
		{Class: "unknown", Name: "unknown", Note: unknown, Count: c.Totals.Unknown},
	}
	for i := range r.Outcomes {
		r.Outcomes[i].Percent = 100 * float64(r.Outcomes[i].Count) / float64(max(c.Plan.Subjects, 1))
	}
	r.readBack()
	r.exceptions()
	r.Verdict, r.Note, r.Tone = r.verdict()
	r.points()
	r.keys()
	return r
}

// verdict says in a sentence what became of the order. It is good without a reservation only if people were read back.
func (r *report) verdict() (text, note, tone string) {
	t, gone := r.Totals, r.Verified[VerdictGone]
	all, open := int64(r.Plan.Subjects), t.Unsent+t.Unknown-r.Settled
	people := counted(all, "person", "people")
	switch {
	case r.Signed < r.Entries:
		if r.InUse {
			return "Not finished: the last entries are not signed", "A run or a verification was writing the receipt when this was made.", "bad"
		}
		return "Not finished: the last entries are not signed", "The process was killed, or a checkpoint was removed. Run the plan again to the same receipt.", "bad"
	case (!r.Ended || open > 0) && r.expired():
		return fmt.Sprintf("Not finished: %s of %s without a final outcome", grouped(open), people), "The plan has expired. Read back the people whose outcome is unknown. People who are still there need a new plan.", "bad"
	case !r.Ended || open > 0:
		return fmt.Sprintf("Not finished: %s of %s without a final outcome", grouped(open), people), "Run the plan again to the same receipt.", "bad"
	case r.Verified[VerdictContradicted] > 0:
		return fmt.Sprintf("Contradicted: %s of %s read back as there", grouped(r.Verified[VerdictContradicted]), people), "", "bad"
	case t.Rejected > 0:
		return fmt.Sprintf("Finished, with exceptions: nothing was done for %s of %s", grouped(t.Rejected), people), "Their messages were rejected, for the reasons below.", "fair"
	case gone == all:
		return "Finished: everybody was read back as gone", "", "good"
	case r.Plan.Action == ActionUnsuppress:
		return "Finished: everybody was accepted", "No API shows whether a suppression has ended.", "good"
	case len(r.Verified) == 0:
		return "Finished: everybody was accepted", "Nobody has been read back, so nothing shows that they are gone.", "fair"
	}
	return fmt.Sprintf("Finished: everybody was accepted, and %s of %s read back as gone", grouped(gone), grouped(all)), "", "fair"
}

// expired reports whether the plan has expired, so that no run can act on its people any more.
func (r *report) expired() bool { return !r.Now.Before(r.Plan.Expires) }

// verdictNotes are the meanings of the verdicts, in the order of the page.
var verdictNotes = []struct {
	verdict Verdict
	note    string
}{
	{VerdictGone, "the workspace has no such person"},
	{VerdictNotYet, "there, and that says nothing yet"},
	{VerdictContradicted, "there, and should not be"},
	{VerdictCannotTell, "nothing that can be read shows it"},
}

// reasonNotes are the meanings of the reasons that are exceptions, in the order of the page.
var reasonNotes = []struct {
	verdict      Verdict
	reason, note string
}{
	{VerdictContradicted, ReasonStillThere, "the message was accepted, and the person is still there long after it"},
	{VerdictContradicted, ReasonCameBack, "the person was gone, and is there again: somebody sent data of them"},
	{VerdictContradicted, ReasonAddressCameBack, "nobody had the person's address, and somebody has it again"},
	{VerdictNotYet, ReasonTooSoon, "read a short time after the message: read again later"},
	{VerdictNotYet, ReasonRejected, "there, and the message was rejected"},
	{VerdictNotYet, ReasonUnsent, "there, and the message was not sent"},
	{VerdictNotYet, ReasonUnknown, "there, and nobody knows whether the message arrived"},
	{VerdictCannotTell, ReasonRefused, "the App API refused to answer"},
	{VerdictCannotTell, ReasonOddAnswer, "the App API's answer was not the documented one"},
	{VerdictCannotTell, ReasonUnsuppress, "no API shows whether a suppression has ended"},
	{VerdictGone, ReasonAddressInUse, "the person is gone; a profile that was not named has the same address"},
}

func (r *report) readBack() {
	if len(r.Verified) == 0 {
		return
	}
	never := int64(r.Plan.Subjects)
	for _, v := range verdictNotes {
		r.ReadBack = append(r.ReadBack, reportCount{Name: string(v.verdict), Note: v.note, Count: r.Verified[v.verdict]})
		never -= r.Verified[v.verdict]
	}
	r.ReadBack = append(r.ReadBack, reportCount{Name: "not read back", Count: never})
}

// exceptions lists all people for whom nobody knows that the order was carried out.
func (r *report) exceptions() {
	add := func(name, note string, n int64) {
		if n > 0 {
			r.Exceptions = append(r.Exceptions, reportCount{Name: name, Note: note, Count: n})
		}
	}
	for _, rule := range slices.Sorted(maps.Keys(r.Rejected)) {
		why := "before it was sent, by this rule"
		if strings.HasPrefix(rule, "status ") {
			why = "by Customer.io, with this answer"
		}
		add("rejected: "+rule, why, r.Rejected[rule])
	}
	add("unsent", r.Outcomes[2].Note, r.Totals.Unsent)
	add("unknown", r.Outcomes[3].Note, r.Totals.Unknown-r.Settled)
	for _, n := range reasonNotes {
		add(fmt.Sprintf("read back: %s, %s", n.verdict, n.reason), n.note, r.Reasons[n.reason])
	}
}

// listedPoints is how many checkpoints the page lists.
const listedPoints = 6

// points keeps the first checkpoint and the last ones, because a long run has one for each minute.
func (r *report) points() {
	r.Points = r.Checkpoints
	if n := len(r.Points); n > listedPoints {
		r.LeftOut = n - listedPoints
		r.Points = append(r.Points[:1:1], r.Points[n-listedPoints+1:]...)
	}
}

// LastPoint returns the last checkpoint, or nil. The page prints it in full, and so is a copy that can be kept elsewhere.
func (r *report) LastPoint() *Checkpoint {
	if n := len(r.Checkpoints); n > 0 {
		return &r.Checkpoints[n-1]
	}
	return nil
}

func (r *report) keys() {
	for _, k := range r.Signers.keys {
		key := reportKey{Name: k.Name(), Key: k.text}
		var did []string
		if k.Name() == r.Plan.Operator {
			did = append(did, "the plan")
		}
		if k.Name() == r.Plan.Approver {
			did = append(did, "the approval")
		}
		if slices.ContainsFunc(r.Checkpoints, func(c Checkpoint) bool { return c.Signer == k.Name() }) {
			did = append(did, "checkpoints")
		}
		key.Did = strings.Join(did, ", ")
		r.Keys = append(r.Keys, key)
	}
}

// Approved says who approved.
func (r *report) Approved() string {
	if r.Plan.Approver != "" {
		return r.Plan.Approver
	}
	return "nobody: the plan says that one operator is enough"
}

func (r *report) Ran() string { return strings.Join(r.Operators, ", ") }

func (r *report) Did() string {
	return map[Action]string{ActionDelete: "delete", ActionSuppress: "suppress (delete, and accept no more data)", ActionUnsuppress: "end the suppression"}[r.Plan.Action]
}

func reportTime(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return t.UTC().Format("2006-01-02 15:04:05 UTC")
}

// grouped writes 1234567 as 1,234,567.
func grouped(n int64) string {
	s := strconv.FormatInt(n, 10)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func counted(n int64, one, several string) string {
	if n == 1 {
		return "1 " + one
	}
	return grouped(n) + " " + several
}
