package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// wantShared counts by sorting all pairs.
func wantShared(all []pair, most int) (keys, of int64, first []SharedPlace) {
	type span struct{ first, second uint64 }
	var found []span
	all = slices.Clone(all)
	slices.SortStableFunc(all, func(a, b pair) int { return slices.Compare(a.key[:], b.key[:]) })
	for len(all) > 0 {
		n := 1
		for n < len(all) && all[n].key == all[0].key {
			n++
		}
		if i := slices.IndexFunc(all[:n], func(p pair) bool { return p.other != all[0].other }); i >= 0 {
			keys, of = keys+1, of+int64(n)
			found = append(found, span{all[0].at, all[i].at})
		}
		all = all[n:]
	}
	slices.SortFunc(found, func(a, b span) int { return int(a.first) - int(b.first) })
	for _, f := range found[:min(most, len(found))] {
		first = append(first, SharedPlace{Line: int64(f.first), SecondLine: int64(f.second)})
	}
	return keys, of, first
}

// With any amount of memory and any distribution of the pairs, the counts are those of a sort.
func TestPairs(t *testing.T) {
	t.Parallel()
	for seed := range uint64(60) {
		rnd := rand.New(rand.NewPCG(seed, 7))
		dir := t.TempDir()
		p := newPairs(dir)
		p.most, p.table = 1+rnd.IntN(400), 1+rnd.IntN(200)
		n := rnd.IntN(5000)
		keys, others := 1+rnd.IntN(n+1), 1+rnd.IntN(4)
		spread := seed%3 > 0 // otherwise many have the same bucket and the same slot
		var all []pair
		for i := range n {
			k := uint64(rnd.IntN(keys))
			x := pair{[2]uint64{k % 2, k << 32}, uint64(rnd.IntN(others)), uint64(i + 1)}
			if spread {
				x.key = [2]uint64{k * 0x9e3779b97f4a7c15, k * 0xbf58476d1ce4e5b9}
			}
			all = append(all, x)
			if err := p.add(x); err != nil {
				t.Fatal(err)
			}
		}
		gotKeys, gotOf, first, err := p.sharedPairs(10)
		if err != nil {
			t.Fatal(err)
		}
		var places []SharedPlace
		for _, f := range first {
			places = append(places, SharedPlace{Line: int64(f.first), SecondLine: int64(f.second)})
		}
		wantKeys, wantOf, want := wantShared(all, 10)
		if gotKeys != wantKeys || gotOf != wantOf || !slices.Equal(places, want) {
			t.Fatalf("seed %d, %d pairs: %d keys of %d pairs, first %v; want %d of %d, first %v", seed, n, gotKeys, gotOf, places, wantKeys, wantOf, want)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 && runtime.GOOS != "windows" {
			t.Fatalf("files are left: %v %v", entries, err)
		}
		if err := p.close(); err != nil {
			t.Fatal(err)
		}
	}
}

const peopleMapping = "messages:\n  - identify: {userId: $id, traits: {name: $name, email: $email}}\n"

func identityOf(t *testing.T, mapping, in string) (*IdentityCount, Summary) {
	t.Helper()
	s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, mapping), Client: new(fakeClient)})
	if err != nil {
		t.Fatal(err)
	}
	return s.Identity, s
}

