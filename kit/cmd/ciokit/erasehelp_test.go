package main

import (
	"regexp"
	"testing"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
)

// Every command of erase has a short text without a full stop, a long text and an example.
func TestEraseHelp(t *testing.T) {
	t.Parallel()
	sentence := regexp.MustCompile(`^[A-Z][^\n]*[^.]$`)
	for _, cmd := range newErase(console.Console{}).Commands() {
		if !sentence.MatchString(cmd.Short) || cmd.Long == "" || cmd.Name() != "keygen" && cmd.Example == "" {
			t.Errorf("%s: the help is not complete: %q", cmd.Name(), cmd.Short)
		}
	}
}
