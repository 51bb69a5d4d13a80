package mapping

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// A layout says what is between the digits. A number that does not fit is rejected: a point with another meaning would turn a thousand into one.
func TestNumberLayouts(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ layout, in, want string }{
		{"1,234.5", "1,234.50", "1234.50"},
		{"1,234.5", "12", "12"},
		{"1,234.5", "1234.5", "1234.5"},
		{"1,234.5", "1,234,567", "1234567"},
		{"1,234.5", "-1,234.5", "-1234.5"},
		{"1,234.5", "1,234.5-", "-1234.5"},
		{"1,234.5", "(1,234.5)", "-1234.5"},
		{"1,234.5", ".5", ".5"},
		{"1,234.5", "12,34", ""},
		{"1,234.5", "1,2345", ""},
		{"1,234.5", "0,123", ""},
		{"1,234.5", "1.234,5", ""},
		{"1,234.5", "12,50", ""},
		{"1,234.5", "1,234.", ""},
		{"1,234.5", "--1", ""},
		{"1,234.5", "-(1)", ""},
		{"1,234.5", "(-1)", ""},
		{"1,234.5", "(1", ""},
		{"1,234.5", "1e3", ""},
		{"1,234.5", "$1", ""},
		{"1,234.5", "", ""},
		{"1,234.5", " ", ""},
		{"1,234.5", ".", ""},
		{"1,234.5", ",234", ""},
		{"1.234,5", "1.234,50", "1234.50"},
		{"1.234,5", "12,5", "12.5"},
		{"1.234,5", "12.5", ""},
		{"1.234,5", "0.123", ""},
		{"1.234,5", "1.234", "1234"},
		{"1234,5", "12,5", "12.5"},
		{"1234,5", "1.234,5", ""},
		{"1234.5", "1,234", ""},
		{"1 234,5", "1 234,5", "1234.5"},
		{"1 234,5", "1\u00a0234\u202f567,5", "1234567.5"},
		{"1'234.5", "1’234.50", "1234.50"},
		{"1,234", "1,234", "1234"},
		{"1,234", "1,234.5", ""},
		{"$1,234.50", "$1,234.50", "1234.50"},
		{"$1,234.50", "-$5", "-5"},
		{"$1,234.50", "$-5", "-5"},
		{"$1,234.50", "-$-5", ""},
		{"$1,234.50", "($5.00)", "-5.00"},
		{"$1,234.50", "5", ""},
		{"$1,234.50", "€5", ""},
		{"1.234,50 €", "12,50 €", "12.50"},
		{"1.234,50 €", "12,50\u00a0€", "12.50"},
		{"1.234,50 €", "-12,50€", "-12.50"},
		{"1.234,50 €", "12,50- €", "-12.50"},
		{"EUR 1.234,50", "EUR 12,50", "12.50"},
		{"1234.5%", "12.5%", "12.5"},
		{"1234.5 %", "12.5", ""},
	} {
		l, problem := parseNumberLayout(c.layout)
		if problem != "" {
			t.Errorf("%s: %s", c.layout, problem)
			continue
		}
		got, err := plainNumber([]byte(c.in), []numberLayout{l})
		if string(got) != c.want || (err == nil) != (c.want != "") {
			t.Errorf("%s of %q: got %q, %v, want %q", c.layout, c.in, got, err, c.want)
		}
	}
	for _, s := range []string{"", "1", "abc", "123", "1.234.5", "1,234,5", "2,345.6", "1-234.5", "1,234.5 (x)", "1,23,4.5", "7 1,234.5", "1234.57 8"} {
		if l, problem := parseNumberLayout(s); problem == "" {
			t.Errorf("%q is accepted as a layout: %+v", s, l)
		}
	}
}

