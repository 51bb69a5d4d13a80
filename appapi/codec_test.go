package appapi

import (
	"encoding/json"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// roundTrip decodes a text into a new value of the type and encodes the value again.
func roundTrip(t *testing.T, typ any, text string) (value any, again []byte, err error) {
	t.Helper()
	v := reflect.New(reflect.TypeOf(typ).Elem()).Interface()
	if err := json.Unmarshal([]byte(text), v); err != nil {
		return nil, nil, err
	}
	again, err = json.Marshal(v)
	if err != nil {
		t.Fatalf("%T: %v", typ, err)
	}
	return v, again, nil
}

// oddForms are forms of a member that a document does not promise but that a server can send.
var oddForms = []string{`null`, `0`, `"0"`, `""`, `7`, `"7"`, `-0`, `1.0`, `true`, `"true"`, `[]`, `{}`, `[null]`, `[{}]`, `[1,"2",null]`, `{"a":null}`, `{"a":3}`, `{"a":"3","b":{"c":[]}}`,
	`1700000000`, `"1700000000"`, `"2026-03-01T12:00:00.5+02:00"`, `1e3`, `12345678901234567890123`, `"\u2028<"`, `{"series":{"sent":[1,2],"new":[3]}}`, `{"id":null,"cio_id":5}`, `[{"absent":[]}]`}

// TestEveryTypeKeepsEveryForm sends each member of each answer's type in each form. The member is either rejected, with its name, or kept.
func TestEveryTypeKeepsEveryForm(t *testing.T) {
	t.Parallel()
	kept, refused := 0, 0
	for name, typ := range answerTypes {
		for _, m := range shapeOf(reflect.TypeOf(typ).Elem()).members {
			for _, form := range oddForms {
				text := `{"unheard_of":{"x":[null,"<"]},"` + m.name + `":` + form + `}`
				v, again, err := roundTrip(t, typ, text)
				if err != nil {
					refused++
					if !strings.Contains(err.Error(), m.name) {
						t.Errorf("%s: %s: the error is %v", name, text, err)
					}
					continue
				}
				kept++
				if !sameJSON(again, json.RawMessage(text)) {
					t.Errorf("%s: %s became %s", name, text, again)
				}
				extra := reflect.ValueOf(v).Elem().FieldByName("Extra").Interface().(Extra)
				if string(extra.Get("unheard_of")) != `{"x":[null,"\u003c"]}` || extra.Len() != 1 {
					t.Errorf("%s: Extra is %s", name, extra)
				}
			}
		}
	}
	if kept < 2000 || refused < 2000 {
		t.Errorf("%d kept, %d refused", kept, refused)
	}
}

// A value that is changed after reading is written with the change. A value that is built by a program is written as documented.
func TestEncodesWhatWasChanged(t *testing.T) {
	t.Parallel()
	var s Segment
	if err := json.Unmarshal([]byte(`{"id":"7","name":null,"progress":3,"new":1}`), &s); err != nil {
		t.Fatal(err)
	}
	if s.ID != "7" || s.Name != "" || s.Progress != 3 {
		t.Errorf("%+v", s)
	}
	s.Name, s.ID = "VIP", "8"
	if b, err := json.Marshal(s); err != nil || string(b) != `{"id":8,"name":"VIP","progress":3,"new":1}` {
		t.Errorf("%s, %v", b, err)
	}
	if b, err := json.Marshal(Message{ID: "m", Created: time.Unix(5, 0), CampaignID: "12", Metrics: MessageCounts{Sent: 1}}); err != nil || string(b) != `{"id":"m","campaign_id":12,"created":5,"metrics":{"sent":1}}` {
		t.Errorf("%s, %v", b, err)
	}
}

func TestIDsAreOneType(t *testing.T) {
	t.Parallel()
	var a, b struct{ ID ID }
	if err := json.Unmarshal([]byte(`{"ID":33}`), &a); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal([]byte(`{"ID":"33"}`), &b); err != nil || a != b {
		t.Errorf("%v and %v, %v", a, b, err)
	}
	if n, ok := a.ID.Int(); n != 33 || !ok {
		t.Errorf("%d, %t", n, ok)
	}
	if _, ok := ID("x").Int(); ok {
		t.Error("x is a number")
	}
	if err := json.Unmarshal([]byte(`{"ID":true}`), &a); err == nil {
		t.Error("true is an id")
	}
}

func TestErrorsOfFormNameThePlaceAndQuoteNothing(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"customer":{"devices":[{},{"last_used":"secret"}]}}`:    "appapi: customer.devices[1].last_used is not a time in unix seconds",
		`{"customer":{"identifiers":["secret"]}}`:                 "appapi: customer.identifiers is not an object",
		`{"customer":{"identifiers":{"id":["secret"]}}}`:          "appapi: customer.identifiers.id is not text",
		`{"customer":{"unsubscribed":"secret"}}`:                  "appapi: customer.unsubscribed is not true or false",
		`{"customer":{"attributes":"secret"}}`:                    "appapi: customer.attributes is not an object",
		`{"customer":{"identifiers":{"cio_id":{"secret":true}}}}`: "appapi: customer.identifiers.cio_id is not text",
	} {
		if err := json.Unmarshal([]byte(text), new(CustomerEntry)); err == nil || err.Error() != want {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func FuzzAnswers(f *testing.F) {
	names := make([]string, 0, len(answerTypes))
	for name, typ := range answerTypes {
		names = append(names, name)
		for _, m := range shapeOf(reflect.TypeOf(typ).Elem()).members {
			f.Add(name, []byte(`{"`+m.name+`":"7","more":[{}]}`))
		}
	}
	slices.Sort(names)
	f.Fuzz(func(t *testing.T, name string, text []byte) {
		typ, ok := answerTypes[name]
		if !ok || len(text) > 1<<12 {
			return
		}
		v, again, err := roundTrip(t, typ, string(text))
		if err != nil {
			return
		}
		if !sameJSON(again, text) && string(text) != "null" {
			t.Fatalf("%s: %q became %q, by way of %#v", name, text, again, v)
		}
	})
}

func FuzzPage(f *testing.F) {
	f.Add([]byte(`{"segments":[{"id":1}],"next":"a"}`))
	f.Add([]byte(`{"segments":null,"next":null}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		op := operation{name: "x", answer: "segments"}
		items, next, err := op.page(text)
		if err != nil && (items != nil || next != "") {
			t.Fatal("a member of a value that is not a page was returned")
		}
		for _, item := range items {
			_ = json.Unmarshal(item, new(Segment))
		}
	})
}
