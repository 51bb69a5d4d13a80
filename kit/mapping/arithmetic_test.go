package mapping

import (
	"errors"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"

	"github.com/ciokit/cio/kit/source"
)

// calculate runs an expression for a row of columns a, b, c and so on, as text and as JSON. It returns the result, or the rule of its error;
// "compile" if the mapping is rejected.
func calculate(t *testing.T, expression string, kind source.Kind, cells ...string) string {
	t.Helper()
	quoted := strings.ReplaceAll(expression, "'", "''")
	m, err := Parse("m.yaml", []byte("messages:\n  - identify: {userId: $a, traits: {x: '="+quoted+"', y: [$a, $b, $c]}}\n"))
	if err != nil {
		return "compile"
	}
	var columns []source.Column
	var row1 []source.Cell
	for i, cell := range cells {
		columns = append(columns, source.Column{Name: string(rune('a' + i)), Kind: kind})
		c := source.Cell{Kind: kind, Bytes: []byte(cell)}
		if cell == "" {
			c = source.Cell{}
		}
		row1 = append(row1, c)
	}
	p, err := m.Compile(columns, false)
	if err != nil {
		return "compile"
	}
	ordered := make([]source.Cell, len(p.columns))
	for slot, name := range p.columns {
		ordered[slot] = row1[name[0]-'a']
	}
	r := &row{cells: ordered, in: newInterpreter(p.columns)}
	out, ok, bad := p.messages[0].body.(object).items[0].appendJSON(nil, r)
	switch {
	case bad != nil:
		return bad.Rule
	case !ok:
		return "nothing"
	}
	return string(out)
}

