package load

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// numbersOf returns numbers as programs write them into JSON: the limits of types, and random ones.
func numbersOf(r *rand.Rand, n int) []string {
	numbers := []string{"0", "-0", "0.0", "-0.0", "1", "-1", "10.10", "1e3", "1E+3", "1e-3", "1.0", "100000000000000000000", "9007199254740991", "9007199254740992", "9007199254740993", "-9007199254740993",
		"9223372036854775807", "9223372036854775808", "-9223372036854775808", "-9223372036854775809", "18446744073709551615", "18446744073709551616", "12345678901234567890123",
		"0.1", "0.30000000000000004", "0.1234567890123456789012345678901", "1e400", "-1e-400", "123456789012345678901234567890.10", "1.7976931348623157e308", "5e-324", strings.Repeat("9", 300)}
	digits := func(n int) string {
		var b strings.Builder
		for range n {
			b.WriteByte('0' + byte(r.IntN(10)))
		}
		return b.String()
	}
	for range n {
		s := []string{"", "-"}[r.IntN(2)] + strconv.Itoa(1+r.IntN(9)) + digits(r.IntN(40))
		if r.IntN(2) == 0 {
			s += "." + digits(1+r.IntN(25))
		}
		if r.IntN(4) == 0 {
			s += []string{"e", "E", "e+", "e-"}[r.IntN(4)] + strconv.Itoa(r.IntN(400))
		}
		numbers = append(numbers, s)
	}
	return numbers
}

// exactWays are the ways in which a number in a JSON value can pass through an expression of a mapping: v is the cell {"l":[NUMBER],"n":NUMBER}.
var exactWays = []struct{ expression, want string }{
	{`v`, `{"l":[#],"n":#}`},
	{`v.n`, `#`},
	{`v["n"]`, `#`},
	{`v?.n`, `#`},
	{`v.l[0]`, `#`},
	{`v.l[-1]`, `#`},
	{`v.l[0:1]`, `[#]`},
	{`[v.n, 1]`, `[#,1]`},
	{`{a: v.n, b: {c: v.l}}`, `{"a":#,"b":{"c":[#]}}`},
	{`v.n ?? 0`, `#`},
	{`v.missing ?? v.n`, `#`},
	{`v.n == nil ? 0 : v.n`, `#`},
	{`true ? v.l : nil`, `[#]`},
	{`let x = v; x.n`, `#`},
	{`let x = v.n; x != nil ? x : 0`, `#`},
	{`first(v.l)`, `#`},
	{`last(v.l)`, `#`},
	{`get(v, "n")`, `#`},
	{`map(v.l, #)`, `[#]`},
	{`map(v.l, {{id: #}})`, `[{"id":#}]`},
	{`filter(v.l, # != nil)`, `[#]`},
	{`find(v.l, # != nil)`, `#`},
	{`filter([v], .n != "x")`, `[{"l":[#],"n":#}]`},
	{`map([v], .n)`, `[#]`},
	{`sortBy([v], "n")`, `[{"l":[#],"n":#}]`},
	{`reverse(v.l)`, `[#]`},
	{`concat(v.l, v.l)`, `[#,#]`},
	{`flatten([v.l, [v.l]])`, `[#,#]`},
	{`take(v.l, 1)`, `[#]`},
	{`values({a: v.n})`, `[#]`},
	{`reduce(v.l, #, 0)`, `#`},
	{`decimal(v.n)`, `#`},
	{`string(v.n)`, `"#"`},
	{`fromJSON(toJSON(v)).n`, `#`},
	{`v.l | map(#) | first()`, `#`},
}

