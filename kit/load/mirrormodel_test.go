package load

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
	"github.com/ciokit/cio/kit/load/internal/snapshot"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// A mirror never deletes anybody except people whom its loads have identified and whom the current input does not name. The test has rejected rows,
// lost answers, killed processes, loads that are resumed or not, files that are cut, grow or are replaced while they are read, pipes that end early,
// and other mappings. Nobody is deleted twice, and nobody whom a load has made is forgotten: each load that ends well accounts for everybody who
// exists and is not in its input. MIRROR_SEEDS is how many seeds are tried, MIRROR_FIRST the first one.
func TestMirrorDeletesNobodyElse(t *testing.T) {
	t.Parallel()
	seeds, first := uint64(24), uint64(0)
	if deep() {
		seeds, first = 40, rand.Uint64N(1_000_000)
	}
	if n, err := strconv.ParseUint(os.Getenv("MIRROR_SEEDS"), 10, 64); err == nil {
		seeds, first = n, 0
	}
	if n, err := strconv.ParseUint(os.Getenv("MIRROR_FIRST"), 10, 64); err == nil {
		first = n
	}
	var all mirrorCounts
	for seed := first; seed < first+seeds || !all.tell(seeds) && seed < first+4*seeds; seed++ { // rotating seeds are sometimes unlucky
		m := &mirrorModel{t: t, rnd: rand.New(rand.NewPCG(seed, 7)), killable: killable{dir: filepath.Join(t.TempDir(), "state")}, in: filepath.Join(t.TempDir(), "in.csv"),
			made: make(map[string]bool), address: make(map[string]string), there: make(map[string]bool), had: make(map[string][]string), excused: make(map[string]bool), final: make(map[string]bool)}
		if m.run(); t.Failed() {
			t.Fatalf("seed %d:\n%s", seed, strings.Join(m.trace, "\n"))
		}
		all.add(m.mirrorCounts)
	}
	t.Logf("%d seeds from %d: %+v", seeds, first, all)
	if !all.tell(seeds) {
		t.Errorf("too little happened to tell anything: %+v", all)
	}
}

// mirrorCounts counts what happened.
type mirrorCounts struct {
	loads, deleted, killed, resumed, changed, noticed, pipes, lost int

	late     int // killed between the new snapshot and the end
	approved int // loads whose plan was approved
	renewed  int // loads with another mapping that ended well, and
	cutShort int // that did not
	blank    int // loads that deleted nobody because of a row without a key
}

// tell reports whether enough happened for that many seeds to show something.
func (c *mirrorCounts) tell(seeds uint64) bool {
	n := int(seeds)
	return c.deleted >= n/4 && c.killed >= n/4 && c.resumed >= n/8 && c.changed >= n/8 && c.pipes >= n/4 && c.lost >= n/4 &&
		c.late >= n/8 && c.approved >= n/8 && c.renewed >= n/8 && c.cutShort >= n/16 && c.blank >= n/8
}

func (c *mirrorCounts) add(o mirrorCounts) {
	c.loads, c.deleted, c.killed, c.resumed = c.loads+o.loads, c.deleted+o.deleted, c.killed+o.killed, c.resumed+o.resumed
	c.changed, c.noticed, c.pipes, c.lost = c.changed+o.changed, c.noticed+o.noticed, c.pipes+o.pipes, c.lost+o.lost
	c.late, c.approved, c.renewed, c.cutShort, c.blank = c.late+o.late, c.approved+o.approved, c.renewed+o.renewed, c.cutShort+o.cutShort, c.blank+o.blank
}

// mirrorModel is a series of loads of a table that changes.
type mirrorModel struct {
	mirrorCounts
	t        *testing.T
	rnd      *rand.Rand
	killable        // with the snapshot and the journals
	in       string // the table
	rows     []string

	made    map[string]bool   // people whom loads identified: two spellings of an address are one person
	address map[string]string // the last one of each, by address.Fold
	trace   []string

	there   map[string]bool     // everybody who exists, by address.Fold
	had     map[string][]string // all addresses that a table gave them, even if they were not sent
	excused map[string]bool     // people who exist and no longer belong to a mirror, as a load has reported
	final   map[string]bool     // people whom loads that ended well deleted

	// For the current load.
	faulty, pipe bool
	gone         map[string]bool // people who were deleted
	most         int64
	linked       bool // the files at its end can be restored
}

func (m *mirrorModel) chance(n int) bool { return m.rnd.IntN(n) == 0 }

func (m *mirrorModel) pick(list ...string) string { return list[m.rnd.IntN(len(list))] }

