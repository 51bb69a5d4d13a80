package load

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// newMirroring is newChanging for loads that delete people who have left, even everybody.
func newMirroring(t *testing.T, mapping string) *changing {
	c := newChanging(t, mapping)
	c.job.Changes.IDs, c.job.Changes.Mirror, c.job.Changes.MaxShrink = true, MirrorDelete, 100
	return c
}

// manyPeople are rows of people, except those in without.
func manyPeople(n int, without ...int) string {
	var in strings.Builder
	in.WriteString("id,n\n")
	for i := range n {
		if !slices.Contains(without, i) {
			fmt.Fprintf(&in, "p%02d,1\n", i)
		}
	}
	return in.String()
}

// People who left before a run that could not send are deleted by the next run, or by the same run when it is resumed.
func TestLeaversOutliveAnOutage(t *testing.T) {
	t.Parallel()
	outage := func(_ context.Context, _ int, m []cio.Message) error {
		return all(len(m), cio.OutcomeUnsent, &cio.APIError{Status: 503})
	}
	changed := strings.Replace(manyPeople(20, 1), "p05,1", "p05,7", 1)
	for _, journal := range []bool{false, true} {
		t.Run(fmt.Sprint("journal ", journal), func(t *testing.T) {
			c := newMirroring(t, people)
			if _, err := c.load(manyPeople(20)); err != nil {
				t.Fatal(err)
			}
			dir, id := t.TempDir(), ""
			if journal {
				var err error
				if c.job.journal, err = createJournal(dir, JournalHeader{}); err != nil {
					t.Fatal(err)
				}
				id = c.job.journal.Header().ID
			}
			c.client.send = outage
			if s, err := c.load(changed); !errors.Is(err, ErrGaveUp) || s.Left != 1 || s.Removed != 0 {
				t.Fatal(err, counts(s))
			}
			c.client.send = nil
			if journal {
				err := c.job.journal.Close()
				if err == nil {
					c.job.journal, err = openJournal(dir, id)
				}
				if err != nil {
					t.Fatal(err)
				}
				defer c.job.journal.Close()
			}
			if s := c.want(changed, 18, "p05 -p01"); s.Left != 1 || s.Removed != 1 {
				t.Errorf("left %d, removed %d", s.Left, s.Removed)
			}
		})
	}
}

// Nobody who is in the input in any form is deleted. If a row could be about anybody, nobody is deleted.
func TestMirrorKeepsWhoIsInTheInput(t *testing.T) {
	const (
		mail     = "messages:\n  - identify: {userId: $id, traits: {email: $n}}\n"
		guarded  = "messages:\n  - identify: {userId: $id, traits: {n: =int(n)}}\n    when: =n != \"0\"\n"
		twoOfOne = "messages:\n  - identify: {userId: $id, traits: {n: =int(n)}}\n    when: =n != \"0\"\n  - track: {userId: $id, event: E, messageId: [$id]}\n"
		owner    = "messages:\n  - identify: {userId: $id}\n  - relate: {userId: $n, objectId: o}\n    when: =n != \"0\"\n"
		objects  = "messages:\n  - identify: {userId: $id}\n    when: =n != \"0\"\n  - set_object: {objectId: $id}\n    when: =n == \"0\"\n"
		double   = "messages:\n  - identify: {userId: =id + id, traits: {n: =int(n)}}\n"
	)
	tests := []struct {
		name, mapping, first, second string
		left, alone                  int64
		sent                         string
	}{
		{"an email address in other letters", people, "Ann@x.example,1\nbob@x.example,1\n", "ann@x.example,2\nBOB@X.example,1\n", 0, 0, "ann@x.example BOB@X.example"},
		{"an email address that has left", people, "Ann@x.example,1\nbob@x.example,1\n", "bob@x.example,1\n", 1, 0, "-Ann@x.example"},
		{"an accepted row without the userId", mail, "u1,u1@x.example\nu2,u2@x.example\n", ",u1@x.example\nu2,u2@x.example\n", 1, 1, ""},
		{"a row whose condition does not hold", guarded, "a,1\nb,1\n", "a,0\nb,1\n", 0, 0, ""},
		{"a row of an unknown person, whose condition is false", guarded, "a,1\nb,1\n", ",0\nb,1\n", 1, 1, ""},
		{"a row with nothing in it", guarded, "a,1\nb,1\n", ",\nb,1\n", 1, 1, ""},
		{"a row with one of its messages", twoOfOne, "a,1\nb,1\n", "a,0\nb,1\n", 0, 0, ""},
		{"a second person, of a message with a condition", owner, "a,z\nz,0\n", "a,z\n", 0, 0, ""},
		{"a second person who is not named", owner, "a,z\nz,0\n", "a,\n", 1, 1, ""},
		{"rows of objects are about nobody", objects, "a,1\nb,1\no,0\n", "b,1\no,0\n", 1, 0, "-a"},
		{"a row that is refused, with its person", people, "a,1\nb,1\n", "a,x\n", 1, 0, "-b"},
		{"a rejected row of an unknown person", people, "a,1\nb,1\n", "b,1\n,x\n", 1, 1, ""},
		{"a row that is refused for an id that nobody can have", double, "a,1\nb,1\n", "a,1\n" + strings.Repeat("x", 600<<10) + ",1\n", 1, 0, "-bb"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			c := newMirroring(t, tt.mapping)
			if s, err := c.load("id,n\n" + tt.first); err != nil || s.Left != 0 {
				t.Fatal(err, s.Left)
			}
			s, err := c.load("id,n\n" + tt.second)
			if err != nil || s.Left != tt.left || s.LeftAlone != tt.alone {
				t.Errorf("%v: %d left, %d alone, %s", err, s.Left, s.LeftAlone, counts(s))
			}
			if got := c.users(); tt.sent != "" && got != tt.sent || strings.Contains(got, "-") && !strings.Contains(tt.sent, "-") {
				t.Errorf("sent %q, want %q", got, tt.sent)
			}
			if _, err := c.load("id,n\n" + tt.first); err != nil {
				t.Error("the next load: ", err)
			}
		})
	}
}

