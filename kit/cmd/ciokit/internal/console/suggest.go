package console

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/spelling"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Suggest has root and all of its commands name what an unknown command or flag among args was probably meant to be. It is called once, when all
// commands are there and before root is executed.
func Suggest(root *cobra.Command, args []string) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd(args...)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		// A parent takes the flags for its own that are meant for the command which it does not know.
		if _, rest, found := root.Find(args); found == nil && cmd.HasSubCommands() && len(rest) > 0 && !strings.HasPrefix(rest[0], "-") {
			return unknownCommand(cmd, rest[0])
		}
		return unknownFlag(cmd, err)
	})
	suggestIn(root)
	nameOperands(root)
	for _, help := range root.Commands() {
		if help.Name() == "help" {
			help.Args = func(_ *cobra.Command, topic []string) error {
				if cmd, rest, err := root.Find(topic); err == nil && cmd.HasSubCommands() && len(rest) > 0 {
					return unknownCommand(cmd, rest[0])
				}
				return nil
			}
		}
	}
}

// suggestIn has a command that has others below it, and those, refuse what is none of them.
func suggestIn(cmd *cobra.Command) {
	if !cmd.HasSubCommands() {
		return
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return unknownCommand(cmd, args[0])
	}
	if !cmd.Runnable() {
		cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	}
	for _, below := range cmd.Commands() {
		suggestIn(below)
	}
}

func unknownCommand(parent *cobra.Command, name string) error {
	var names []string
	for _, cmd := range parent.Commands() {
		if !cmd.Hidden {
			names = append(names, cmd.Name())
		}
	}
	return fmt.Errorf("unknown command %q for %q%s", name, parent.CommandPath(), meant("", name, names))
}

// nameOperands has the commands that take arguments say which is missing or too much.
func nameOperands(cmd *cobra.Command) {
	for _, below := range cmd.Commands() {
		nameOperands(below)
	}
	if cmd.HasSubCommands() || cmd.Args == nil {
		return
	}
	check := cmd.Args
	var operands []string
	for _, word := range strings.Fields(cmd.Use)[1:] {
		if strings.HasPrefix(word, "-") {
			break
		}
		operands = append(operands, word)
	}
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		err := check(cmd, args)
		switch {
		case err == nil, !strings.Contains(err.Error(), "arg(s)") && !strings.HasPrefix(err.Error(), "unknown command"):
			return err
		case len(args) > len(operands) && len(operands) == 0:
			return fmt.Errorf("%s takes no arguments; remove %q", cmd.CommandPath(), args[0])
		case len(args) > len(operands):
			return fmt.Errorf("%s takes only %s; remove %q", cmd.CommandPath(), strings.Join(operands, " "), args[len(operands)])
		}
		return fmt.Errorf("%s is missing: write it after %s", strings.TrimSuffix(operands[len(args)], "..."), cmd.CommandPath())
	}
}

// unknownFlag says of a flag that is unknown which one is, and of one with a wrong value what it takes. Any other error stays.
func unknownFlag(cmd *cobra.Command, err error) error {
	var wrong *pflag.InvalidValueError
	if errors.As(err, &wrong) {
		return WrongValue(wrong)
	}
	var none *pflag.ValueRequiredError
	if errors.As(err, &none) {
		return fmt.Errorf("--%s needs a value: %s", none.GetFlag().Name, strings.TrimSuffix(none.GetFlag().Usage, " (required)"))
	}
	var unknown *pflag.NotExistError
	if !errors.As(err, &unknown) {
		return err
	}
	name := unknown.GetSpecifiedName()
	if short := unknown.GetSpecifiedShortnames(); short != "" {
		if name = short; len(short) < 2 { // one letter is near nothing
			return err
		}
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !f.Hidden {
			names = append(names, f.Name)
		}
	})
	return fmt.Errorf("%w%s", err, meant("--", name, names))
}