// No digit is lost and no integer overflows, on any machine: the same expressions give the same result on 32 bits.
func TestArithmetic(t *testing.T) {
	t.Parallel()
	const max, min = "9223372036854775807", "-9223372036854775808"
	const lossy, large, failed, nan = RuleLossy, RuleOutOfRange, RuleExpression, RuleNotANumber
	tests := []struct {
		expression string
		a, b       string
		want       string
	}{
		{"int(a) ?? 0", "1700000000000", "", "1700000000000"},
		{"int(a) ?? 0", "", "", "0"},
		{"int(a)", max, "", max},
		{"int(a) + 1", max, "", large}, {"int(a) - 1", min, "", large}, {"int(a) - int(b)", "0", min, large}, {"-int(a)", min, "", large}, {"-int(a)", max, "", "-9223372036854775807"},
		{"abs(int(a))", min, "", large}, {"abs(int(a))", "-5", "", "5"}, {"int(a) * 2", "4611686018427387904", "", large}, {"int(a) * int(b)", min, "-1", large},
		{"int(a) * int(b)", "-1", min, large}, {"int(a) * int(b)", "4294967296", "2147483647", "9223372032559808512"}, {"sum([int(a), int(b)])", max, "1", large}, {"sum([int(a), int(b)])", max, min, "-1"},
		{"sum([int(a), int(b)], # * 2)", max, "1", large}, {"sum([])", "", "", "0"}, {"reduce([int(a), 1, 2], #acc + #)", max, "", large},
		{"reduce(1..3, #acc + #, int(a))", max, "", large}, {"sum(1..int(a))", "100", "", "5050"},
		{"int(a) % int(b)", "5", "0", nan}, {"int(a) % int(b)", min, "-1", "0"}, {"int(a) / int(b)", "5", "0", nan}, {"float(a) / float(b)", "5", "0", nan}, {"float(a) / 0 > 1", "5", "", nan},
		{"int(a) / int(b)", "6", "4", "1.5"}, {"int(a) / 1", "9007199254740993", "", lossy}, {"int(a) / 3", "27021597764222979", "", lossy}, {"int(a) / 3", "9007199254740993", "", "3002399751580331"},
		{"int(a) / int(b)", min, "-1", lossy},
		{"int(a) + 0.5", "9007199254740993", "", lossy}, {"int(a) + 0.5", "4503599627370496", "", "4503599627370496.5"}, {"float(a) + 1", "9007199254740992", "", "9007199254740992"},
		{"int(a) ** 2", "3037000500", "", "9223372037000250000"}, {"int(a) ** 2", "94906265", "", "9007199136250225"}, {"3 ** int(a)", "40", "", lossy}, {"2 ** int(a)", "70", "", lossy}, {"2 ** int(a)", "53", "", "9007199254740992"}, {"10 ** int(a)", "20", "", "100000000000000000000"}, {"2 ** int(a)", "1024", "", large},
		{"2 ** int(a)", "-1", "", "0.5"}, {"(-1) ** int(a)", "9007199254740993", "", "-1"}, {"0 ** int(a)", "-1", "", large}, {"10 ** int(a)", "400", "", large}, {"float(a) ** 0.5", "-1", "", large},
		{"int(a) == int(b)", "9007199254740993", "9007199254740992", "false"}, {"int(a) == float(b)", "9007199254740993", "9007199254740992", "false"}, {"int(a) > float(b)", "9007199254740993", "9007199254740992", "true"},
		{"int(a) < 9.3e18", max, "", "true"}, {"int(a) in [9007199254740992.0]", "9007199254740993", "", "false"}, {"int(a) in [1, 2.0, 3]", "2", "", "true"}, {"int(a) == int(b)", "1", "", failed}, {"int(a) != 5", "", "", failed},
		{"max(int(a), float(b))", "9007199254740993", "9007199254740992", "9007199254740993"}, {"min([int(a), int(b)], 4)", "5", "3", "3"}, {"max([])", "", "", "nothing"}, {"max(a, 1)", "5", "", "compile"},
		{"mean([int(a), int(b)])", max, max, large}, {"mean([int(a), int(b)])", "1", "2", "1.5"}, {"median([int(a), int(b), 1])", "9007199254740993", "9007199254740993", lossy}, {"median([3, int(a), 1])", "2", "", "2"}, {"mean([])", "", "", "0"},
		{"ceil(int(a))", "9007199254740993", "", lossy}, {"round(float(a))", "2.5", "", "3"}, {"floor(float(a))", "-2.5", "", "-3"},
		{"bitshl(int(a), 1)", "4611686018427387904", "", large}, {"bitshl(int(a), 62)", "1", "", "4611686018427387904"}, {"bitshl(1, int(a))", "64", "", large}, {"bitshl(int(a), -1)", "1", "", failed}, {"bitshl(0, int(a))", "99", "", "0"},
		{"bitshr(int(a), 40)", "1099511627776", "", "1"}, {"bitushr(int(a), 60)", "-1", "", "15"}, {"bitand(int(a), 4294967295)", "1099511627777", "", "1"}, {"bitnot(int(a))", "1099511627776", "", "-1099511627777"},
		{"bitand(float(a), 1)", "1", "", "compile"},
		{"int(float(a))", "1.5", "", RuleNotAnInteger}, {"int(float(a))", "1e19", "", large}, {"int(float(a))", "3", "", "3"}, {"float(int(a))", "9007199254740993", "", lossy}, {"decimal(int(a))", max, "", max},
		{"float(a)", "1e400", "", large}, {"float(a)", "9007199254740993", "", lossy}, {"int(a)", "0x10", "", RuleNotAnInteger}, {"int(a)", "1_000", "", RuleNotAnInteger}, {"float(a)", "1,5", "", nan}, {"float(a)", "0x1p4", "", nan},
		{"float(a) * 1e300", "1e300", "", large}, {"float(a) - float(a)", "1.5", "", "0"},
		{"string(int(a))", max, "", `"` + max + `"`}, {"string(float(a))", "1000000", "", `"1000000"`}, {"string(decimal(a))", "12.50", "", `"12.50"`}, {"toJSON([decimal(a)])", "12.50", "", `"[\n  12.50\n]"`},
		{`[1, 2, 3][int(a)]`, "1", "", "2"}, {`[1, 2, 3][int(a)]`, "4294967297", "", anyOf(failed, large)}, {`"abcdef"[int(a):]`, "2", "", `"cdef"`}, {`split("a,b,c", ",", int(a))`, "2", "", `["a","b,c"]`},
		{`int(a)..int(b)`, min, max, large}, {`int(a)..int(b)`, "1", "9999999", failed}, {`len(int(a)..int(b))`, "3", "1", "0"}, {`groupBy([1, 2, 1.0], # * int(a))[1]`, "1", "", "[1,1]"},
		{`groupBy([1, 2], # * int(a))`, "1", "", failed}, {`groupBy(["x", "y"], # + a)`, "1", "", `{"x1":["x"],"y1":["y"]}`},
		{`sort([int(a), int(b), 5])`, "7", "6", "[5,6,7]"},
		// Values that are the same in every row.
		{"int(a) + (9223372036854775807 + 1)", "1", "", "compile"}, {"1 / 0", "", "", "compile"}, {"5 % (2 - 2)", "", "", "compile"}, {"9007199254740993.0", "", "", "compile"}, {"int(a) * 0.1234567890123456789", "1", "", "compile"},
		{"bitshl(int(a), 1) + abs(-9223372036854775807 - 1)", "1", "", "compile"}, {"1_000 + int(a)", "1", "", "1001"}, {"0x10 + int(a)", "1", "", "17"}, {"1e3 + int(a)", "1", "", "1001"}, {"int(a) in [9007199254740993]", "9007199254740993", "", "true"},
		// Values that JSON cannot represent.
		{`timezone("Europe/Berlin")`, "", "", "compile"}, {`duration("1h")`, "", "", "compile"}, {`now() - now()`, "", "", "compile"}, {`now().Year`, "", "", "compile"}, {`[duration("1h")]`, "", "", "compile"}, {`a == "1" ? duration("1h") : 5`, "1", "", "compile"},
		{`{"x": duration(a)}`, "1h", "", "compile"}, {`first([duration(a)])`, "1h", "", failed}, {`fromPairs([[int(a), 2]])`, "1", "", failed}, {`fromPairs([[a, decimal("2.50")]])`, "x", "", `{"x":2.50}`}, {`toPairs({"k": decimal(a)})`, "2.50", "", `[["k",2.50]]`}, {`b"abc"`, "", "", "compile"},
	}
	for _, tt := range tests {
		if strconv.IntSize == 32 && strings.ContainsAny(tt.expression, "0123456789") && tooLongFor32(tt.expression) {
			continue // the parser of the language has integers of the machine's size, and reports it
		}
		got := calculate(t, tt.expression, source.KindText, tt.a, tt.b, "")
		if !strings.Contains(tt.want, got) || got == "" {
			t.Errorf("%s of %q, %q: %s, want %s", tt.expression, tt.a, tt.b, got, tt.want)
		}
	}
	json := []struct{ expression, a, b, want string }{
		{"a + 1", max, "1", large}, {"a + 1", "1e400", "1", lossy}, {"a > 5", "1e400", "1", "true"}, {"a == b", "1e400", "10e399", "true"}, {"a == b", "1.50", "1.5", "true"}, {"a == b", "9007199254740993", "9007199254740992.0", "false"},
		{"-a", min, "1", large}, {"a * b", "3000000000", "4000000000", large}, {"a[b]", "[1,2]", "1.5", RuleNotAnInteger}, {"a[b]", "[1,2]", "1.0", "2"}, {"a[0]", `"abc"`, "1", failed}, {"a ?? b", "12345678901234567890.10", "1", "12345678901234567890.10"},
		{"sum(a)", "[9223372036854775807,1]", "1", large}, {"sum(a)", "[0.5,1]", "1", "1.5"}, {"max(a)", "[1e400,1]", "1", lossy}, {"string(a)", "1e400", "1", `"1e400"`}, {"string(a)", "", "1", "nothing"}, {"string(a)", "[1]", "1", failed},
		{"a in b", "9007199254740993", "[9007199254740992.0]", "false"}, {"[a] == [b]", "1", "1.0", "true"}, {"a == b", `{"x":[1]}`, `{"x":[1.0]}`, "true"}, {"uniq([a, b])", "1", "2", "[1,2]"}, {"a / b", "1", "0", nan}, {"a % b", "7", "4", "3"},
		{"a - b", "null", "1", failed}, {"a ? 1 : 2", "5", "1", failed},
	}
	for _, tt := range json {
		if got := calculate(t, tt.expression, source.KindJSON, tt.a, tt.b, ""); got != tt.want {
			t.Errorf("%s of %s, %s: %s, want %s", tt.expression, tt.a, tt.b, got, tt.want)
		}
	}
}