// Against the emulator, whose people are found like those of Customer.io.
func TestMirrorKeepsPeopleByTheirAddress(t *testing.T) {
	t.Parallel()
	client, server := emulated(t, cio.Config{})
	job := Job{Mapping: mustMapping(t, people), Client: client, Changes: ChangeOnly{Snapshot: filepath.Join(t.TempDir(), "s"), IDs: true, Mirror: MirrorDelete, MaxShrink: 100}}
	for _, in := range []string{"Ann@x.example,1\nbob@x.example,1\nCy@x.example,1\n", "ann@x.example,1\nBob@x.example,2\n"} {
		job.Source = mustSource(t, "id,n\n"+in, source.Config{})
		if _, err := Run(t.Context(), job); err != nil {
			t.Fatal(err)
		}
	}
	for id, there := range map[string]bool{"ann@x.example": true, "bob@x.example": true, "cy@x.example": false} {
		if _, err := server.Person("", id); (err == nil) != there {
			t.Errorf("%s: %v", id, err)
		}
	}
}

// A stray quote makes one cell of many rows. The people in them are in the input.
func TestMirrorKeepsWhoIsSwallowedByAQuote(t *testing.T) {
	t.Parallel()
	for _, of := range []string{"id,n,note\n", "note;id;n\n"} {
		for seed := range uint64(30) {
			rng := rand.New(rand.NewPCG(seed, 7))
			table := func(quotes bool) string {
				from, to := 2+rng.IntN(20), 0
				to = from + 1 + rng.IntN(12)
				text := of
				for i := range 40 {
					note := "x"
					switch {
					case quotes && i == from:
						note = `"x`
					case quotes && i == to:
						note = `x"`
					}
					id := fmt.Sprintf("p%d", i)
					if i%3 == 0 {
						id = fmt.Sprintf("P%d@x.example", i)
					}
					if of[0] == 'i' {
						text += id + ",1," + note + "\n"
					} else {
						text += note + ";" + id + ";1\n"
					}
				}
				return text
			}
			client, server := emulated(t, cio.Config{})
			job := Job{Mapping: mustMapping(t, people), Client: client, Changes: ChangeOnly{Snapshot: filepath.Join(t.TempDir(), "s"), IDs: true, Mirror: MirrorDelete, MaxShrink: 100}, MaxDeletes: 100}
			for _, quotes := range []bool{false, true} {
				job.Source = mustSource(t, table(quotes), source.Config{Delimiter: map[bool]byte{true: ',', false: ';'}[of[0] == 'i']})
				if s, err := Run(t.Context(), job); s.Removed > 0 || err != nil && !errors.As(err, new(*StopError)) {
					t.Errorf("seed %d: removed %d, %v", seed, s.Removed, err)
				}
			}
			for i := range 40 {
				id := fmt.Sprintf("p%d", i)
				if i%3 == 0 {
					id = fmt.Sprintf("P%d@x.example", i)
				}
				if _, err := server.Person("", id); err != nil {
					t.Errorf("seed %d: %s: %v", seed, id, err)
				}
			}
		}
	}
}

