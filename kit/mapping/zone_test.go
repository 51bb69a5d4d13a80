package mapping

import (
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
)

// The time that clocks in a zone showed becomes the point in time at which they showed it.
func TestZones(t *testing.T) {
	t.Parallel()
	const twice, late, skipped, before = RuleTimeTwice, RuleLateDay, RuleSkippedTime, RuleDayBefore
	tests := []struct{ args, in, want, warning string }{
		{`"Europe/Berlin"`, "2024-07-01 12:00:00", "2024-07-01T10:00:00Z", ""},
		{`"Europe/Berlin"`, "2024-01-01 12:00:00.250", "2024-01-01T11:00:00.250Z", ""},
		{`"2006-01-02 15:04:05", "Europe/Berlin"`, "2024-07-01 12:00:00", "2024-07-01T10:00:00Z", ""},
		{`"Europe/Berlin", "02.01.2006 15:04", "02.01.2006"`, "01.07.2024", "2024-06-30T22:00:00Z", before},
		{`"Europe/Berlin"`, "2024-07-01T12:00:00Z", "2024-07-01T12:00:00Z", ""},
		{`"Europe/Berlin"`, "2024-07-01 12:00:00+05:00", "2024-07-01T07:00:00Z", ""},
		{`"2006-01-02T15:04:05Z", "02.01.2006", "Europe/Berlin"`, "2024-07-01T12:00:00Z", "2024-07-01T12:00:00Z", ""},
		{`"2006-01-02T15:04:05Z", "02.01.2006", "Europe/Berlin"`, "01.07.2024", "2024-06-30T22:00:00Z", before},

		// Summer time begins: 02:00 becomes 03:00.
		{`"Europe/Berlin"`, "2024-03-31 01:59:59", "2024-03-31T00:59:59Z", ""},
		{`"Europe/Berlin"`, "2024-03-31 02:00:00", skipped, ""},
		{`"Europe/Berlin"`, "2024-03-31 02:59:59.999", skipped, ""},
		{`"Europe/Berlin", "later"`, "2024-03-31 02:30:00", skipped, ""},
		{`"Europe/Berlin"`, "2024-03-31 03:00:00", "2024-03-31T01:00:00Z", ""},
		// It ends: 03:00 becomes 02:00.
		{`"Europe/Berlin"`, "2024-10-27 01:59:59", "2024-10-26T23:59:59Z", ""},
		{`"Europe/Berlin"`, "2024-10-27 02:00:00", "2024-10-27T00:00:00Z", twice},
		{`"Europe/Berlin", "earlier"`, "2024-10-27 02:30:00", "2024-10-27T00:30:00Z", ""},
		{`"Europe/Berlin", "later"`, "2024-10-27 02:30:00", "2024-10-27T01:30:00Z", ""},
		{`"Europe/Berlin"`, "2024-10-27 02:59:59", "2024-10-27T00:59:59Z", twice},
		{`"Europe/Berlin"`, "2024-10-27 03:00:00", "2024-10-27T02:00:00Z", ""},
		// An abbreviation decides between the two.
		{`"02.01.2006 15:04 MST", "Europe/Berlin"`, "27.10.2024 02:30 CEST", "2024-10-27T00:30:00Z", ""},
		{`"02.01.2006 15:04 MST", "Europe/Berlin"`, "27.10.2024 02:30 CET", "2024-10-27T01:30:00Z", ""},
		{`"02.01.2006 15:04 MST", "Europe/Berlin"`, "01.07.2024 02:30 CET", RuleNotADate, ""},
		{`"02.01.2006 15:04 MST", "Europe/Berlin"`, "01.07.2024 02:30 UTC", "2024-07-01T02:30:00Z", ""},

		{`"America/New_York"`, "2024-03-10 02:30:00", skipped, ""},
		{`"America/New_York"`, "2024-11-03 01:30:00", "2024-11-03T05:30:00Z", twice},
		{`"Australia/Lord_Howe"`, "2024-04-07 01:45:00", "2024-04-06T14:45:00Z", twice}, // by half an hour
		{`"America/Sao_Paulo"`, "2018-11-04", "2018-11-04T03:00:00Z", late},
		{`"America/Sao_Paulo"`, "2018-11-04 00:00:00", skipped, ""},
		{`"America/Havana"`, "2024-11-03", "2024-11-03T04:00:00Z", ""}, // a day begins at the first of its two midnights
		{`"Pacific/Apia"`, "2011-12-30", skipped, ""},
		{`"Pacific/Apia"`, "2011-12-30 12:00:00", skipped, ""},
		{`"Pacific/Apia"`, "2011-12-31", "2011-12-30T10:00:00Z", before},
		// Days long ago, and days in the future.
		{`"Europe/Berlin"`, "1890-01-01 00:53:28", "1890-01-01T00:00:00Z", ""},
		{`"Europe/Berlin"`, "1945-07-01 12:00:00", "1945-07-01T09:00:00Z", ""},
		{`"Europe/London"`, "1800-01-01 00:00:00", "1800-01-01T00:01:15Z", ""},
		{`"Europe/Berlin"`, "2150-07-01 12:00:00", "2150-07-01T10:00:00Z", ""},
		{`"Europe/Berlin"`, "0000-01-01 00:00:00", RuleNotADate, ""},

		{`"+02:00"`, "2024-01-01 12:00:00", "2024-01-01T10:00:00Z", ""},
		{`"-09:30"`, "2024-01-01", "2024-01-01T09:30:00Z", ""},
		{`"UTC"`, "2024-01-01 12:00:00", "2024-01-01T12:00:00Z", ""},
		{`"Europe/Berlin"`, "1980-10-12", "1980-10-11T23:00:00Z", before},
		{`"Europe/London"`, "2024-01-01", "2024-01-01T00:00:00Z", ""},
		{`"Europe/London"`, "2024-07-01", "2024-06-30T23:00:00Z", before},
		{`"UTC"`, "1980-10-12", "1980-10-12T00:00:00Z", ""},
		{`"+00:30"`, "1980-10-12", "1980-10-11T23:30:00Z", before},
		{`"excel", "Europe/Berlin"`, "44561", "2021-12-30T23:00:00Z", before},
		{`"excel", "Europe/Berlin"`, "44561.5", "2021-12-31T11:00:00Z", ""},
	}
	for _, tt := range tests {
		got, notes := readZone(t, tt.args, tt.in)
		warning := ""
		for _, n := range notes {
			warning += n.rule
			if n.field != "traits.at" || zoneWarnings[n.rule] == "" {
				t.Errorf("%s of %s: the warning is %+v", tt.args, tt.in, n)
			}
		}
		if got != tt.want || warning != tt.warning {
			t.Errorf("%s of %s is %s %s, want %s %s", tt.args, tt.in, got, warning, tt.want, tt.warning)
		}
	}
}

