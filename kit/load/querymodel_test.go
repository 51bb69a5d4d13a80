package load

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
	"github.com/ciokit/cio/kit/source/sqldb"
)

// A table changes between the end of a load and its resumption. Everybody who was in the table all the time is sent, or the load is refused. Nobody
// who is in the table is deleted. A load of a table without new, removed or renamed rows is not refused. QUERY_SEEDS is how many seeds are tried,
// QUERY_FIRST the first one; 2,000 of them take some minutes on each of the three databases.
func TestResumedQueryLosesNobody(t *testing.T) {
	seeds, first := uint64(25), uint64(0)
	if deep() {
		seeds, first = 20, rand.Uint64N(1_000_000)
	}
	if n, err := strconv.ParseUint(os.Getenv("QUERY_SEEDS"), 10, 64); err == nil {
		seeds, first = n, 0
	}
	if n, err := strconv.ParseUint(os.Getenv("QUERY_FIRST"), 10, 64); err == nil {
		first = n
	}
	for _, place := range queryPlaces(t) {
		t.Run(place.name, func(t *testing.T) {
			t.Parallel()
			if place.url == "" {
				t.Skip("there is no server; .ci/databases starts one")
			}
			db, err := sql.Open(place.driver, place.dsn)
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close()
			db.SetMaxOpenConns(1)
			table := fmt.Sprintf("queried_%d", os.Getpid()) // another process can run tests on the same server
			defer db.Exec("DROP TABLE IF EXISTS " + table)
			var all queryCounts
			for seed := first; seed < first+seeds || !all.tell(seeds) && seed < first+4*seeds; seed++ { // rotating seeds are sometimes unlucky
				m := &queryModel{t: t, rnd: rand.New(rand.NewPCG(seed, 13)), place: place, db: db, table: table, killable: killable{dir: filepath.Join(t.TempDir(), "state")}}
				if m.run(); t.Failed() {
					t.Fatalf("seed %d:\n%s", seed, strings.Join(m.trace, "\n"))
				}
				all.add(m.queryCounts)
			}
			t.Logf("%d seeds from %d: %+v", seeds, first, all)
			if !all.tell(seeds) {
				t.Errorf("too little happened to tell anything: %+v", all)
			}
		})
	}
}

// queryPlace is a database with a table.
type queryPlace struct {
	name, url, driver, dsn string
	keys                   []queryKey
}

// queryKey is a type of the column k, with its values in its order.
type queryKey struct {
	typ   string
	value func(k int) string
}

func queryPlaces(t *testing.T) []queryPlace {
	t.Helper()
	number := func(k int) string { return strconv.Itoa(k) }
	text := func(k int) string { return fmt.Sprintf("'%s%03d'", []string{"k", "K", "\u00e4"}[k%3], k) }
	decimal := func(k int) string { return fmt.Sprintf("12345678901234567.%03d", k) }
	moment := func(k int) string { return fmt.Sprintf("'2021-01-01 00:%02d:%02d'", k/60, k%60) }
	file := filepath.Join(t.TempDir(), "model.db")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	places := []queryPlace{
		{"SQLite", "sqlite:" + file, "sqlite", "file:" + file + "?_pragma=busy_timeout(10000)", []queryKey{{"INTEGER", number}, {"TEXT COLLATE NOCASE", text}, {"TEXT", text}, {"TIMESTAMP", moment}, {"", number}}},
		{"PostgreSQL", os.Getenv("CIOKIT_POSTGRES_URL"), "pgx", os.Getenv("CIOKIT_POSTGRES_URL"),
			[]queryKey{{"bigint", number}, {"text", text}, {`text COLLATE "C"`, text}, {"numeric", decimal}, {"timestamptz", moment}, {"double precision", number}}},
		{name: "MariaDB", url: os.Getenv("CIOKIT_MARIADB_URL"), driver: "mysql",
			keys: []queryKey{{"BIGINT UNSIGNED", number}, {"VARCHAR(20) COLLATE utf8mb4_general_ci", text}, {"VARCHAR(20) COLLATE utf8mb4_bin", text}, {"DECIMAL(30,3)", decimal}, {"DATETIME", moment}}},
	}
	if u, err := url.Parse(places[2].url); err == nil && u.User != nil {
		places[2].dsn = u.User.String() + "@tcp(" + u.Host + ")" + u.Path + "?multiStatements=true"
	}
	return places
}

