package console

import (
	"errors"
	"fmt"
	"strings"

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
			return fmt.Errorf("%s takes no arguments, and %q is one", cmd.CommandPath(), args[0])
		case len(args) > len(operands):
			return fmt.Errorf("%s takes %s alone, and %q is one argument too many", cmd.CommandPath(), strings.Join(operands, " "), args[len(operands)])
		}
		return fmt.Errorf("%s is missing: say it behind %s", strings.TrimSuffix(operands[len(args)], "..."), cmd.CommandPath())
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
	return fmt.Errorf("--%s takes %s, and %q is none", flag.Name, takes, value)
}

// Takes is what a flag takes, empty where its type does not say it.
func Takes(flag *pflag.Flag) string {
	switch flag.Value.Type() {
	case "int", "int64":
		return "a whole number"
	case "duration":
		return "a time, such as 30s, 10m or 1h"
	case "bool":
		return "true or false"
	}
	return ""
}

// meant asks whether the nearest of the names was meant, and is empty where none is near.
func meant(prefix, name string, names []string) string {
	best := spelling.Nearest(name, names)
	if best == "" {
		return ""
	}
	return "; did you mean " + prefix + best + "?"
}
