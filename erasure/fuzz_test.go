package erasure

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func FuzzParseEntry(f *testing.F) {
	at := time.Date(2026, 11, 26, 17, 0, 0, 123e6, time.UTC)
	for _, e := range []Entry{
		{N: 0, At: at, Type: EntryTypeBegin, Operator: "operator/ann", Approver: "approver/bob", Tool: "ciokit/1"},
		{N: 1, At: at, Type: EntryTypeGuard, Count: 7},
		{N: 2, At: at, Type: EntryTypeIntent, Kind: KindEmail, Action: ActionDelete, MessageID: messageID([32]byte{1}, Subject{2})},
		{N: 3, At: at, Type: EntryTypeOutcome, Outcome: OutcomeRejected, Status: 400, Rule: "too-large"},
		{N: 4, At: at, Type: EntryTypeResumed, Operator: "operator/ann", Open: 3, Cut: 17},
		{N: 5, At: at, Type: EntryTypeVerified, Verdict: VerdictContradicted, Reason: ReasonCameBack},
		{N: 1 << 40, At: at, Type: EntryTypeEnd, Totals: Totals{Subjects: 1, Accepted: 1}},
	} {
		f.Add(e.append(nil))
	}
	f.Add([]byte(`{"n":0}`))
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := ParseEntry(line)
		if err != nil {
			if len(line) > 20 && strings.Contains(err.Error(), string(line)) {
				t.Error("the error quotes the line")
			}
			return
		}
		if got := e.append(nil); !bytes.Equal(got, line) {
			t.Errorf("%q is read as %q", line, got)
		}
		if !json.Valid(line) {
			t.Errorf("%q is no JSON", line)
		}
	})
}

func FuzzParsePlan(f *testing.F) {
	p := Plan{
		Action: ActionDelete, Subjects: 2, Target: "https://cdp-eu.customer.io", Reason: "requests of a day", Request: "T-1",
		Created: time.Date(2026, 11, 26, 17, 0, 0, 0, time.UTC), Expires: time.Date(2026, 11, 29, 17, 0, 0, 0, time.UTC),
	}
	f.Add(p.Text())
	p.Request, p.SingleOperator, p.TargetsHash = "", true, sha256.Sum256(nil)
	f.Add(p.Text())
	f.Add(strings.Replace(p.Text(), "action delete", "action delete\naction suppress", 1))
	f.Fuzz(func(t *testing.T, text string) {
		p, err := parsePlan(text)
		if err == nil && p.Text() != text {
			t.Errorf("%q is read as %q", text, p.Text())
		}
	})
}

func FuzzReadTargets(f *testing.F) {
	f.Add([]byte(`{"id":"u1"}` + "\n" + `{"id":"u2","also":["ann@example.com","cio_01"]}` + "\n"))
	f.Add([]byte(`{"id":"u1","id":"u2"}` + "\n"))
	f.Add([]byte(`{"id":"u1"}]` + "\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		targets, err := parseTargets(text)
		if err != nil {
			return
		}
		if _, err := peopleOf(targets, ReceiptKey{secret{make([]byte, 32)}}, GuardKey{secret{make([]byte, 32)}}); err != nil {
			return // a target cannot be anybody's identifier
		}
		file := filepath.Join(t.TempDir(), "targets")
		hash, err := WriteTargets(file, targets)
		if err != nil || hash != sha256.Sum256(text) {
			t.Errorf("%q is written otherwise: %v", text, err)
		}
		if _, again, err := ReadTargets(file); err != nil || again != hash {
			t.Error(err)
		}
	})
}

func FuzzReadGuard(f *testing.F) {
	key := GuardKey{secret{make([]byte, 32)}}
	for _, version := range []int{1, 2} {
		names := ownPairs(sortedSet([]guardName{key.sum("a"), key.sum("b")}))
		f.Add((&guardSet{version, ActionSuppress, key.id(), names}).text())
		f.Add((&guardSet{version, ActionDelete, key.id(), nil}).text())
		f.Add((&guardSet{2, ActionDelete, key.id(), sortedPairs(append(names, guardPair{key.sum("a"), key.sum("b")}))}).text())
		f.Add(bytes.ReplaceAll((&guardSet{version, ActionDelete, key.id(), names}).text(), []byte("\n"), []byte("\r\n")))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		g, err := readGuardSet(bytes.NewReader(text))
		if err != nil {
			return
		}
		if again := g.text(); string(again) != string(text) {
			t.Errorf("%q is read as %q", text, again)
		}
	})
}

// A file that ends in the middle of a line, or has the line ends of another system, is not a guard and not a list of targets.
func TestReadersAreStrict(t *testing.T) {
	t.Parallel()
	key := NewGuardKey()
	good := (&guardSet{2, ActionDelete, key.id(), sortedPairs([]guardPair{{key.sum("a"), key.sum("a")}, {key.sum("a"), key.sum("b")}, {key.sum("c"), key.sum("c")}})}).text()
	if _, err := readGuardSet(bytes.NewReader(good)); err != nil {
		t.Fatal(err)
	}
	for n := range good {
		if _, err := readGuardSet(bytes.NewReader(good[:n])); err == nil {
			t.Errorf("a guard that is cut after %d of %d bytes", n, len(good))
		}
	}
	for _, text := range []string{string(good[:len(good)-1]), string(good) + string(good), string(good) + "end\n", strings.ReplaceAll(string(good), "\n", "\r\n"), string(good) + "\n", strings.Replace(string(good), "delete", "erase", 1)} {
		if _, err := readGuardSet(strings.NewReader(text)); err == nil {
			t.Errorf("a guard: %q", text)
		}
	}
	for _, text := range []string{`{"id":"u1"}`, `{"id":"u1"}` + "\r\n", `{"id":"u1","id":"u2"}` + "\n", `{"id":"u1"}]` + "\n", `{"ID":"u1"}` + "\n", "\n", `{"id": "u1"}` + "\n", `{"id":"u1","name":"Ann"}` + "\n"} {
		file := filepath.Join(t.TempDir(), "targets")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if targets, _, err := ReadTargets(file); err == nil || strings.Contains(err.Error(), "u1") {
			t.Errorf("targets: %q: %v, %v", text, targets, err)
		}
	}
	if _, err := WriteTargets(filepath.Join(t.TempDir(), "targets"), []Target{{ID: "a\xff"}}); err == nil {
		t.Error("an id that is not UTF-8 is written as another one")
	}
}
