package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/load"
)

// identityText says which ids and addresses collide in Customer.io, one on each line; "" if there are none.
func identityText(c *load.IdentityCount) string {
	if c == nil {
		return ""
	}
	var b strings.Builder
	if c.NotCounted != "" {
		fmt.Fprintf(&b, "Addresses with several ids, ids with several addresses and repeated message ids were not counted: %s\n", c.NotCounted)
		return b.String()
	}
	if n := c.Addresses.Count; n > 0 {
		fmt.Fprintf(&b, "warning: %s, in %s (first in %s). Customer.io keeps one person for each address. The order of the rows does not decide which of these ids the person has in the end: give each person a different address, or load such rows in two loads.\n",
			plural.Count(n, "email address has two or more ids", "email addresses have two or more ids"), plural.Count(c.Addresses.Messages, "message", "messages"), placesOf(c.Addresses.First[0]))
		restText(&b, c.Addresses)
	}
	if n := c.People.Count; n > 0 {
		fmt.Fprintf(&b, "warning: %s, in %s (first in %s). Customer.io keeps the first address of a person, unless the workspace allows changes.\n",
			plural.Count(n, "id has two or more email addresses", "ids have two or more email addresses"), plural.Count(c.People.Messages, "message", "messages"), placesOf(c.People.First[0]))
		restText(&b, c.People)
	}
	if n := c.MessageIDs.Count; n > 0 {
		shared := "the same messageId"
		if n > 1 {
			shared = "a messageId that another message has too: " + plural.Count(n, "such id", "such ids")
		}
		fmt.Fprintf(&b, "warning: %s %s (first in %s). Of the messages with the same id, Customer.io may ignore all except the first.\n",
			plural.Count(c.MessageIDs.Messages, "message has", "messages have"), shared, placesOf(c.MessageIDs.First[0]))
		restText(&b, c.MessageIDs)
	}
	if n := c.RowsBefore; n > 0 {
		fmt.Fprintf(&b, "Addresses with several ids, ids with several addresses and repeated message ids are counted without the first %s, which an earlier run completed.\n", plural.Count(n, "row", "rows"))
	}
	return b.String()
}

// placesOf names the two places of a collision.
func placesOf(p load.SharedPlace) string {
	second := fmt.Sprintf("line %d", p.SecondLine)
	if p.SecondFile != p.File {
		second = placeOf(p.SecondFile, p.SecondLine)
	}
	return placeOf(p.File, p.Line) + " and " + second
}

// restText names the places after the first, one on each line.
func restText(b *strings.Builder, s load.Shared) {
	for _, p := range s.First[1:] {
		fmt.Fprintf(b, "  %s\n", placesOf(p))
	}
	if rest := s.Count - int64(len(s.First)); rest > 0 {
		fmt.Fprintf(b, "  and %s more\n", plural.Grouped(rest))
	}
}

// refuseShared prints the collisions and refuses them.
func refuseShared(w io.Writer, c *load.IdentityCount) error {
	switch {
	case c.NotCounted != "":
		return exit.Fail(exit.Local, "nothing was sent: --strict-identity could not check the whole input: %s", c.NotCounted)
	case !c.Found():
		return nil
	}
	if _, err := io.WriteString(w, identityText(c)); err != nil {
		return exit.With(exit.Local, err)
	}
	return exit.Fail(exit.Guard, "nothing was sent: --strict-identity refuses an input with such rows; correct the rows, or remove the flag")
}