func (m *mirrorModel) row() string {
	id := m.pick("u0", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "u8", "u9", "A@x.org", "a@X.org", "b@x.org", "Acme@EU", "acme@eu", "U1", "\u00fc", "u\u0308")
	address, mentions, n := m.pick("", "", "a@x.org", "B@x.org", "c@x.org", "none"), m.pick("", "", "", "u1", "u2", "boss", "A@X.org"), strconv.Itoa(m.rnd.IntN(3))
	switch {
	case m.chance(40):
		id = ""
	case m.chance(20):
		n = "bad"
	}
	return fmt.Sprintf("%s,%s,%s,%s", id, address, mentions, n)
}

// change changes the table, and writes it as text.
func (m *mirrorModel) change(most int) string {
	for range 1 + m.rnd.IntN(most) {
		switch at := m.rnd.IntN(len(m.rows) + 1); {
		case at == len(m.rows) || len(m.rows) < 6 || m.chance(3):
			m.rows = slices.Insert(m.rows, at, m.row())
		case m.chance(3):
			m.rows[at] = m.row()
		default:
			m.rows = slices.Delete(m.rows, at, at+1)
		}
	}
	for _, row := range m.rows {
		m.note(row)
	}
	return "id,e,m,n\n" + strings.Join(m.rows, "\n") + "\n"
}

// note records the addresses of a row that is going to be in a table.
func (m *mirrorModel) note(row string) {
	cells := strings.Split(row, ",")
	key := address.Fold(cells[0])
	m.had[key] = append(m.had[key], address.Of(cells[0]), address.Of(cells[1]))
}

func (m *mirrorModel) write(text string) {
	if err := os.WriteFile(m.in, []byte(text), 0o600); err != nil {
		m.t.Fatal(err)
	}
}

// disturb lets another program write to the file.
func (m *mirrorModel) disturb() {
	m.changed++
	before, err := os.ReadFile(m.in)
	if err != nil {
		m.t.Fatal(err)
	}
	text := string(before)
	switch m.rnd.IntN(4) {
	case 0:
		err = os.Truncate(m.in, int64(m.rnd.IntN(len(text)+1)))
	case 1:
		row := m.row()
		m.note(row)
		m.write(text + row + "\n")
	case 2:
		if runtime.GOOS == "windows" { // on a system that cannot replace a file that is being read
			m.write(m.change(4))
		} else if err = os.WriteFile(m.in+".new", []byte(m.change(4)), 0o600); err == nil {
			err = os.Rename(m.in+".new", m.in)
		}
	case 3:
		m.write(text) // only a new time
	}
	if err != nil {
		m.t.Fatal(err)
	}
	m.trace = append(m.trace, "  another program writes to the file")
}

// send is the server.
func (m *mirrorModel) send(_ context.Context, _ int, messages []cio.Message) error {
	if m.dead {
		return all(len(messages), cio.OutcomeUnsent, &cio.APIError{Status: 500})
	}
	m.link()
	deletes := strings.Contains(text(messages[0]), `"User Deleted"`)
	dies := m.faulty && m.chance(8)
	applied := !dies || m.chance(2)
	if dies && m.chance(2) { // before anything has arrived
		m.die()
	}
	fates := make(map[int]cio.Failure)
	for i := range messages {
		here := applied
		if m.faulty && m.chance(8) {
			m.lost++
			outcome := []cio.Outcome{cio.OutcomeRejected, cio.OutcomeUnknown, cio.OutcomeUnsent}[m.rnd.IntN(3)]
			fates[i] = cio.Failure{Outcome: outcome, Err: &cio.APIError{Status: 500}}
			here = here && outcome == cio.OutcomeUnknown && m.chance(2)
		}
		if here {
			m.apply(messages[i])
		}
	}
	if dies && !m.dead {
		m.die()
	}
	if m.dead {
		return all(len(messages), cio.OutcomeUnknown, &cio.APIError{Status: 500})
	}
	if !deletes && !m.pipe && m.faulty && m.chance(4) {
		m.disturb()
	}
	if len(fates) > 0 {
		return failures(len(messages), fates)
	}
	return nil
}

func text(m cio.Message) string {
	data, _ := m.(*cio.Encoded).AppendJSON(nil)
	return string(data)
}

// apply does what a message says, and checks a deletion.
func (m *mirrorModel) apply(message cio.Message) {
	who := message.(*cio.Encoded).Identity()
	switch data := text(message); {
	case who.UserID == "": // a person known only by an address, who does not belong to the mirror
	case strings.Contains(data, `"type":"identify"`):
		m.made[address.Fold(who.UserID)] = true
		key := address.Fold(who.UserID)
		m.there[key] = true
		delete(m.excused, key)
		delete(m.final, key)
		if a := address.Of(who.Email); a != "" {
			m.address[address.Fold(who.UserID)] = a
		}
	case strings.Contains(data, `"User Deleted"`):
		m.judge(who.UserID)
		delete(m.address, address.Fold(who.UserID))
		delete(m.there, address.Fold(who.UserID))
	}
}

