package mapping

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/source"
	"github.com/parquet-go/parquet-go"
)

// positions are the places of identifiers in a mapping, each with the field that a reject names.
var positions = []struct{ field, mapping string }{
	{"userId", "identify: {userId: $id, traits: {n: $n}}"},
	{"anonymousId", "identify: {anonymousId: $id, userId: $n, traits: {n: $n}}"},
	{"traits.email", "identify: {traits: {email: $id, n: $n}}"},
	{"traits.email", "identify: {anonymousId: $n, traits: {email: $id}}"},
	{"traits.email", "identify: {traits: {$all: {except: [id]}, email: $id}}"},
	{"userId", "track: {userId: $id, event: Bought, properties: {n: $n}}"},
	{"anonymousId", "page: {anonymousId: $id, name: $n}"},
	{"userId", "screen: {userId: $id, name: $n}"},
	{"groupId", "group: {groupId: $id, userId: $n}"},
	{"userId", "group: {groupId: $n, userId: $id}"},
	{"userId", "alias: {userId: $id, previousId: $n}"},
	{"previousId", "alias: {userId: $n, previousId: $id}"},
	{"userId", "delete_person: {userId: $id}"},
	{"userId", "suppress_person: {userId: $id}"},
	{"userId", "unsuppress_person: {userId: $id}"},
	{"userId", "set_device: {userId: $id, token: $n, platform: ios}"},
	{"token", "set_device: {userId: $n, token: $id, platform: ios}"},
	{"token", "delete_device: {userId: $n, token: $id}"},
	{"objectId", "set_object: {objectId: $id, attributes: {n: $n}}"},
	{"objectTypeId", "set_object: {objectId: $n, objectTypeId: $id}"},
	{"userId", "relate: {userId: $id, objectId: $n}"},
	{"objectId", "delete_object: {objectId: $id}"},
	{"objectId", "delete_relationship: {userId: $n, objectId: $id}"},
	{"userId", "delete_relationship: {userId: $id, objectId: $n}"},
	{"deliveryId", "report_delivery: {anonymousId: $n, deliveryId: $id, metric: opened}"},
	{"userId", "order_completed: {userId: $id, order_id: $n}"},
	{"messageId", "track: {userId: $n, event: Bought, messageId: $id}"},
	{"messageId", "track: {userId: $n, event: Bought, messageId: [$id]}"},
	{"messageId", "track: {userId: $n, event: Bought, messageId: [$n, $id]}"},
	{"userId", `track: {userId: '=id + ""', event: Bought, properties: {n: $n}}`},
}

// inputs write rows of id and n.
var inputs = map[string]func(t *testing.T, rows [][2]string) source.Source{
	"CSV": func(t *testing.T, rows [][2]string) source.Source {
		var b strings.Builder
		b.WriteString("id,n\n")
		for _, r := range rows {
			fmt.Fprintf(&b, "\"%s\",%s\n", strings.ReplaceAll(r[0], `"`, `""`), r[1])
		}
		return mustSource(t, b.String(), source.Config{Format: source.FormatCSV, Escape: source.None}) // \N is text here: see TestNullOfMySQL
	},
	"JSON Lines": func(t *testing.T, rows [][2]string) source.Source {
		var b strings.Builder
		enc := json.NewEncoder(&b)
		for _, r := range rows {
			if err := enc.Encode(map[string]string{"id": r[0], "n": r[1]}); err != nil {
				t.Fatal(err)
			}
		}
		return mustSource(t, b.String(), source.Config{Format: source.FormatJSONLines})
	},
	"Parquet": func(t *testing.T, rows [][2]string) source.Source {
		type row struct {
			ID string `parquet:"id"`
			N  string `parquet:"n"`
		}
		var typed []row
		for _, r := range rows {
			typed = append(typed, row{r[0], r[1]})
		}
		return parquetOf(t, typed)
	},
}

func parquetOf[T any](t *testing.T, rows []T) source.Source {
	t.Helper()
	var b bytes.Buffer
	if err := parquet.Write(&b, rows); err != nil {
		t.Fatal(err)
	}
	return mustSource(t, b.String(), source.Config{})
}

// loadRows maps rows. It returns the messages and the rejected rows, in the order of the rows.
func loadRows(t *testing.T, src source.Source, yaml string) (made []string, rejects []rejected) {
	t.Helper()
	made, rejects, _ = mapRows(t, mustMapping(t, yaml), src)
	return made, rejects
}

