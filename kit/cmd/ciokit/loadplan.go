package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/load"
)

// printPlan prints what a load would send, for a person who approves it. With values it prints the first messages, which are personal data.
func printPlan(w io.Writer, p load.Plan, target string, values bool) error {
	var b strings.Builder
	fmt.Fprintf(&b, "This load would send to %s:\n", target)
	about := "about "
	if p.Complete {
		about = ""
	}
	if p.Rows >= 0 {
		fmt.Fprintf(&b, "  %s%s, %s%s of %s in all; at the API's limit that takes at least %s\n", about, plural.Count(p.Rows, "row", "rows"), about, plural.Count(p.Requests, "request", "requests"), console.ByteSize(p.Bytes),
			time.Duration(p.Seconds*float64(time.Second)).Round(time.Second))
	}
	if !p.Complete {
		fmt.Fprintf(&b, "The first %s\n", plural.Count(p.Sampled, "row has", "rows have"))
	}
	for _, k := range p.Kinds {
		fmt.Fprintf(&b, "  %s %s\n", plural.Grouped(k.Count), printed.Line(k.Name))
	}
	if p.Empty > 0 {
		fmt.Fprintf(&b, "  %s without a message\n", plural.Count(p.Empty, "row", "rows"))
	}
	if p.Unchanged > 0 {
		fmt.Fprintf(&b, "  %s skipped\n", plural.Count(p.Unchanged, "row that has not changed and is", "rows that have not changed and are"))
	}
	left := func(n int64, what string) {
		if n > 0 {
			fmt.Fprintf(&b, "  %s not in the input any more and would be %s\n", plural.Count(n, "person who is", "people who are"), what)
		}
	}
	left(p.Left-p.LeftAlone-p.LeftRejected, "DELETED OR SUPPRESSED")
	left(p.LeftAlone, "kept, because of --new-mapping, or because some rows name nobody")
	left(p.LeftRejected, "rejected: the deny list contains them, or it is not known whether a load has created them")
	if p.Deletes > 0 {
		fmt.Fprintf(&b, "  %s something\n", plural.Count(p.Deletes, "message that DELETES OR SUPPRESSES", "messages that DELETE OR SUPPRESS"))
	}
	if stop := p.Stop(); stop != nil {
		fmt.Fprintf(&b, "  A LIMIT WILL STOP THIS LOAD: %s\n", printed.Line(console.FlagWords(boundText(stop))))
	}
	if p.LargestBytes > 0 {
		fmt.Fprintf(&b, "  the largest message has %s (line %d)\n", console.ByteSize(int64(p.LargestBytes)), p.LargestLine)
	}
	if p.Rejected > 0 {
		fmt.Fprintf(&b, "  %s that would be rejected here:\n", plural.Count(p.Rejected, "row", "rows"))
		for _, r := range p.Rejections {
			count := ""
			if r.Count > 1 {
				count = plural.Grouped(r.Count) + " times, first "
			}
			b.WriteString("    " + count + describe(r.Reject) + valueFor(w, r.Reject) + "\n")
		}
		writeHints(&b, "    ", p.Hints)
	}
	if len(p.Warnings) > 0 {
		b.WriteString("Warnings about messages that would be sent anyway:\n")
		for _, n := range p.Warnings {
			fmt.Fprintf(&b, "  %s  %s: %s (first in %s)\n", plural.Grouped(n.Count), n.Rule, printed.Line(console.FlagWords(n.Hint)), placeOf(n.File, n.Line))
		}
	}
	b.WriteString(identityText(p.Identity))
	for _, k := range p.Kinds {
		if k.Example == nil || !values {
			continue
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, k.Example, "  ", "  "); err != nil {
			return err
		}
		fmt.Fprintf(&b, "The first %s:\n  %s\n", printed.Line(k.Name), &pretty)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// boundText says why a limit would stop a load, and which flag sets the limit.
func boundText(stop error) string {
	var why *load.StopError
	text := words(stop)
	if errors.As(stop, &why) && why.Cause != nil {
		text = words(why.Cause)
	}
	if flag := boundFlag(stop); flag != "" && !strings.Contains(text, strings.Fields(flag)[0]) {
		text += "; if they are right, repeat the load with " + flag
	}
	return text
}