// A timestamp is a point in time: a timestamp that is a day means the beginning of the day in its zone, and nothing is lost.
func TestTimestampIsNoCalendarDate(t *testing.T) {
	t.Parallel()
	const text = "time_zone: Europe/Berlin\nmessages:\n  - track: {userId: u, event: e, timestamp: =date(at), properties: {day: =date(at), kept: '=date(at, \"UTC\")', bare: $at}}\n"
	p, err := mustMapping(t, text).Compile([]source.Column{{Name: "at", Kind: source.KindText}}, false)
	if err != nil {
		t.Fatal(err)
	}
	m := NewMapper(p, cio.Encode)
	row := source.Row{Line: 2, Cells: []source.Cell{{Kind: source.KindText, Bytes: []byte("2024-07-01")}}}
	made, bad := m.Map(&row, 0)
	if bad != nil {
		t.Fatal(bad)
	}
	var w Warnings
	w.AddRow(&row, made, m, time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC))
	if len(w) != 1 || w[0].Rule != RuleDayBefore || w[0].Count != 1 || w[0].Field != "properties.day" {
		t.Errorf("the warnings are %+v", w)
	}
	const want = `"timestamp":"2024-06-30T22:00:00Z","userId":"u","event":"e","properties":{"day":"2024-06-30T22:00:00Z","kept":"2024-07-01T00:00:00Z","bare":"2024-07-01"}`
	if got, _ := made[0].MarshalJSON(); !strings.Contains(string(got), want) {
		t.Errorf("got %s\nwant %s", got, want)
	}
}

