// Package nextstep writes command lines that a text tells the user to run. They work when they are copied into a shell.
package nextstep

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

// Command is a command line that a text tells the user to run. It works if it is copied into a shell, apart from words in capitals such as FILE,
// which stand for what only the user knows. It contains no secret: Environment says which of them the command reads from the environment.
type Command struct {
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

// New returns the command line of a command such as "erase check". It repeats the flags of the current command that the next one has too, in the
// order in which they were given. It repeats flags about the output and about approvals only if it is the same command, and never the flags --id
// and --key, whose values are identifiers and secrets. Without a current command, it repeats nothing.
func New(cmd *cobra.Command, path string, args ...string) *Command {
	n := &Command{path: path, args: args}
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
		n.flags = append(n.flags, nextFlag{f.Name, WithoutPasswords(valuesOf(f))})
	})
	return n
}

var (
	// neverRepeated are flags whose values are secrets or identifiers of people.
	neverRepeated = []string{"id", "key", "help"}
	// ofOneCommand are flags that say what one command writes, and how it is approved.
	ofOneCommand = []string{"yes", "json", "out", "report", "progress", "dry-run", "limit", "again"}
	// Variables are the environment variables of flags that are not given.
	Variables = []struct{ Flag, Name string }{
		{"key-file", "CUSTOMERIO_API_KEY"}, {"app-key-file", "CUSTOMERIO_APP_API_KEY"}, {"keys", "CIOKIT_ERASURE_KEYS"}, {"operator-key", "CIOKIT_ERASURE_OPERATOR_KEY"},
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

// WithoutPasswords replaces addresses that have a password, or a parameter that can be one, by the placeholder URL.
func WithoutPasswords(values []string) []string {
	for i, v := range values {
		if passwordIn.MatchString(v) {
			values[i] = "URL"
		}
	}
	return values
}

// With sets a flag. Without values, or with only empty ones, it is left out.
func (n *Command) With(flag string, values ...string) *Command {
	values = slices.DeleteFunc(slices.Clone(values), func(v string) bool { return v == "" })
	n.Without(flag)
	if len(values) > 0 {
		n.flags = append(n.flags, nextFlag{flag, WithoutPasswords(values)})
	}
	return n
}

// Fresh leaves all flags of the current command out.
func (n *Command) Fresh() *Command {
	n.flags = nil
	return n
}

// WithSwitch sets a flag without a value, if on.
func (n *Command) WithSwitch(flag string, on bool) *Command {
	if n.Without(flag); on {
		n.flags = append(n.flags, nextFlag{name: flag})
	}
	return n
}

// Without leaves flags out.
func (n *Command) Without(flags ...string) *Command {
	n.flags = slices.DeleteFunc(n.flags, func(f nextFlag) bool { return slices.Contains(flags, f.name) })
	return n
}

// Needing adds flags with placeholders, such as FILE, unless the flag was given or its variable is set.
func (n *Command) Needing(flag, placeholder string) *Command {
	if !n.Has(flag) && !slices.ContainsFunc(Variables, func(v struct{ Flag, Name string }) bool {
		return v.Flag == flag && strings.TrimSpace(os.Getenv(v.Name)) != ""
	}) {
		n.flags = append(n.flags, nextFlag{flag, []string{placeholder}})
	}
	return n
}

func (n *Command) Has(flag string) bool {
	return slices.ContainsFunc(n.flags, func(f nextFlag) bool { return f.name == flag })
}

// HasValue reports whether a flag has this value, such as a placeholder.
func (n *Command) HasValue(value string) bool {
	return slices.ContainsFunc(n.flags, func(f nextFlag) bool { return slices.Contains(f.values, value) })
}

// String is the command line, quoted for a shell.
func (n *Command) String() string {
	words := append([]string{"ciokit"}, strings.Fields(n.path)...)
	for _, arg := range n.args {
		if strings.HasPrefix(arg, "-") && arg != "-" {
			arg = "./" + arg
		}
		words = append(words, Word(arg))
	}
	for _, f := range n.flags {
		if f.values == nil {
			words = append(words, "--"+f.name)
		}
		for _, v := range f.values {
			words = append(words, "--"+f.name, Word(v))
		}
	}
	return strings.Join(words, " ")
}

// Environment is a line that says what several commands read from the environment instead of flags, as the current command did; empty for nothing.
// A file .env is still there then.
func Environment(commands ...*Command) string {
	var names []string
	for _, v := range Variables {
		if os.Getenv(v.Name) != "" && slices.ContainsFunc(commands, func(n *Command) bool {
			return n.target != nil && n.target.Flags().Lookup(v.Flag) != nil && !n.Has(v.Flag)
		}) {
			names = append(names, v.Name)
		}
	}
	if names == nil {
		return ""
	}
	all := names[0]
	if last := len(names) - 1; last > 0 {
		all = strings.Join(names[:last], ", ") + " and " + names[last]
	}
	return "For that command, " + plural.Form(len(names), "this variable", "these variables") + " of the environment must be set too: " + all + ".\n"
}

// Free is a file or directory that does not exist yet: base and ext, with a number between them if that exists.
func Free(base, ext string) string {
	name := base + ext
	for i := 2; ; i++ {
		if _, err := os.Lstat(name); err != nil {
			return name
		}
		name = base + "-" + strconv.Itoa(i) + ext
	}
}

// Word is text as one word of a shell.
func Word(s string) string {
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

// Path is a path as it is shown in a command line.
func Path(path string) string { return Word(console.ShortPath(path)) }