func TestIdentityCount(t *testing.T) {
	t.Parallel()
	const everything = "messages:\n  - identify: {userId: $id, traits: {$all: {except: [id]}}}\n"
	for _, tt := range []struct {
		name, mapping, in     string
		addresses, ofMessages int64
		places                string
		people, ofPeople      int64
		peoplePlaces          string
		ids, ofIDs            int64
		idPlaces              string
		noAddress             int64
	}{
		{name: "nothing", mapping: peopleMapping, in: "id,name,email\n"},
		{name: "all different", mapping: peopleMapping, in: "id,name,email\n1,A,a@x.org\n2,B,b@x.org\n"},
		{name: "the same person twice", mapping: peopleMapping, in: "id,name,email\n1,A,a@x.org\n1,B,A@x.org\n"},
		{name: "two ids", mapping: peopleMapping, in: "id,name,email\n1,A,a@x.org\n1,A,a@x.org\n2,B,A@X.org\n", addresses: 1, ofMessages: 3, places: "2-4"},
		{name: "ids differ in case", mapping: peopleMapping, in: "id,name,email\na1,A,a@x.org\nA1,A,a@x.org\n", addresses: 1, ofMessages: 2, places: "2-3"},
		{name: "spaces around the address", mapping: peopleMapping, in: "id,name,email\n1,A,\" a@x.org\"\n2,A,a@x.org\n", addresses: 1, ofMessages: 2, places: "2-3"},
		{name: "three ids", mapping: peopleMapping, in: "id,name,email\n1,A,a@x.org\n2,A,a@x.org\n3,A,a@x.org\n", addresses: 1, ofMessages: 3, places: "2-3"},
		{name: "the address as id", mapping: peopleMapping, in: "id,name,email\n1,A,a@x.org\nA@x.org,A,a@x.org\na@x.org,B,\n"},
		{name: "another address as id", mapping: peopleMapping, in: "id,name,email\n1,A,a@x.org\nb@x.org,A,a@x.org\n", addresses: 1, ofMessages: 2, places: "2-3"},
		{name: "two addresses of an id", mapping: peopleMapping, in: "id,name,email\n1,A,a@x.org\n2,B,b@x.org\n1,A,c@x.org\n1,A,A@x.org\n", people: 1, ofPeople: 3, peoplePlaces: "2-4"},
		{name: "an address and no address", mapping: peopleMapping, in: "id,name,email\n1,A,a@x.org\n1,B,\n"},
		{name: "each way", mapping: peopleMapping, in: "id,name,email\n1,A,a@x.org\n2,A,a@x.org\n2,A,b@x.org\n", addresses: 1, ofMessages: 2, places: "2-3", people: 1, ofPeople: 2, peoplePlaces: "3-4"},
		{name: "no id", mapping: "messages:\n  - identify: {anonymousId: $id, traits: {email: $email}}\n", in: "id,email\n1,a@x.org\n2,a@x.org\n"},
		{name: "no address", mapping: peopleMapping, in: "id,name,email\n1,A,ann\n2,B,ann\n3,C,\n", noAddress: 2},
		{name: "rejected rows do not count", mapping: "messages:\n  - identify: {userId: $id, traits: {email: $email}}\n  - track: {userId: $id, event: E, messageId: $id, properties: {n: =int(n)}}\n",
			in: "id,email,n\n1,a@x.org,1\n2,a@x.org,x\n1,b@x.org,x\n"},
		{name: "in $all", mapping: everything, in: "id,email\n1,a@x.org\n2,a@x.org\n", addresses: 1, ofMessages: 2, places: "2-3"},
		{name: "in $all of JSON", mapping: everything, in: `{"id":1,"x":{"email":"b@x.org"},"\u0065mail":"a\u0040x.org"}` + "\n" + `{"id":2,"email":"a@x.org"}` + "\n" + `{"id":3,"email":"b@x.org"}` + "\n",
			addresses: 1, ofMessages: 2, places: "1-2"},
		{name: "in a column of traits", mapping: "messages:\n  - identify: {userId: $id, traits: $t, context: {email: x}}\n", in: `{"id":1,"t":{"a":[1],"email":"a@x.org"}}` + "\n" + `{"id":2,"t":{ "email" : "a@x.org" }}` + "\n" + `{"id":3}` + "\n",
			addresses: 1, ofMessages: 2, places: "1-2"},
		{name: "a number is not an address", mapping: peopleMapping, in: `{"id":1,"name":"A","email":5}` + "\n" + `{"id":1,"name":"A","email":null}` + "\n" + `{"id":1,"name":"A","email":""}` + "\n", noAddress: 1},
		{name: "by an expression", mapping: "messages:\n  - identify: {userId: $id, traits: {email: \"=lower(email)\"}}\n", in: "id,email\n1,a@X.org\n2,A@x.org\n", addresses: 1, ofMessages: 2, places: "2-3"},
		{name: "only identify gives an address", mapping: "messages:\n  - track: {userId: $id, event: E, properties: {email: $email}}\n", in: "id,email\n1,a@x.org\n2,a@x.org\n"},
		{name: "message ids", mapping: "messages:\n  - track: {userId: $id, event: E, messageId: [$id], properties: {n: $n}}\n", in: "id,n\n7,1\n7,2\n7,3\n8,4\n", ids: 1, ofIDs: 3, idPlaces: "2-3"},
		{name: "message ids as they are", mapping: "messages:\n  - track: {userId: $id, event: E, messageId: $id}\n  - track: {userId: $id, event: F}\n", in: "id\n7\n8\n8\n7\n", ids: 2, ofIDs: 4, idPlaces: "2-5 3-4"},
		{name: "message ids of rows", mapping: "messages:\n  - track: {userId: $id, event: E}\n", in: "id\n7\n7\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, s := identityOf(t, tt.mapping, tt.in)
			places := func(list []SharedPlace) string {
				var all []string
				for _, p := range list {
					all = append(all, fmt.Sprintf("%d-%d", p.Line, p.SecondLine))
				}
				return strings.Join(all, " ")
			}
			if got.NotCounted != "" || got.RowsBefore != 0 || got.Found() != (tt.addresses+tt.people+tt.ids > 0) {
				t.Errorf("%+v", got)
			}
			if a := got.Addresses; a.Count != tt.addresses || a.Messages != tt.ofMessages || places(a.First) != tt.places {
				t.Errorf("addresses %+v, want %d of %d messages, %s", a, tt.addresses, tt.ofMessages, tt.places)
			}
			if a := got.People; a.Count != tt.people || a.Messages != tt.ofPeople || places(a.First) != tt.peoplePlaces {
				t.Errorf("people %+v, want %d of %d messages, %s", a, tt.people, tt.ofPeople, tt.peoplePlaces)
			}
			if a := got.MessageIDs; a.Count != tt.ids || a.Messages != tt.ofIDs || places(a.First) != tt.idPlaces {
				t.Errorf("message ids %+v, want %d of %d messages, %s", a, tt.ids, tt.ofIDs, tt.idPlaces)
			}
			var warned int64
			for _, w := range s.Warned {
				if w.Rule == mapping.RuleNotAnAddress {
					warned = w.Count
				}
			}
			if warned != tt.noAddress {
				t.Errorf("%d values are warned of, want %d: %+v", warned, tt.noAddress, s.Warned)
			}
		})
	}
}

