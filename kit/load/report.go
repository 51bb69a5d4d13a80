package load

import (
	"math"
	"time"

	"github.com/ciokit/cio/kit/mapping"
)

// Report is the result of a run, for people and for programs. It contains no ids, addresses or values of attributes, only counts and the names of
// files, columns and fields. Its JSON form has a version, which changes when a member changes its meaning.
type Report struct {
	Version int         `json:"version"`
	About   ReportAbout `json:"about"`
	// Complete says that the input was read to its end, or to its limit.
	Complete bool    `json:"complete"`
	Summary  Summary `json:"summary"`
	// RowsEmpty, Unknown and Guarded are as in Summary.
	RowsEmpty int64 `json:"rows_empty"`
	Unknown   int64 `json:"unknown"`
	Guarded   int64 `json:"guarded"`
	// Reasons are the reasons of rejects, the most frequent first; Warned the warnings.
	Reasons []ReportReason    `json:"reasons"`
	Warned  []mapping.Warning `json:"warnings"`
	// ResumedAt is how many rows an earlier run of the same load had settled; 0 for none. The following members describe only the rows after them.
	ResumedAt int64 `json:"resumed_at"`
	// People is how many different people the messages are about; if PeopleExact is false, it is an estimate with a standard error of 0.6 %.
	People      int64 `json:"people"`
	PeopleExact bool  `json:"people_exact"`
	// Latency is the latency of all requests, in seconds; nil without requests.
	Latency *Latency       `json:"latency,omitempty"`
	Largest []LargeMessage `json:"largest"`
	// Interval is how many seconds each of Points covers.
	Interval float64       `json:"interval"`
	Points   []ReportPoint `json:"points"`
	// Plan is what was expected, nil if no plan was made. Its examples are left out.
	Plan *Plan `json:"plan,omitempty"`
}

// ReportAbout describes a run.
type ReportAbout struct {
	// Source names the input, Files how many files it has. They must not contain a password.
	Source string `json:"source"`
	Files  int    `json:"files,omitempty"`
	// Mapping is the mapping's name, MappingHash its Hash. Target is where the messages went, empty for a dry run.
	Mapping     string `json:"mapping"`
	MappingHash string `json:"mapping_hash"`
	Target      string `json:"target,omitempty"`
	DryRun      bool   `json:"dry_run,omitempty"`
	// Started and Ended are when the run began and ended.
	Started time.Time `json:"started"`
	Ended   time.Time `json:"ended"`
	// Stopped is why not everything was sent, empty if nothing is missing.
	Stopped string `json:"stopped,omitempty"`
	// Resume is the command that resumes the run, Rejects the file with the rejected rows. Both are empty if there is none.
	Resume  string `json:"resume,omitempty"`
	Rejects string `json:"rejects,omitempty"`
	// Tool is the program that made the report, with its version.
	Tool string `json:"tool,omitempty"`
}

// ReportReason is a rule that rejected rows or messages broke.
type ReportReason struct {
	Rule  string `json:"rule"`
	Count int64  `json:"count"`
	// Hint says what is wrong with the first reject; it is empty if the API rejected the message, because its answer may contain data. File, Line,
	// Column and Field are also those of the first reject. They are empty if the first was rejected before the run was resumed.
	Hint   string `json:"hint,omitempty"`
	File   string `json:"file,omitempty"`
	Line   int64  `json:"line,omitempty"`
	Column string `json:"column,omitempty"`
	Field  string `json:"field,omitempty"`
}

// Latency is how long requests took, in seconds. The quantiles are exact to a tenth of their value.
type Latency struct {
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
	P99 float64 `json:"p99"`
	Max float64 `json:"max"`
}

// ReportPoint is what happened in one interval.
type ReportPoint struct {
	// At is when the interval begins, in seconds since the run began.
	At float64 `json:"at"`
	// Rows, Accepted and Rejected count the rows and messages whose outcome became known in the interval.
	Rows     int64 `json:"rows"`
	Accepted int64 `json:"accepted"`
	Rejected int64 `json:"rejected"`
	// Requests counts requests that ended in the interval, Failed those that were not accepted, Limited those of them that were answered with 429.
	Requests int64 `json:"requests"`
	Failed   int64 `json:"failed"`
	Limited  int64 `json:"limited"`
	Bytes    int64 `json:"bytes"`
	// P50 and P95 are how long the requests of the interval took, in seconds; 0 without requests.
	P50 float64 `json:"p50"`
	P95 float64 `json:"p95"`
}

const reportVersion = 1

// Report makes a report from what the recorder has collected and the summary of the run. plan may be nil.
func (r *Recorder) Report(s Summary, about ReportAbout, plan *Plan) Report {
	r.mu.Lock()
	defer r.mu.Unlock()
	counts := s
	counts.Reasons, counts.Warned = nil, nil // the report has them separately, with more detail
	rep := Report{Version: reportVersion, About: about, Complete: s.Complete, Summary: counts, RowsEmpty: s.RowsEmpty, Unknown: s.Unknown, Guarded: s.Guarded,
		Reasons: reportReasons(s), Warned: append([]mapping.Warning{}, s.Warned...), ResumedAt: r.resumed, Largest: append([]LargeMessage{}, r.largest...),
		Interval: r.series.interval.Seconds(), Points: []ReportPoint{}}
	rep.People, rep.PeopleExact = r.people.count()
	if h := &r.latency; h.count > 0 {
		rep.Latency = &Latency{roundSeconds(h.quantile(0.5)), roundSeconds(h.quantile(0.95)), roundSeconds(h.quantile(0.99)), roundSeconds(h.longest)}
	}
	for i := range r.series.points {
		p := &r.series.points[i]
		rep.Points = append(rep.Points, ReportPoint{roundSeconds(time.Duration(i) * r.series.interval), p.rows, p.accepted, p.rejected, p.requests, p.failed, p.limited, p.bytes,
			roundSeconds(p.latency.quantile(0.5)), roundSeconds(p.latency.quantile(0.95))})
	}
	if plan != nil {
		bare := *plan
		bare.Kinds, bare.First = nil, nil
		for _, k := range plan.Kinds {
			bare.Kinds = append(bare.Kinds, PlannedKind{Name: k.Name, Count: k.Count})
		}
		rep.Plan = &bare
	}
	return rep
}

// roundSeconds returns a duration in seconds, rounded to the microsecond.
func roundSeconds(d time.Duration) float64 { return math.Round(d.Seconds()*1e6) / 1e6 }

// reportReasons returns the reasons, each with its first reject if it is known.
func reportReasons(s Summary) []ReportReason {
	list := []ReportReason{}
	for _, reason := range s.Reasons {
		out := ReportReason{Rule: reason.Rule, Count: reason.Count}
		if f := reason.First; f.Rule != "" {
			out.File, out.Line, out.Column, out.Field = f.File, f.Line, f.Column, f.Field
			if f.Rule != RuleRefusedByAPI {
				out.Hint = f.Hint
			}
		}
		list = append(list, out)
	}
	return list
}