// Every digit of a number in a JSON value arrives, on every way through a mapping, or the row is rejected: a number is never rounded.
func TestEveryDigitArrives(t *testing.T) {
	t.Parallel()
	all := numbersOf(rand.New(rand.NewPCG(14, 2)), 100)
	for _, way := range exactWays {
		numbers := all
		if strings.HasPrefix(way.expression, "decimal") { // it accepts no exponents
			numbers = slices.DeleteFunc(slices.Clone(all), func(n string) bool { return strings.ContainsAny(n, "eE") || len(n) > 200 })
		}
		for input, v := range map[string]string{"CSV": "fromJSON(v)", "JSON Lines": "v", "JSON Lines of text": "fromJSON(v)"} {
			expression := strings.NewReplacer("v.", v+".", "v[", v+"[", "v?", v+"?", "v)", v+")", "(v,", "("+v+",", "[v]", "["+v+"]", "= v;", "= "+v+";").Replace(way.expression)
			if expression == "v" {
				expression = v
			}
			var in strings.Builder
			for i, n := range numbers {
				cell := fmt.Sprintf(`{"l": [%s], "n": %[1]s}`, n)
				switch quoted, _ := json.Marshal(cell); input {
				case "CSV":
					if i == 0 {
						in.WriteString("id,v\n")
					}
					fmt.Fprintf(&in, "%d,\"%s\"\n", i, strings.ReplaceAll(cell, `"`, `""`))
				case "JSON Lines":
					fmt.Fprintf(&in, `{"id":%d,"v":%s}`+"\n", i, cell)
				default:
					fmt.Fprintf(&in, `{"id":%d,"v":%s}`+"\n", i, quoted)
				}
			}
			yaml := "messages:\n  - identify: {userId: $id, traits: {x: '=" + expression + "'}}\n"
			client := new(fakeClient)
			s, err := Run(t.Context(), Job{Source: mustSource(t, in.String(), source.Config{}), Mapping: mustMapping(t, yaml), Client: client, Concurrency: 1})
			if err != nil || s.Rows != int64(len(numbers)) {
				t.Fatalf("%s, %s: %v, %+v", input, expression, err, s)
			}
			for i, n := range numbers {
				want := fmt.Sprintf(`"userId":"%d","traits":{"x":%s}`, i, strings.ReplaceAll(way.want, "#", n))
				if i >= len(client.accepted) || bare(t, client.accepted[i]) != want {
					t.Fatalf("%s, %s: %s did not arrive: %+v", input, expression, n, s.First)
				}
			}
		}
	}
}

