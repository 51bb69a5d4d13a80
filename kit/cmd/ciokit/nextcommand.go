package main

import (
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// nextCommand is a command line that a text tells the user to run. It works if it is copied into a shell, apart from words in capitals such as FILE,
// which stand for what only the user knows. It contains no secret: variables says which of them the command reads from the environment.
type nextCommand struct {
	target *cobra.Command // nil if the flags of the current command are not repeated
	path   string
	args   []string
	flags  []nextFlag
}

// nextFlag is a flag of a command line. A switch has no values.
type nextFlag struct {
	name   string
	values []string
}

// next returns the command line of a command such as "erase check". It repeats the flags of the current command that the next one has too, in the order
// in which they were given. Flags about the output, approvals and identifiers of people are repeated only if it is the same command.
func next(cmd *cobra.Command, path string, args ...string) *nextCommand {
	n := &nextCommand{path: path, args: args}
	if cmd == nil {
		return n
	}
	if found, rest, err := cmd.Root().Find(strings.Fields(path)); err == nil && len(rest) == 0 {
		n.target = found
	} else {
		return n
	}
	sorted := cmd.Flags().SortFlags
	cmd.Flags().SortFlags = false
	defer func() { cmd.Flags().SortFlags = sorted }()
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if flagOf(n.target, f.Name) == nil || slices.Contains(neverRepeated, f.Name) || n.target != cmd && slices.Contains(ofOneCommand, f.Name) {
			return
		}
		n.flags = append(n.flags, nextFlag{f.Name, withoutPasswords(valuesOf(f))})
	})
	return n
}

var (
	// neverRepeated are flags whose values are secrets or identifiers of people.
	neverRepeated = []string{"id", "key", "help"}
	// ofOneCommand are flags that say what one command writes, and how it is approved.
	ofOneCommand = []string{"yes", "json", "out", "report", "progress", "dry-run", "limit", "again"}
	// variables are the environment variables of flags that are not given.
	variables = []struct{ flag, name string }{
		{"key-file", "CUSTOMERIO_API_KEY"}, {"app-key-file", "CUSTOMERIO_APP_API_KEY"}, {"keys", eraseRingVariable}, {"operator-key", "CIOKIT_ERASURE_OPERATOR_KEY"},
		{"approver-key", "CIOKIT_ERASURE_APPROVER_KEY"}, {"receipt-key", "CIOKIT_ERASURE_RECEIPT_KEY"}, {"guard-key", "CIOKIT_ERASURE_GUARD_KEY"},
	}
)

// flagOf returns a flag of a command or of its parents, nil if there is none.
func flagOf(cmd *cobra.Command, name string) *pflag.Flag {
	if f := cmd.Flags().Lookup(name); f != nil {
		return f
	}
	return cmd.InheritedFlags().Lookup(name)
}

// valuesOf returns the values of a flag for a command line.
func valuesOf(f *pflag.Flag) (values []string) {
	switch list, isList := f.Value.(pflag.SliceValue); {
	case f.Value.Type() == "bool" && f.Value.String() == "true":
		return nil
	case isList && f.Value.Type() == "stringArray":
		values = slices.Clone(list.GetSlice())
	case isList: // one value, with commas
		text := f.Value.String()
		values = []string{strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")}
	default:
		values = []string{f.Value.String()}
	}
	return values
}

var passwordIn = regexp.MustCompile(`(?i)://[^/?#]*:[^/?#]*@|[?&][^=&]*(?:pass|key|token|secret)[^=&]*=`)

// withoutPasswords replaces addresses that have a password, or a parameter that can be one, by the placeholder URL.
func withoutPasswords(values []string) []string {
	for i, v := range values {
		if passwordIn.MatchString(v) {
			values[i] = "URL"
		}
	}
	return values
}

// with sets a flag. Without values, or with only empty ones, it is left out.
func (n *nextCommand) with(flag string, values ...string) *nextCommand {
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	n.without(flag)
	if len(values) > 0 {
		n.flags = append(n.flags, nextFlag{flag, withoutPasswords(values)})
	}
	return n
}

// fresh leaves all flags of the current command out.
func (n *nextCommand) fresh() *nextCommand {
	n.flags = nil
	return n
}

// withSwitch sets a flag without a value, if on.
func (n *nextCommand) withSwitch(flag string, on bool) *nextCommand {
	if n.without(flag); on {
		n.flags = append(n.flags, nextFlag{name: flag})
	}
	return n
}

// without leaves flags out.
func (n *nextCommand) without(flags ...string) *nextCommand {
	n.flags = slices.DeleteFunc(n.flags, func(f nextFlag) bool { return slices.Contains(flags, f.name) })
	return n
}

// needing adds flags with placeholders, such as FILE, unless the flag was given or its variable is set.
func (n *nextCommand) needing(flag, placeholder string) *nextCommand {
	if !n.has(flag) && !slices.ContainsFunc(variables, func(v struct{ flag, name string }) bool {
		return v.flag == flag && strings.TrimSpace(os.Getenv(v.name)) != ""
	}) {
		n.flags = append(n.flags, nextFlag{flag, []string{placeholder}})
	}
	return n
}

func (n *nextCommand) has(flag string) bool {
	return slices.ContainsFunc(n.flags, func(f nextFlag) bool { return f.name == flag })
}

// String is the command line, quoted for a shell.
func (n *nextCommand) String() string {
	words := append([]string{"ciokit"}, strings.Fields(n.path)...)
	for _, arg := range n.args {
		if strings.HasPrefix(arg, "-") && arg != "-" {
			arg = "./" + arg
		}
		words = append(words, shellWord(arg))
	}
	for _, f := range n.flags {
		if f.values == nil {
			words = append(words, "--"+f.name)
		}
		for _, v := range f.values {
			words = append(words, "--"+f.name, shellWord(v))
		}
	}
	return strings.Join(words, " ")
}

// environment is a line that says what several commands read from the environment instead of flags, as the current command did; empty for nothing.
// A file .env is still there then.
func environment(commands ...*nextCommand) string {
	var names []string
	for _, v := range variables {
		if os.Getenv(v.name) != "" && slices.ContainsFunc(commands, func(n *nextCommand) bool {
			return n.target != nil && n.target.Flags().Lookup(v.flag) != nil && !n.has(v.flag)
		}) {
			names = append(names, v.name)
		}
	}
	if names == nil {
		return ""
	}
	all := names[0]
	if last := len(names) - 1; last > 0 {
		all = strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return plural.Form(len(names), "This variable", "These variables") + " of the environment must be set then too: " + all + ".\n"
}

// freeName is a file or directory that does not exist yet: base and ext, with a number between them if that exists.
func freeName(base, ext string) string {
	name := base + ext
	for i := 2; ; i++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = base + "-" + strconv.Itoa(i) + ext
	}
}

// shellWord is text as one word of a shell.
func shellWord(s string) string {
	if s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return !strings.ContainsRune("-_./,:=@%+", r) && !unicode.IsLetter(r) && !unicode.IsDigit(r)
	}) {
		return s
	}
	if printed.Line(s) != s { // the escapes of bash and zsh
		return "$'" + printed.Line(strings.NewReplacer(`\`, `\\`, "'", `\'`).Replace(s)) + "'"
	}
	return "'" + strings.ReplaceAll(s, "'", `'\''`) + "'"
}

// shellPath is a path as it is shown in a command line.
func shellPath(path string) string { return shellWord(console.ShortPath(path)) }
