package livetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Report is what a probe found, and when and where.
type Report struct {
	At       time.Time `json:"at"`
	Target   string    `json:"target"`
	Run      string    `json:"run"`
	Findings []Finding `json:"findings"`
	// Stopped is why the probe ended early; empty if it is complete.
	Stopped string `json:"stopped,omitempty"`
}

// Switches returns the flags of ciokit emulate that make it do what was observed. If several findings set a flag, the last one counts.
func (r Report) Switches() map[string]string {
	all := make(map[string]string)
	for _, f := range r.Findings {
		maps.Copy(all, f.Switches)
	}
	return all
}

// SwitchFile returns Switches in the form that ciokit emulate --switches reads: NAME=VALUE, one in each line.
func (r Report) SwitchFile() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What %s did on %s that differs from what the emulator assumes.\n", r.Target, r.At.UTC().Format(time.DateOnly))
	all := r.Switches()
	for _, name := range slices.Sorted(maps.Keys(all)) {
		fmt.Fprintf(&b, "%s=%s\n", name, all[name])
	}
	return b.String()
}

// Markdown returns the report as a page.
func (r Report) Markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# What was observed on %s\n\n", r.At.UTC().Format(time.DateOnly))
	count := make(map[Verdict]int)
	for _, f := range r.Findings {
		count[f.Verdict]++
	}
	fmt.Fprintf(&b, "Workspace on %s, run %s, at %s. Of %d questions that no document answers, %d were answered as assumed, %d differ, %d could not be observed.\n",
		r.Target, r.Run, r.At.UTC().Format(time.RFC3339), len(r.Findings), count[VerdictAsAssumed], count[VerdictDiffers], count[VerdictNotObserved])
	if r.Stopped != "" {
		fmt.Fprintf(&b, "\nThe probe ended early: %s\n", cell(r.Stopped))
	}
	b.WriteString("\n| question | observed | assumed | verdict |\n|---|---|---|---|\n")
	for _, f := range r.Findings {
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", cell(f.Question), cell(f.Observed), cell(f.Assumed), f.Verdict)
	}
	for _, f := range r.Findings {
		if len(f.Seen) == 0 {
			continue
		}
		fmt.Fprintf(&b, "\n## %s, literally\n\n", f.ID)
		for _, o := range f.Seen {
			fmt.Fprintf(&b, "- %s: %s\n", cell(o.What), cell(o.Seen))
		}
	}
	b.WriteString("\n## The emulator's assumptions\n\n| question | assumption | source | confidence |\n|---|---|---|---|\n")
	for _, f := range r.Findings {
		if f.Behaviour != "" {
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.ID, cell(f.Behaviour), cell(f.Source), f.Confidence)
		}
	}
	if all := r.Switches(); len(all) > 0 {
		b.WriteString("\n## Switches\n\nThe emulator does the same with `ciokit emulate")
		for _, name := range slices.Sorted(maps.Keys(all)) {
			fmt.Fprintf(&b, " --%s=%s", name, all[name])
		}
		b.WriteString("`.\n")
	}
	return b.String()
}

// cell escapes a text for a cell of a table.
func cell(s string) string {
	return strings.ReplaceAll(strings.Join(strings.Fields(s), " "), "|", "\\|")
}
