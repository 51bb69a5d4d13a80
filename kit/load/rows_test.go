package load

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"iter"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio/kit/mapping"
	"github.com/ciokit/cio/kit/source"
)

// Values keep their types, and every digit.
func TestRowsKeepTypes(t *testing.T) {
	t.Parallel()
	type plan string
	type address struct{ City string }
	var none *address
	tests := []struct {
		value any
		want  string // of traits
	}{
		{"text", `{"v":"text"}`},
		{plan("pro"), `{"v":"pro"}`},
		{"", `{"v":""}`},
		{"01234", `{"v":"01234"}`},
		{"NUL \x00, quote \", emoji \U0001f600, <&>", `{"v":"NUL \u0000, quote \", emoji ` + "\U0001f600" + `, <&>"}`},
		{nil, ""}, {none, ""}, {[]byte(nil), ""}, {json.RawMessage("null"), ""},
		{true, `{"v":true}`},
		{int64(1<<53 + 1), `{"v":9007199254740993}`},
		{uint64(math.MaxUint64), `{"v":18446744073709551615}`},
		{uint8(7), `{"v":7}`},
		{1e308, `{"v":1e+308}`}, {0.1, `{"v":0.1}`}, {float32(0.1), `{"v":0.1}`}, {math.Copysign(0, -1), `{"v":-0}`},
		{json.Number("12345678901234567890.50"), `{"v":12345678901234567890.50}`},
		{time.Date(1960, 1, 2, 3, 4, 5, 6000, time.FixedZone("", 3600)), `{"v":"1960-01-02T02:04:05.000006Z"}`},
		{[]byte{0, 0xff}, `{"v":"AP8="}`},
		{json.RawMessage(` {"a":[1.00]} `), `{"v":{"a":[1.00]}}`},
		{address{"Bonn"}, `{"v":{"City":"Bonn"}}`},
		{[]string{"a", "b"}, `{"v":["a","b"]}`},
		{math.NaN(), source.RuleNoJSONForm}, {math.Inf(1), source.RuleNoJSONForm}, {func() {}, source.RuleNoJSONForm}, {json.RawMessage("{"), source.RuleNoJSONForm},
		{time.Date(20000, 1, 1, 0, 0, 0, 0, time.UTC), source.RuleNoJSONForm}, {"\xff", mapping.RuleNotUTF8},
	}
	for _, tt := range tests {
		t.Run(fmt.Sprintf("%T %v", tt.value, tt.value), func(t *testing.T) {
			rows := source.Rows([]string{"id", "v"}, func(yield func(source.Values, error) bool) { yield(source.Values{"a", tt.value}, nil) })
			defer rows.Close()
			client := new(fakeClient)
			s, err := Run(t.Context(), Job{Source: rows, Mapping: mustMapping(t, "messages:\n  - identify: {userId: $id, traits: {v: $v}}\n"), Client: client})
			checkSum(t, s)
			if err != nil {
				t.Fatal(err)
			}
			switch {
			case !strings.HasPrefix(tt.want, "{") && tt.want != "":
				if len(s.First) != 1 || s.First[0].Rule != tt.want {
					t.Errorf("%s: %+v", counts(s), s.First)
				}
			case len(client.accepted) != 1:
				t.Errorf("%s: %+v", counts(s), s.First)
			default:
				var message struct{ Traits json.RawMessage }
				if err := json.Unmarshal([]byte(client.accepted[0]), &message); err != nil || string(message.Traits) != tt.want {
					t.Errorf("%s, %v; want %s", message.Traits, err, tt.want)
				}
			}
		})
	}
}

// The iterator can use one row again and again, reject its own rows, and end the input.
func TestRowsOfAnIterator(t *testing.T) {
	t.Parallel()
	broken := errors.New("the cursor is gone")
	var rejects strings.Builder
	rows := source.Rows([]string{"id", "n"}, func(yield func(source.Values, error) bool) {
		row := make(source.Values, 2)
		for i := range 1000 {
			row[0], row[1] = fmt.Sprint("p", i), i
			switch i {
			case 10:
				if !yield(row, &source.RowError{Rule: "torn", Hint: "read it again"}) {
					return
				}
			case 20:
				if !yield(row[:1], nil) {
					return
				}
			default:
				if !yield(row, nil) {
					return
				}
			}
		}
		yield(nil, broken)
	})
	defer rows.Close()
	client := new(fakeClient)
	s, err := Run(t.Context(), Job{Source: rows, Mapping: mustMapping(t, people), Client: client, Rejects: &rejects})
	checkSum(t, s)
	if !errors.Is(err, broken) || !errors.Is(err, ErrSource) || s.Complete || s.Rows != 1000 || s.Accepted != 998 || s.RowsRejected != 2 {
		t.Fatalf("%v: %s", err, counts(s))
	}
	for i, m := range client.accepted[21:] {
		if want := fmt.Sprintf(`"userId":"p%d"`, i+23); !strings.Contains(m, want) {
			t.Fatalf("message %d lacks %s: %s", i, want, m)
		}
	}
	for _, want := range []string{`{"line":11,"rule":"torn","hint":"read it again","row":"{\"id\":\"p10\",\"n\":10}","ciokit":{`, `{"line":21,"rule":"field-count",`} {
		if !strings.Contains(rejects.String(), want) {
			t.Errorf("the rejects lack %s: %s", want, &rejects)
		}
	}
}

// A run that ends early stops the iterator. While the iterator waits, the rows that it has already yielded are sent.
func TestIteratorIsStopped(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stopped := false
		endless := func(yield func(source.Values, error) bool) {
			defer func() { stopped = true }()
			for i := 0; ; i++ {
				if !yield(source.Values{"p", i}, nil) {
					return
				}
			}
		}
		rows := source.Rows([]string{"id", "n"}, endless)
		s, err := Run(t.Context(), Job{Source: rows, Mapping: mustMapping(t, people), Client: new(fakeClient), Limit: 10_000})
		if err != nil || s.Accepted != 10_000 {
			t.Fatal(err, counts(s))
		}
		if err := rows.Close(); err != nil || !stopped {
			t.Error(err, stopped)
		}
		if err := source.Rows([]string{"id"}, iter.Seq2[source.Values, error](endless)).Close(); err != nil { // it never ran
			t.Error(err)
		}

		resume := make(chan struct{})
		slow := source.Rows([]string{"id", "n"}, func(yield func(source.Values, error) bool) {
			for i := range 3 {
				yield(source.Values{fmt.Sprint("p", i), i}, nil)
			}
			<-resume
		})
		sent := make(chan struct{})
		client := &fakeClient{}
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			defer close(sent)
			Run(ctx, Job{Source: slow, Mapping: mustMapping(t, people), Client: client})
		}()
		<-time.After(time.Minute) // in the bubble's own time
		client.mu.Lock()
		if len(client.accepted) != 3 {
			t.Errorf("%d messages were sent while the iterator pauses", len(client.accepted))
		}
		client.mu.Unlock()
		cancel()
		<-sent
		close(resume)
		if err := slow.Close(); err != nil {
			t.Error(err)
		}
	})
}
