package mapping

import (
	"errors"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

const proposeIn = "Customer ID,E-Mail,first name,orders,zip,total,created,last_seen_at,vip,null,$odd,empty,twice,twice\n" +
	"7,ann@example.com,Ann,3,01234,12.50,2021-01-02,1609459200,yes,x,y,,1,2\n" +
	"8,bob@example.com,\"Bob, 'B'\",0,55555,-3,2021-01-03,1609459300,no,x,,,1,2\n"

// A proposal is a mapping that fits its file, and whose rows become messages.
func TestPropose(t *testing.T) {
	t.Parallel()
	p, err := source.Inspect(t.Context(), mustSource(t, proposeIn, source.Config{}), 0)
	if err != nil {
		t.Fatal(err)
	}
	proposal, err := Propose(p, ProposeConfig{})
	text := proposal.Mapping
	if err != nil {
		t.Fatal(err)
	}
	const want = `# A proposal, made from all 2 rows. Check it: is this what the rows mean, and may each value be sent?
messages:
  - identify:
      userId: '$["Customer ID"]'
      traits:
        email: '$["E-Mail"]' # personal data
        'first name': '$["first name"]' # personal data
        orders: =int(orders)
        zip: $zip # personal data
        total: =decimal(total)
        created: =date(created)
        last_seen_at: =date(last_seen_at, "unix")
        vip: =bool(vip)
        'null': $null
        '$$odd': '$["$odd"]'
        empty: $empty # empty in the rows that were inspected
        # there are 2 columns named "twice"; rename one in the file, or name all columns with --skip-rows 1 --columns '...'
`
	if string(text) != want {
		t.Errorf("got\n%s\nwant\n%s", text, want)
	}
	made, rejects, _ := mapRows(t, mustMapping(t, string(text)), mustSource(t, proposeIn, source.Config{}))
	if len(made) != 2 || len(rejects) > 0 {
		t.Fatalf("%v, %v", made, rejects)
	}
	if want := `"userId":"7","traits":{"email":"ann@example.com","first name":"Ann","orders":3,"zip":"01234","total":12.50,"created":"2021-01-02T00:00:00Z","last_seen_at":"2021-01-01T00:00:00Z","vip":true,"null":"x","$odd":"y"}`; !strings.Contains(made[0], want) {
		t.Errorf("got  %s\nwant %s", made[0], want)
	}
}

func TestProposeOfWhatHasNoPeople(t *testing.T) {
	t.Parallel()
	p, err := source.Inspect(t.Context(), mustSource(t, "sku,price\nA,1.5\n", source.Config{}), 0)
	if err != nil {
		t.Fatal(err)
	}
	skeleton, err := Propose(p, ProposeConfig{})
	if err != nil || len(skeleton.Open) != 1 || !strings.Contains(string(skeleton.Mapping), "userId: # CHOOSE one of $sku, $price") {
		t.Errorf("%v, %v:\n%s", err, skeleton.Open, skeleton.Mapping)
	}
	if _, err := Parse("m.yaml", skeleton.Mapping); err == nil {
		t.Error("a mapping with a choice that is open can be loaded")
	}
	if p, err = source.Inspect(t.Context(), mustSource(t, `{"mail":"a@b.example","tags":["x"],"n":null}`+"\n{bad\n", source.Config{}), 0); err != nil || p.Bad != 1 || p.BadLine != 2 || len(p.Columns) != 2 {
		t.Fatalf("%v, %+v", err, p)
	}
	proposal, err := Propose(p, ProposeConfig{})
	text := proposal.Mapping
	if err != nil || !strings.Contains(string(text), "email: $mail") || strings.Contains(string(text), "userId:") {
		t.Errorf("%v: %s", err, text)
	}
}

// FuzzPropose checks that a proposal fits the columns, whatever their names are.
func FuzzPropose(f *testing.F) {
	f.Add("user id", "a'b\"c", "$x")
	f.Add("\u2028", ": #", "null")
	f.Add("a", "a", "b")
	f.Add("id", "a", "id")
	f.Add("", "", "email")
	f.Fuzz(func(t *testing.T, a, b, c string) {
		p := source.Profile{Columns: []source.ColumnProfile{{Name: "id", Looks: source.LooksInteger}}}
		columns := []source.Column{{Name: "id", Kind: source.KindText}}
		for i, name := range []string{a, b, c} {
			p.Columns = append(p.Columns, source.ColumnProfile{Name: name, Looks: []source.Looks{source.LooksText, source.LooksInteger, source.LooksDate}[i]})
			columns = append(columns, source.Column{Name: name, Kind: source.KindText})
		}
		proposal, err := Propose(p, ProposeConfig{})
		text := proposal.Mapping
		if err != nil || proposal.Open != nil {
			return // names that YAML cannot contain are rejected
		}
		m, err := Parse("m.yaml", text)
		if err == nil {
			_, err = m.Compile(columns, false)
		}
		var wrong *Error
		if errors.As(err, &wrong) {
			t.Fatalf("%v\n%s", err, text)
		}
	})
}

// The proposal for times without a time zone moves no calendar date: each form that it offers, with its comment sign removed, sends days unchanged.
func TestProposedZones(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		in     string
		whole  bool // it proposes a zone for the whole mapping
		absent bool // it proposes none
	}{
		"clocks alone":            {"id,seen\n1,2024-07-01 12:00:00\n", true, false},
		"days alone":              {"id,born\n1,1980-10-12\n", false, true},
		"both":                    {"id,born,seen\n1,1980-10-12,2024-07-01 12:00:00\n", false, false},
		"both, with layouts":      {"id,born,seen\n1,13.10.1980,13.07.2024 12:00\n", false, false},
		"both in one column":      {"id,at\n1,1980-10-12\n2,2024-07-01 12:00:00\n", true, false},
		"a clock that says UTC":   {"id,born,seen_utc\n1,1980-10-12,2024-07-01 12:00:00\n", false, true},
		"a day of an event":       {"user_id,event,date,seen\n1,bought,2024-07-01,2024-07-01 12:00:00\n", true, false},
		"digits alone, with time": {"id,born,created_at\n1,1980-10-12,20240701120000\n", false, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p, err := source.Inspect(t.Context(), mustSource(t, test.in, source.Config{}), 0)
			if err != nil {
				t.Fatal(err)
			}
			proposal, err := Propose(p, ProposeConfig{})
			if err != nil || proposal.Open != nil {
				t.Fatalf("%v, %v", err, proposal.Open)
			}
			text := string(proposal.Mapping)
			whole := strings.Contains(text, "\n# time_zone: Europe/Berlin # ")
			column := strings.Contains(text, "\n#   =date(")
			if whole != test.whole || column != (!test.whole && !test.absent) {
				t.Fatalf("a zone of the whole mapping: %v, of a column: %v\n%s", whole, column, text)
			}
			if column && !strings.Contains(text, `would move the calendar dates of "born"`) {
				t.Errorf("it does not say why:\n%s", text)
			}
			for line := range strings.Lines(text) {
				if call, ok := strings.CutPrefix(line, "#   "); ok {
					mustMapping(t, "messages:\n  - identify: {userId: $id, traits: {at: "+quotedYAML(strings.TrimSpace(call))+"}}\n")
				}
			}
		})
	}
}
