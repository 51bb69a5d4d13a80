package load

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/source"
)

// Only addresses are compared without their case, and ids are sent as they were read.
func TestMirrorComparesIDs(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, first, second, sent string }{
		{"an id with an @ that is not an address", "Acme1@EU,1\nacme1@eu,1\n", "acme1@eu,1\n", "-Acme1@EU"},
		{"the other one", "Acme1@EU,1\nacme1@eu,1\n", "Acme1@EU,1\n", "-acme1@eu"},
		{"an address as it was read", "Ann@X.org,1\nb,1\n", "b,1\n", "-Ann@X.org"},
		{"one spelling of two", "Ann@X.org,1\nann@x.org,1\nb,1\n", "ANN@x.org,1\nb,1\n", "ANN@x.org"},
		{"ids in other letters", "U1,1\nu1,1\nb,1\n", "u1,1\nb,1\n", "-U1"},
		{"forms of one letter", "\u00fc,1\nu\u0308,1\nb,1\n", "u\u0308,1\nb,1\n", "-\u00fc"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newMirroring(t, people)
			if _, err := c.load("id,n\n" + tt.first); err != nil {
				t.Fatal(err)
			}
			if _, err := c.load("id,n\n" + tt.second); err != nil || c.users() != tt.sent {
				t.Errorf("%v: sent %q, want %q", err, c.users(), tt.sent)
			}
		})
	}
}

// People who are only mentioned do not belong to the mirror, and people whom anything mentions have not left.
func TestMirrorOfPeopleWhoAreMentioned(t *testing.T) {
	t.Parallel()
	const identify = "messages:\n  - identify: {userId: $id, traits: {n: =int(n)}}\n    when: =n != \"\"\n"
	for name, mention := range map[string]string{
		"relate": "  - relate: {userId: $o, objectId: t}\n    when: =o != \"\"\n", "group": "  - group: {userId: $o, groupId: t}\n    when: =o != \"\"\n",
		"track":  "  - track: {userId: $o, event: E, messageId: [$id, $o]}\n    when: =o != \"\"\n",
		"device": "  - set_device: {userId: $o, token: t, platform: ios}\n    when: =o != \"\"\n",
	} {
		t.Run(name, func(t *testing.T) {
			c := newMirroring(t, identify+mention)
			load := func(in string, removed int64) {
				t.Helper()
				if s, err := c.load("id,n,o\n" + in); err != nil || s.Removed != removed {
					t.Errorf("%v: %d removed of %d, want %d: %s", err, s.Removed, s.Left, removed, c.users())
				}
			}
			load("a,1,boss\nb,1,\n", 0)
			load("a,1,\nb,1,\n", 0)    // boss never belonged to the mirror
			load("a,1,b\n", 0)         // b is still mentioned
			load("a,1,\nboss,1,\n", 1) // and now is not; boss belongs to the mirror from now on
			load("a,1,boss\n", 0)
			load("a,1,\n", 1)
		})
	}
}

// A person who is in the input under another id, with an address that the old id had, is the same person to Customer.io.
func TestMirrorKeepsWhoHasANewID(t *testing.T) {
	t.Parallel()
	const mapping = "messages:\n  - identify: {userId: $id, traits: {email: $e, n: =int(n)}}\n    when: =n != \"0\"\n"
	for _, tt := range []struct {
		name, first, second string
		removed, moved      int64
	}{
		{"renumbered", "u1,A@x.org,1\nu2,b@x.org,1\n", "v1,a@X.org ,1\nu2,b@x.org,1\n", 0, 1},
		{"two rows of one", "u1,a@x.org,1\nu2,a@x.org,1\nu3,,1\n", "u2,a@x.org,1\nu3,,1\n", 0, 1},
		{"the address was the id", "A@x.org,,1\nu2,,1\n", "u1,a@x.org,1\nu2,,1\n", 0, 1},
		{"the address is the id now", "u1,a@x.org,1\nu2,,1\n", "A@x.org,,1\nu2,,1\n", 0, 1},
		{"in a row that is refused", "u1,a@x.org,1\nu2,,1\n", "v1,a@x.org,bad\nu2,,1\n", 0, 1},
		{"in a row whose condition does not hold", "u1,a@x.org,1\nu2,,1\n", "v1,a@x.org,0\nu2,,1\n", 0, 1},
		{"an address of another person", "u1,a@x.org,1\nu2,,1\n", "v1,c@x.org,1\nu2,,1\n", 1, 0},
		{"no address at all", "u1,no,1\nu2,,1\n", "v1,no,1\nu2,,1\n", 1, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newMirroring(t, mapping)
			if _, err := c.load("id,e,n\n" + tt.first); err != nil {
				t.Fatal(err)
			}
			for range 2 { // then they are in no snapshot
				s, err := c.load("id,e,n\n" + tt.second)
				if err != nil || s.Removed != tt.removed || s.SameAddress != tt.moved {
					t.Errorf("%v: %d removed, %d by an address; want %d, %d", err, s.Removed, s.SameAddress, tt.removed, tt.moved)
				}
				tt.removed, tt.moved = 0, 0
			}
		})
	}
	c := newMirroring(t, mapping) // a person who got a new address since is known only by that
	for _, in := range []string{"u1,a@x.org,1\nu2,,1\n", "u1,b@x.org,1\nu2,,1\n"} {
		if _, err := c.load("id,e,n\n" + in); err != nil {
			t.Fatal(err)
		}
	}
	if s, err := c.load("id,e,n\nu9,a@x.org,1\nu2,,1\n"); err != nil || s.Removed != 1 {
		t.Error(err, s.Removed)
	}
}

