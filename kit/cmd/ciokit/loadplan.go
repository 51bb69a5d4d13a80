package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/load"
)

// printPlan prints what a load would send for a person to judge.
func printPlan(w io.Writer, p load.Plan, target string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "This load would send to %s:\n", target)
	about := "about "
	if p.Complete {
		about = ""
	}
	if p.Rows >= 0 {
		fmt.Fprintf(&b, "  %s%s rows, %s%s requests of %s in all; at the API's limit that takes at least %s\n", about, grouped(p.Rows), about, grouped(p.Requests), byteSize(p.Bytes),
			time.Duration(p.Seconds*float64(time.Second)).Round(time.Second))
	}
	if !p.Complete {
		fmt.Fprintf(&b, "The first %s rows have\n", grouped(p.Sampled))
	}
	for _, k := range p.Kinds {
		fmt.Fprintf(&b, "  %s %s\n", grouped(k.Count), k.Name)
	}
	if p.Empty > 0 {
		fmt.Fprintf(&b, "  %s rows without a message\n", grouped(p.Empty))
	}
	if p.Unchanged > 0 {
		fmt.Fprintf(&b, "  %s rows that have not changed and are left out\n", grouped(p.Unchanged))
	}
	if p.Left > 0 {
		fmt.Fprintf(&b, "  %s people who are not in the input any more and would be DELETED OR SUPPRESSED\n", grouped(p.Left))
	}
	if p.Deletes > 0 {
		fmt.Fprintf(&b, "  %s messages that DELETE OR SUPPRESS something\n", grouped(p.Deletes))
	}
	if p.LargestBytes > 0 {
		fmt.Fprintf(&b, "  the largest message has %s (line %d)\n", byteSize(int64(p.LargestBytes)), p.LargestLine)
	}
	if p.Refused > 0 {
		fmt.Fprintf(&b, "  %s rows that would be rejected here:\n", grouped(p.Refused))
		for _, r := range p.First {
			b.WriteString("    " + describe(r) + valueFor(w, r) + "\n")
		}
	}
	b.WriteString(identityText(p.Identity))
	for _, k := range p.Kinds {
		if k.Example == nil {
			continue
		}
		var pretty bytes.Buffer
		if err := json.Indent(&pretty, k.Example, "  ", "  "); err != nil {
			return err
		}
		fmt.Fprintf(&b, "The first %s:\n  %s\n", k.Name, &pretty)
	}
	_, err := io.WriteString(w, b.String())
	return err
}
