package main

import (
	"os"
	"slices"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/ciokit/cio/kit/internal/textfile"
	"github.com/spf13/pflag"
)

// switchNames are the flags that a file of switches can set: they decide what the emulator does where Customer.io documents nothing.
var switchNames = []string{
	"strict", "drop-oversize", "refuse-items", "reject-suppressed", "dedup-window", "rate-limit", "keep-dates", "drop-unknown-people",
	"merge-on-alias", "keep-ids", "plain-cio-ids", "change-emails", "order-by-timestamp", "keep-page-names", "drop-unknown-object-types",
	"refuse-odd-object-types", "require-group-person", "require-report-person", "ignore-integrations", "join-slashes", "take-bare-keys",
	"take-bearer", "max-call-bytes", "max-batch-bytes",
}

// fromSwitches sets each flag from the file that was given neither on the command line nor in the environment. An empty name means no file.
func fromSwitches(flags *pflag.FlagSet, name string) error {
	if name == "" {
		return nil
	}
	text, err := os.ReadFile(name)
	if err != nil {
		return exit.With(exit.Local, err)
	}
	if text, err = textfile.Decode(text); err != nil {
		return exit.Fail(exit.Usage, "%s: %w", name, err)
	}
	set := make(map[string]bool)
	for i, line := range strings.Split(string(text), "\n") {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		flag, value, ok := strings.Cut(line, "=")
		switch {
		case !ok:
			return exit.Fail(exit.Usage, "%s:%d: not a line of NAME=VALUE", name, i+1)
		case !slices.Contains(switchNames, flag):
			meant := "ciokit emulate --help lists them"
			if near := spelling.Nearest(flag, switchNames); near != "" {
				meant = "did you mean " + near + "?"
			}
			return exit.Fail(exit.Usage, "%s:%d: there is no switch %s; %s", name, i+1, flag, meant)
		case set[flag]:
			return exit.Fail(exit.Usage, "%s:%d: %s is set twice", name, i+1, flag)
		}
		set[flag] = true
		if flags.Changed(flag) {
			continue
		}
		if err := flags.Set(flag, value); err != nil {
			return exit.Fail(exit.Usage, "%s:%d: %w", name, i+1, console.WrongValue(err))
		}
	}
	return nil
}
