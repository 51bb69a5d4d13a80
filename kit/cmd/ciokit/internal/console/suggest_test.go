package console

import (
	"io"
	"testing"

	"github.com/spf13/cobra"
)

// tree is a small command with two levels, for Suggest.
func tree(args []string) *cobra.Command {
	nothing := func(*cobra.Command, []string) error { return nil }
	root := &cobra.Command{Use: "tool", SilenceErrors: true, SilenceUsage: true, Args: cobra.NoArgs, RunE: nothing}
	root.SetOut(io.Discard)
	load := &cobra.Command{Use: "load FILE... --mapping MAP", Args: cobra.MinimumNArgs(1), RunE: nothing}
	load.Flags().Int("max-errors", 0, "")
	load.Flags().String("mapping", "", "where the map is (required)")
	load.Flags().Duration("wait", 0, "")
	load.Flags().Bool("sure", false, "")
	load.Flags().String("secret", "", "")
	load.Flags().MarkHidden("secret")
	runs := &cobra.Command{Use: "runs", Args: cobra.NoArgs}
	runs.AddCommand(&cobra.Command{Use: "list", Args: cobra.NoArgs, RunE: nothing}, &cobra.Command{Use: "kernel", Hidden: true, RunE: nothing})
	runs.PersistentFlags().Bool("json", false, "")
	root.AddCommand(load, runs)
	root.SetArgs(args)
	return root
}

// A misspelt command or flag gets a suggestion in any position. Other errors stay as they are.
func TestSuggest(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args []string
		want string
	}{
		{[]string{"laod"}, `unknown command "laod" for "tool"; did you mean load?`},
		{[]string{"laod", "x.csv", "--mapping", "m"}, `unknown command "laod" for "tool"; did you mean load?`},
		{[]string{"Load", "x.csv"}, `unknown command "Load" for "tool"; did you mean load?`},
		{[]string{"runs", "lits"}, `unknown command "lits" for "tool runs"; did you mean list?`},
		{[]string{"runs", "lits", "--jsn"}, `unknown command "lits" for "tool runs"; did you mean list?`},
		{[]string{"runs", "kernle"}, `unknown command "kernle" for "tool runs"`},
		{[]string{"help", "laod"}, `unknown command "laod" for "tool"; did you mean load?`},
		{[]string{"help", "runs", "lits"}, `unknown command "lits" for "tool runs"; did you mean list?`},
		{[]string{"completion", "bahs"}, `unknown command "bahs" for "tool completion"; did you mean bash?`},
		{[]string{"erase"}, `unknown command "erase" for "tool"`},
		{[]string{"load", "x", "--max-error", "5"}, "unknown flag: --max-error; did you mean --max-errors?"},
		{[]string{"load", "x", "--maxerrors=5"}, "unknown flag: --maxerrors; did you mean --max-errors?"},
		{[]string{"load", "x", "-mapping", "m"}, "unknown shorthand flag: 'm' in -mapping; did you mean --mapping?"},
		{[]string{"load", "x", "--secrte", "s"}, "unknown flag: --secrte"},
		{[]string{"load", "x", "-x"}, "unknown shorthand flag: 'x' in -x"},
		{[]string{"load", "x", "--nothing"}, "unknown flag: --nothing"},
		{[]string{"load", "x", "--max-errors", "five"}, `--max-errors must be a whole number, not "five"`},
		{[]string{"load", "x", "--max-errors", "1,000"}, `--max-errors must be a whole number, not "1,000"; did you mean 1000?`},
		{[]string{"load", "x", "--wait", "10"}, `--wait must be a time, such as 30s, 10m or 1h, not "10"; did you mean 10s?`},
		{[]string{"load", "x", "--wait", "5 Minutes"}, `--wait must be a time, such as 30s, 10m or 1h, not "5 Minutes"; did you mean 5m?`},
		{[]string{"load", "x", "--wait", "2d"}, `--wait must be a time, such as 30s, 10m or 1h, not "2d"; did you mean 48h?`},
		{[]string{"load", "x", "--wait", "soon"}, `--wait must be a time, such as 30s, 10m or 1h, not "soon"`},
		{[]string{"load", "x", "--sure=yes"}, `--sure must be true or false, not "yes"; did you mean true?`},
		{[]string{"runs", "list", "--jsno"}, "unknown flag: --jsno; did you mean --json?"},
		{[]string{"--hepl"}, "unknown flag: --hepl; did you mean --help?"},
		{[]string{"load"}, "FILE is missing: write it after tool load"},
		{[]string{"runs", "list", "x"}, `tool runs list takes no arguments; remove "x"`},
		{[]string{"load", "x", "--mapping"}, "--mapping needs a value: where the map is"},
		{[]string{"load", "x"}, ""}, {[]string{"help", "load"}, ""}, {[]string{"help"}, ""}, {[]string{"runs"}, ""}, {nil, ""},
	} {
		root := tree(test.args)
		Suggest(root, test.args)
		got := ""
		if err := root.Execute(); err != nil {
			got = err.Error()
		}
		if got != test.want {
			t.Errorf("%q:\n got %s\nwant %s", test.args, got, test.want)
		}
	}
}

// A word that is similar to one allowed word of a flag is recognized by its letters or by a common beginning, if only one word fits.
func TestMeant(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]string{"EU": "eu", "us ": "us", "europe": "eu", "us-east-1": "us", "emu": "emulator", "emulater": "emulator", "Mirror": "", "x": "", "": "", "mars": ""} {
		got := Meant(value, "emulator", "us", "eu")
		if want != "" {
			want = "; did you mean " + want + "?"
		}
		if got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
	if got := OneOf("mode", "Mirror", "upsert", "mirror").Error(); got != "--mode must be upsert or mirror; did you mean mirror?" {
		t.Error(got)
	}
}
