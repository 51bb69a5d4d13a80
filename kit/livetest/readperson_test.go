package livetest

import (
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

// reader is a Keeper in front of a lagging workspace, and the account of what was sent.
type reader struct {
	*Keeper
	l       *lagging
	account *emulator.Instance
}

func newReader(t *testing.T, appKey bool) *reader {
	l := newLagging(t, emulator.Config{}, 2*time.Minute)
	cfg := l.config(t)
	if !appKey {
		cfg.AppAPIKey = ""
	}
	k, err := Keep(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return &reader{k, l, emulator.Config{}.InProcess(t)}
}

// send sends through the recorder: into the workspace and into the account.
func (r *reader) send(t *testing.T, msgs ...cio.Message) {
	t.Helper()
	if err := r.Note(http.Header{}, nil, r.Prefix("notebook")); err != nil {
		t.Fatal(err)
	}
	for _, to := range []cio.Config{
		{APIKey: r.cfg.APIKey, Region: cio.RegionEU, HTTPClient: r.cfg.HTTPClient},
		{APIKey: r.account.Key, BaseURL: r.account.URL, HTTPClient: r.account.Client()},
	} {
		if err := must(cio.NewClient(to)).Send(t.Context(), msgs...); err != nil {
			t.Fatal(err)
		}
	}
}

func (r *reader) person(t *testing.T, name string) Read[emulator.Person] {
	p, err := r.account.Server.Person(r.account.Key, name)
	return r.ReadPerson(t.Context(), name, p, err == nil)
}

// everything is what a person can have, with values whose form the App API does not keep.
func everything(id string) []cio.Message {
	old := time.Now().Add(-400 * 24 * time.Hour)
	return []cio.Message{
		cio.Identify{UserID: id, Traits: map[string]any{"email": id + "@example.com", "n": 3, "big": json.Number("12345678901234567890"), "ok": true, "list": []any{1, "a"}, "digits": "007"}},
		cio.Track{UserID: id, Event: cio.Named("Ordered", map[string]any{"total": json.Number("39.90")})},
		cio.Track{UserID: id, Event: cio.Named("Ordered", map[string]any{"total": 2})},
		cio.Track{UserID: id, Event: cio.Named("Ordered Long Ago", nil), Timestamp: old},
		cio.Page{UserID: id, Name: "Home"},
		cio.SetDevice{UserID: id, Token: "t1", Platform: cio.PlatformIOS, Attributes: map[string]any{"version": 3}},
		cio.Relate{UserID: id, ObjectID: "acme", Attributes: map[string]any{"since": 2024}},
	}
}

// What was sent is read back despite the lag, with the values as they were sent. People who were deleted or never existed are not there.
func TestReadPerson(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t, true)
		r.send(t, everything("ann")...)
		got := r.person(t, "ann")
		want, err := r.account.Server.Person(r.account.Key, "ann")
		if err != nil {
			t.Fatal(err)
		}
		if !got.Found || got.Source != FromCustomerIO || got.Note != "" {
			t.Fatalf("%t, %s, %s", got.Found, got.Source, got.Note)
		}
		same := func(a, b map[string]json.RawMessage) bool {
			return maps.EqualFunc(a, b, func(x, y json.RawMessage) bool { return string(x) == string(y) })
		}
		if p := got.Value; p.ID != "ann" || p.Email != want.Email || !same(p.Traits, want.Traits) || len(p.Events) != 4 || string(p.Events[0].Properties) != `{"total":39.90}` ||
			len(p.Devices) != 1 || !same(p.Devices[0].Attributes, want.Devices[0].Attributes) || len(p.Relationships) != 1 {
			t.Errorf("%+v\nwant %+v", p, want)
		}
		if seen := r.person(t, "ann@example.com"); seen.Value.ID != "ann" || len(seen.Value.Events) != 4 {
			t.Errorf("by address: %+v", seen)
		}
		r.send(t, cio.Identify{UserID: "ann", Traits: map[string]any{"n": 4, "ok": nil}})
		if p := r.person(t, "ann").Value; string(p.Traits["n"]) != "4" || p.Traits["ok"] != nil {
			t.Errorf("after a change: %s", p.Traits)
		}
		r.send(t, cio.DeletePerson{UserID: "ann"})
		if got := r.person(t, "ann"); got.Found || got.Source != FromCustomerIO || got.Note != "" {
			t.Errorf("after the deletion: %+v", got)
		}
		r.send(t, cio.Identify{UserID: "bob"}, cio.DeletePerson{UserID: "bob"})
		before := time.Now()
		if got := r.person(t, "bob"); got.Found || time.Since(before) < 2*time.Minute {
			t.Errorf("he was looked for after %v, before he could come: %+v", time.Since(before), got)
		}
		if before = time.Now(); r.person(t, "bob").Found || time.Since(before) > 0 {
			t.Errorf("nothing was sent since, and it took %v", time.Since(before))
		}
		if err := r.Close(time.Hour); err != nil {
			t.Error(err)
		}
		time.Sleep(5 * time.Minute) // of the moved clock
		if n := r.l.shows.Stats().People; n != 0 {
			t.Errorf("%d people are left, who are markers", n)
		}
	})
}

