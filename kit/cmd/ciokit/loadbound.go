package main

import (
	"errors"
	"strconv"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/load"
)

// bound is a flag with a limit: a number, 0 for none, or the word unlimited. Its value is as in load.Job.MaxErrors and MaxDeletes, and never 0.
type bound int64

const unlimited = "unlimited"

func (b *bound) Set(text string) error {
	n, err := strconv.ParseInt(text, 10, 64)
	switch {
	case text == unlimited:
		*b = bound(load.Unlimited)
	case err != nil || n < 0:
		return errors.New("give a number, 0 for none, or the word " + unlimited + nearBound(text))
	case n == 0:
		*b = bound(load.None)
	default:
		*b = bound(n)
	}
	return nil
}

func nearBound(text string) string {
	if strings.EqualFold(text, "none") {
		return "; did you mean 0?"
	}
	if digits := strings.NewReplacer(",", "", "_", "", " ", "", "'", "").Replace(text); digits != text {
		if _, err := strconv.ParseUint(digits, 10, 63); err == nil {
			return "; did you mean " + digits + "?"
		}
	}
	return console.Meant(text, unlimited)
}

func (b *bound) String() string {
	switch {
	case int64(*b) == load.Unlimited:
		return unlimited
	case *b < 0:
		return "0"
	}
	return strconv.FormatInt(int64(*b), 10)
}

// Type is the name of the value in the help.
func (b *bound) Type() string { return "number" }