// Rows that name nobody prevent all deletions, unless the mapping leaves them out by a condition on their key. So does an identify without a key,
// even if other messages of its row name somebody.
func TestRowsThatNameNobody(t *testing.T) {
	t.Parallel()
	const (
		plain  = "messages:\n  - identify: {userId: $id, traits: {email: $e}}\n"
		boss   = "  - relate: {userId: $boss, objectId: o}\n    when: =boss != \"\"\n"
		onKey  = "    when: =id != \"\"\n"
		onMail = "    when: =e != \"\"\n"
	)
	for _, tt := range []struct {
		name, mapping, row string
		alone              bool
	}{
		{"a failed join", plain, ",,Bonn,\n", true},
		{"an empty row", plain, ",,,\n", true},
		{"an address alone", plain, ",a@x.org,,\n", true},
		{"left out by its key", plain + onKey, ",,Bonn,\n", false},
		{"left out by its key, with an address", plain + onKey, ",a@x.org,Bonn,\n", false},
		{"left out by something else", plain + onMail, ",,Bonn,\n", true},
		{"one key of two", "messages:\n  - identify: {userId: $id}\n" + onKey + "  - relate: {userId: $e, objectId: o}\n", ",,Bonn,\n", true},
		{"both keys", "messages:\n  - identify: {userId: $id}\n" + onKey + "  - relate: {userId: $e, objectId: o}\n    when: =e != \"\" && id != \"\"\n", ",,Bonn,\n", false},
		{"another person", plain + boss, ",,,boss\n", true},
		{"another person, with an address", plain + boss, ",a@x.org,,boss\n", true},
		{"another person, left out by another condition", plain + onMail + boss, ",,,boss\n", true},
		{"another person first", "messages:\n" + boss + strings.TrimPrefix(plain, "messages:\n") + onMail, ",,,boss\n", true},
		{"another person, who is known", plain + onMail + boss, ",,,u1\n", true},
		{"another person, left out by the key", plain + onKey + boss, ",,,boss\n", false},
		{"another person, left out by the key and more", plain + "    when: =e != \"\" && id != \"\"\n" + boss, ",,,boss\n", false},
		{"a second identify", plain + "  - identify: {userId: $boss}\n    when: =city != \"\"\n", "u3,u3@x.org,,\n", true},
		{"the key in two columns", "messages:\n  - identify: {userId: =id + city}\n    when: =e != \"\"\n" + boss, ",,,boss\n", true},
		{"the key in two columns, left out by one", "messages:\n  - identify: {userId: =id + city}\n    when: =city != \"\"\n" + boss, ",,,boss\n", false},
		{"others of the row without a key", plain + onKey + "  - relate: {userId: $boss, objectId: o}\n    when: =city == \"Bonn\"\n", "u3,,Ulm,\n", false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newMirroring(t, tt.mapping)
			const two = "id,e,city,boss\nu1,u1@x.org,Ulm,x\nu2,u2@x.org,Ulm,x\n"
			if _, err := c.load(two); err != nil {
				t.Fatal(err)
			}
			s, err := c.load("id,e,city,boss\nu1,u1@x.org,Ulm,x\n" + tt.row)
			if alone := s.LeftAlone == 1 && s.Removed == 0; err != nil || s.Left != 1 || alone != tt.alone || !alone && s.Removed != 1 {
				t.Errorf("%v: left %d, alone %d, removed %d", err, s.Left, s.LeftAlone, s.Removed)
			}
			if s.Rows != 2 || s.RowsNameless != map[bool]int64{true: 1}[tt.alone] {
				t.Errorf("%d rows, %d of which name nobody", s.Rows, s.RowsNameless)
			}
		})
	}
}

