package erasure_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	mathrand "math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
	"github.com/ciokit/cio/erasure/internal/checker"
)

// Every change before the last signed checkpoint of a receipt is found and named: by Check, and by the checker that shares nothing with it. Both say
// the same. TAMPER_SEEDS is the number of seeds, and TAMPER_FIRST is the first of them.
func TestTampering(t *testing.T) {
	t.Parallel()
	seeds, first := uint64(300), uint64(0)
	if os.Getenv("CIOKIT_DEEP") == "1" && !raceDetector { // nothing runs at the same time
		seeds, first = 2_000, mathrand.Uint64N(1_000_000)
	}
	if os.Getenv("CIOKIT_FULL") == "1" { // some ways do not apply to some receipts: 10,000 cases are left
		seeds, first = 11_000, mathrand.Uint64N(1_000_000)
	}
	if n, err := strconv.ParseUint(os.Getenv("TAMPER_SEEDS"), 10, 64); err == nil {
		seeds, first = n, 0
	}
	if n, err := strconv.ParseUint(os.Getenv("TAMPER_FIRST"), 10, 64); err == nil {
		first = n
	}
	receipts := goodReceipts(t)
	for _, r := range receipts {
		if got := bothCheck(r.dir, r.ring, nil); got[0].part != "" || got[1].part != "" {
			t.Fatalf("%s, as it was made: %v", r.name, got)
		}
	}
	done := make(map[string]int)
	for seed := first; seed < first+seeds || missed(done, seeds) != "" && seed < first+4*seeds; seed++ { // rotating seeds are sometimes unlucky
		c := &tampering{t: t, rnd: mathrand.New(mathrand.NewPCG(seed, 19)), all: receipts}
		c.receipt = receipts[c.rnd.IntN(len(receipts))]
		c.files, c.ring = maps.Clone(c.receipt.files), c.receipt.ring
		way := ways[seed%uint64(len(ways))]
		if !way.change(c) || c.unchanged() {
			continue
		}
		done[way.name]++
		if problem := c.judge(); problem != "" {
			t.Errorf("seed %d: %s of %s (%s): %s", seed, way.name, c.receipt.name, strings.Join(c.trace, ", "), problem)
		}
	}
	t.Logf("%d seeds from %d: %v", seeds, first, done)
	if way := missed(done, seeds); way != "" {
		t.Errorf("%s: only %d of %d seeds have changed something", way, done[way], seeds/uint64(len(ways)))
	}
}

// missed names a way to tamper that was used too rarely, for that many seeds, to show anything.
func missed(done map[string]int, seeds uint64) string {
	for _, way := range ways {
		if uint64(done[way.name]) < seeds/uint64(len(ways))/2 {
			return way.name
		}
	}
	return ""
}

// goodReceipt is an unchanged receipt, in a directory in which each case changes files and restores them.
type goodReceipt struct {
	name   string
	dir    string
	office *office
	ring   string // the public keys that are trusted
	plan   []byte
	files  map[string][]byte
	signed int // entries that the last checkpoint covers
}

