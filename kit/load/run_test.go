package load

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

const people = "messages:\n  - identify: {userId: $id, traits: {n: =int(n)}}\n"

// personRows is CSV of n good rows.
func personRows(n int) string {
	var b strings.Builder
	b.WriteString("id,n\n")
	for i := range n {
		fmt.Fprintf(&b, "p%d,%d\n", i, i)
	}
	return b.String()
}

func TestRun(t *testing.T) {
	t.Parallel()
	const in = "id,n\n1,10\n2,x\n3\n,\n4,40\n"
	var rejects bytes.Buffer
	client := new(fakeClient)
	s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: client, Rejects: &rejects})
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, s)
	if got, want := counts(s), "rows 5 bad 2 empty 1; messages 4 accepted 2 rejected 2 by API 0 unsent 0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if !s.Complete || s.Requests != 1 {
		t.Errorf("complete %v, %d requests", s.Complete, s.Requests)
	}
	want := `{"line":3,"column":"n","field":"traits.n","rule":"not-an-integer","hint":"give digits with an optional sign, or use float or decimal in the mapping","row":"2,x"}
{"line":4,"rule":"field-count","hint":"the row has 1 field, the header has 2; check for a missing or unquoted delimiter","row":"3"}
`
	if got := withoutKept(rejects.String()); got != want {
		t.Errorf("rejects\n%swant\n%s", got, want)
	}
	if len(s.First) != 2 || s.First[0].Row != "" || len(s.Reasons) != 2 {
		t.Errorf("first %+v, reasons %+v", s.First, s.Reasons)
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		t.Fatal(err)
	}
	keys := []string{"version", "rows", "rows_rejected", "messages", "accepted", "rejected", "rejected_by_api", "unsent", "retried", "requests", "bytes", "seconds", "warnings", "unchanged", "left", "removed", "left_alone", "left_rejected", "same_address",
		"rows_mapped", "rows_empty", "rows_blank", "rows_nameless", "unknown", "guarded", "deny_list", "identity", "complete", "reasons"}
	d := json.NewDecoder(bytes.NewReader(encoded))
	d.Token()
	for i := 0; d.More(); i++ {
		key, _ := d.Token()
		if i >= len(keys) || key != keys[i] {
			t.Fatalf("member %d of the summary is %v in %s", i, key, encoded)
		}
		var value json.RawMessage
		if err := d.Decode(&value); err != nil {
			t.Fatal(err)
		}
	}
}

// All messages of a row are sent, or none. A row that cannot be read counts as many messages as the mapping has.
func TestRowIsAllOrNothing(t *testing.T) {
	t.Parallel()
	const yaml = "messages:\n  - identify: {userId: $id}\n  - track: {userId: $id, event: E, properties: {n: =int(n)}}\n"
	var rejects bytes.Buffer
	client := new(fakeClient)
	s, err := Run(t.Context(), Job{Source: mustSource(t, "id,n\n1,x\n2\n3,3\n,4\n", source.Config{}), Mapping: mustMapping(t, yaml), Client: client, Rejects: &rejects})
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, s)
	if got, want := counts(s), "rows 4 bad 3 empty 0; messages 8 accepted 2 rejected 6 by API 0 unsent 0"; got != want || len(client.accepted) != 2 {
		t.Errorf("got  %s, sent %d\nwant %s", got, len(client.accepted), want)
	}
	for _, want := range []string{`"field":"messages[1].properties.n"`, `"field":"messages[0].userId","rule":"missing-identity","hint":"the row has no value for userId: column id is empty"`, `"column":"id"`} {
		if !strings.Contains(rejects.String(), want) {
			t.Errorf("rejects\n%slack %s", rejects.String(), want)
		}
	}
}

// The rows are sent in their order, in batches of about the requested size, and no row is split.
func TestOrderAndBatches(t *testing.T) {
	t.Parallel()
	const rows = 5000
	client := new(fakeClient)
	client.send = func(_ context.Context, call int, messages []cio.Message) error {
		size := 0
		for _, m := range messages {
			size += m.(*cio.Encoded).Len() + 1
		}
		if size > 10_000 {
			t.Errorf("call %d has %d bytes", call, size)
		}
		return nil
	}
	s, err := Run(t.Context(), Job{Source: mustSource(t, personRows(rows), source.Config{}), Mapping: mustMapping(t, people), Client: client, BatchBytes: 10_000})
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, s)
	if len(client.accepted) != rows || s.Accepted != rows {
		t.Fatalf("%d accepted, %+v", len(client.accepted), s)
	}
	for i, m := range client.accepted {
		if !strings.Contains(m, fmt.Sprintf(`"userId":"p%d"`, i)) {
			t.Fatalf("message %d is %s", i, m)
		}
	}
}