// Rows that name nobody are counted over all runs of a load.
func TestRowsThatNameNobodyBeforeAResumption(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	c.want(manyPeople(4), 0, "p00 p01 p02 p03")
	name := filepath.Join(t.TempDir(), "in.csv")
	if err := os.WriteFile(name, []byte("id,n\n,1\n"+strings.Repeat("p01,1\n", 3*chunkRows)+"p02,7\n,2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	outage := func(_ context.Context, _ int, m []cio.Message) error {
		return all(len(m), cio.OutcomeUnsent, &cio.APIError{Status: 503})
	}
	job, dir, id := c.job, t.TempDir(), ""
	for try := range 2 {
		var err error
		if job.Source, err = source.Open(name, source.Config{}); err != nil {
			t.Fatal(err)
		}
		defer job.Source.Close()
		begin, send := func() (*Load, error) { return Start(dir, job) }, outage
		if try > 0 {
			begin, send = func() (*Load, error) { return Resume(dir, id, job) }, nil
		}
		l, err := begin()
		if err != nil {
			t.Fatal(err)
		}
		id, c.client.send = l.ID(), send
		s, err := l.Run(t.Context())
		if (err == nil) != (try > 0) || s.RowsNameless != 2 || s.Removed != 0 || l.Last().Row == 0 {
			t.Errorf("%v: %d rows name nobody, removed %d, at row %d", err, s.RowsNameless, s.Removed, l.Last().Row)
		}
		checkSum(t, s)
	}
}

// Everybody whom any message of a row has made belongs to the mirror, even if Customer.io rejected another message about them.
func TestMirrorOfPeopleOfTwoMessages(t *testing.T) {
	t.Parallel()
	for _, refused := range []int{0, 1} {
		c := newMirroring(t, "messages:\n  - identify: {userId: $id, traits: {n: $n}}\n  - identify: {userId: $id, traits: {m: $m}}\n")
		c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
			return failures(len(m), map[int]cio.Failure{refused: {Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400}}})
		}
		if _, err := c.load("id,n,m\na,1,1\nb,1,1\n"); err != nil {
			t.Fatal(err)
		}
		c.client.send = nil
		if s, err := c.load("id,n,m\nb,1,1\n"); err != nil || s.Left != 1 || s.Removed != 1 || c.users() != "-a" {
			t.Errorf("message %d refused: %v: %d left, %d removed, sent %s", refused, err, s.Left, s.Removed, c.users())
		}
	}
}

// The protection against an input that shrank.
func TestShrinkingGuard(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		before, left, most int
		stops              bool
	}{
		{11, 10, 0, true}, {11, 5, 0, false}, {11, 6, 0, true}, {2, 1, 0, false}, {3, 2, 0, true}, {1, 1, 0, true}, {100, 20, 0, false}, {100, 21, 0, true}, {55, 11, 0, false},
		{54, 11, 0, true}, {40, 10, 0, false}, {100, 11, 5, true}, {100, 10, 5, false}, {100, 60, 60, false}, {100, 61, 60, true}, {10, 6, 60, false}, {10, 7, 60, true}, {10, 10, 99, true}, {10, 10, 100, false},
	} {
		var gone []int
		for i := range tt.left {
			gone = append(gone, i)
		}
		c := newMirroring(t, people)
		if _, err := c.load(manyPeople(tt.before)); err != nil {
			t.Fatal(err)
		}
		c.job.Changes.MaxShrink = tt.most
		s, err := c.load(manyPeople(tt.before, gone...))
		if errors.Is(err, ErrShrunk) != tt.stops || (s.Removed == 0) != tt.stops || s.Left != int64(tt.left) {
			t.Errorf("%d of %d, MaxShrink %d: %v, %d removed", tt.left, tt.before, tt.most, err, s.Removed)
		}
	}
}