// TestNullOfMySQL reads a CSV file that shows that a backslash escapes: \N is then an empty cell, in quotes too, and identifies nobody.
func TestNullOfMySQL(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"id,n\n\\N,1\n2,\\N\n", "id,n\n\"\\N\",\"1\"\n\"2\",\"\\N\"\n"} {
		accepted, rejects := loadRows(t, mustSource(t, text, source.Config{}), "messages:\n  - identify: {userId: $id, traits: {n: $n, fixed: x}}\n")
		if len(accepted) != 1 || strings.Contains(accepted[0], `\N`) || strings.Contains(accepted[0], `"n"`) || len(rejects) != 1 || rejects[0].Rule != "missing-identity" || rejects[0].Line != 2 {
			t.Errorf("%q: accepted %v, rejected %+v", text, accepted, rejects)
		}
	}
}

// TestPlaceholders puts every placeholder at every place of an identifier, in every kind of input: all of these rows are rejected, with the field and
// the column, and the other rows are sent.
func TestPlaceholders(t *testing.T) {
	t.Parallel()
	words := slices.Sorted(maps.Keys(placeholders))
	for kind, input := range inputs {
		for _, p := range positions {
			t.Run(kind+"/"+p.mapping, func(t *testing.T) {
				var rows [][2]string
				for i, word := range words {
					good := fmt.Sprintf("good%d@example.com", i)
					if p.field == "objectTypeId" {
						good = "7"
					}
					rows = append(rows, [2]string{word, fmt.Sprintf("x%d", i)}, [2]string{good, "y"})
				}
				accepted, rejects := loadRows(t, input(t, rows), "messages:\n  - "+p.mapping+"\n")
				if len(accepted) != len(words) || len(rejects) != len(words) {
					t.Fatalf("%d accepted, %d rejected, want %d each", len(accepted), len(rejects), len(words))
				}
				for i, r := range rejects {
					if r.Rule != RulePlaceholder || r.Field != p.field || r.Column != "id" {
						t.Errorf("%q: %s in %s of column %s", words[i], r.Rule, r.Field, r.Column)
					}
					if !strings.Contains(r.Hint, "id_words") || !strings.Contains(r.Hint, words[i]) {
						t.Errorf("%q: the hint does not tell the way out: %s", words[i], r.Hint)
					}
				}
			})
		}
	}
}

// TestIDWords allows each placeholder with the text from the hint of its rejection.
func TestIDWords(t *testing.T) {
	t.Parallel()
	for word := range placeholders {
		err := new(idRules).check(word)
		_, key, _ := strings.Cut(err.Hint, "or write ")
		key, _, _ = strings.Cut(key, " in the mapping")
		src := inputs["JSON Lines"](t, [][2]string{{word, "1"}})
		accepted, rejects := loadRows(t, src, key+"\nmessages:\n  - identify: {userId: $id, traits: {n: $n}}\n")
		if len(accepted) != 1 || len(rejects) != 0 {
			t.Errorf("%s: %d accepted, %v", key, len(accepted), rejects)
		}
	}
}

// TestNullWords checks that words count as empty cells in every column and every kind of input.
func TestNullWords(t *testing.T) {
	t.Parallel()
	const mapping = "null_words: [NULL, \"-\", \"0\"]\nmessages:\n  - identify: {userId: $id, traits: {n: $n, fixed: 1}}\n    null: [n]\n"
	rows := [][2]string{{"1", "NULL"}, {"2", "null"}, {"NULL", "-"}, {"-", "3"}, {"4", "0"}, {"5", "00"}}
	for kind, input := range inputs {
		t.Run(kind, func(t *testing.T) {
			accepted, rejects := loadRows(t, input(t, rows), mapping)
			var got []string
			for _, m := range accepted {
				var fields struct {
					UserID string
					Traits map[string]any
				}
				if err := json.Unmarshal([]byte(m), &fields); err != nil {
					t.Fatal(err)
				}
				got = append(got, fmt.Sprint(fields.UserID, " ", fields.Traits["n"]))
			}
			if want := []string{"1 <nil>", "2 null", "4 <nil>", "5 00"}; !slices.Equal(got, want) {
				t.Errorf("sent %q, want %q", got, want)
			}
			if len(rejects) != 1 || rejects[0].Rule != "no-identity" && rejects[0].Rule != "missing-identity" {
				t.Errorf("rejected %v", rejects)
			}
		})
	}
	t.Run("all columns", func(t *testing.T) {
		src := mustSource(t, `{"id":"1","a":"NULL","b":"n\u0075ll","c":0,"d":[0]}`+"\n"+`{"id":"NULL","a":"-"}`+"\n", source.Config{Format: source.FormatJSONLines})
		accepted, rejects := loadRows(t, src, "null_words: [NULL, \"null\", \"-\", \"0\"]\nmessages:\n  - identify: {userId: $id, traits: {$all: {except: [id]}}}\n")
		if len(rejects) != 0 || len(accepted) != 1 || !strings.Contains(accepted[0], `"traits":{"d":[0]}`) {
			t.Errorf("sent %q, rejected %v", accepted, rejects)
		}
	})
}

