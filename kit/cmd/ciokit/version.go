package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/spf13/cobra"
	"golang.org/x/mod/module"
)

// commit is the commit of the sources, if the build sets it (-ldflags "-X main.commit=..."). In a clone, Go knows it.
var commit string

func newVersion(con console.Console) *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print the version, the commit and the version of Go",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			_, err := fmt.Fprintln(con.Out, versionText())
			return err
		},
	}
}

func versionText() string {
	info, _ := debug.ReadBuildInfo()
	version, commit := versionOf(info, commit)
	text := fmt.Sprintf("ciokit %s %s/%s %s", version, runtime.GOOS, runtime.GOARCH, runtime.Version())
	if commit != "" {
		text += " commit " + commit
	}
	return text
}

// versionOf is the version and the commit of the command. If Go installed a tagged version, it is that version; otherwise it is the version of the
// sources. "+changes" after a commit means that files were changed.
func versionOf(info *debug.BuildInfo, said string) (version, commit string) {
	version, commit = cio.Version, said
	if info == nil {
		return version, commit
	}
	if v := info.Main.Version; strings.HasPrefix(v, "v") && !module.IsPseudoVersion(v) && !strings.Contains(v, "+") {
		version = strings.TrimPrefix(v, "v")
	}
	changed := false
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision" && said == "":
			commit = s.Value[:min(12, len(s.Value))]
		case s.Key == "vcs.modified" && said == "":
			changed = s.Value == "true"
		}
	}
	if changed && commit != "" {
		commit += "+changes"
	}
	return version, commit
}