// People of another mapping, query or set of columns do not count as having left.
func TestMirrorOfAnotherTable(t *testing.T) {
	t.Parallel()
	const in = "id,n,k\na,1,1\nb,1,1\nc,1,1\n"
	for name, change := range map[string]func(*Job) string{
		"mapping": func(j *Job) string {
			j.Mapping = mustMapping(t, "messages:\n  - identify: {userId: =upper(id)}\n")
			return in
		},
		"query":          func(j *Job) string { j.Changes.Query = "SELECT id FROM b"; return "id,n,k\na,1,1\nb,1,1\n" },
		"set of columns": func(*Job) string { return "id,n,m\na,1,1\nb,1,1\n" },
	} {
		t.Run(name, func(t *testing.T) {
			c := newMirroring(t, people)
			c.job.Changes.Query = "SELECT id FROM a"
			if _, err := c.load(in); err != nil {
				t.Fatal(err)
			}
			first := c.job
			other := change(&c.job)
			var bad *snapshot.Error
			if _, err := c.load(other); !errors.As(err, &bad) || !strings.Contains(bad.Problem, name) || !strings.Contains(bad.Hint, "--new-mapping") || len(c.sent) > 0 {
				t.Errorf("%v, sent %q", err, c.users())
			}
			c.job.Changes.Mirror, c.job.Changes.IDs = "", true // an upsert can; but then it is not known whose people they are
			if _, err := c.load(other); err != nil {
				t.Fatal(err)
			}
			for _, job := range []Job{first, c.job} {
				c.job = job
				c.job.Changes.Mirror = MirrorDelete
				if _, err := c.load(other); !errors.As(err, &bad) || len(c.sent) > 0 {
					t.Errorf("%v, sent %q", err, c.users())
				}
			}
			c.job.Changes.NewMapping, c.job.Changes.MaxShrink = true, 1
			if s, err := c.load(other); err != nil || s.Removed != 0 || s.LeftAlone != s.Left || s.Left == 0 || strings.Contains(c.users(), "-") {
				t.Errorf("%v: %d left, %d removed, %q", err, s.Left, s.Removed, c.users())
			}
			c.job.Changes.NewMapping, c.job.Changes.MaxShrink = false, 100
			if s, err := c.load(other); err != nil || s.Left != 0 {
				t.Errorf("%v: %d left", err, s.Left)
			}
			shorter := strings.Join(strings.SplitAfter(other, "\n")[:2], "")
			if s, err := c.load(shorter); err != nil || s.Removed == 0 {
				t.Errorf("%v: %d removed", err, s.Removed)
			}
		})
	}
	c := newMirroring(t, people) // the order of columns makes no difference
	c.want("id,n\na,1\nb,1\n", 0, "a b")
	c.want("n,id\n1,a\n", 1, "-b")
}

// A snapshot of the previous version, whose ids are not certain, deletes nobody, and is replaced by one whose ids are.
func TestMirrorWithAnOlderSnapshot(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	var ids [][]byte
	for _, id := range []string{"acme1@eu", "boss", "p00", "p01"} {
		ids = append(ids, []byte(id))
	}
	info := snapshot.Info{ID: randomID(), HasIDs: true, Salt: make([]byte, 16), Mapping: "old", KeyHash: c.client.KeyHash(make([]byte, 16))}
	if err := os.WriteFile(c.job.Changes.Snapshot, olderSnapshot(t, info, ids), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, err := snapshot.ReadInfo(c.job.Changes.Snapshot); err != nil || !got.Older || got.HasIDs || got.IDs != 0 {
		t.Fatalf("%v, %+v", err, got)
	}
	if s, err := c.load("id,n\np00,1\nAcme1@EU,1\n"); err != nil || s.Left != 0 || s.Accepted != 2 {
		t.Error(err, counts(s), s.Left)
	}
	if got, err := snapshot.ReadInfo(c.job.Changes.Snapshot); err != nil || got.Older || got.IDs != 2 {
		t.Fatalf("%v, %+v", err, got)
	}
	c.want("id,n\np00,1\n", 1, "-Acme1@EU")
}

// olderSnapshot is a snapshot of version 2 without entries.
func olderSnapshot(t *testing.T, info snapshot.Info, ids [][]byte) []byte {
	t.Helper()
	var body []byte
	slices.SortFunc(ids, bytes.Compare)
	for _, id := range ids {
		body = snapshot.AppendText(body, id)
	}
	info.IDs, info.IDsBytes = int64(len(ids)), int64(len(body))
	text, err := json.Marshal(info)
	if err != nil {
		t.Fatal(err)
	}
	all := binary.BigEndian.AppendUint32(slices.Concat([]byte("ciosnap2"), body, text), uint32(len(text)))
	sum := sha256.Sum256(all)
	return append(all, sum[:]...)
}

// unanswered is a server that gives no answer to a message about a given person.
func unanswered(id string) func(context.Context, int, []cio.Message) error {
	return func(_ context.Context, _ int, m []cio.Message) error {
		lost := make(map[int]cio.Failure)
		for i := range m {
			if m[i].(*cio.Encoded).Identity().UserID == id {
				lost[i] = cio.Failure{Outcome: cio.OutcomeUnknown, Err: &cio.APIError{Status: 500}}
			}
		}
		if len(lost) == 0 {
			return nil
		}
		return failures(len(m), lost)
	}
}

// A person whom a row has deleted is not deleted again when the row disappears.
func TestMirrorOfDeletedPeople(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, "messages:\n  - identify: {userId: $id}\n    when: =n != \"gone\"\n  - delete_person: {userId: $id}\n    when: =n == \"gone\"\n")
	c.want("id,n\na,1\nb,1\n", 0, "a b")
	c.want("id,n\na,gone\nb,1\n", 1, "-a")
	c.want("id,n\nb,1\n", 1, "")
	c.want("id,n\na,gone\na,1\nb,1\n", 1, "-a a")
	c.want("id,n\nb,1\n", 1, "-a")
}