// TestWordKeys checks that wrong keys next to messages are reported.
func TestWordKeys(t *testing.T) {
	t.Parallel()
	for keys, want := range map[string]string{
		"null_words: nan":                     "null_words is text, not a list",
		"null_words: [[NULL]]":                "this is a list, not a word",
		"null_words: ['']":                    "the word is empty",
		"id_words: [nancy]":                   `"nancy" is accepted as an id in any case`,
		"null_words: [nan]\nid_words: [nan]":  `"nan" is under null_words too`,
		"verbatim_ids: id":                    "verbatim_ids must be true or false, not text",
		"nullwords: [NULL]":                   "write null_words",
		"verbatim_ids: [101.0]":               "verbatim_ids must be true or false, not a list",
		"id_words: {NULL: true}":              "id_words is a mapping, not a list",
		"null_words: &a [*a]":                 "the alias means a value that it is a part of",
		"null_words: [NULL]\nnull_words: [x]": "is there twice",
	} {
		_, err := Parse("m.yaml", []byte(keys+"\nmessages:\n  - identify: {userId: $id, traits: {n: $n}}\n"))
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", keys, err, want)
		}
	}
}

// TestRewrittenIDs writes integers as data frames, spreadsheets and languages do when they treat them as numbers.
func TestRewrittenIDs(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	excel := func(f float64, digits int) string { // 1.23457E+11
		return strings.Replace(strconv.FormatFloat(f, 'E', digits, 64), "E+0", "E+0", 1)
	}
	java := func(f float64) string { // Double.toString
		s := strconv.FormatFloat(f, 'E', -1, 64)
		s = strings.NewReplacer("E+0", "E", "E+", "E").Replace(s)
		if !strings.Contains(s, ".") {
			s = strings.Replace(s, "E", ".0E", 1)
		}
		return s
	}
	writers := map[string]func(n int64) string{
		"pandas":             func(n int64) string { return strconv.FormatFloat(float64(n), 'f', 1, 64) },
		"two decimals":       func(n int64) string { return strconv.FormatFloat(float64(n), 'f', 2, 64) },
		"Excel":              func(n int64) string { return excel(float64(n), 5) },
		"Excel 0.00E+00":     func(n int64) string { return excel(float64(n), 2) },
		"Excel, German":      func(n int64) string { return strings.Replace(excel(float64(n), 2), ".", ",", 1) },
		"Python":             func(n int64) string { return strconv.FormatFloat(float64(n)*1e5+1, 'e', 16, 64) },
		"Java":               func(n int64) string { return java(float64(n) + 1e7) },
		"R":                  func(n int64) string { return fmt.Sprintf("%de+%02d", 1+n%9, 5+n%10) },
		"negative":           func(n int64) string { return "-" + strconv.FormatInt(n, 10) + ".0" },
		"small, of 12E-5":    func(n int64) string { return fmt.Sprintf("%d.20E-%02d", 1+n%9, 1+n%20) },
		"engineering":        func(n int64) string { return fmt.Sprintf("%d.5E+03", 1+n%999) },
		"lower case, sprint": func(n int64) string { return fmt.Sprint(float64(n)*1e3 + 1e21) },
	}
	var rows [][2]string
	for name, write := range writers {
		for range 300 {
			text := write(rng.Int64N(1 << (1 + rng.UintN(52))))
			if err := new(idRules).check(text); err == nil || err.Rule != RuleNumberID {
				t.Errorf("%s: %q is accepted as an id: %v", name, text, err)
			}
			rows = append(rows, [2]string{text, "x"})
		}
	}
	for kind, input := range inputs {
		for _, p := range positions {
			if strings.Contains(p.mapping, "messageId: [") {
				continue // one of several values can be an amount
			}
			t.Run(kind+"/"+p.mapping, func(t *testing.T) {
				some := [][2]string{rows[rng.IntN(len(rows))], rows[rng.IntN(len(rows))]}
				if accepted, rejects := loadRows(t, input(t, some), "messages:\n  - "+p.mapping+"\n"); len(rejects) != 2 {
					t.Errorf("%q: sent %q, rejected %v", some, accepted, rejects)
				}
				accepted, rejects := loadRows(t, input(t, some), "verbatim_ids: true\nmessages:\n  - "+p.mapping+"\n")
				if len(accepted) != 2 && p.field != "objectTypeId" { // it is an integer in any case
					t.Errorf("%q with verbatim_ids: sent %q, rejected %v", some, accepted, rejects)
				}
			})
		}
	}
	for text, comma := range map[string]bool{"101,0": true, "101.0": false} {
		if err := (&idRules{comma: comma}).check(text); err == nil {
			t.Errorf("%q with comma %v is accepted as an id", text, comma)
		}
	}
}

