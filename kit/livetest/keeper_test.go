package livetest

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
)

// Everything that a call can create is recorded, in every form of the call, and nothing without the prefix.
func TestItemsOf(t *testing.T) {
	t.Parallel()
	const p = idPrefix + "notebook_r_"
	for body, want := range map[string]string{
		`{"userId":"P1"}`:                                              "person P1",
		`{"userId":"ann"}`:                                             "",
		`{"userId":"P1","event":"User Suppressed"}`:                    "suppressed P1",
		`{"anonymousId":"P1","userId":"P2"}`:                           "anonymous P1, person P2",
		`{"traits":{"email":"P1@example.com"}}`:                        "person P1@example.com",
		`{"userId":"P1","traits":{"email":"P1@example.com"}}`:          "person P1",
		`{"userId":"P2","previousId":"P1"}`:                            "person P1, person P2",
		`{"userId":"P1","groupId":"P2","traits":{"objectTypeId":"3"}}`: "object P2 3, person P1",
		`{"groupId":"P2","traits":{"object_type_id":4}}`:               "object P2 4",
		`{"groupId":"P2"}`:                                             "object P2 1",
		`{"batch":[{"userId":"P1"},{"userId":7},{"anonymousId":"P2"},{"userId":"bob"},{"userId":"P3","traits":{"email":8}}]}`: "anonymous P2, person P1, person P3",
		`{"userId":`: "",
		`[]`:         "",
	} {
		body = strings.ReplaceAll(body, `"P`, `"`+p)
		for _, packed := range []bool{false, true} {
			header, text := http.Header{}, []byte(body)
			if packed {
				var b bytes.Buffer
				z := gzip.NewWriter(&b)
				z.Write(text)
				z.Close()
				text = b.Bytes()
				header.Set("Content-Encoding", "gzip")
			}
			items, err := itemsOf(header, text, p)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, i := range items {
				got = append(got, strings.TrimSpace(fmt.Sprintf("%s P%s %s", i.Kind, strings.TrimPrefix(i.ID, p), i.TypeID)))
			}
			slices.Sort(got)
			if list := strings.Join(got, ", "); list != want {
				t.Errorf("%s (packed %t): %q, want %q", body, packed, list, want)
			}
		}
	}
}

// Items that a keeper noted are deleted despite two minutes of lag, and items that never disappear stay in the ledger.
func TestKeeper(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := newLagging(t, emulator.Config{DropUnknownPeople: true}, 2*time.Minute)
		cfg := l.config(t)
		k, err := Keep(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		prefix := k.Prefix("notebook")
		client := must(cio.NewClient(cio.Config{APIKey: cfg.APIKey, Region: cfg.Region, HTTPClient: &http.Client{Transport: roundTrip(func(r *http.Request) (*http.Response, error) {
			body := new(bytes.Buffer)
			body.ReadFrom(r.Body)
			if err := k.Note(r.Header, body.Bytes(), prefix); err != nil {
				return nil, err
			}
			next := r.Clone(r.Context())
			next.Body = http.NoBody
			if body.Len() > 0 {
				next.Body = readCloser{body}
			}
			return l.RoundTrip(next)
		})}}))
		make := func() {
			err := client.Send(t.Context(), cio.Identify{UserID: prefix + "ann"}, cio.Page{AnonymousID: prefix + "v", Name: "Home"}, cio.SetObject{ObjectID: prefix + "acme"}, cio.SuppressPerson{UserID: prefix + "bob"})
			if err != nil {
				t.Fatal(err)
			}
		}
		make()
		if n, err := k.Clean(t.Context()); err != nil || n != (Removed{People: 2, Objects: 1, Anonymous: 1}) {
			t.Errorf("%+v, %v", n, err)
		}
		if left := leftOver(l.shows); left != "" {
			t.Errorf("left: %s", left)
		}
		make()
		if err := k.Close(4 * time.Second); err == nil || !strings.Contains(err.Error(), "ciokit live clean") {
			t.Errorf("Close: %v", err)
		}
		all, err := Ledgers(cfg.LedgerDir)
		if err != nil || len(all) != 1 {
			t.Fatalf("%d ledgers, %v", len(all), err)
		}
		if err := Clean(t.Context(), cfg, all[0], false); err != nil {
			t.Error(err)
		}
		time.Sleep(4 * time.Minute) // of the moved clock
		if left := leftOver(l.shows); left != "" {
			t.Errorf("left: %s", left)
		}
	})
}

type readCloser struct{ *bytes.Buffer }

func (readCloser) Close() error { return nil }