// Wide rows with few mapped columns do not accumulate in memory.
func TestRowsKeptAreBounded(t *testing.T) {
	wide := "id,n,x\n" + strings.Repeat("1,2,"+strings.Repeat("x", 500_000)+"\n", 100)
	most := 0
	client := &fakeClient{send: func(_ context.Context, _ int, messages []cio.Message) error {
		most = max(most, len(messages))
		return nil
	}}
	s, err := Run(t.Context(), Job{Source: mustSource(t, wide, source.Config{}), Mapping: mustMapping(t, people), Client: client})
	if err != nil || s.Accepted != 100 || most > maxRawBytes/500_000+1 {
		t.Errorf("%v, %+v, %d rows at once", err, s, most)
	}
}

func TestServerRefusals(t *testing.T) {
	t.Parallel()
	refusal := &cio.APIError{Operation: "identify", Status: 400, Message: "no such trait", Attempts: 1}
	var rejects bytes.Buffer
	client := &fakeClient{send: func(_ context.Context, _ int, m []cio.Message) error {
		return failures(len(m), map[int]cio.Failure{1: {Outcome: cio.OutcomeRejected, Err: refusal}, 3: {Outcome: cio.OutcomeRejected, Err: refusal}})
	}}
	in := "id,n\n1,1\n2,2\n3,x\n4,4\n\"\xff\",\n5,5\n"
	s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: client, Rejects: &rejects})
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, s)
	if got, want := counts(s), "rows 6 bad 2 empty 0; messages 6 accepted 2 rejected 2 by API 2 unsent 0"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	// In the order of the rows, whoever rejected them.
	want := `{"line":3,"rule":"refused-by-api","hint":"Customer.io answered 400 Bad Request: no such trait","row":"2,2"}
{"line":4,"column":"n","field":"traits.n","rule":"not-an-integer","hint":"give digits with an optional sign, or use float or decimal in the mapping","row":"3,x"}
{"line":6,"column":"id","field":"userId","rule":"invalid-utf-8","hint":"the text contains bytes that are not UTF-8; give the encoding of the file, such as Encoding (--encoding windows-1252), or fix the row","row_base64":"Iv8iLA=="}
{"line":7,"rule":"refused-by-api","hint":"Customer.io answered 400 Bad Request: no such trait","row":"5,5"}
`
	if got := withoutKept(rejects.String()); got != want {
		t.Errorf("rejects\n%swant\n%s", got, want)
	}
}

func TestStops(t *testing.T) {
	t.Parallel()
	unauthorized := &cio.APIError{Operation: "batch", Status: 401, Attempts: 1}
	unavailable := &cio.APIError{Operation: "batch", Status: 503, Attempts: 9}
	refused := &cio.APIError{Operation: "batch", Status: 400, Attempts: 1}
	after := func(good int, fail func(n int) error) func(context.Context, int, []cio.Message) error {
		return func(_ context.Context, call int, m []cio.Message) error {
			if call < good {
				return nil
			}
			return fail(len(m))
		}
	}
	tests := []struct {
		name   string
		send   func(context.Context, int, []cio.Message) error
		reason error
		cause  error
		calls  int
		api    bool // the messages of the failed calls were rejected
	}{
		{"key refused", after(2, func(n int) error { return all(n, cio.OutcomeUnsent, unauthorized) }), ErrKeyRefused, cio.ErrUnauthorized, 3, false},
		{"key refused, called so by the client", after(2, func(n int) error { return all(n, cio.OutcomeRejected, unauthorized) }), ErrKeyRefused, cio.ErrUnauthorized, 3, false},
		{"gave up", after(2, func(n int) error { return all(n, cio.OutcomeUnknown, unavailable) }), ErrGaveUp, cio.ErrUnavailable, 3, false},
		{"closed", after(0, func(int) error { return cio.ErrClosed }), ErrGaveUp, cio.ErrClosed, 1, false},
		{"too many refusals", after(1, func(n int) error { return all(n, cio.OutcomeRejected, refused) }), ErrTooManyErrors, nil, 3, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			const rows = 2000
			client := &fakeClient{send: tt.send}
			s, err := Run(t.Context(), Job{Source: mustSource(t, personRows(rows)+"bad\n", source.Config{}), Mapping: mustMapping(t, people), Client: client, BatchBytes: 20_000, MaxErrors: 100})
			checkSum(t, s)
			var stop *StopError
			if !errors.Is(err, tt.reason) || !errors.As(err, &stop) || tt.cause != nil && !errors.Is(err, tt.cause) {
				t.Errorf("got %v, want %v", err, tt.reason)
			}
			if !s.Complete || s.Rows != rows+1 || s.RowsRejected != 1 || s.Messages != rows+1 {
				t.Errorf("the rest was not counted: %s", counts(s))
			}
			if int(s.Accepted) != len(client.accepted) || s.Unsent == 0 || tt.api != (s.RejectedByAPI > 0) {
				t.Errorf("accepted %d: %s", len(client.accepted), counts(s))
			}
			if !tt.api && client.calls != tt.calls || client.calls > 5 {
				t.Errorf("Send was called %d times", client.calls)
			}
		})
	}
}