// readZone reads a time as a mapping does, both without the interpreter and with it.
func readZone(t *testing.T, args, in string) (string, []note) {
	t.Helper()
	read := func(text string) (string, []note) {
		m := mustMapping(t, "messages:\n  - identify: {userId: u, traits: {at: '"+text+"'}}\n")
		p, err := m.Compile([]source.Column{{Name: "at", Kind: source.KindText}}, false)
		if err != nil {
			t.Fatal(err)
		}
		r := &row{cells: []source.Cell{{Kind: source.KindText, Bytes: []byte(in)}}, in: newInterpreter(p.columns)}
		out, _, bad := p.messages[0].body.appendJSON(nil, r)
		if bad != nil {
			return bad.Rule, r.notes
		}
		return strings.TrimSuffix(strings.TrimPrefix(string(out), `{"at":"`), `"}`), r.notes
	}
	got, notes := read("=date(at, " + args + ")")
	slow, slowNotes := read("=date(trim(at), " + args + ")")
	if got != slow || len(notes) != len(slowNotes) {
		t.Errorf("%s of %s: %s, interpreted %s; %v, %v", args, in, got, slow, notes, slowNotes)
	}
	return got, notes
}

// The result for a time agrees with a clock that is read minute by minute on the days around it.
func TestZonesAgreeWithClock(t *testing.T) {
	t.Parallel()
	most := 8
	if os.Getenv("CIOKIT_DEEP") != "" {
		most = 60
	}
	random := rand.New(rand.NewPCG(1, 2))
	for _, name := range []string{"Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "Africa/Casablanca", "Pacific/Apia", "Asia/Tehran", "Europe/Dublin", "America/St_Johns", "Asia/Pyongyang"} {
		loc, problem, _ := parseZone(name)
		if problem != "" {
			t.Fatal(problem)
		}
		z := &zone{location: loc}
		changes := 0
		for at := time.Date(1930, 1, 1, 0, 0, 0, 0, time.UTC); at.Year() < 2035 && changes < most; {
			_, end := at.In(loc).ZoneBounds()
			if end.IsZero() {
				break
			}
			at = end.Add(time.Second)
			_, before := end.Add(-time.Second).In(loc).Zone()
			if _, after := end.In(loc).Zone(); before%60 != 0 || after%60 != 0 {
				continue // the clock below shows whole minutes
			}
			changes++
			// The clock's face, minute by minute.
			shown := make(map[string][]int64)
			for m := -1800; m <= 1800; m++ {
				moment := end.Add(time.Duration(m) * time.Minute)
				face := moment.In(loc).Format("2006-01-02 15:04:05")
				shown[face] = append(shown[face], moment.Unix())
			}
			for range 30 {
				wall := end.In(loc).Add(time.Duration(random.IntN(400)-200) * time.Minute)
				face := wall.Format("2006-01-02 15:04:05")
				if random.IntN(2) == 0 { // a skipped time is on no face
					face = end.Add(time.Duration(before)*time.Second + time.Duration(random.IntN(120)-60)*time.Minute).UTC().Format("2006-01-02 15:04:05")
				}
				want := shown[face]
				got, err := z.parse([]byte(face), nil)
				switch {
				case len(want) == 0:
					if err == nil || err.Rule != RuleSkippedTime {
						t.Errorf("%s: %s was never shown, and is %s", name, face, got)
					}
				case err != nil || got.Unix() != want[0] || (got.warning != "") != (len(want) > 1):
					t.Errorf("%s: %s is %s %s %v, want %d", name, face, got, got.warning, err, want)
				}
			}
		}
		if changes < 2 {
			t.Errorf("%s has %d changes", name, changes)
		}
	}
}