// A person who was sent without an answer, and who has left since, is named and not deleted.
func TestMirrorNamesWhoMayHaveBeenMade(t *testing.T) {
	t.Parallel()
	c := newMirroring(t, people)
	c.want("id,n\na,1\nb,1\n", 0, "a b")
	c.client.send = unanswered("x")
	if _, err := c.load("id,n\na,1\nb,1\nx,1\n"); !errors.Is(err, ErrGaveUp) {
		t.Fatal(err)
	}
	c.client.send = nil
	for range 2 { // without a rejects file they are named each time
		s := c.want("id,n\na,1\nb,1\n", 2, "")
		if s.Left != 1 || s.Removed != 0 || s.Rejected != 1 || s.First[0].Rule != RuleLeftUnsure {
			t.Errorf("%+v", s)
		}
	}
	var rejects strings.Builder
	c.job.Rejects = &rejects
	if s := c.want("id,n\na,1\nb,1\n", 2, ""); s.Rejected != 1 || !strings.Contains(rejects.String(), `{\"userId\":\"x\"}`) {
		t.Errorf("%+v, %s", s, &rejects)
	}
	if s := c.want("id,n\na,1\nb,1\n", 2, ""); s.Left != 0 {
		t.Errorf("%+v", s)
	}
	c.job.Rejects, c.client.send = nil, unanswered("x")
	if _, err := c.load("id,n\na,1\nb,1\nx,1\n"); !errors.Is(err, ErrGaveUp) {
		t.Fatal(err)
	}
	c.client.send = nil
	c.want("id,n\na,1\nb,1\nx,1\n", 2, "x") // now there is an answer
	c.want("id,n\na,1\nb,1\n", 2, "-x")
}