func TestMaxErrorsUnlimited(t *testing.T) {
	t.Parallel()
	client := &fakeClient{send: func(_ context.Context, _ int, m []cio.Message) error {
		return all(len(m), cio.OutcomeRejected, &cio.APIError{Status: 400})
	}}
	s, err := Run(t.Context(), Job{Source: mustSource(t, personRows(1500), source.Config{}), Mapping: mustMapping(t, people), Client: client, MaxErrors: Unlimited, BatchBytes: 5000})
	if err != nil || s.RejectedByAPI != 1500 {
		t.Errorf("%v, %s", err, counts(s))
	}
}

// A guard refuses rows when they are encoded, or messages when they are sent; the others arrive.
func TestGuard(t *testing.T) {
	t.Parallel()
	guarded := errors.New("on the list")
	client := new(fakeClient)
	client.encode = func(m cio.Message) (cio.Encoded, error) {
		if id, ok := m.(*cio.Identify); ok && id.UserID == "p3" {
			return cio.Encoded{}, &cio.MessageError{Rule: cio.RuleGuard, Hint: "not this one", Err: guarded}
		}
		return cio.Encode(m)
	}
	client.send = func(_ context.Context, call int, m []cio.Message) error {
		if call > 0 {
			return nil
		}
		e := all(len(m), cio.OutcomeUnsent, errors.New("another is invalid"))
		e.Failures[5] = cio.Failure{Index: 5, Outcome: cio.OutcomeRejected, Err: &cio.MessageError{Index: 5, Rule: cio.RuleGuard, Hint: "nor this one"}}
		return e
	}
	s, err := Run(t.Context(), Job{Source: mustSource(t, personRows(10), source.Config{}), Mapping: mustMapping(t, people), Client: client})
	if err != nil {
		t.Fatal(err)
	}
	checkSum(t, s)
	if got, want := counts(s), "rows 10 bad 1 empty 0; messages 10 accepted 8 rejected 1 by API 1 unsent 0"; got != want || s.Guarded != 1 {
		t.Errorf("got  %s, guarded %d\nwant %s", got, s.Guarded, want)
	}
}

func TestDryRunAndLimit(t *testing.T) {
	t.Parallel()
	for name, client := range map[string]Client{"without a client": nil, "with a client": &fakeClient{send: func(context.Context, int, []cio.Message) error { panic("sent") }}} {
		s, err := Run(t.Context(), Job{Source: mustSource(t, personRows(1000)+"x\n", source.Config{}), Mapping: mustMapping(t, people), Client: client, DryRun: true, Limit: 700})
		checkSum(t, s)
		if got, want := counts(s), "rows 700 bad 0 empty 0; messages 700 accepted 0 rejected 0 by API 0 unsent 700"; err != nil || got != want || !s.Complete {
			t.Errorf("%s: %v, %s", name, err, got)
		}
	}
	if _, err := Run(t.Context(), Job{}); err == nil {
		t.Error("an empty Job was accepted")
	}
}