// The last day of each year is read like all others, also if the time zone database has a rule for future years instead of a list.
func TestTurnOfTheYear(t *testing.T) {
	for _, name := range []string{"Europe/Berlin", "America/New_York", "America/Santiago", "Australia/Sydney", "Pacific/Apia", "Asia/Tokyo", "UTC"} {
		loc, problem, _ := parseZone(name)
		if problem != "" {
			t.Fatal(problem)
		}
		z := &zone{location: loc}
		for wall := time.Date(2023, 12, 29, 0, 0, 0, 0, time.UTC); wall.Year() < 2105; wall = wall.Add(time.Hour / 2) {
			if wall.Month() == time.January && wall.Day() > 3 {
				wall = time.Date(wall.Year(), 12, 29, 0, 0, 0, 0, time.UTC)
			}
			face := wall.Format("2006-01-02 15:04:05")
			got, err := z.parse([]byte(face), nil)
			if want := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), 0, 0, loc); err != nil || !got.Equal(want) || got.warning != "" {
				t.Fatalf("%s in %s is %s %q %v, want %s", face, name, got, got.warning, err, want)
			}
		}
	}
}

// A mapping that needs a zone and names none, or names one that has no effect, gets an error at that place.
func TestZoneProblems(t *testing.T) {
	t.Parallel()
	tests := []struct{ args, want string }{
		{`"CET"`, "not the full name of a zone"}, {`"EST"`, "not the full name"}, {`"CEST"`, `there is no zone "CEST"`}, {`"GMT"`, "not the full name"},
		{`"Europe/Berlni"`, `there is no zone "Europe/Berlni"; write a name of the IANA time zone database`}, {`"europe/berlin"`, "write Europe/Berlin"},
		{`"america/new york"`, "write America/New_York"},
		{`"Local"`, "no zone"}, {`"Etc/GMT-5"`, "the opposite sign"}, {`"right/Europe/Berlin"`, "no zone"}, {`"../Europe/Berlin"`, "layout"},
		{`"+2"`, "offset"}, {`"+25:00"`, "offset"}, {`"+0200"`, "offset"}, {`"+14:30"`, "14 hours"},
		{`"Europe/Berlin", "UTC"`, "two zones"}, {`"earlier", "later", "Europe/Berlin"`, "twice"},
		{`"unix", "Europe/Berlin"`, "has no zone"}, {`"Europe/Berlin", "unix_ms"`, "has no zone"}, {`"RFC3339", "Europe/Berlin"`, "contain their zone"},
		{`"UTC", "later"`, "no time occurs twice"}, {`"+02:00", "earlier"`, "no time occurs twice"}, {`"later"`, "in UTC no time occurs twice"}, {`"unix", "later"`, "has no zone"},
		{`"dd/mm/yyyy"`, "layout"}, {`"YYYY-MM-DD"`, "layout"}, {`"rfc3339"`, "layout"}, {`"Monday"`, "layout"},
		{`"2006-01-02 03:04"`, "morning"},
		{`"02/01/2006", "01/02/2006"`, "contradict"}, {`"02.01.06", "06.01.02"`, "contradict"}, {`"unix", "unix_ms"`, "contradict"}, {`"unix", "20060102"`, "contradict"},
		{`"20060102", "20060201"`, "contradict"}, {`"2006-01-02 15:04", "2006-02-01 15:04"`, "contradict"}, {`"excel", "unix"`, "contradict"},
		{`"02/01/2006", "1/2/2006"`, "contradict"},
	}
	for _, tt := range tests {
		for _, call := range []string{"date(at, ", "date(trim(at), "} {
			m, err := Parse("m.yaml", []byte("messages:\n  - identify: {userId: $id, traits: {at: '="+call+tt.args+")'}}\n"))
			if err == nil {
				_, err = m.Compile([]source.Column{{Name: "id", Kind: source.KindText}, {Name: "at", Kind: source.KindText}}, false)
			}
			if err == nil || !strings.Contains(err.Error(), tt.want) || !strings.Contains(err.Error(), "m.yaml:2:") {
				t.Errorf("%s%s): %v, want %q", call, tt.args, err, tt.want)
			}
		}
	}
	for _, good := range []string{`"2006-01-02", "02.01.2006"`, `"2006-01-02 15:04:05", "2006-01-02"`, `"2006-01-02", "2006-1-2"`, `"02.01.06", "02.01.2006"`, `"RFC3339", "2006-01-02T15:04:05Z"`, `"RFC1123", "Europe/London"`, `"unix", "02.01.2006"`} {
		if _, err := Parse("m.yaml", []byte("messages:\n  - identify: {userId: $id, traits: {at: '=date(at, "+good+")'}}\n")); err != nil {
			t.Error(err)
		}
	}
}