// WrongValue says of an error that a flag cannot take a value what it takes. Any other error stays.
func WrongValue(err error) error {
	var wrong *pflag.InvalidValueError
	if !errors.As(err, &wrong) {
		return err
	}
	flag, value := wrong.GetFlag(), wrong.GetValue()
	takes := Takes(flag)
	if takes == "" {
		return fmt.Errorf("--%s %q: %w", flag.Name, value, wrong.Unwrap())
	}
	return fmt.Errorf("--%s must be %s, not %q%s", flag.Name, takes, value, nearValue(flag, value))
}

// Takes is what a flag takes, empty where its type does not say it.
func Takes(flag *pflag.Flag) string {
	switch flag.Value.Type() {
	case "int", "int64":
		return "a whole number"
	case "uint64":
		return "a whole number that is not negative"
	case "duration":
		return "a time, such as 30s, 10m or 1h"
	case "bool":
		return "true or false"
	}
	return ""
}

// OneOf refuses the value of a flag that takes one of a few words, and names the one that was probably meant.
func OneOf(flag, value string, words ...string) error {
	takes := words[0]
	if last := len(words) - 1; last > 0 {
		takes = strings.Join(words[:last], ", ") + " or " + words[last]
	}
	return exit.Fail(exit.Usage, "--%s must be %s%s", flag, takes, Meant(value, words...))
}

// Meant asks whether the nearest of the words was meant, also where the value is the beginning of one or begins with one. It is empty where none is near.
func Meant(value string, words ...string) string {
	folded := spelling.Fold(value)
	best := onlyOne(words, func(word string) bool { return len(folded) > 2 && strings.HasPrefix(word, folded) })
	if best == "" {
		best = spelling.Nearest(value, words)
	}
	if best == "" {
		best = onlyOne(words, func(word string) bool { return len(word) > 1 && strings.HasPrefix(folded, word) })
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + best + "?"
}

// onlyOne returns the word that fits as it is folded, empty where none or several do.
func onlyOne(words []string, fits func(folded string) bool) (found string) {
	for _, word := range words {
		if !fits(spelling.Fold(word)) {
			continue
		}
		if found != "" {
			return ""
		}
		found = word
	}
	return found
}

// nearValue asks whether a number or a time was meant that is written as a flag takes it.
func nearValue(flag *pflag.Flag, value string) string {
	near := ""
	switch flag.Value.Type() {
	case "int", "int64":
		near = strings.NewReplacer(",", "", "_", "", "'", "", " ", "").Replace(value)
		if thousands, ok := strings.CutSuffix(strings.ToLower(near), "k"); ok {
			near = thousands + "000"
		}
		if _, err := strconv.ParseInt(near, 10, 64); err != nil {
			return ""
		}
	case "duration":
		near = nearTime(value)
	case "bool":
		near = map[string]string{"yes": "true", "y": "true", "on": "true", "no": "false", "n": "false", "off": "false"}[strings.ToLower(value)]
	}
	if near == "" || near == value {
		return ""
	}
	return "; did you mean " + near + "?"
}

var timeWords = regexp.MustCompile(`^(\d+) *(s|secs?|seconds?|m|mins?|minutes?|h|hrs?|hours?|d|days?)?$`)

// nearTime writes a time as flags take it, such as 10m for 10 minutes; empty where it is none.
func nearTime(value string) string {
	parts := timeWords.FindStringSubmatch(strings.ToLower(strings.TrimSpace(value)))
	if parts == nil {
		return ""
	}
	switch {
	case parts[2] == "":
		return parts[1] + "s"
	case parts[2][0] == 'd':
		days, err := strconv.ParseInt(parts[1], 10, 32)
		if err != nil {
			return ""
		}
		return strconv.FormatInt(days*24, 10) + "h"
	}
	return parts[1] + parts[2][:1]
}

// meant asks whether the nearest of the names was meant, or the only one that begins so, and is empty where there is none.
func meant(prefix, name string, names []string) string {
	best := spelling.Nearest(name, names)
	if folded := spelling.Fold(name); best == "" && len(folded) > 2 {
		best = onlyOne(names, func(whole string) bool { return strings.HasPrefix(whole, folded) })
	}
	if best == "" {
		return ""
	}
	return "; did you mean " + prefix + best + "?"
}