// judge checks that a person is allowed to be deleted.
func (m *mirrorModel) judge(id string) {
	m.deleted++
	m.gone[id] = true
	wrong := func(why string) { m.t.Errorf("%q was deleted, and %s", id, why) }
	if !m.made[address.Fold(id)] {
		wrong("no load has identified them")
	}
	if int64(len(m.gone)) > m.most {
		wrong(fmt.Sprintf("they are one of %d", len(m.gone)))
	}
	if m.final[address.Fold(id)] {
		wrong("they were deleted before")
	}
	if m.pipe {
		wrong("the input was a pipe")
		return
	}
	data, err := os.ReadFile(m.in)
	if err != nil {
		m.t.Fatal(err)
	}
	for _, row := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")[1:] {
		cells := strings.Split(row, ",")
		if len(cells) != 4 || cells[0] == "" {
			wrong(fmt.Sprintf("a row of nobody knows whom is there: %q", row))
			continue
		}
		for _, named := range []string{cells[0], cells[2]} {
			if address.Fold(named) == address.Fold(id) {
				wrong(fmt.Sprintf("the input names them: %q", row))
			}
		}
		for _, has := range []string{address.Of(cells[0]), address.Of(cells[1])} {
			if has != "" && (has == m.address[address.Fold(id)] || has == address.Of(id)) {
				wrong(fmt.Sprintf("the input has their address: %q", row))
			}
		}
	}
}

// account checks that a load that ended well has accounted for everybody who exists and is not in its input.
func (m *mirrorModel) account(data []byte, s Summary, renews bool) {
	for id := range m.gone {
		m.final[address.Fold(id)] = !m.there[address.Fold(id)]
	}
	if s.LeftAlone > 0 && !renews {
		return
	}
	named, addresses := make(map[string]bool), make(map[string]bool)
	for _, row := range strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")[1:] {
		cells := strings.Split(row, ",")
		if len(cells) != 4 {
			continue // it is incomplete
		}
		for i, cell := range cells {
			if i == 0 || i == 2 {
				named[address.Fold(cell)] = true
			}
			addresses[address.Of(cell)] = true
		}
	}
	delete(addresses, "")
	var missing []string
	for key := range m.there {
		if named[key] || m.excused[key] {
			continue
		}
		missing = append(missing, key)
		if renews || slices.ContainsFunc(m.had[key], func(a string) bool { return addresses[a] }) {
			m.excused[key] = true // after this load
		}
	}
	said := s.SameAddress + s.LeftAlone + s.RejectedByAPI // one of them can be a deletion
	for _, r := range s.Reasons {
		if r.Rule == RuleLeftUnsure {
			said += r.Count
		}
	}
	if int64(len(missing)) > said {
		slices.Sort(missing)
		m.t.Errorf("%q exist and are not in the input, and the load reports %d", missing, said)
	}
}

func (m *mirrorModel) run() {
	const identify, relate = "messages:\n  - identify: {userId: $id, traits: {email: $e, n: =int(n)}}\n", "  - relate: {userId: $m, objectId: o}\n    when: =m != \"\"\n"
	mappings := []*mapping.Mapping{mustMapping(m.t, identify+relate), mustMapping(m.t, identify+"    when: =n != \"0\"\n"+relate)}
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		m.t.Fatal(err)
	}
	m.rows = []string{"u0,,,1", "u1,,,1", "u2,,,1"}
	m.write(m.change(12))
	at := 0
	for load := range 9 {
		m.faulty = load > 0 && m.chance(2)
		m.pipe = m.chance(6)
		m.most = int64(1 + m.rnd.IntN(8))
		job := Job{Mapping: mappings[at], Client: &fakeClient{send: m.send}, MaxDeletes: m.most, MaxErrors: int64(3 + m.rnd.IntN(5)), BatchBytes: 1 + m.rnd.IntN(900), Concurrency: 1,
			Changes: ChangeOnly{Snapshot: filepath.Join(m.dir, "snapshot"), IDs: true, Mirror: MirrorDelete, MaxShrink: 50 + m.rnd.IntN(51), Full: m.chance(3)}}
		if m.chance(6) {
			at = 1 - at
			job.Mapping, job.Changes.NewMapping = mappings[at], !m.chance(4)
		}
		m.load(job)
		if m.t.Failed() {
			return
		}
		m.write(m.change(4))
	}
	m.finish(mappings[at])
}

