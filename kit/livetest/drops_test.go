package livetest

import (
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
)

// TestDroppedMessagesAreNoticed has a workspace answer 200 and drop one kind of message: the case that sends it fails, or says what was seen.
func TestDroppedMessagesAreNoticed(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		drops func(emulator.Message) bool
		area  string
		said  string // by the case about it
	}{
		"an event after the person was identified": {func(m emulator.Message) bool { return m.Event == "Ciokit Test After" }, "people", `lacks "Ciokit Test After"`},
		"an object of an anonymous person":         {func(m emulator.Message) bool { return m.Type == "group" && m.AnonymousID != "" }, "objects", "an object of an anonymous person: it does not appear"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			srv := emulator.Config{Refuse: func(m emulator.Message) (string, bool) { return "dropped", tc.drops(m) }}.InProcess(t)
			cfg := configFor(t, srv)
			cfg.Permissive = true
			s, err := Open(t.Context(), cfg)
			if err != nil {
				t.Fatal(err)
			}
			said := ""
			for _, c := range Cases() {
				if c.Area != tc.area {
					continue
				}
				r := s.Run(t.Context(), c)
				if r.Err != nil {
					said += r.Err.Error() + "\n"
				}
				for _, o := range r.Observations {
					said += o.What + ": " + o.Seen + "\n"
				}
			}
			if err := s.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if !strings.Contains(said, tc.said) {
				t.Errorf("nobody says %q: %s", tc.said, said)
			}
		})
	}
}