func goodReceipts(t *testing.T) []*goodReceipt {
	o := newOffice(t, emulator.Config{})
	people := o.identified(t, 160)
	other, public := signer(t, erasure.RoleOperator, "cora")
	keys, err := erasure.ParseKeyring(o.keys.String() + public)
	if err != nil {
		t.Fatal(err)
	}
	o.keys = keys
	make := func(name string, action erasure.Action, people []erasure.Target, change func(*erasure.PlanConfig), run func(erasure.Job)) *goodReceipt {
		now := time.Date(2026, 11, 26, 9, 0, 0, 0, time.UTC)
		clock := func() time.Time { now = now.Add(2 * time.Second); return now }
		r := &goodReceipt{name: name, office: o}
		r.plan = o.plan(t, action, people, func(cfg *erasure.PlanConfig) {
			cfg.Now = clock
			if change != nil {
				change(cfg)
			}
		})
		job := o.job(r.plan, people, name)
		job.Now, job.BatchSize = clock, 7
		if run != nil {
			run(job)
		}
		if _, err := erasure.Run(context.Background(), job); err != nil {
			t.Fatal(err)
		}
		r.dir, r.ring = job.Dir, o.keys.String()
		return r
	}
	all := []*goodReceipt{
		make("a deletion", erasure.ActionDelete, people[:60], nil, nil),
		make("a deletion that was stopped and went on", erasure.ActionDelete, people[60:90], nil, func(job erasure.Job) {
			ctx, cancel := context.WithCancel(context.Background())
			defer cancel()
			lost := &lostAfter{next: o.srv.Transport(), requests: 2, lose: cancel}
			client, err := cio.NewClient(cio.Config{APIKey: emulator.TestKey, BaseURL: "http://emulator", RateLimit: -1, HTTPClient: &http.Client{Transport: lost}})
			if err != nil {
				t.Fatal(err)
			}
			job.Client = client
			if _, err := erasure.Run(ctx, job); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}),
		make("a deletion that somebody else went on with", erasure.ActionDelete, people[140:], nil, func(job erasure.Job) {
			job.Operator = other
			ctx, cancel := context.WithCancel(context.Background())
			job.OnProgress = func(erasure.Totals) { cancel() }
			if _, err := erasure.Run(ctx, job); !errors.Is(err, context.Canceled) {
				t.Fatal(err)
			}
		}),
		make("a suppression by one", erasure.ActionSuppress, people[90:110], func(cfg *erasure.PlanConfig) { cfg.SingleOperator = true }, nil),
		make("an end of suppressions", erasure.ActionUnsuppress, people[90:110], nil, nil),
		make("a deletion of one person", erasure.ActionDelete, people[110:111], nil, nil),
		make("a deletion that was killed", erasure.ActionDelete, people[111:140], nil, nil),
	}
	killed := all[len(all)-1]
	names, err := os.ReadDir(filepath.Join(killed.dir, "checkpoints"))
	if err != nil || len(names) < 3 {
		t.Fatal(names, err)
	}
	if err := os.Remove(filepath.Join(killed.dir, "checkpoints", names[len(names)-1].Name())); err != nil {
		t.Fatal(err)
	}
	for _, r := range all {
		r.read(t)
	}
	return all
}

// lostAfter loses the answer after that many requests.
type lostAfter struct {
	next     http.RoundTripper
	requests int
	lose     func()
}

func (l *lostAfter) RoundTrip(req *http.Request) (*http.Response, error) {
	resp, err := l.next.RoundTrip(req)
	if l.requests--; l.requests >= 0 || err != nil {
		return resp, err
	}
	l.lose()
	return nil, errors.Join(context.Canceled, resp.Body.Close())
}