// Values that differ in Customer.io are shown as Customer.io has them, after one wait that is not repeated, and the note says so.
func TestReadPersonWhoDiffers(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		also []cio.Message // only in the account, or only in the workspace
		here bool          // in the workspace
		note string
		ok   func(emulator.Person) bool
	}{
		"an attribute is lost":   {[]cio.Message{cio.Identify{UserID: "ann", Traits: map[string]any{"plan": "pro"}}}, false, "attribute plan is missing", func(p emulator.Person) bool { return p.Traits["plan"] == nil }},
		"an attribute is other":  {[]cio.Message{cio.Identify{UserID: "ann", Traits: map[string]any{"big": json.Number("12345678901234567891")}}}, true, "attribute big has another value", func(p emulator.Person) bool { return string(p.Traits["big"]) == `"12345678901234567891"` }},
		"an attribute is added":  {[]cio.Message{cio.Identify{UserID: "ann", Traits: map[string]any{"plan": "pro"}}}, true, "there is an unexpected attribute plan", func(p emulator.Person) bool { return string(p.Traits["plan"]) == `"pro"` }},
		"an event is lost":       {[]cio.Message{cio.Page{UserID: "ann", Name: "Cart"}}, false, `page "Cart" is not in the log`, func(p emulator.Person) bool { return len(p.Events) == 4 }},
		"an event is added":      {[]cio.Message{cio.Page{UserID: "ann", Name: "Cart"}}, true, "1 activity that was not sent", func(p emulator.Person) bool { return len(p.Events) == 5 && p.Events[4].Name == "Cart" }},
		"a device is lost":       {[]cio.Message{cio.SetDevice{UserID: "ann", Token: "t2", Platform: cio.PlatformIOS}}, false, "a device", func(p emulator.Person) bool { return len(p.Devices) == 1 }},
		"a device is added":      {[]cio.Message{cio.SetDevice{UserID: "ann", Token: "t0", Platform: cio.PlatformIOS}}, true, "2 devices, want 1", func(p emulator.Person) bool { return len(p.Devices) == 2 && p.Devices[1].Token == "t0" }},
		"a relationship is lost": {[]cio.Message{cio.Relate{UserID: "ann", ObjectID: "beta"}}, false, "relationship to beta", func(p emulator.Person) bool { return len(p.Relationships) == 1 }},
		"a relation is added":    {[]cio.Message{cio.Relate{UserID: "ann", ObjectID: "beta"}}, true, "2 relationships, want 1", func(p emulator.Person) bool { return len(p.Relationships) == 2 }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				r := newReader(t, true)
				r.send(t, everything("ann")...)
				to := r.account
				if test.here {
					to = r.l.shows
					time.Sleep(3 * time.Minute) // of the moved clock
				}
				client := must(cio.NewClient(cio.Config{APIKey: to.Key, BaseURL: to.URL, HTTPClient: to.Client()}))
				if err := client.Send(t.Context(), test.also...); err != nil {
					t.Fatal(err)
				}
				got := r.person(t, "ann")
				if !got.Found || got.Source != FromCustomerIO || !strings.Contains(got.Note, "it differs") || !strings.Contains(got.Note, test.note) || !test.ok(got.Value) {
					t.Errorf("%s: %+v", got.Note, got.Value)
				}
				before := time.Now()
				r.person(t, "ann")
				if took := time.Since(before); took > 2*maxPause {
					t.Errorf("the second look took %v", took)
				}
			})
		})
	}
}

// Without an App API key, or if it fails, the account is returned, with a source that says so.
func TestReadPersonFromTheRecorder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r := newReader(t, false)
		r.send(t, cio.Identify{UserID: "ann"})
		if got := r.person(t, "ann"); !got.Found || got.Source != FromRecorder || got.Note != "" {
			t.Errorf("%+v", got)
		}
		r = newReader(t, true)
		r.send(t, cio.Identify{UserID: "ann"}, cio.SetObject{ObjectID: "acme", Attributes: map[string]any{"n": 1}}, cio.SetObject{ObjectID: "beta"})
		objects, err := r.account.Server.Objects(emulator.ObjectsQuery{Key: r.account.Key, Limit: 10})
		if err != nil {
			t.Fatal(err)
		}
		got := r.ReadObjects(t.Context(), objects.Objects)
		if i := slices.IndexFunc(got.Value, func(o emulator.Object) bool { return o.ID == "acme" }); got.Source != FromCustomerIO || len(got.Value) != 2 || i < 0 || string(got.Value[i].Attributes["n"]) != "1" {
			t.Errorf("%+v", got)
		}
		got = r.ReadObjects(t.Context(), append(objects.Objects, emulator.Object{TypeID: "1", ID: "lost"}))
		if len(got.Value) != 2 || !strings.Contains(got.Note, "it does not have lost") {
			t.Errorf("%+v", got)
		}
		if err := r.l.shows.Server.AddFault(emulator.Fault{Count: 100, Status: 401}); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"ann", "nobody"} {
			if got := r.person(t, name); got.Found != (name == "ann") || got.Source != FromRecorder || !strings.Contains(got.Note, "could not be read") {
				t.Errorf("%s: %+v", name, got)
			}
		}
		if got := r.ReadObjects(t.Context(), objects.Objects); len(got.Value) != 2 || got.Source != FromRecorder {
			t.Errorf("%+v", got)
		}
	})
}