// The counts of random inputs are those of a map over their rows. If no address is shared, the emulator has as many people as there are ids.
func TestIdentityCountsOfRandomInputs(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		rnd := rand.New(rand.NewPCG(seed, 3))
		people, addresses := 1+rnd.IntN(40), 1+rnd.IntN(200)
		var in strings.Builder
		in.WriteString("id,name,email\n")
		first := make(map[string][2]string) // by address: id and line
		shared := make(map[string]string)   // by address: both lines
		var order []string
		var messages int64
		of := make(map[string]int64)
		ids := make(map[string]bool)
		for line := 2; line < 2+rnd.IntN(300); line++ {
			id, address := fmt.Sprint("p", rnd.IntN(people)), fmt.Sprintf("a%d@x.org", rnd.IntN(addresses))
			ids[id] = true
			written := address
			if rnd.IntN(3) == 0 {
				written = strings.ToUpper(address)
			}
			fmt.Fprintf(&in, "%s,,%s\n", id, written)
			of[address]++
			switch f, ok := first[address]; {
			case !ok:
				first[address] = [2]string{id, fmt.Sprint(line)}
				order = append(order, address)
			case f[0] != id && shared[address] == "":
				shared[address] = fmt.Sprint(f[1], "-", line)
			}
		}
		var want []string
		for _, a := range order {
			if shared[a] != "" {
				messages += of[a]
				if want = append(want, shared[a]); len(want) > 10 {
					want = want[:10]
				}
			}
		}
		client, server := emulated(t, cio.Config{})
		s, err := Run(t.Context(), Job{Source: mustSource(t, in.String(), source.Config{}), Mapping: mustMapping(t, peopleMapping), Client: client})
		if err != nil {
			t.Fatal(err)
		}
		got := s.Identity.Addresses
		var places []string
		for _, p := range got.First {
			places = append(places, fmt.Sprint(p.Line, "-", p.SecondLine))
		}
		if got.Count != int64(len(shared)) || got.Messages != messages || !slices.Equal(places, want) {
			t.Fatalf("seed %d: %+v, want %d in %d messages, first %v\n%s", seed, got, len(shared), messages, want, in.String())
		}
		stats, err := server.Stats("")
		if err != nil {
			t.Fatal(err)
		}
		if lost := len(ids) - int(stats.People); lost != 0 && len(shared) == 0 {
			t.Fatalf("seed %d: %d ids, %d people, and no address is shared", seed, len(ids), stats.People)
		}
	}
}

