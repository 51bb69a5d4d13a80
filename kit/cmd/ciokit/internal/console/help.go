package console

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// Section is a group of flags with a title.
type Section struct {
	Title string
	Flags []string
}

// sectionKey is the annotation of a flag that has the title of its Section.
const sectionKey = "ciokit_section"

// HelpWidth is how many characters a line of the help has at most. Examples are not wrapped, because a person copies them.
const HelpWidth = 120

// SetSections makes the help of a command show its flags under titles, in this order. Names that are not flags of the command are ignored.
func SetSections(cmd *cobra.Command, sections []Section) {
	cmd.Flags().SortFlags = false
	for i, s := range sections {
		for j, name := range s.Flags {
			if f := cmd.Flags().Lookup(name); f != nil {
				if f.Annotations == nil {
					f.Annotations = make(map[string][]string)
				}
				f.Annotations[sectionKey] = []string{s.Title, fmt.Sprintf("%03d %03d", i, j)}
			}
		}
	}
}

// InSection reports whether a flag has a section.
func InSection(f *pflag.Flag) bool { return f.Annotations[sectionKey] != nil }

// SectionOf returns the title of the section of a flag, empty if it has none.
func SectionOf(f *pflag.Flag) string {
	if !InSection(f) {
		return ""
	}
	return f.Annotations[sectionKey][0]
}

// Beside has the help show a flag in the section of another one, after it.
func Beside(f, other *pflag.Flag) {
	in := other.Annotations[sectionKey]
	f.Annotations[sectionKey] = []string{in[0], in[1] + " 1"}
}

// SetHelp makes root and all commands below it show the most important facts first: what the command does, how to call it, and then the rest.
func SetHelp(root *cobra.Command) {
	root.SetUsageFunc(func(cmd *cobra.Command) error {
		_, err := io.WriteString(cmd.OutOrStderr(), usageText(cmd))
		return err
	})
	root.SetHelpFunc(func(cmd *cobra.Command, _ []string) { io.WriteString(cmd.OutOrStdout(), helpText(cmd)) })
}

// UsageLine says in one line how to call a command and where to read more.
func UsageLine(cmd *cobra.Command) string {
	return "Usage: " + useLine(cmd) + "   (more: " + cmd.CommandPath() + " --help)"
}

// useLine is how a command is called.
func useLine(cmd *cobra.Command) string {
	below := listed(cmd)
	switch {
	case len(below) == 0:
		return cmd.UseLine()
	case !cmd.HasParent():
		return cmd.CommandPath() + " COMMAND"
	}
	var names []string
	for _, c := range below {
		names = append(names, c.Name())
	}
	return cmd.CommandPath() + " " + strings.Join(names, "|")
}

// listed are the commands below one that are shown.
func listed(cmd *cobra.Command) []*cobra.Command {
	return slices.DeleteFunc(slices.Clone(cmd.Commands()), func(c *cobra.Command) bool { return !c.IsAvailableCommand() && c.Name() != "help" })
}

func helpText(cmd *cobra.Command) string {
	text := cmd.Short
	if !strings.HasSuffix(text, ".") {
		text += "."
	}
	if !cmd.Runnable() && !cmd.HasSubCommands() { // a topic
		return wrapped(cmd.Long) + "\n"
	}
	return text + "\n\n" + usageText(cmd)
}

func usageText(cmd *cobra.Command) string {
	var b strings.Builder
	part := func(title, text string) {
		if text != "" {
			fmt.Fprintf(&b, "%s:\n%s\n\n", title, strings.TrimRight(text, "\n"))
		}
	}
	part("Examples", cmd.Example)
	part("Usage", "  "+useLine(cmd))
	if cmd.Long != "" {
		b.WriteString(wrapped(cmd.Long) + "\n\n")
	}
	for _, g := range append(slices.Clone(cmd.Groups()), &cobra.Group{Title: "Commands"}) {
		var lines string
		for _, c := range listed(cmd) {
			if c.GroupID == g.ID {
				lines += fmt.Sprintf("  %-*s  %s\n", 11, c.Name(), c.Short)
			}
		}
		part(g.Title, lines)
	}
	own, others := sectionsOf(cmd.LocalFlags())
	for _, s := range own {
		part(s.title, s.flags.FlagUsagesWrapped(HelpWidth))
	}
	part(map[bool]string{true: "Others", false: "Flags"}[len(own) > 0], others.FlagUsagesWrapped(HelpWidth))
	part("Flags of all commands here", cmd.InheritedFlags().FlagUsagesWrapped(HelpWidth))
	var topics string
	for _, c := range cmd.Commands() {
		if c.IsAdditionalHelpTopicCommand() {
			topics += fmt.Sprintf("  %s  %s\n", c.CommandPath(), c.Short)
		}
	}
	part("More", topics)
	if len(listed(cmd)) > 0 {
		fmt.Fprintf(&b, "%s COMMAND --help says more about a command.\n", cmd.CommandPath())
	}
	return strings.TrimRight(b.String(), "\n") + "\n"
}

// wrapped breaks the paragraphs of a text at the width of the help. Lines that begin with a space, such as those of a table, stay as they are.
func wrapped(text string) string {
	var lines []string
	join := false // the next line continues the paragraph of the last one
	for line := range strings.SplitSeq(text, "\n") {
		if line == "" || line[0] == ' ' {
			lines, join = append(lines, line), false
			continue
		}
		for word := range strings.FieldsSeq(line) {
			if last := len(lines) - 1; join && utf8.RuneCountInString(lines[last])+1+utf8.RuneCountInString(word) <= HelpWidth {
				lines[last] += " " + word
			} else {
				lines = append(lines, word)
			}
			join = true
		}
	}
	return strings.Join(lines, "\n")
}

// titled are flags under their title.
type titled struct {
	title string
	flags *pflag.FlagSet
}

// sectionsOf divides the flags into their sections; others have no section.
func sectionsOf(all *pflag.FlagSet) (sections []titled, others *pflag.FlagSet) {
	var flags []*pflag.Flag
	others = unsorted()
	all.VisitAll(func(f *pflag.Flag) {
		if f.Annotations[sectionKey] == nil {
			others.AddFlag(f)
			return
		}
		flags = append(flags, f)
	})
	slices.SortStableFunc(flags, func(a, b *pflag.Flag) int {
		return strings.Compare(a.Annotations[sectionKey][1], b.Annotations[sectionKey][1])
	})
	for _, f := range flags {
		title := f.Annotations[sectionKey][0]
		if n := len(sections); n == 0 || sections[n-1].title != title {
			sections = append(sections, titled{title, unsorted()})
		}
		sections[len(sections)-1].flags.AddFlag(f)
	}
	return sections, others
}

func unsorted() *pflag.FlagSet {
	set := pflag.NewFlagSet("", pflag.ContinueOnError)
	set.SortFlags = false
	return set
}