// TestPaddedIDs puts every invisible character around an id.
func TestPaddedIDs(t *testing.T) {
	t.Parallel()
	pads := []string{" ", "\t", "\n", "\r\n", "\u00a0", "\u200b", "\ufeff", "\u2003", "\u3000", "\u00ad", "\u202f", "\u2060", "\u200e", "\u3164", "\u2800", "\x7f", "\x01", "\u180e"}
	for _, pad := range pads {
		for _, text := range []string{pad + "42", "42" + pad, pad + "ann@example.com" + pad, pad, pad + pad} {
			for _, p := range positions {
				if strings.Contains(p.mapping, "messageId: [") {
					continue
				}
				accepted, rejects := loadRows(t, inputs["JSON Lines"](t, [][2]string{{text, "x"}}), "messages:\n  - "+p.mapping+"\n")
				rule := RulePaddedID
				if TrimID(text) == "" && p.field == "traits.email" { // the client checks the complete message first
					rule = string(cio.RuleBlankID)
				}
				if len(accepted) != 0 || len(rejects) != 1 || rejects[0].Rule != rule || rejects[0].Field != p.field {
					t.Errorf("%s: %q: sent %q, rejected %v", p.mapping, text, accepted, rejects)
				}
			}
			if err := (&idRules{verbatim: true}).check(text); err != nil {
				t.Errorf("%q with verbatim_ids: %v", text, err)
			}
		}
	}
}

// TestRealIDs generates ids of the kinds that people have: none is rejected.
func TestRealIDs(t *testing.T) {
	t.Parallel()
	rules := new(idRules)
	for _, id := range []string{"0", "00012", "42", "-7", "12e5", "1e5", "1E10", "12E5", "7e123", "1.10", "1.2.0", "10.0.0.1", "0.1", "007.0", "1.5", "101.25", "3,0", "1,234,567", "v1.0", "1.0.0", "1.0-rc1",
		"N/A-1", "nancy", "Nathan", "nan1", "nonesuch", "None of the above", "NULLs", "undefined1", "nul", "n.a.", "na", "a-b", "---", "_", "0x1F", "1+1", "+491701234567", "2E-04", "1E-05",
		"auth0|5f7c8ec7c33c6c004bbafe82", "ann@example.com", "ANN+tag@Example.com", "null@example.com", "cio_0123456789ab", "Null", "ünal", "名前", "\U0001f469\u200d\U0001f469\u200d\U0001f467", "\u2764\ufe0f", "\U0001f3f4\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "a b", "1.0E5", "12.5E9", "1.5e7", "1e+5", "12e+05", "1e+105", "."} {
		if err := rules.check(id); err != nil && id != "Null" {
			t.Errorf("%q: %v", id, err)
		}
	}
	const alphabet = "abcdefghijklmnopqrstuvwxyz0123456789"
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 7))
		for range 20_000 {
			raw := make([]byte, 16)
			for i := range raw {
				raw[i] = byte(rng.Uint32())
			}
			n := 1 + rng.IntN(12)
			letters := make([]byte, n)
			for i := range letters {
				letters[i] = alphabet[rng.IntN(len(alphabet))]
			}
			hexed := hex.EncodeToString(raw)
			for _, id := range []string{hexed[:8] + "-" + hexed[8:12] + "-" + hexed[12:16] + "-" + hexed[16:20] + "-" + hexed[20:], hexed[:1+rng.IntN(16)], strings.ToUpper(hexed[:1+rng.IntN(8)]),
				base64.RawURLEncoding.EncodeToString(raw[:6+rng.IntN(10)]), base64.StdEncoding.EncodeToString(raw[:6]), strconv.FormatUint(rng.Uint64(), 10), string(letters) + "@example.com",
				string(letters) + "-" + strconv.Itoa(n), "user_" + string(letters), strconv.Itoa(rng.IntN(100)) + "." + strconv.Itoa(1+rng.IntN(98)) + "." + strconv.Itoa(rng.IntN(9))} {
				if err := rules.check(id); err != nil && !placeholders[id] {
					t.Fatalf("seed %d: %q: %v", seed, id, err)
				}
			}
		}
	}
	// Placeholders and odd numbers are allowed if they identify nobody.
	for kind, input := range inputs {
		rows := [][2]string{{"1", "Null"}, {"2", "NULL"}, {"3", "101.0"}, {"4", " x "}, {"5", "-"}, {"6", "1.23E+05"}}
		for _, mapping := range []string{"identify: {userId: $id, traits: {surname: $n}}", "track: {userId: $id, event: Bought, properties: {n: $n}}",
			"identify: {userId: $id, traits: {email: $n}}", "track: {userId: $id, event: $n}", "page: {userId: $id, name: $n}", "set_device: {userId: $id, token: $id, platform: ios, appId: $n}"} {
			if accepted, rejects := loadRows(t, input(t, rows), "messages:\n  - "+mapping+"\n"); len(accepted) != len(rows) {
				t.Errorf("%s, %s: %v", kind, mapping, rejects)
			}
		}
	}
}