// Files are named. Lines are named even if two files have the same.
func TestIdentityPlaces(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	var names []string
	for i, text := range []string{"id,name,email\n1,A,a@x.org\n2,B,b@x.org\n", "id,name,email\n3,A,a@x.org\n", "id,name,email\n3,A,a@x.org\n"} {
		names = append(names, filepath.Join(dir, fmt.Sprint(i, ".csv")))
		if err := os.WriteFile(names[i], []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	src, err := source.OpenFiles(names, source.Config{})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, peopleMapping), DryRun: true})
	if err != nil {
		t.Fatal(err)
	}
	want := []SharedPlace{{names[0], 2, names[1], 2}}
	if got := s.Identity.Addresses; !slices.Equal(got.First, want) || got.Messages != 3 {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A resumed load also counts the rows before it.
func TestIdentityCountOfAResumedLoad(t *testing.T) {
	t.Parallel()
	var in strings.Builder
	in.WriteString("id,name,email\n")
	for i := range 1000 {
		fmt.Fprintf(&in, "p%d,,a%d@x.org\n", i, i%700)
	}
	name := filepath.Join(t.TempDir(), "people.csv")
	if err := os.WriteFile(name, []byte(in.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	job := func(c *fakeClient) Job {
		src, err := source.Open(name, source.Config{})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { src.Close() })
		return Job{Source: src, Mapping: mustMapping(t, peopleMapping), Client: c, BatchBytes: 2000}
	}
	ctx, cancel := context.WithCancel(t.Context())
	l, err := Start(dir, job(&fakeClient{send: func(_ context.Context, call int, m []cio.Message) error {
		if call == 40 {
			cancel()
		}
		return nil
	}}))
	if err != nil {
		t.Fatal(err)
	}
	s, err := l.Run(ctx)
	if !errors.Is(err, ErrInterrupted) || s.Identity == nil || s.Identity.NotCounted == "" || s.Identity.Found() {
		t.Fatalf("%v, %+v", err, s.Identity)
	}
	if l, err = Resume(dir, l.ID(), job(new(fakeClient))); err != nil {
		t.Fatal(err)
	}
	if l.Last().Row == 0 {
		t.Fatal("nothing was settled before the load was interrupted")
	}
	s, err = l.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if got := s.Identity.Addresses; got.Count != 300 || got.Messages != 600 || got.First[0] != (SharedPlace{Line: 2, SecondLine: 702}) && got.First[0] != (SharedPlace{name, 2, name, 702}) {
		t.Errorf("%+v", got)
	}
	if files, _ := filepath.Glob(filepath.Join(dir, "*", ".ciokit-*")); len(files) > 0 {
		t.Errorf("hashes are left: %v", files)
	}
}

// If counting fails, the load continues and reports it.
func TestIdentityCountThatFails(t *testing.T) {
	t.Parallel()
	for _, when := range []string{"open", "write", "read"} {
		dir := t.TempDir()
		c := newIdentityCounter(dir, 0)
		c.addresses.most = 10
		if when == "open" {
			c.addresses.dir = filepath.Join(dir, "missing")
		}
		for i := range 100 {
			if when == "write" && i == 50 {
				c.addresses.file.Close()
			}
			c.row(&source.Row{Line: int64(i + 2)}, []mapping.Said{{Address: true, Key: [2]uint64{1, 1}, Other: uint64(i)}})
		}
		if when == "read" {
			if err := errors.Join(c.addresses.spill(), c.addresses.file.Truncate(100)); err != nil {
				t.Fatal(err)
			}
		}
		got := c.count(true)
		if got.NotCounted == "" || got.Found() || strings.Contains(got.NotCounted, "@") {
			t.Errorf("%s: %+v", when, got)
		}
		if data, err := json.Marshal(got); err != nil || !strings.Contains(string(data), "not_counted") {
			t.Errorf("%s: %s %v", when, data, err)
		}
	}
}

// If the temporary directory cannot be written to, the load continues.
func TestLoadWithoutRoomForIdentities(t *testing.T) {
	t.Setenv("TMPDIR", filepath.Join(t.TempDir(), "missing"))
	if runtime.GOOS == "windows" {
		t.Skip("TMPDIR is of Unix")
	}
	const rows = 3 * mostPairs / 2
	src, err := source.New(&shopRows{rows: rows}, source.Config{Format: source.FormatCSV})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, shopMapping), Client: sinkClient(t)})
	if err != nil || s.Accepted != rows || s.Identity.NotCounted == "" {
		t.Errorf("%v, %s, %+v", err, counts(s), s.Identity)
	}
}

// A plan of all rows counts what a plan of the first rows does not see.
func TestPlanCountsIdentities(t *testing.T) {
	t.Parallel()
	for rows, want := range map[int64]int64{1: 0, 2: 1, AllRows: 2} {
		plan, err := MakePlan(t.Context(), Job{Source: mustSource(t, "id,name,email\n1,A,a@x.org\n2,B,a@x.org\n3,A,b@x.org\n4,B,b@x.org\n", source.Config{}), Mapping: mustMapping(t, peopleMapping)}, rows)
		if err != nil || plan.Identity.Addresses.Count != want || plan.Complete != (rows == AllRows) {
			t.Errorf("%d rows: %v, %+v", rows, err, plan.Identity)
		}
	}
}
