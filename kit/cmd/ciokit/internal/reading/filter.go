package reading

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/spf13/cobra"
)

// Filter has the conditions that flags set for people or objects.
type Filter struct {
	is, isNot, has, hasNot, in, notIn []string
	any                               bool
}

// Add adds the flags to a command; segments says that conditions about segments are possible, as for people.
func (f *Filter) Add(cmd *cobra.Command, segments bool) {
	fl := cmd.Flags()
	fl.StringArrayVar(&f.is, "is", nil, "an attribute that has the value, NAME=VALUE, compared as text; can be repeated")
	fl.StringArrayVar(&f.isNot, "is-not", nil, "an attribute that has another value or is not there, NAME=VALUE")
	fl.StringArrayVar(&f.has, "has", nil, "an attribute that is there, NAME")
	fl.StringArrayVar(&f.hasNot, "has-not", nil, "an attribute that is not there, NAME")
	if segments {
		fl.StringArrayVar(&f.in, "in-segment", nil, "a segment that they are in, by its number")
		fl.StringArrayVar(&f.notIn, "not-in-segment", nil, "a segment that they are not in, by its number")
	}
	fl.BoolVar(&f.any, "any", false, "one true condition is enough; by default all of them must be true")
}

// Filter returns the filter. segments is the command that lists the segments. The error has an exit code.
func (f *Filter) Filter(segments string) (appapi.Filter, error) {
	var parts []appapi.Filter
	pairs := func(flag string, list []string, make func(name, value string) appapi.Filter) error {
		for _, pair := range list {
			name, value, ok := strings.Cut(pair, "=")
			if !ok || name == "" {
				return exit.Fail(exit.Usage, "--%s must be NAME=VALUE, such as plan=pro", flag)
			}
			parts = append(parts, make(name, value))
		}
		return nil
	}
	names := func(flag string, list []string, make func(name string) appapi.Filter) error {
		for _, name := range list {
			if name == "" {
				return exit.Fail(exit.Usage, "--%s is empty", flag)
			}
			parts = append(parts, make(name))
		}
		return nil
	}
	not := func(of func(string) appapi.Filter) func(string) appapi.Filter {
		return func(name string) appapi.Filter { return appapi.Not(of(name)) }
	}
	for _, id := range append(slices.Clone(f.in), f.notIn...) {
		if n, err := strconv.ParseUint(id, 10, 63); err != nil || n == 0 {
			return appapi.Filter{}, exit.Fail(exit.Usage, "give the number of the segment, not %q; to see the numbers: %s", id, segments)
		}
	}
	inSegment := func(id string) appapi.Filter { return appapi.InSegment(appapi.ID(id)) }
	for _, err := range []error{
		pairs("is", f.is, appapi.AttributeIs),
		pairs("is-not", f.isNot, func(name, value string) appapi.Filter { return appapi.Not(appapi.AttributeIs(name, value)) }),
		names("has", f.has, appapi.HasAttribute),
		names("has-not", f.hasNot, not(appapi.HasAttribute)),
		names("in-segment", f.in, inSegment),
		names("not-in-segment", f.notIn, not(inSegment)),
	} {
		if err != nil {
			return appapi.Filter{}, err
		}
	}
	switch {
	case len(parts) == 0:
		return appapi.Filter{}, exit.Fail(exit.Usage, "give at least one condition, such as --is plan=pro or --has email: this command reads only people for whom a condition is true")
	case len(parts) == 1:
		return parts[0], nil
	case f.any:
		return appapi.Any(parts...), nil
	}
	return appapi.All(parts...), nil
}