func anyOf(rules ...string) string { return strings.Join(rules, " or ") }

// tooLongFor32 reports whether an expression has an integer that a machine of 32 bits cannot parse.
func tooLongFor32(expression string) bool {
	for _, part := range strings.FieldsFunc(expression, func(r rune) bool { return r < '0' || r > '9' }) {
		if n, err := strconv.ParseUint(part, 10, 64); err != nil || n > math.MaxInt32 {
			return true
		}
	}
	return false
}

// errModel is the model's result for a calculation that must not have a result.
var errModel = errors.New("out of range")

// term is a random expression and its value by the rules of arithmetic.
type term struct {
	text  string
	value *big.Int
	err   error
}

func (g term) checked() term {
	if g.err == nil && !g.value.IsInt64() {
		g.err = errModel
	}
	return g
}

// randomTerm makes an expression of integers.
func randomTerm(random *rand.Rand, depth int, names []string, values []int64) term {
	if depth == 0 || random.IntN(6) == 0 {
		if random.IntN(3) == 0 {
			n := random.Int64N(100)
			return term{text: strconv.FormatInt(n, 10), value: big.NewInt(n)}
		}
		i := random.IntN(len(names))
		return term{text: names[i], value: big.NewInt(values[i])}
	}
	a := randomTerm(random, depth-1, names, values)
	b := randomTerm(random, depth-1, names, values)
	both := func(format string, f func(z, x, y *big.Int) *big.Int) term {
		g := term{text: fmt.Sprintf(format, a.text, b.text), err: errors.Join(a.err, b.err)}
		if g.err == nil {
			g.value = f(new(big.Int), a.value, b.value)
		}
		return g.checked()
	}
	one := func(format string, f func(z, x *big.Int) *big.Int) term {
		g := term{text: fmt.Sprintf(format, a.text), err: a.err}
		if g.err == nil {
			g.value = f(new(big.Int), a.value)
		}
		return g.checked()
	}
	pick := func(want int) func(z, x, y *big.Int) *big.Int {
		return func(z, x, y *big.Int) *big.Int {
			if x.Cmp(y) == want {
				return z.Set(x)
			}
			return z.Set(y)
		}
	}
	switch random.IntN(11) {
	case 0, 1:
		return both("(%s + %s)", (*big.Int).Add)
	case 2, 3:
		return both("(%s - %s)", (*big.Int).Sub)
	case 4:
		return both("(%s * %s)", (*big.Int).Mul)
	case 5:
		if b.err == nil && b.value.Sign() == 0 {
			return term{text: fmt.Sprintf("(%s %% %s)", a.text, b.text), err: errModel}
		}
		return both("(%s %% %s)", (*big.Int).Rem)
	case 6:
		return one("(-%s)", (*big.Int).Neg)
	case 7:
		return one("abs(%s)", (*big.Int).Abs)
	case 8:
		return both("max(%s, %s)", pick(1))
	case 9:
		return both("min([%s, %s])", pick(-1))
	}
	return both("sum([%s, %s])", (*big.Int).Add)
}