// Only people who were sent are known: a person who was only in a rejected row is not deleted later.
func TestMirrorLeavesWhomItNeverSent(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	c.want("id,n\na,1\nb,bad\n", 0, "a")
	c.want("id,n\na,1\n", 1, "")
	c.want("id,n\nc,1\n", 0, "c -a")
}

// An intended empty input deletes everybody, and then nobody is unchanged any more.
func TestWhoComesBackAfterAnEmptyInputIsNew(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	c.want(manyPeople(3), 0, "p00 p01 p02")
	c.want("id,n\n", 0, "-p00 -p01 -p02")
	c.want(manyPeople(3), 0, "p00 p01 p02")
}

// People who were deleted before the API failed count too: they are gone.
func TestWhoWasDeletedBeforeAnOutageIsNew(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	c.job.MaxDeletes = -1
	if _, err := c.load(manyPeople(3)); err != nil {
		t.Fatal(err)
	}
	c.job.MaxDeletes = 3
	c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
		return failures(len(m), map[int]cio.Failure{1: {Outcome: cio.OutcomeUnknown, Err: &cio.APIError{Status: 503}}, 2: {Outcome: cio.OutcomeUnsent, Err: &cio.APIError{Status: 503}}})
	}
	if s, err := c.load("id,n\n"); !errors.Is(err, ErrGaveUp) || s.Left != 3 || s.Removed != 1 {
		t.Fatal(err, s.Left, s.Removed)
	}
	c.client.send = nil
	c.want(manyPeople(3), 0, "p00 p01 p02")
}

// If a mirror with this mapping could delete somebody who is in the input, the mapping is refused before anything is sent.
func TestMappingsThatCannotBeMirrored(t *testing.T) {
	t.Parallel()
	const identify = "messages:\n  - identify: {userId: $id}\n"
	for _, tt := range []struct{ more, says string }{
		{"  - alias: {userId: $id, previousId: $n}\n", "map.yaml:3:5: messages[1]: an alias merges people"},
		{"  - identify: {traits: {email: $n}}\n", "map.yaml:3:5: messages[1]: a mirror needs the userId"},
		{"  - track: {anonymousId: $n, event: E, messageId: [$id]}\n", "a mirror needs the userId"},
		{"  - relate: {anonymousId: $n, objectId: o}\n", "a mirror needs the userId"},
		{"  - set_object: {objectId: $n}\n", ""},
	} {
		c := newMirroring(t, identify+tt.more)
		_, err := c.load("id,n\na,1\n")
		var wrong *mapping.Error
		if tt.says == "" && err == nil {
			continue
		}
		if !errors.As(err, &wrong) || tt.says == "" || !strings.Contains(err.Error(), tt.says) || len(c.sent) > 0 {
			t.Errorf("%s: %v", tt.more, err)
		}
	}
}

// Rejects as CSV name everybody who must not be deleted.
func TestRejectedRemovalsAsCSV(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	if _, err := c.load(manyPeople(20)); err != nil {
		t.Fatal(err)
	}
	c.client.encode = func(m cio.Message) (cio.Encoded, error) {
		if _, ok := m.(cio.DeletePerson); ok {
			return cio.Encoded{}, &cio.MessageError{Field: "userId", Rule: cio.RuleGuard, Hint: "no"}
		}
		return cio.Encode(m)
	}
	var rejects strings.Builder
	c.job.Rejects, c.job.RejectsCSV = &rejects, true
	s, err := c.load(manyPeople(20, 1, 2, 3))
	if err != nil || s.Rejected != 3 || strings.Count(rejects.String(), "\n") != 4 {
		t.Errorf("%v: %d rejected: %s", err, s.Rejected, &rejects)
	}
	for _, id := range []string{"p01", "p02", "p03"} {
		if !strings.Contains(rejects.String(), id) {
			t.Errorf("%s is not in %s", id, &rejects)
		}
	}
}