// A calculation with a number of JSON is exact, or has no result.
func TestCalculatesWithExactValues(t *testing.T) {
	t.Parallel()
	const big = "12345678901234567890123"
	for _, tt := range []struct{ cell, expression, want string }{
		{`{"n":10.10}`, `v.n * 2`, `20.2`},
		{`{"n":10.10}`, `v.n > 10 and v.n < 10.2`, `true`},
		{`{"n":10.10}`, `v.n == 10.1`, `true`},
		{`{"n":1e3}`, `v.n == 1000`, `true`},
		{`{"n":1e3}`, `v.n in [1000]`, `true`},
		{`{"n":[1.0,2]}`, `1 in v.n`, `true`},
		{`{"n":[1.0,2]}`, `v.n == [1, 2]`, `true`},
		{`{"n":[3,1.50,2]}`, `sort(v.n)`, `[1.5,2,3]`},
		{`{"n":[3,1.50,2]}`, `sum(v.n)`, `6.5`},
		{`{"n":[3,1.50,2]}`, `max(v.n)`, `3`},
		{`{"n":[3,1.50,2]}`, `v.n | filter(# > 1.6) | map(# * 10)`, `[30,20]`},
		{`{"n":[3,1.50,2]}`, `v.n | filter(# > 1.6)`, `[3,2]`},
		{`{"n":[3,1.50,2]}`, `v.n | filter(# < 1.6)`, `[1.50]`},
		{`{"n":[{"p":1.50,"q":2},{"p":1.5,"q":3}]}`, `sum(v.n, .p * .q)`, `7.5`},
		{`{"n":[{"p":1.50,"q":2},{"p":1.5,"q":3}]}`, `sum(v.n, .p)`, `3`},
		{`{"n":[{"p":2.50},{"p":1.50}]}`, `sortBy(v.n, .p)`, `[{"p":1.50},{"p":2.50}]`},
		{`{"n":[1,1.0,2]}`, `len(uniq(v.n))`, `2`},
		{`{"n":[5.5,6]}`, `reduce(v.n, #acc + #, 0)`, `11.5`},
		{`{"n":2}`, `v.n..3`, `[2,3]`},
		{`{"n":1,"l":["a","b"]}`, `v.l[v.n]`, `"b"`},
		{`{"n":7}`, `int(v.n) + 1`, `8`},
		{`{"n":1609459200}`, `date(v.n, "unix")`, `"2021-01-01T00:00:00Z"`},
		{`{"n":9007199254740993}`, `v.n == 9007199254740993`, `true`},
		{`{"n":9007199254740993}`, `v.n == 9007199254740992`, `false`},
		{`{"n":9007199254740993}`, `v.n + 1`, `9007199254740994`},
		{`{"n":-7}`, `-v.n`, `7`},
		{`{"n":-7}`, `abs(v.n)`, `7`},
		{`{"n":` + big + `,"m":` + big + `.0}`, `v.n == v.m`, `true`},
		{`{"n":` + big + `,"m":` + big + `.5}`, `v.n == v.m`, `false`},
		{`{"n":` + big + `}`, `v.n in [` + `1, 2` + `]`, `false`},
		{`{"n":` + big + `}`, `v.n + 1`, mapping.RuleLossy},
		{`{"n":` + big + `}`, `v.n > 5`, `true`},
		{`{"n":` + big + `}`, `int(v.n)`, mapping.RuleLossy},
		{`{"n":` + big + `}`, `float(v.n)`, mapping.RuleLossy},
		{`{"n":` + big + `}`, `uniq([v.n])`, mapping.RuleLossy},
		{`{"n":1.5}`, `type(v.n)`, `"float"`},
		{`{"n":"a\ud800"}`, `v.n`, mapping.RuleNotUTF8},
		{`{"n":1,"n":2}`, `v.n`, source.RuleTwice},
		{`{"n":` + strings.Repeat("[", 10_000) + strings.Repeat("]", 10_000) + `}`, `len(v.n)`, source.RuleTooDeep},
		{`{"n":NaN}`, `v.n`, source.RuleNotJSON},
		{`{'n':1}`, `v.n`, source.RuleNotJSON},
		{`{"n":1,}`, `v.n`, source.RuleNotJSON},
		{`{"n":1} {}`, `v.n`, source.RuleNotJSON},
	} {
		expression := strings.ReplaceAll(strings.ReplaceAll(tt.expression, "v.", "fromJSON(v)."), "'", "''")
		yaml := "messages:\n  - identify: {userId: '1', traits: {x: '=" + expression + "'}}\n"
		client := new(fakeClient)
		in := "v\n\"" + strings.ReplaceAll(tt.cell, `"`, `""`) + "\"\n"
		s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, yaml), Client: client})
		switch {
		case err != nil:
			t.Errorf("%s: %v", tt.expression, err)
		case len(client.accepted) == 1:
			if got := bare(t, client.accepted[0]); got != `"userId":"1","traits":{"x":`+tt.want+`}` {
				t.Errorf("%s of %.60s: %s, want %s", tt.expression, tt.cell, got, tt.want)
			}
		case len(s.First) != 1 || s.First[0].Rule != tt.want:
			t.Errorf("%s of %.60s: %+v, want %s", tt.expression, tt.cell, s.First, tt.want)
		}
	}
}

// fromJSON of an empty cell gives nothing, as the other functions do.
func TestFromJSONOfNothing(t *testing.T) {
	t.Parallel()
	client := new(fakeClient)
	yaml := "messages:\n  - identify: {userId: $id, traits: {x: '=fromJSON(v)', y: '=fromJSON(v)?.n ?? 5'}}\n"
	for _, in := range []string{"id,v\n1,\n", `{"id":1}`, `{"id":1,"v":""}`} {
		client.accepted = nil
		s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, yaml), Client: client})
		if err != nil || len(client.accepted) != 1 || bare(t, client.accepted[0]) != `"userId":"1","traits":{"y":5}` {
			t.Errorf("%s: %v, %+v, %v", in, err, s.First, client.accepted)
		}
	}
}