// People whom a killed run made are deleted by a later run after they have left, or named if no answer had come. A run that resumes there and is also
// killed passes them on.
func TestMirrorOfPeopleOfAKilledRun(t *testing.T) {
	t.Parallel()
	const before, after = "id,n\na,1\nb,1\nc,1\nd,1\ne,1\nf,1\n", "id,n\na,1\nb,1\nc,1\nd,1\ne,1\n"
	for _, tt := range []struct {
		name                  string
		first, again, mapping bool
		removed, named        int64
	}{
		{"one run", false, false, false, 2, 1}, {"two runs", false, true, false, 2, 1}, {"the first load of all", true, false, false, 2, 1}, {"another mapping", false, false, true, 0, 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := newMirroring(t, people)
			if !tt.first {
				if _, err := c.load(before); err != nil {
					t.Fatal(err)
				}
			}
			c.job.BatchBytes = 1 // each in its own request
			die := func(in, at string) {
				t.Helper()
				was, _ := os.ReadFile(c.job.Changes.Snapshot)
				var word []byte
				c.client.send = func(_ context.Context, _ int, m []cio.Message) error {
					if m[0].(*cio.Encoded).Identity().UserID == at {
						var err error
						if word, err = os.ReadFile(c.job.Changes.Snapshot + snapshot.PendingSuffix); err != nil {
							t.Error(err)
						}
					}
					return nil
				}
				if _, err := c.load(in); err != nil {
					t.Fatal(err)
				}
				c.client.send = nil
				if err := os.Remove(c.job.Changes.Snapshot); err != nil {
					t.Fatal(err)
				}
				if was != nil {
					if err := os.WriteFile(c.job.Changes.Snapshot, was, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				if err := os.WriteFile(c.job.Changes.Snapshot+snapshot.PendingSuffix, append(word, 0x7f, 'i'), 0o600); err != nil { // incomplete
					t.Fatal(err)
				}
			}
			c.job.Changes.Full = true
			if tt.mapping {
				c.job.Mapping = mustMapping(t, people+"# another\n")
				c.job.Changes.NewMapping = true
			}
			die(before+"x,1\n"+strings.Repeat("y,bad\n", chunkRows)+"z,1\n"+strings.Repeat("y,bad\n", chunkRows)+"q,1\n", "q")
			if tt.mapping {
				c.job.Mapping, c.job.Changes.NewMapping = mustMapping(t, people), false
			}
			if tt.again {
				die(before, "e")
			}
			var rejects strings.Builder
			c.job.Rejects = &rejects
			in := before
			if !tt.first {
				in = after // f of the snapshot leaves too
			}
			s, err := c.load(in)
			extra := int64(1)
			if tt.first {
				extra = 0
			}
			if err != nil || s.Removed != tt.removed+extra || s.Rejected != tt.named {
				t.Errorf("%v: %d left, %d removed, %d named: %s\n%s", err, s.Left, s.Removed, s.Rejected, c.users(), &rejects)
			}
			if tt.named == 1 && !strings.Contains(rejects.String(), `{\"userId\":\"q\"}`) {
				t.Error(&rejects)
			}
			c.job.Changes.Full = false
			if s, err := c.load(in); err != nil || s.Left != 0 {
				t.Error(err, s.Left)
			}
		})
	}
}

// People whom a killed run made in another workspace or from another table must not be deleted: they are named.
func TestMirrorOfPeopleOfAKilledRunOfSomethingElse(t *testing.T) {
	t.Parallel()
	const in = "x,1\ny,1\nz,1\n"
	for name, other := range map[string]func(*Job){
		"write key": func(j *Job) { j.Client = &keyed{key: "other"} },
		"target":    func(j *Job) { j.Client = &keyed{target: "https://cdp-eu.customer.io"} },
		"query":     func(j *Job) { j.Changes.Query = "SELECT id FROM other" },
		"set of columns": func(j *Job) {
			j.Source = mustSource(t, "id,n,m\n"+strings.ReplaceAll(in, ",1", ",1,1"), source.Config{})
		},
		"nothing": func(*Job) {},
	} {
		t.Run(name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "s")
			job := func(in string) Job {
				return Job{Client: new(keyed), Mapping: mustMapping(t, people), Source: mustSource(t, "id,n\n"+in, source.Config{}), BatchBytes: 1,
					Changes: ChangeOnly{Snapshot: file, IDs: true, Mirror: MirrorDelete, MaxShrink: 100}}
			}
			killed := job(in + "a,1\n" + strings.Repeat("bad,bad\n", chunkRows) + "b,1\n" + strings.Repeat("bad,bad\n", chunkRows) + "last,1\n")
			var word []byte
			killed.Client.(*keyed).send = func(_ context.Context, _ int, m []cio.Message) (err error) {
				if m[0].(*cio.Encoded).Identity().UserID == "last" {
					word, err = os.ReadFile(file + snapshot.PendingSuffix)
				}
				return err
			}
			if _, err := Run(t.Context(), killed); err != nil {
				t.Fatal(err)
			}
			if err := errors.Join(os.Remove(file), os.WriteFile(file+snapshot.PendingSuffix, word, 0o600)); err != nil {
				t.Fatal(err)
			}
			now := job(in)
			other(&now)
			removed, named := int64(0), int64(3)
			if name == "nothing" {
				removed, named = 2, 1
			}
			s, err := Run(t.Context(), now)
			if err != nil || s.Left != 3 || s.Removed != removed || s.Rejected != named {
				t.Errorf("%v: %d left, %d removed, %d named", err, s.Left, s.Removed, s.Rejected)
			}
		})
	}
}