// A dry run names the people whom the load would not delete, by the same rule, and counts how many it would.
func TestDryRunNamesWhoIsNotRemoved(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, rule string
		prepare    func(*changing)
	}{
		{"deny list", string(cio.RuleGuard), func(c *changing) {
			file := filepath.Join(t.TempDir(), "deny.txt")
			if err := os.WriteFile(file, []byte("b\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			list, err := ReadDenyList(file, DenyConfig{})
			if err != nil {
				t.Fatal(err)
			}
			c.want("id,n\na,1\nb,1\nc,1\n", 0, "a b c")
			c.job.Deny = list
		}},
		{"unsure", RuleLeftUnsure, func(c *changing) {
			c.want("id,n\na,1\nc,1\n", 0, "a c")
			c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
				return all(len(m), cio.OutcomeUnknown, &cio.APIError{Status: 503})
			}
			if _, err := c.load("id,n\na,1\nb,1\nc,1\n"); err == nil {
				t.Fatal("no outage")
			}
			c.client.send = nil
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newMirroring(t, people)
			tt.prepare(c)
			const left = "id,n\na,1\n"
			planned := c.job
			planned.Source = mustSource(t, left, source.Config{})
			if plan, err := MakePlan(t.Context(), planned, 0); err != nil || plan.Left != 2 || plan.LeftRejected != 1 || plan.LeftAlone != 0 {
				t.Errorf("the plan: %v, %+v", err, plan)
			}
			c.job.DryRun = true
			dry, err := c.load(left)
			if err != nil || len(c.sent) > 0 || dry.Removed != 0 {
				t.Fatal(err, c.users(), dry)
			}
			c.job.DryRun = false
			s, err := c.load(left)
			if err != nil || s.Left != 2 || s.LeftRejected != 1 || s.Removed != 1 || c.users() != "-c" || s.Reasons[0].Rule != tt.rule {
				t.Fatal(err, c.users(), s)
			}
			if dry.Left != s.Left || dry.LeftRejected != s.LeftRejected || dry.Rejected != s.Rejected || dry.Guarded != s.Guarded || !slices.Equal(dry.Reasons, s.Reasons) {
				t.Errorf("%+v, in a dry run %+v", s, dry)
			}
		})
	}
}

// A plan does not announce deletions that no load will make.
func TestPlanSaysWhoIsLeftAlone(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		in         string
		newMapping bool
		alone      int64
	}{
		"nothing is in the way": {"id,n\na,1\n", false, 0},
		"a new mapping":         {"id,n\na,1\n", true, 2},
		"a row without a name":  {"id,n\na,1\n,1\n", false, 2},
	} {
		t.Run(name, func(t *testing.T) {
			c := newMirroring(t, people)
			c.want("id,n\na,1\nb,1\nc,1\n", 0, "a b c")
			c.job.Changes.NewMapping = tt.newMapping
			job := c.job
			job.Source = mustSource(t, tt.in, source.Config{})
			plan, err := MakePlan(t.Context(), job, 0)
			if err != nil || plan.Left != 2 || plan.LeftAlone != tt.alone || plan.LeftRejected != 0 {
				t.Errorf("the plan: %v, %d left, %d alone", err, plan.Left, plan.LeftAlone)
			}
			if s, err := c.load(tt.in); err != nil || s.Left != 2 || s.LeftAlone != tt.alone || s.Removed != 2-tt.alone {
				t.Errorf("the load: %v, %d left, %d alone, %d removed", err, s.Left, s.LeftAlone, s.Removed)
			}
		})
	}
}

// The error of a bound counts the deletions of the rows together with those of the mirror: one person alone would be within it.
func TestTooManyDeletesByRowsAndMirror(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, "messages:\n  - identify: {userId: $id}\n    when: =n != \"gone\"\n  - delete_person: {userId: $id}\n    when: =n == \"gone\"\n")
	c.want("id,n\na,1\nb,1\nc,1\n", 0, "a b c")
	c.job.MaxDeletes = 1
	s, err := c.load("id,n\na,1\nb,gone\n")
	if !errors.Is(err, ErrTooManyDeletes) || s.Removed != 0 || !strings.Contains(err.Error(), "1 person has left the input, the rows also delete or suppress 1, but MaxDeletes (--max-deletes) allows at most 1 message to delete or suppress somebody") {
		t.Errorf("%v, %d removed", err, s.Removed)
	}
}
