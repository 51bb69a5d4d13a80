package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
)

// check runs ciokit events check with the input and returns its exit code and its output.
func check(t *testing.T, in io.Reader, flags checkFlags) (code int, out string) {
	t.Helper()
	var printed strings.Builder
	err := flags.run(t.Context(), console.Console{In: in, Out: &printed}, "-")
	var ended *exit.Error
	if errors.As(err, &ended) {
		code = ended.Code
	} else if err != nil {
		t.Fatal(err)
	}
	return code, printed.String()
}

// check finds nothing wrong in what package events writes, and it finds every value of another type.
func TestCheckAgreesWithTheGoldenFiles(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../../../events/testdata/golden/*.all.json")
	if err != nil || len(files) != 72 {
		t.Fatalf("%d golden files, %v", len(files), err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var message map[string]json.RawMessage
		if err := json.Unmarshal(b, &message); err != nil {
			t.Fatal(err)
		}
		message["userId"], message["anonymousId"] = json.RawMessage(`"u1"`), json.RawMessage(`"a1"`)
		name, _ := text(message["event"])
		d, ok := events.Lookup(name)
		if !ok {
			t.Fatalf("%s is of no event", file)
		}
		if found := findingsOf(t, message); len(found) > 0 {
			t.Errorf("%s: %v", file, found)
		}
		for _, f := range d.Fields {
			if f.Context != "" {
				continue
			}
			properties := map[string]json.RawMessage{}
			if err := json.Unmarshal(message["properties"], &properties); err != nil {
				t.Fatal(err)
			}
			properties[f.Name] = json.RawMessage("true")
			if f.Kind == events.KindBoolean {
				properties[f.Name] = json.RawMessage("0")
			}
			spoilt := map[string]json.RawMessage{"userId": message["userId"], "anonymousId": message["anonymousId"], "event": message["event"], "context": message["context"]}
			if spoilt["context"] == nil {
				delete(spoilt, "context")
			}
			spoilt["properties"], _ = json.Marshal(properties)
			want := func(x finding) bool {
				return x.Field == "properties."+f.Name && x.Rule == ruleMistyped && x.Severity == severityWarning
			}
			if found := findingsOf(t, spoilt); !slices.ContainsFunc(found, want) || len(found) != 1 {
				t.Errorf("%s with %s of the wrong type: %v", name, f.Name, found)
			}
		}
	}
}

func findingsOf(t *testing.T, message map[string]json.RawMessage) []finding {
	t.Helper()
	line, err := json.Marshal(message)
	if err != nil {
		t.Fatal(err)
	}
	found, _ := checkMessage(line)
	return found
}

func TestCheckNeverPrintsValues(t *testing.T) {
	t.Parallel()
	const secret = "ann@example.com"
	in := strings.NewReader(strings.ReplaceAll(`{"event":"Order Completed","userId":"S","properties":{"order_id":["S"],"total":"S","gift":"S","Currency":"S","products":["S",{"sku":{"a":"S"}}]}}
{"event":"Device Created or Updated","userId":"S","context":{"device":{"token":"S","type":"S"}}}
{"event":"Report Delivery Event","userId":"S","properties":{"deliveryId":"S","metric":"S"}}
{"type":"S","userId":"S"}
{"type":"identify","anonymousId":"S","traits":{"S2":"S"}}
{"type":"track","userId":"S","event":"X","timestamp":"S"}
S
["S"]
`, "S", secret))
	code, out := check(t, in, checkFlags{json: true})
	if strings.Contains(out, secret) || code != exit.Rejects {
		t.Errorf("exit code %d:\n%s", code, out)
	}
	for line := 1; line <= 8; line++ {
		if !strings.Contains(out, fmt.Sprintf(`{"line":%d,`, line)) {
			t.Errorf("nothing is said of line %d:\n%s", line, out)
		}
	}
}

func TestCheckOfALineThatIsTooLong(t *testing.T) {
	t.Parallel()
	code, out := check(t, strings.NewReader(`{"event":"X","userId":"u1"}`+"\n"+`{"event":"`+strings.Repeat("x", 1<<20)+`"}`+"\n"+`{"event":"Card Viewed","userId":"u1"}`), checkFlags{})
	if code != exit.Rejects || !strings.Contains(out, "stdin:2: error: row-too-long: ") || !strings.Contains(out, "stdin:3: warning: Card Viewed: ") || strings.Contains(out, "stdin:1:") {
		t.Errorf("exit code %d:\n%.2000s", code, out)
	}
}

// The memory is limited for any number of lines and names, and the counts include all.
func TestCheckOfManyLines(t *testing.T) {
	t.Parallel()
	const n = 5000
	r, w := io.Pipe()
	go func() {
		for i := range n {
			fmt.Fprintf(w, `{"event":"Order Completed","userId":"u1","properties":{"total":"1","further %d":1}}`+"\n", i)
		}
		w.Close()
	}()
	code, out := check(t, r, checkFlags{json: true, maxFindings: 1000})
	var report struct {
		Findings []finding
		checkCounts
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %.500s", err, out)
	}
	want := checkCounts{Lines: n, Messages: n, Semantic: n, Warnings: n, Notes: maxNotes, Omitted: n + maxNotes - 1000}
	if code != exit.Rejects || report.checkCounts != want || len(report.Findings) != 1000 {
		t.Errorf("exit code %d, %d findings, %+v, want %+v", code, len(report.Findings), report.checkCounts, want)
	}
}

func TestCheckPrintsSoManyFindings(t *testing.T) {
	t.Parallel()
	code, out := check(t, strings.NewReader(strings.Repeat(`{"event":"Card Viewed","userId":"u1"}`+"\n", 1500)), checkFlags{maxFindings: 2})
	if code != exit.Rejects || strings.Count(out, "warning: ") != 2 || !strings.Contains(out, "1,498 more are not printed") || !strings.Contains(out, " 1,500 warnings, ") {
		t.Errorf("exit code %d:\n%.1000s", code, out)
	}
}

// An interrupt ends the wait for input. The findings so far are printed, and the JSON object is complete.
func TestCheckInterrupted(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	r, w := io.Pipe()
	defer w.Close()
	go func() {
		io.WriteString(w, `{"event":"Card Viewed","userId":"u1"}`+"\n")
		w.Write([]byte("{")) // is read after the line before it
		cancel()
	}()
	var out strings.Builder
	err := (&checkFlags{json: true}).run(ctx, console.Console{In: r, Out: &out}, "-")
	var ended *exit.Error
	if !errors.As(err, &ended) || ended.Code != exit.Interrupted || !json.Valid([]byte(out.String())) {
		t.Errorf("%v\n%s", err, &out)
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, errors.New("broken pipe") }

func TestCheckThatCannotPrint(t *testing.T) {
	t.Parallel()
	err := (&checkFlags{}).run(t.Context(), console.Console{In: strings.NewReader("{}"), Out: brokenPipe{}}, "-")
	var ended *exit.Error
	if !errors.As(err, &ended) || ended.Code != exit.Local {
		t.Errorf("got %v", err)
	}
}

func TestNearField(t *testing.T) {
	t.Parallel()
	fields := []events.Field{{Name: "order_id"}, {Name: "total"}, {Name: "url"}, {Name: "email", Context: "context.traits.email"}}
	for name, want := range map[string]string{
		"orderId": "order_id", "ORDER-ID": "order_id", "order_idd": "order_id", "oder_id": "order_id", "order_di": "order_id", "orber_id": "order_id",
		"totla": "total", "totals": "total", "Email": "email", "URL": "url", "url ": "url",
		"uri": "", "urls": "", "order": "", "orders_ids": "", "tutals": "", "latot": "", "": "",
	} {
		if f, ok := nearField(name, fields); f.Name != want || ok != (want != "") {
			t.Errorf("%q: got %q, %t, want %q", name, f.Name, ok, want)
		}
	}
}

func FuzzCheckMessage(f *testing.F) {
	for _, seed := range []string{
		`{"event":"Order Completed","userId":"u1","properties":{"total":1e9,"products":[{"price":-0.5},null]}}`,
		`{"event":"Object Deleted","anonymousId":"a","properties":{"objectId":"o","objectTypeId":""}}`,
		`{"event":"Device Deleted","userId":"u1","context":{"device":[]}}`, `{"batch":null}`, `{"batch":[],"type":null}`, ` {} `, `{"event":"\u0000"}`, `{"EVENT":1,"event":"a","event":"b"}`,
		`{"event":"Email Opened","context":{"traits":null},"properties":{"email":"","":1}}`, `{"event":"Video Playback Started","properties":{"sound":1e400,"position":-1e-400}}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		if !json.Valid(line) {
			return // the interrupt comes before this
		}
		found, _ := checkMessage(line)
		for _, x := range found {
			if x.Rule == "" || x.Hint == "" || x.Severity == "" {
				t.Errorf("%q: %+v", line, x)
			}
			if s := x.String(); strings.ContainsAny(s, "\n\x1b") {
				t.Errorf("%q prints %q", line, s)
			}
		}
	})
}