// If a run is interrupted while it sends, while it reads, or before it begins, it reports what is known of every row that it read.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	t.Run("while it sends", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		client := &fakeClient{send: func(ctx context.Context, call int, m []cio.Message) error {
			if call < 3 {
				return nil
			}
			cancel()
			<-ctx.Done()
			return all(len(m), cio.OutcomeUnknown, &cio.APIError{Operation: "batch", Err: ctx.Err(), Attempts: 1})
		}}
		s, err := Run(ctx, Job{Source: mustSource(t, personRows(50_000), source.Config{}), Mapping: mustMapping(t, people), Client: client, BatchBytes: 20_000})
		checkSum(t, s)
		if !errors.Is(err, ErrInterrupted) || !errors.Is(err, context.Canceled) || s.Complete || s.Accepted != int64(len(client.accepted)) || s.Unknown == 0 || s.Rows < s.Accepted {
			t.Errorf("%v: %s", err, counts(s))
		}
	})
	t.Run("while it waits for input", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			in, out := io.Pipe()
			defer in.Close()
			src, err := source.New(in, source.Config{Format: source.FormatCSV})
			if err != nil {
				t.Fatal(err)
			}
			defer src.Close()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			client := new(fakeClient)
			type result struct {
				s   Summary
				err error
			}
			done := make(chan result)
			go func() {
				s, err := Run(ctx, Job{Source: src, Mapping: mustMapping(t, people), Client: client})
				done <- result{s, err}
			}()
			io.WriteString(out, "id,n\n1,1\n2,2\n")
			synctest.Wait()
			if calls, _ := client.sent(); calls != 0 {
				t.Fatal("the rows were sent before others could join them")
			}
			<-time.After(2 * linger) // in the bubble's own time
			synctest.Wait()
			if _, accepted := client.sent(); accepted != 2 {
				t.Fatalf("%d messages accepted while the input pauses", accepted)
			}
			io.WriteString(out, "3,3\n")
			synctest.Wait()
			cancel()
			r := <-done
			checkSum(t, r.s)
			if got, want := counts(r.s), "rows 3 bad 0 empty 0; messages 3 accepted 2 rejected 0 by API 0 unsent 1"; got != want || !errors.Is(r.err, ErrInterrupted) || r.s.Complete {
				t.Errorf("%v, complete %v\ngot  %s\nwant %s", r.err, r.s.Complete, got, want)
			}
		})
	})
	t.Run("before it begins", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		s, err := Run(ctx, Job{Source: mustSource(t, personRows(10), source.Config{}), Mapping: mustMapping(t, people), Client: new(fakeClient)})
		checkSum(t, s)
		if !errors.Is(err, ErrInterrupted) || s.Accepted != 0 {
			t.Errorf("%v: %s", err, counts(s))
		}
	})
}

// An interrupt has precedence over an earlier reason to stop.
func TestInterruptAfterStop(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	in := io.MultiReader(strings.NewReader(personRows(20_000)), readerFunc(func([]byte) (int, error) {
		cancel()
		<-ctx.Done()
		return 0, errors.New("cut off")
	}))
	src, err := source.New(in, source.Config{Format: source.FormatCSV})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	client := &fakeClient{send: func(_ context.Context, _ int, m []cio.Message) error {
		return all(len(m), cio.OutcomeUnsent, &cio.APIError{Status: 401})
	}}
	s, err := Run(ctx, Job{Source: src, Mapping: mustMapping(t, people), Client: client, BatchBytes: 10_000})
	checkSum(t, s)
	var stop *StopError
	if !errors.As(err, &stop) || stop.Reason != ErrInterrupted || s.Unsent != s.Messages {
		t.Errorf("%v: %s", err, counts(s))
	}
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Rows that were read before the input fails are sent and counted.
func TestSourceFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is gone")
	src, err := source.New(io.MultiReader(strings.NewReader(personRows(100)), iotest.ErrReader(broken)), source.Config{Format: source.FormatCSV})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	client := new(fakeClient)
	s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, people), Client: client})
	checkSum(t, s)
	if !errors.Is(err, ErrSource) || !errors.Is(err, broken) || s.Accepted != 100 || s.Complete {
		t.Errorf("%v: %s", err, counts(s))
	}
	var format *source.FormatError
	if _, err = Run(t.Context(), Job{Source: mustSource(t, "", source.Config{}), Mapping: mustMapping(t, people), Client: client}); !errors.As(err, &format) {
		t.Errorf("an empty input: %v, want a FormatError", err)
	}
	var wrong *mapping.Error
	if _, err = Run(t.Context(), Job{Source: mustSource(t, "a,b\n1,2\n", source.Config{}), Mapping: mustMapping(t, people), Client: client}); !errors.As(err, &wrong) {
		t.Errorf("other columns: %v, want a mapping.Error", err)
	}
}

// If the rejects cannot be written, nothing more is read or sent, and the counts still add up.
func TestRejectsFail(t *testing.T) {
	t.Parallel()
	full := errors.New("the disk is full")
	client := new(fakeClient)
	in := "id,n\n" + strings.Repeat("1,x\n2,2\n", 20_000)
	s, err := Run(t.Context(), Job{Source: mustSource(t, in, source.Config{}), Mapping: mustMapping(t, people), Client: client, Rejects: writerFunc(func([]byte) (int, error) { return 0, full }), BatchBytes: 10_000})
	checkSum(t, s)
	if !errors.Is(err, ErrRejects) || !errors.Is(err, full) || errors.Is(err, ErrSource) || s.Accepted != int64(len(client.accepted)) || s.Rejected == 0 {
		t.Errorf("%v: %s", err, counts(s))
	}
}