// An object that is not an object of text is not read twice.
func TestFromJSONOfAnObject(t *testing.T) {
	t.Parallel()
	yaml := "messages:\n  - identify: {userId: $id, traits: {x: '=fromJSON(v)'}}\n"
	s, err := Run(t.Context(), Job{Source: mustSource(t, `{"id":1,"v":{}}`, source.Config{}), Mapping: mustMapping(t, yaml), Client: new(fakeClient)})
	if err != nil || len(s.First) != 1 || s.First[0].Rule != mapping.RuleExpression || !strings.Contains(s.First[0].Hint, "leave fromJSON out") {
		t.Errorf("%v, %+v", err, s.First)
	}
}

// With a decimal comma, a point is refused, with and without the interpreter.
func TestDecimalComma(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - identify: {userId: $id, traits: {d: =decimal(n), f: =float(n), e: \"=decimal(n) ?? 0\"}}\n"
	client := new(fakeClient)
	s, err := Run(t.Context(), Job{Source: mustSource(t, "id;n\n1;12,50\n2;-3\n3;1.234,50\n4;1,2,3\n5;\n", source.Config{Delimiter: ';'}), Mapping: mustMapping(t, yaml), Client: client, DecimalComma: true})
	if err != nil || len(client.accepted) != 3 || s.RowsRejected != 2 {
		t.Fatalf("%v, %s, %+v", err, counts(s), s.First)
	}
	for i, want := range []string{`{"d":12.50,"f":12.5,"e":12.50}`, `{"d":-3,"f":-3,"e":-3}`, `{"e":0}`} {
		if !strings.Contains(client.accepted[i], want) {
			t.Errorf("got %s, want %s", client.accepted[i], want)
		}
	}
	client = new(fakeClient)
	if _, err := Run(t.Context(), Job{Source: mustSource(t, `{"id":"1","n":12.50}`+"\n"+`{"id":"2","n":"12,50"}`, source.Config{}), Mapping: mustMapping(t, yaml), Client: client, DecimalComma: true}); err != nil || len(client.accepted) != 2 {
		t.Fatalf("%v, %q", err, client.accepted)
	}
}

// The mapping's settings for numbers, days and words apply in every form of an expression, to text and to JSON.
func TestLayoutsInMappings(t *testing.T) {
	t.Parallel()
	const yaml = `
null_words: {n: [n/a, "-"], name: ["NULL"]}
messages:
  - identify:
      userId: $id
      traits:
        n: =int(n, "1,234")
        total: =decimal(total, "1.234,50 €", "1234,5")
        twice: =float(total, "1.234,50 €", "1234,5") * 2
        day: =date(day, "excel")
        name: $name
`
	const rows = `[{"userId":"1","traits":{"n":1234,"total":1234.50,"twice":2469,"day":"2021-12-31T00:00:00Z","name":"-"}}` +
		`{"userId":"2","traits":{"total":7.5,"twice":15}}]`
	for format, in := range map[source.Format]string{
		source.FormatCSV: "id,n,total,day,name\n1,\"1,234\",\"1.234,50 €\",44561,-\n2,n/a,\"7,5\",,NULL\n3,12,\"7.5\",,\n4,NULL,,,\n",
		source.FormatJSONLines: `{"id":"1","n":"1,234","total":"1.234,50 €","day":44561,"name":"-"}` + "\n" + `{"id":"2","n":"n/a","total":7.5,"name":"NULL"}` + "\n" +
			`{"id":"3","n":12,"total":"7.5"}` + "\n" + `{"id":"4","n":"NULL"}` + "\n",
	} {
		for _, comma := range []bool{false, true} {
			client := new(fakeClient)
			job := Job{Source: mustSource(t, in, source.Config{Format: format}), Mapping: mustMapping(t, yaml), Client: client, DecimalComma: comma}
			s, err := Run(t.Context(), job)
			if err != nil || s.RowsRejected != 2 || len(s.First) != 2 {
				t.Fatalf("%s: %v, %+v", format, err, s)
			}
			if s.First[0].Rule != mapping.RuleNotANumber || s.First[1].Rule != mapping.RuleNotANumber || s.First[0].Column != "total" || s.First[1].Column != "n" {
				t.Errorf("%s: %+v", format, s.First)
			}
			got := "["
			for _, m := range client.accepted {
				got += "{" + bare(t, m) + "}"
			}
			if got += "]"; got != rows {
				t.Errorf("%s\ngot  %s\nwant %s", format, got, rows)
			}
		}
	}
}
