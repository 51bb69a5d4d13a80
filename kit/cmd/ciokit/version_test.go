package main

import (
	"runtime/debug"
	"testing"

	"github.com/ciokit/cio"
)

// The version is the installed one, or that of the sources. The commit is the known one.
func TestVersion(t *testing.T) {
	t.Parallel()
	vcs := func(changed string) []debug.BuildSetting {
		return []debug.BuildSetting{{Key: "vcs", Value: "git"}, {Key: "vcs.revision", Value: "0123456789abcdef0123"}, {Key: "vcs.modified", Value: changed}}
	}
	for _, tt := range []struct {
		name            string
		info            *debug.BuildInfo
		said            string
		version, commit string
	}{
		{"nothing known", nil, "", cio.Version, ""},
		{"built without a repository", &debug.BuildInfo{Main: debug.Module{Version: "(devel)"}}, "", cio.Version, ""},
		{"built from a clone", &debug.BuildInfo{Main: debug.Module{Version: "v0.0.0-20260101000000-0123456789ab"}, Settings: vcs("false")}, "", cio.Version, "0123456789ab"},
		{"built from a clone with changes", &debug.BuildInfo{Main: debug.Module{Version: "v0.9.1-0.20260101000000-0123456789ab+dirty"}, Settings: vcs("true")}, "", cio.Version, "0123456789ab+changes"},
		{"installed by version", &debug.BuildInfo{Main: debug.Module{Version: "v0.9.1"}}, "", "0.9.1", ""},
		{"released", &debug.BuildInfo{Main: debug.Module{Version: "v0.9.1-rc.1"}}, "fedcba987654", "0.9.1-rc.1", "fedcba987654"},
		{"the given commit counts", &debug.BuildInfo{Main: debug.Module{Version: "v0.9.1"}, Settings: vcs("true")}, "fedcba987654", "0.9.1", "fedcba987654"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if version, commit := versionOf(tt.info, tt.said); version != tt.version || commit != tt.commit {
				t.Errorf("versionOf = %q, %q; want %q, %q", version, commit, tt.version, tt.commit)
			}
		})
	}
}