type writerFunc func([]byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

// Bad rows are written and not kept in memory, however many there are.
func TestBadRowsAreNotHeld(t *testing.T) {
	const rows = 40_000
	in := io.MultiReader(strings.NewReader("id,n\n"), io.LimitReader(&repeater{"1,x\n", 0}, rows*4))
	src, err := source.New(in, source.Config{Format: source.FormatCSV})
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	lines := 0
	s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, people), DryRun: true, Rejects: writerFunc(func(p []byte) (int, error) {
		lines += bytes.Count(p, []byte("\n"))
		return len(p), nil
	})})
	checkSum(t, s)
	if err != nil || s.RowsRejected != rows || lines != rows || len(s.First) != firstRejects {
		t.Errorf("%v: %s, %d lines", err, counts(s), lines)
	}
}

// repeater repeats a text for ever.
type repeater struct {
	text string
	at   int
}

func (r *repeater) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = r.text[r.at]
		r.at = (r.at + 1) % len(r.text)
	}
	return len(p), nil
}

// Progress is called from time to time, the calls never overlap, and the last one has the final counts.
func TestProgress(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		client := &fakeClient{send: func(context.Context, int, []cio.Message) error {
			<-time.After(time.Second) // in the bubble's own time
			return nil
		}}
		text := personRows(1000)
		src := mustSource(t, text, source.Config{})
		var seen []Progress
		s, err := Run(t.Context(), Job{Source: src, Mapping: mustMapping(t, people), Client: client, BatchBytes: 20_000, Progress: func(p Progress) {
			checkSum(t, p.Summary)
			seen = append(seen, p)
		}})
		if err != nil {
			t.Fatal(err)
		}
		last := seen[len(seen)-1]
		if !last.Done || last.Accepted != s.Accepted || last.Read != int64(len(text)) {
			t.Errorf("the last progress is %+v", last)
		}
		if want := 4 * client.calls; len(seen) < want/2 || len(seen) > want+1 {
			t.Errorf("%d calls in %d seconds", len(seen), client.calls)
		}
		if slices.ContainsFunc(seen[:len(seen)-1], func(p Progress) bool { return p.Done }) {
			t.Error("Done before the end")
		}
	})
}

// For every answer of Send, the counts add up and the accepted messages are those that were accepted.
func TestAccountingUnderRandomFaults(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		rnd := rand.New(rand.NewPCG(seed, 1))
		client := &fakeClient{send: func(_ context.Context, _ int, m []cio.Message) error {
			outcomes := make(map[int]cio.Failure)
			for i := range m {
				switch rnd.IntN(200) {
				case 0:
					outcomes[i] = cio.Failure{Outcome: cio.OutcomeRejected, Err: &cio.APIError{Status: 400}}
				case 1:
					if seed%4 == 0 {
						outcomes[i] = cio.Failure{Outcome: cio.OutcomeUnknown, Err: &cio.APIError{Status: 500}}
					}
				case 2:
					if seed%5 == 0 {
						outcomes[i] = cio.Failure{Outcome: cio.OutcomeUnsent, Err: &cio.APIError{Status: 429}}
					}
				}
			}
			if len(outcomes) == 0 {
				return nil
			}
			return failures(len(m), outcomes)
		}}
		var in strings.Builder
		in.WriteString("id,n\n")
		for i := range 300 {
			in.WriteString([]string{fmt.Sprintf("p%d,%d\n", i, i), "p,x\n", "p\n", ",\n", "p,\"1\n", "\"p\n\",1\n"}[min(rnd.IntN(12), 5)])
		}
		var rejects bytes.Buffer
		s, err := Run(t.Context(), Job{Source: mustSource(t, in.String(), source.Config{}), Mapping: mustMapping(t, people), Client: client, BatchBytes: 1 + rnd.IntN(10_000), MaxErrors: int64(1 + rnd.IntN(5)), Rejects: &rejects})
		checkSum(t, s)
		if s.Accepted != int64(len(client.accepted)) || int64(bytes.Count(rejects.Bytes(), []byte("\n"))) != s.RowsRejected+s.RejectedByAPI {
			t.Errorf("seed %d: %s, %d accepted, %d reject lines", seed, counts(s), len(client.accepted), bytes.Count(rejects.Bytes(), []byte("\n")))
		}
		if (err == nil) != (s.Unsent == 0) && !errors.Is(err, ErrTooManyErrors) {
			t.Errorf("seed %d: %v with %d unsent", seed, err, s.Unsent)
		}
	}
}