// queryCounts counts how many loads were killed, resumed, then refused, or ended well, and how many of the latter were mirrors that deleted nobody
// because values had changed.
type queryCounts struct{ killed, resumed, refused, finished, keptAll, deleted int }

// tell reports whether enough happened for that many seeds to show something.
func (c *queryCounts) tell(seeds uint64) bool {
	n := int(seeds)
	return c.killed >= n/2 && c.resumed >= n/3 && c.refused >= n/8 && c.finished >= n/8 && c.deleted >= n/4 && c.keptAll >= n/50
}

func (c *queryCounts) add(o queryCounts) {
	c.killed, c.resumed, c.refused, c.finished, c.keptAll, c.deleted = c.killed+o.killed, c.resumed+o.resumed, c.refused+o.refused, c.finished+o.finished, c.keptAll+o.keptAll, c.deleted+o.deleted
}

// queryRow is a row of the table; number is that of the person whom it is about.
type queryRow struct{ number, key, n, id, address int }

// queryModel is a table that changes, and loads of it.
type queryModel struct {
	queryCounts
	killable
	t     *testing.T
	rnd   *rand.Rand
	place queryPlace
	db    *sql.DB
	table string
	key   queryKey
	order []string
	trace []string

	rows  []queryRow
	made  int  // numbers of rows
	moved bool // rows were added, removed, or got another key or id since the load ended

	deadly bool
	runs   string       // where the journals are
	id     string       // of the current load
	sent   map[int]bool // the rows of the current load, by number
	always map[int]bool // those that were there all the time
}

func (m *queryModel) chance(n int) bool { return m.rnd.IntN(n) == 0 }

// unused returns a number that no row has.
func (m *queryModel) unused(of func(queryRow) int) int {
	for {
		n := m.rnd.IntN(200)
		if !slices.ContainsFunc(m.rows, func(r queryRow) bool { return of(r) == n }) {
			return n
		}
	}
}

func placeIn(r queryRow) int   { return r.key }
func idOf(r queryRow) int      { return r.id }
func mailboxOf(r queryRow) int { return r.address }

func (m *queryModel) insert() {
	m.made++
	m.rows = append(m.rows, queryRow{m.made, m.unused(placeIn), m.rnd.IntN(3), m.unused(idOf), m.unused(mailboxOf)})
	m.moved = true
}

// change changes the table in one of the first ways. Three of them usually change only values that do not identify the rows.
func (m *queryModel) change(ways int) {
	if len(m.rows) < 5 {
		m.insert()
		return
	}
	i, j := m.rnd.IntN(len(m.rows)), m.rnd.IntN(len(m.rows))
	a, b := &m.rows[i], &m.rows[j]
	switch m.rnd.IntN(ways) {
	case 0, 1:
		a.n = m.rnd.IntN(3)
		m.moved = m.moved || slices.Contains(m.order, "n")
	case 2:
		a.address = m.unused(mailboxOf)
		m.moved = m.moved || slices.Contains(m.order, "e")
	case 3, 4:
		m.insert()
	case 5:
		m.rows, m.moved = slices.Delete(m.rows, i, i+1), true
	case 6: // one leaves, another comes
		m.rows = slices.Delete(m.rows, i, i+1)
		m.insert()
	case 7: // another key or address, which can be the order of the rows, while somebody leaves
		a.key, a.address, m.moved = m.unused(placeIn), m.unused(mailboxOf), true
		if m.chance(2) && i != j {
			m.rows = slices.Delete(m.rows, j, j+1)
		}
	case 8:
		a.key, b.key, m.moved = b.key, a.key, true
	case 9: // two people change places
		a.number, b.number, a.id, b.id, m.moved = b.number, a.number, b.id, a.id, true
		if !slices.Contains(m.order, "e") {
			a.address, b.address = b.address, a.address
		}
	case 10: // a new person replaces another
		m.made++
		a.number, a.id, m.moved = m.made, m.unused(idOf), true
	}
}

