package main

import (
	"regexp"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
)

// The flags of all commands of erase are in small letters, and each says what it is for.
func TestEraseHelp(t *testing.T) {
	t.Parallel()
	sentence := regexp.MustCompile(`^[A-Z][^\n]*[^.]$`)
	for _, cmd := range newErase(console.Console{}).Commands() {
		if !sentence.MatchString(cmd.Short) || cmd.Long == "" || cmd.Name() != "keygen" && cmd.Example == "" {
			t.Errorf("%s: the help is not whole: %q", cmd.Name(), cmd.Short)
		}
		for _, line := range strings.Split(cmd.Long, "\n") {
			if len(line) > 160 {
				t.Errorf("%s: a line of the help has %d letters", cmd.Name(), len(line))
			}
		}
	}
}
