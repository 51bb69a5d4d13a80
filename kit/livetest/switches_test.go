package livetest

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/emulator"
)

// noSwitches are the fields of emulator.Config that are not about the behaviour of Customer.io.
var noSwitches = []string{
	"Keys", "MaxBodyBytes", "MaxMessages", "MaxJournalBytes", "MaxEventsPerPerson", "MaxWorkspaces", "AllowHosts", "Refuse", "Store", "Forward", "OnRequest", "OnFault", "Now",
}

// otherValues are the other values of switches that are not only on or off.
var otherValues = map[string]any{
	"MaxCallBytes":  32_000,
	"MaxBatchBytes": 500_000,
	"DedupWindow":   time.Hour,
	"RateLimit":     30,
}

// switches returns for each switch of the emulator a change of its Config, by the switch's name.
func switches(t *testing.T) map[string]func(*emulator.Config) {
	t.Helper()
	all := make(map[string]func(*emulator.Config))
	for f := range reflect.TypeFor[emulator.Config]().Fields() {
		if slices.Contains(noSwitches, f.Name) {
			continue
		}
		value, known := otherValues[f.Name]
		switch {
		case f.Type.Kind() == reflect.Bool:
			all[f.Name] = func(c *emulator.Config) { reflect.ValueOf(c).Elem().FieldByName(f.Name).SetBool(true) }
		case known:
			all[f.Name] = func(c *emulator.Config) { reflect.ValueOf(c).Elem().FieldByName(f.Name).Set(reflect.ValueOf(value)) }
		default:
			t.Errorf("emulator.Config.%s is new here: if it says how Customer.io may behave, give its other choice in otherValues, so that the live suite runs with it; if not, add it to noSwitches", f.Name)
		}
	}
	for name := range otherValues {
		if all[name] == nil {
			t.Errorf("otherValues has %s, which emulator.Config has no more", name)
		}
	}
	return all
}

// allSwitches turns every switch the other way.
func allSwitches(t *testing.T) emulator.Config {
	var c emulator.Config
	for _, change := range switches(t) {
		change(&c)
	}
	return c
}

// TestSwitches runs the suite with each switch of the emulator turned the other way, and with all of them, in both modes. Every case passes, and
// nothing is left.
func TestSwitches(t *testing.T) {
	t.Parallel()
	sets := map[string]emulator.Config{"all": allSwitches(t), "none": {}}
	for name, change := range switches(t) {
		c := emulator.Config{}
		change(&c)
		sets[name] = c
	}
	for name, config := range sets {
		for _, permissive := range []bool{false, true} {
			if permissive && name != "all" && name != "none" && !deep() {
				continue
			}
			t.Run(name+map[bool]string{true: ", permissive"}[permissive], func(t *testing.T) {
				t.Parallel()
				synctest.Test(t, func(t *testing.T) { // waiting for the rate limit needs no real time
					srv := config.InProcess(t)
					cfg := configFor(t, srv)
					cfg.Permissive = permissive
					passes(t, cfg)
					if left := leftOver(srv); left != "" {
						t.Errorf("left over: %s", left)
					}
				})
			})
		}
	}
}

// passes runs all cases, closes the suite, and returns the observations, in lines.
func passes(t *testing.T, cfg Config) (seen string) {
	t.Helper()
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Cases() {
		r := s.Run(t.Context(), c)
		if r.Err != nil {
			t.Errorf("%s: %s: %v", c.Area, c.Name, r.Err)
		}
		for _, o := range r.Observations {
			seen += o.What + ": " + o.Seen + "\n"
			if strings.Contains(o.Seen, "the workspace does not have the type") {
				t.Errorf("%s: %s", o.What, o.Seen)
			}
		}
	}
	if err := s.Close(t.Context()); err != nil {
		t.Error(err)
	}
	if files, _ := filepath.Glob(filepath.Join(cfg.LedgerDir, "*")); len(files) > 0 {
		t.Errorf("ledgers are left: %v", files)
	}
	return seen
}