const allWays = 11

// write writes the table to the database.
func (m *queryModel) write() {
	var b strings.Builder
	fmt.Fprintf(&b, "DELETE FROM %s; INSERT INTO %[1]s VALUES ", m.table)
	for i, r := range m.rows {
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "(%s, %d, 'u%d', 'x%d@x.example', %d)", m.key.value(r.key), r.n, r.id, r.address, r.number)
	}
	m.execute(b.String())
	m.trace = append(m.trace, fmt.Sprintf("  {number key n id address} %v", m.rows))
}

func (m *queryModel) execute(statements string) {
	if _, err := m.db.ExecContext(m.t.Context(), statements); err != nil {
		m.t.Fatalf("%s: %v", statements, err)
	}
}

// send is the server.
func (m *queryModel) send(_ context.Context, _ int, messages []cio.Message) error {
	if m.dead {
		return all(len(messages), cio.OutcomeUnsent, &cio.APIError{Status: 500})
	}
	dies := m.deadly && len(m.sent) > 1 && m.chance(6)
	for i := range messages {
		if dies {
			m.killed++
			m.awaitCheckpoint()
			m.die(m.t)
			return all(len(messages), cio.OutcomeUnknown, &cio.APIError{Status: 500})
		}
		who, data := messages[i].(*cio.Encoded).Identity().UserID, text(messages[i])
		if strings.Contains(data, `"User Deleted"`) {
			m.deleted++
			if slices.ContainsFunc(m.rows, func(r queryRow) bool { return "u"+strconv.Itoa(r.id) == who }) {
				m.t.Errorf("%s was deleted, and is in the table", who)
			}
			continue
		}
		_, after, _ := strings.Cut(data, `"number":`)
		digits := after[:strings.IndexAny(after, ",}")]
		number, err := strconv.Atoi(digits)
		if err != nil {
			m.t.Errorf("%s: %v", data, err)
		}
		m.sent[number] = true
	}
	return nil
}