// finish runs two loads of a clean table that end well.
func (m *mirrorModel) finish(mapping *mapping.Mapping) {
	m.rows = slices.DeleteFunc(m.rows, func(row string) bool { return row[0] == ',' })
	m.write("id,e,m,n\n" + strings.Join(m.rows, "\n") + "\n")
	m.faulty, m.pipe, m.most = false, false, 100
	for i := range 2 {
		m.gone, m.linked = make(map[string]bool), true
		data, err := os.ReadFile(m.in)
		if err != nil {
			m.t.Fatal(err)
		}
		src, err := source.Open(m.in, source.Config{})
		if err != nil {
			m.t.Fatal(err)
		}
		job := Job{Source: src, Mapping: mapping, Client: &fakeClient{send: m.send}, MaxDeletes: m.most,
			Changes: ChangeOnly{Snapshot: filepath.Join(m.dir, "snapshot"), IDs: true, Mirror: MirrorDelete, MaxShrink: 100, Full: true}}
		s, err := Run(m.t.Context(), job)
		if i == 0 && errors.As(err, new(*snapshot.Error)) {
			job.Changes.NewMapping = true
			s, err = Run(m.t.Context(), job)
		}
		m.trace = append(m.trace, fmt.Sprintf("at the end, new=%v %q: %v; left %d alone %d removed %d same %d; deleted %v", job.Changes.NewMapping, data, err, s.Left, s.LeftAlone, s.Removed, s.SameAddress,
			slices.Sorted(maps.Keys(m.gone))))
		if err != nil {
			m.t.Errorf("a load without a fault: %v", err)
		} else {
			m.account(data, s, job.Changes.NewMapping)
		}
		if err := src.Close(); err != nil {
			m.t.Fatal(err)
		}
	}
}

var errKilled = errors.New("the process was killed")

// approve returns the plan of a load, nil if there is none.
func (m *mirrorModel) approve(job Job) *Plan {
	src, err := source.Open(m.in, source.Config{})
	if err != nil {
		m.t.Fatal(err)
	}
	job.Source = src
	plan, err := MakePlan(m.t.Context(), job, AllRows)
	if err := src.Close(); err != nil {
		m.t.Fatal(err)
	}
	if err != nil {
		return nil
	}
	m.approved++
	return &plan
}

// load loads, with or without a journal, and sometimes resumes a load that did not end.
func (m *mirrorModel) load(job Job) {
	m.loads++
	m.gone = make(map[string]bool)
	journals := filepath.Join(m.dir, "journals")
	id := ""
	for try := range 4 {
		data, err := os.ReadFile(m.in)
		if err != nil {
			m.t.Fatal(err)
		}
		if m.pipe {
			m.pipes++
			data = data[:len(data)-m.rnd.IntN(len(data)/2)]
			job.Source, err = source.New(strings.NewReader(string(data)), source.Config{})
		} else {
			job.Source, err = source.Open(m.in, source.Config{})
		}
		if err != nil {
			m.t.Fatal(err)
		}
		var l *Load
		m.forgetLinks()
		changed := m.changed
		if job.Approved = nil; !m.pipe && try == 0 && m.chance(4) {
			job.Approved = m.approve(job)
		}
		switch {
		case m.pipe:
		case try == 0 && m.chance(2):
			l, err = Start(journals, job)
		case try > 0:
			m.resumed++
			given := job
			given.MaxDeletes, given.MaxErrors = 0, 0 // use those of the load
			if m.chance(4) {
				m.most++
				given.MaxDeletes = m.most
			}
			l, err = Resume(journals, id, given)
		}
		var s Summary
		switch {
		case err != nil:
		case l == nil:
			s, err = Run(m.t.Context(), job)
		default:
			id = l.ID()
			s, err = l.Run(m.t.Context())
			err = errors.Join(err, l.Close())
		}
		if errors.Is(err, ErrInputChanged) {
			if m.noticed++; m.changed == changed {
				m.t.Errorf("nothing changed: %v", err)
			}
		}
		m.trace = append(m.trace, fmt.Sprintf("load %d.%d faulty=%v pipe=%v full=%v new=%v most=%d %q: %v; left %d alone %d removed %d same %d; deleted %v", m.loads, try, m.faulty, m.pipe, job.Changes.Full,
			job.Changes.NewMapping, m.most, data, err, s.Left, s.LeftAlone, s.Removed, s.SameAddress, slices.Sorted(maps.Keys(m.gone))))
		killed := m.dead
		m.bury(m.t)
		if killed && err == nil {
			err = errKilled
		}
		switch renews := job.Changes.NewMapping; {
		case err == nil:
			m.account(data, s, renews)
			if s.LeftAlone > 0 && !renews {
				m.blank++
			}
			if renews {
				m.renewed++
			}
			if m.linked && !m.t.Failed() && m.chance(5) {
				m.dieLate(l)
				killed, err = true, errKilled
			}
		case renews && s.Rows > 0:
			m.cutShort++
		}
		if err := job.Source.Close(); err != nil {
			m.t.Fatal(err)
		}
		if m.t.Failed() || l == nil || err == nil || !killed && !l.CanResume() || m.chance(3) {
			return
		}
		m.faulty = m.faulty && try == 0
	}
}