func (r *goodReceipt) read(t *testing.T) {
	t.Helper()
	r.files = make(map[string][]byte)
	err := filepath.WalkDir(r.dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || d.Name() == "lock" {
			return err
		}
		name, err := filepath.Rel(r.dir, path)
		if err == nil {
			r.files[filepath.ToSlash(name)], err = os.ReadFile(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	names := r.checkpoints()
	r.signed, _ = strconv.Atoi(strings.TrimPrefix(names[len(names)-1], "checkpoints/"))
}

// checkpoints returns the names of the files, the oldest first.
func (r *goodReceipt) checkpoints() (names []string) {
	for name := range r.files {
		if strings.HasPrefix(name, "checkpoints/") {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// lines returns the entries, each with its line end.
func (r *goodReceipt) lines() [][]byte {
	return slices.Collect(bytes.Lines(r.files["entries.jsonl"]))
}

// tampering is one case: a change to a receipt.
type tampering struct {
	t       *testing.T
	rnd     *mathrand.Rand
	all     []*goodReceipt
	receipt *goodReceipt
	files   map[string][]byte // after the change
	ring    string            // trusted by the check
	since   []byte            // the checkpoint that the check gets
	trace   []string

	part string // which the check must name
	// first is the first entry that is not what was signed, or the size of a checkpoint; -1 if any will do. exact says that the stored hashes still
	// show which entry it is.
	first int
	exact bool
}

func (c *tampering) note(format string, args ...any) {
	c.trace = append(c.trace, fmt.Sprintf(format, args...))
}

func (c *tampering) unchanged() bool {
	return c.since == nil && c.ring == c.receipt.ring && maps.EqualFunc(c.files, c.receipt.files, bytes.Equal)
}

// judge checks the case twice. It returns what is wrong with the answers.
func (c *tampering) judge() string {
	for name := range c.receipt.files {
		c.put(name, c.files[name], c.receipt.files[name])
	}
	got := bothCheck(c.receipt.dir, c.ring, c.since)
	for name := range c.receipt.files {
		c.put(name, c.receipt.files[name], c.files[name])
	}
	for i, who := range []string{"Check", "the checker"} {
		v := got[i]
		switch {
		case v.part == "":
			return who + " found nothing"
		case v.part != c.part:
			return fmt.Sprintf("%s named %v, want %s", who, v, c.part)
		case c.first >= 0 && c.exact && (v.first != c.first || v.last != c.first):
			return fmt.Sprintf("%s named %v, want %d", who, v, c.first)
		case c.first >= 0 && (v.first > c.first || v.last < c.first):
			return fmt.Sprintf("%s named %v, and it is %d", who, v, c.first)
		}
	}
	return ""
}

// put writes a file if its content differs. nil means no file.
func (c *tampering) put(name string, text, there []byte) {
	path := filepath.Join(c.receipt.dir, filepath.FromSlash(name))
	var err error
	switch {
	case text == nil && there != nil:
		err = os.Remove(path)
	case text != nil && (there == nil || !bytes.Equal(text, there)):
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		c.t.Fatal(err)
	}
}

// verdict is what a check has named. It is empty for a good receipt.
type verdict struct {
	part        string
	first, last int
	text        string
}

func (v verdict) String() string {
	return fmt.Sprintf("%s %d-%d (%s)", v.part, v.first, v.last, v.text)
}

func bothCheck(dir, ring string, since []byte) (verdicts [2]verdict) {
	var err error
	keys, err := erasure.ParseKeyring(ring)
	if err != nil {
		verdicts[0] = verdict{part: "approval", text: err.Error()} // the ring has one key under two names
	} else if _, err = erasure.Check(dir, erasure.CheckConfig{Keys: keys, Since: since}); err != nil && !errors.Is(err, erasure.ErrUnsigned) {
		verdicts[0] = verdictOf(err)
	}
	_, _, err = checker.Check(dir, ring, string(since))
	if f := (*checker.Fault)(nil); errors.As(err, &f) {
		verdicts[1] = verdict{f.Part, int(f.First), int(f.Last), err.Error()}
	} else if err != nil {
		verdicts[1] = verdict{part: "?", text: err.Error()}
	}
	return verdicts
}

// verdictOf reads an error of Check.
func verdictOf(err error) verdict {
	v := verdict{part: "?", text: err.Error()}
	var damage *erasure.DamageError
	var missing *fs.PathError
	switch {
	case errors.As(err, &damage):
		switch {
		case damage.File == "entries.jsonl" && damage.Entry >= 0:
			v.part, v.first, v.last = "entry", int(damage.Entry), int(damage.Entry)
		case damage.File == "entries.jsonl":
			v.part, v.first, v.last = "entry", int(damage.First), int(damage.Last)
		case strings.HasPrefix(damage.File, "checkpoints/"):
			size, _ := strconv.Atoi(strings.TrimPrefix(damage.File, "checkpoints/"))
			v.part, v.first, v.last = "checkpoint", size, size
		default:
			v.part = strings.TrimSuffix(damage.File, ".note")
		}
	case errors.Is(err, erasure.ErrNotApproved), strings.Contains(v.text, "plan.note") && strings.Contains(v.text, "signature of approver/"):
		v.part = "approval"
	case strings.Contains(v.text, "plan.note"):
		v.part = "plan"
	case strings.Contains(v.text, "older checkpoint"):
		v.part = "since"
	case errors.As(err, &missing) && filepath.Base(missing.Path) == "entries.jsonl":
		v.part = "entry"
	case errors.As(err, &missing):
		v.part = filepath.Base(missing.Path)
	}
	return v
}