// awaitCheckpoint gives the journal time for its next checkpoint, because it is written concurrently with the sending.
func (m *queryModel) awaitCheckpoint() {
	for range 20 {
		if j, err := ReadJournal(m.runs, m.id); err != nil || len(m.sent) == 0 || j.Last().Row >= int64(len(m.sent)) {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// job is a load of the current table.
func (m *queryModel) job(mirror bool) Job {
	src, err := sqldb.Open(m.t.Context(), m.place.url, sqldb.Query{SQL: "SELECT k, n, id, e, number FROM " + m.table, OrderBy: m.order})
	if err != nil {
		m.t.Fatal(err)
	}
	job := Job{Source: &dribble{Resumer: src.(source.Resumer), rnd: rand.New(rand.NewPCG(m.rnd.Uint64(), 1))}, Mapping: mustMapping(m.t, "messages:\n  - identify: {userId: $id, traits: {email: $e, n: $n, number: $number}}\n"),
		Client: &fakeClient{send: m.send}, MaxDeletes: 1000, BatchBytes: 1 + m.rnd.IntN(300), Concurrency: 1}
	if mirror {
		job.Changes = ChangeOnly{Snapshot: filepath.Join(m.dir, "snapshot"), IDs: true, Mirror: MirrorDelete, MaxShrink: 100, Full: true}
	}
	return job
}

// dribble returns a few rows at a time, so that a load has many places to resume from.
type dribble struct {
	source.Resumer
	rnd  *rand.Rand
	rows source.Batch
	from int
}

func (d *dribble) Next(ctx context.Context, b *source.Batch) error {
	if d.from == len(d.rows.Rows) {
		d.from = 0
		if err := d.Resumer.Next(ctx, &d.rows); err != nil {
			d.rows.Rows = nil
			return err
		}
	}
	from := d.from
	d.from = min(len(d.rows.Rows), from+1+d.rnd.IntN(3))
	b.Rows, b.Offset, b.Mark = d.rows.Rows[from:d.from], d.rows.Offset, func(n int) []byte { return d.rows.Mark(from + n) }
	return nil
}

func (m *queryModel) run() {
	if err := os.MkdirAll(m.dir, 0o700); err != nil {
		m.t.Fatal(err)
	}
	m.runs = filepath.Join(m.dir, "runs")
	m.key = m.place.keys[m.rnd.IntN(len(m.place.keys))]
	m.order = [][]string{{"k"}, {"k"}, {"n", "k"}, {"e"}}[m.rnd.IntN(4)]
	m.execute("DROP TABLE IF EXISTS " + m.table + "; CREATE TABLE " + m.table + " (k " + m.key.typ + ", n INTEGER, id VARCHAR(20), e VARCHAR(40), number INTEGER)")
	for range 6 + m.rnd.IntN(14) {
		m.insert()
	}
	m.write()
	mirror := !m.chance(4)
	m.trace = append(m.trace, fmt.Sprintf("%s by %v, mirror %v", m.key.typ, m.order, mirror))
	if mirror {
		m.begin(mirror)
		for range 1 + m.rnd.IntN(3) {
			m.change(allWays)
		}
		m.rows = m.rows[:len(m.rows)-1] // so that somebody has left
		m.write()
	}
	m.deadly = true
	for id := m.begin(mirror); id != "" && !m.t.Failed(); {
		m.moved = false
		ways := []int{3, allWays, allWays}[m.rnd.IntN(3)]
		for range m.rnd.IntN(6) {
			m.change(ways)
		}
		m.write()
		m.deadly = m.chance(3)
		id = m.resume(id, mirror)
	}
	m.deadly = false
	if mirror && !m.t.Failed() { // however it ended, the next load follows
		m.begin(mirror)
	}
}

// begin begins a load. It returns its id if it was killed.
func (m *queryModel) begin(mirror bool) string {
	m.sent, m.always = make(map[int]bool), make(map[int]bool)
	for _, r := range m.rows {
		m.always[r.number] = true
	}
	job := m.job(mirror)
	l, err := Start(m.runs, job)
	if err != nil {
		m.t.Fatal(err)
	}
	return m.load(l, job, "start")
}

// resume resumes a load. It returns its id if it was killed again.
func (m *queryModel) resume(id string, mirror bool) string {
	for number := range m.always {
		if !slices.ContainsFunc(m.rows, func(r queryRow) bool { return r.number == number }) {
			delete(m.always, number)
		}
	}
	job := m.job(mirror)
	l, err := Resume(m.runs, id, job)
	if err != nil {
		m.t.Fatal(err)
	}
	if l.Last().Row > 0 {
		m.resumed++
	}
	return m.load(l, job, "resume")
}

func (m *queryModel) load(l *Load, job Job, what string) string {
	m.id = l.ID()
	s, err := l.Run(m.t.Context())
	killed := m.dead
	m.trace = append(m.trace, fmt.Sprintf("%s: killed %v, %v, rows %d, left %d, removed %d", what, killed, err, s.Rows, s.Left, s.Removed))
	m.bury(m.t)
	if err := job.Source.Close(); err != nil {
		m.t.Fatal(err)
	}
	changed := new(source.ChangedError)
	switch {
	case killed:
		return l.ID()
	case errors.As(err, &changed):
		if m.refused++; what == "start" || !m.moved {
			m.t.Errorf("it was refused although no row was added, removed or renamed: %v", err)
		}
	case errors.Is(err, ErrInputChanged):
		if m.keptAll++; s.Removed != 0 || s.Left == 0 {
			m.t.Errorf("%v, %d deleted of %d", err, s.Removed, s.Left)
		}
		fallthrough
	case err == nil:
		m.finished++
		for number := range m.always {
			if !m.sent[number] {
				m.t.Errorf("person %d was there all the time, and was never sent", number)
			}
		}
	default:
		m.t.Error(err)
	}
	return ""
}