// TestFloatColumns reads ids from columns of floating point numbers, which keep 53 or 24 bits of an integer.
func TestFloatColumns(t *testing.T) {
	t.Parallel()
	type doubles struct {
		ID *float64 `parquet:"id,optional"`
		F  *float32 `parquet:"f,optional"`
	}
	const most, most32 = 1<<53 - 1, 1<<24 - 1
	var rows []doubles
	for _, f := range []float64{101, most, -most, most + 1, 1e17, 1e21, 101.5} {
		rows = append(rows, doubles{ID: &f})
	}
	for _, f := range []float32{101, most32, most32 + 1} {
		rows = append(rows, doubles{F: &f})
	}
	const mapping = "messages:\n  - identify: {userId: $id, traits: {n: 1}}\n    when: =id != nil\n  - identify: {userId: $f, traits: {n: 1}}\n    when: =f != nil\n"
	accepted, rejects := loadRows(t, parquetOf(t, rows), mapping)
	if len(accepted) != 5 {
		t.Errorf("sent %q", accepted)
	}
	var got []string
	for _, r := range rejects {
		got = append(got, fmt.Sprint(r.Line, " ", r.Rule))
	}
	if want := []string{"4 " + RuleNumberID, "5 " + RuleNumberID, "6 " + RuleNotText, "7 " + RuleNotText, "10 " + RuleNumberID}; !slices.Equal(got, want) {
		t.Errorf("rejected %q, want %q", got, want)
	}
}

// FuzzIdentifier compares the rejected texts with a slow implementation of the rules.
func FuzzIdentifier(f *testing.F) {
	for _, s := range []string{"42", " 42", "101.0", "1.23E+05", "12e5", "NULL", "\ufeff7", "1,23E+05", "1.0E7", "-", "+", "1.", "e+05", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		err := new(idRules).check(s)
		if err == nil {
			if placeholders[s] || s != strings.TrimSpace(s) {
				t.Errorf("%q is accepted as an id", s)
			}
			return
		}
		if value, parse := strconv.ParseFloat(strings.Replace(s, ",", ".", 1), 64); err.Rule == RuleNumberID && parse != nil && !math.IsInf(value, 0) {
			t.Errorf("%q is rejected as a number, but is not a number: %v", s, parse)
		}
		if err := (&idRules{verbatim: true, words: placeholders}).check(s); err != nil {
			t.Errorf("%q is not let through: %v", s, err)
		}
	})
}

// The quick check accepts nothing that the rules reject.
func TestPlainIDs(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(4, 4))
	const bytes = "0123456789eE+-.,  \t\u00a0\u200b_abZ@/"
	seen := 0
	for range 300_000 {
		id := make([]byte, 1+r.IntN(9))
		for i := range id {
			id[i] = bytes[r.IntN(len(bytes))]
		}
		s := string(id)
		if isPlain(s) {
			seen++
			if rewritten(s, true) || TrimID(s) != s {
				t.Fatalf("%q is accepted by the quick check", s)
			}
		}
	}
	if seen < 1000 {
		t.Errorf("%d were plain", seen)
	}
}
