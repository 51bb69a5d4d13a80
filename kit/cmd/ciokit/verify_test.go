package main

import (
	"bytes"
	"testing"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
)

// Once everybody was read, verify says at once for whom it waits. It does not say so if it does not wait.
func TestVerifySaysWhyItWaits(t *testing.T) {
	t.Parallel()
	for wait, want := range map[time.Duration]string{
		2 * time.Hour: "1 of 3 people as in the file; the data of 2 people is read again, for at most 2h0m0s (--wait)\n",
		0:             "",
	} {
		var said bytes.Buffer
		call := (&verifyFlags{wait: wait}).progress(console.New(nil, &said, &said), 3)
		call(1, 1)
		call(2, 1)
		call(3, 1)
		call(3, 1)
		if said.String() != want {
			t.Errorf("with --wait %s: %q", wait, &said)
		}
	}
}
