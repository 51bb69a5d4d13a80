package show_test

import (
	"errors"
	"testing"

	"github.com/ciokit/cio/kit/show"
)

func TestMust(t *testing.T) {
	t.Parallel()
	if v := show.Must(42, nil); v != 42 {
		t.Errorf("got %d", v)
	}
	reason := errors.New("reason")
	defer func() {
		if got := recover(); got != reason {
			t.Errorf("panicked with %v, want the error itself", got)
		}
	}()
	show.Must(0, reason)
	t.Error("did not panic")
}