// A number that is written in any layout is read back with the same value by that layout. Another layout reads the same value or rejects it, unless
// the two layouts give a point or a comma different meanings.
func TestNumberLayoutsReadWhatTheyWrite(t *testing.T) {
	t.Parallel()
	groups, marks := []string{"", ",", ".", " ", "'", "\u00a0"}, []string{".", ","}
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		group, mark := groups[r.IntN(len(groups))], marks[r.IntN(len(marks))]
		if group == mark {
			continue
		}
		before, after := []string{"", "$", "EUR "}[r.IntN(3)], []string{"", " €", "%"}[r.IntN(3)]
		whole, fraction := fmt.Sprint(r.Int64N(1<<[]int{4, 12, 40}[r.IntN(3)])), ""
		want := whole
		if r.IntN(2) == 0 {
			fraction = fmt.Sprintf("%0*d", 1+r.IntN(4), r.IntN(9))
			want += "." + fraction
		}
		grouped := ""
		for i, d := range whole {
			if i > 0 && (len(whole)-i)%3 == 0 {
				grouped += group
			}
			grouped += string(d)
		}
		if fraction != "" {
			grouped += mark + fraction
		}
		l, problem := parseNumberLayout(before + "1" + group + "234" + mark + "5" + after)
		if problem != "" {
			t.Fatal(problem)
		}
		got, err := plainNumber([]byte(before+grouped+after), []numberLayout{l})
		if err != nil || string(got) != want {
			t.Fatalf("%+v of %s: got %s, %v", l, grouped, got, err)
		}
		torn := strings.Replace(grouped, group+whole[len(whole)-1:], group+"x"+whole[len(whole)-1:], 1)
		if torn != grouped {
			if got, err := plainNumber([]byte(before+torn+after), []numberLayout{l}); err == nil {
				t.Fatalf("%+v of %s: got %s", l, torn, got)
			}
		}
	}
}

func TestSerialDates(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"44561": "2021-12-31T00:00:00Z", "44561.75": "2021-12-31T18:00:00Z", "44561,75": "2021-12-31T18:00:00Z",
		"44561.5833333333": "2021-12-31T14:00:00Z", "44561.000011574": "2021-12-31T00:00:01Z", "61": "1900-03-01T00:00:00Z", "2958465": "9999-12-31T00:00:00Z",
		"44561.00001": "2021-12-31T00:00:00.864Z", "44561.999999999": "2022-01-01T00:00:00Z",
		"60": "", "0": "", "2958466": "", "44,561": "", "-1": "", "4.4e4": "", "44561.": "", "": "", "044561": "", "2021-12-31": "",
	} {
		got, err := parseDate([]byte(in), []layout{{days: true}})
		if s := string(got.append(nil)); err == nil && s != want || (err == nil) != (want != "") {
			t.Errorf("%q: got %s, %v, want %q", in, s, err, want)
		}
	}
}

func TestLayoutsThatAreNone(t *testing.T) {
	t.Parallel()
	for mapping, want := range map[string]string{
		`messages: [{identify: {userId: $id, traits: {n: '=int(n, "12")'}}}]`:                                     "is not a number layout",
		`messages: [{identify: {userId: $id, traits: {n: '=decimal(n, "1.234.5") + 1'}}}]`:                        "the same character",
		`messages: [{identify: {userId: $id, traits: {n: $n}}}]` + "\nnull_words: {m: [x]}":                       `no column "m"`,
		`messages: [{identify: {userId: $id, traits: {n: $n}}}]` + "\nnull_words: {spare: [x]}":                   `does not read the column "spare"`,
		`messages: [{identify: {userId: $id, traits: {n: $n}}}]` + "\nnull_words: {n: x}":                         "not a list",
		`messages: [{identify: {userId: $id, traits: {n: '=n == "" ? nil : decimal(n, "1,234.5", "nothing")'}}}]`: "is not a number layout",
	} {
		m, err := Parse("m.yaml", []byte(mapping))
		if err == nil {
			_, err = m.Compile([]source.Column{{Name: "id", Kind: source.KindText}, {Name: "n", Kind: source.KindText}, {Name: "spare", Kind: source.KindText}}, false)
		}
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", mapping, err)
		}
	}
}
