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

// Suggest makes root and all of its commands suggest the command or flag that an unknown one in args probably means. Call it once, after all
// commands are added and before root is executed.
func Suggest(root *cobra.Command, args []string) {
	root.InitDefaultHelpCmd()
	root.InitDefaultCompletionCmd(args...)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		// A parent would treat the flags of an unknown command as its own.
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

// suggestIn makes a command with subcommands, and these, refuse an unknown subcommand.
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

// nameOperands makes commands with arguments say which argument is missing or too many.
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

// unknownFlag adds a suggestion for an unknown flag, and the allowed values for a flag with a wrong value. Other errors stay as they are.
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
		if name = short; len(short) < 2 { // one letter is not similar to anything
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

// WrongValue says which values a flag accepts, if the error is a wrong value. Other errors stay as they are.
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

// Takes says which values a flag accepts, or is empty if its type does not say it.
func Takes(flag *pflag.Flag) string {
	switch flag.Value.Type() {
	case "int", "int64":
		return "a whole number"
	case "uint64":
		return "a whole number of 0 or more"
	case "duration":
		return "a time, such as 30s, 10m or 1h"
	case "bool":
		return "true or false"
	}
	return ""
}

// OneOf refuses the value of a flag that accepts only a few words, and suggests the word that was probably meant.
func OneOf(flag, value string, words ...string) error {
	takes := words[0]
	if last := len(words) - 1; last > 0 {
		takes = strings.Join(words[:last], ", ") + " or " + words[last]
	}
	return exit.Fail(exit.Usage, "--%s must be %s%s", flag, takes, Meant(value, words...))
}

// Meant suggests the most similar of the words, also if the value is the beginning of a word or begins with one. It is empty if no word is similar.
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

// onlyOne returns the word whose folded form fits, or "" if no word or more than one fits.
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

// nearValue suggests a number or a time in the form that a flag accepts.
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

// nearTime writes a time in the form that flags accept, such as 10m for 10 minutes. It is empty if the value is not a time.
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

// meant suggests the most similar of the names, or the only one with that beginning. It is empty if there is none.
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