// Random arithmetic gives the same as integers of any size, or is rejected if the result has more than 64 bits.
func TestArithmeticAgainstBigIntegers(t *testing.T) {
	t.Parallel()
	n := 400
	if os.Getenv("CIOKIT_DEEP") != "" {
		n = 1000
	}
	if os.Getenv("CIOKIT_FULL") != "" {
		n = 200000
	}
	random := rand.New(rand.NewPCG(3, 4))
	results, errs := 0, 0
	for range n {
		values := make([]int64, 3)
		cells := make([]string, 3)
		for i := range values {
			values[i] = random.Int64() >> random.IntN(64) * int64(1-2*random.IntN(2))
			switch random.IntN(12) {
			case 0:
				values[i] = math.MaxInt64 - random.Int64N(3)
			case 1:
				values[i] = math.MinInt64 + random.Int64N(3)
			}
			cells[i] = strconv.FormatInt(values[i], 10)
		}
		kind, names := source.KindText, []string{"int(a)", "int(b)", "int(c)"}
		if random.IntN(2) == 0 {
			kind, names = source.KindJSON, []string{"a", "b", "c"}
		}
		g := randomTerm(random, 1+random.IntN(4), names, values)
		got := calculate(t, g.text, kind, cells...)
		switch {
		case g.err == nil && got != g.value.String():
			t.Errorf("%s of %s gives %s, want %s", g.text, cells, got, g.value)
		case g.err != nil && got != RuleOutOfRange && got != RuleNotANumber && got != "compile":
			t.Errorf("%s of %s gives %s, want an error", g.text, cells, got)
		}
		if g.err == nil {
			results++
		} else {
			errs++
		}
	}
	if results < n/4 || errs < n/20 {
		t.Errorf("%d results and %d errors: the generator is one-sided", results, errs)
	}
}
