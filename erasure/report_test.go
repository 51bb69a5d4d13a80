package erasure_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/xml"
	"flag"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/erasure"
	"golang.org/x/mod/sumdb/note"
)

var update = flag.Bool("update", false, "write the files of testdata anew")

// clock advances by a step each time it is read.
type clock struct {
	at   time.Time
	step time.Duration
}

func (c *clock) now() time.Time {
	c.at = c.at.Add(c.step)
	return c.at
}

// fixedOffice is an office whose keys and times are the same in every run. It rejects three of its people.
func fixedOffice(t testing.TB) (*office, *clock) {
	t.Helper()
	at := time.Date(2026, 11, 26, 17, 0, 0, 0, time.UTC)
	o := newOffice(t, emulator.Config{Now: func() time.Time { return at.Add(time.Minute) }, Refuse: func(m emulator.Message) (string, bool) {
		return "no-such-thing", strings.HasPrefix(m.UserID, "person-1") && m.Event == "User Deleted" && len(m.UserID) == len("person-1x") && m.UserID[8] < '3'
	}})
	var err error
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	if o.receipt, err = erasure.ParseReceiptKey("ciokit-erasure-receipt-key-1+" + key); err != nil {
		t.Fatal(err)
	}
	if o.guard, err = erasure.ParseGuardKey("ciokit-erasure-guard-key-1+" + key); err != nil {
		t.Fatal(err)
	}
	ring := ""
	for i, name := range []string{"operator/ann", "approver/bob"} {
		private, public, err := note.GenerateKey(bytes.NewReader(bytes.Repeat([]byte{byte(i)}, 64)), name)
		if err != nil {
			t.Fatal(err)
		}
		s, err := erasure.ParseSigner(private)
		if err != nil {
			t.Fatal(err)
		}
		ring += public + "\n"
		if i == 0 {
			o.operator = s
		} else {
			o.approver = s
		}
	}
	if o.keys, err = erasure.ParseKeyring(ring); err != nil {
		t.Fatal(err)
	}
	return o, &clock{at: at, step: 700 * time.Millisecond}
}

// The page is complete and loads nothing. It says what was ordered and what became of it, and contains nothing about the people.
func TestReport(t *testing.T) {
	t.Parallel()
	o, clock := fixedOffice(t)
	targets := o.identified(t, 120)
	signed := o.plan(t, erasure.ActionDelete, targets, func(cfg *erasure.PlanConfig) {
		cfg.Reason, cfg.Request, cfg.Now = "requests under <Art. 17> GDPR, September & October", "DSR-2026-118", clock.now
	})
	job := o.job(signed, targets, "receipt")
	job.Now, job.BatchSize, job.Tool = clock.now, 20, "ciokit/test"
	if _, err := erasure.Run(context.Background(), job); err != nil {
		t.Fatal(err)
	}
	// One person comes back, and one shares the address with a person who stays.
	o.send(t, cio.Identify{UserID: "person-20", Traits: map[string]any{"n": 1}}, cio.Identify{UserID: "stays", Traits: map[string]any{"email": "person21@example.com"}})
	morning := func() time.Time { return time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC) }
	reading := o.verification(t, job.Dir, targets)
	reading.Now = morning
	verify(t, reading)
	c, err := erasure.Check(job.Dir, erasure.CheckConfig{Keys: o.keys})
	if err != nil {
		t.Fatal(err)
	}
	page := written(t, c, erasure.ReportConfig{Receipt: "receipt-118", Tool: "ciokit/test", Now: morning})
	golden(t, "report.html", page)
	for _, p := range targets {
		for _, id := range append(p.Also, p.ID) {
			if strings.Contains(page, id) || strings.Contains(page, o.receipt.Subject(id).String()) {
				t.Fatal("the page names a person")
			}
		}
	}
	last := c.Checkpoints[len(c.Checkpoints)-1]
	for _, want := range []string{
		"Deletion of 120 people", "Contradicted: 1 of 120 people read back as there", "status 400", ">117<", "requests under &lt;Art. 17&gt; GDPR, September &amp; October", "DSR-2026-118",
		"operator/ann, 2026-11-26 17:00:00 UTC, valid until 2026-11-29 17:00:00 UTC", "approver/bob", "ciokit/test", "363 entries, 363 of them signed", "read back: contradicted, still-there", "read back: not-yet, message-rejected", "read back: gone, address-in-use", ">116<",
		last.Root.String(), strings.TrimSpace(strings.Split(o.keys.String(), "\n")[1]), "-key KEYS receipt-118", "ciokit-erasure/",
	} {
		if !strings.Contains(page, strings.ReplaceAll(want, "+", "&#43;")) && !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if text := unescaped(page); !strings.Contains(text, string(last.Note)) {
		t.Error("the page lacks the last checkpoint as it was signed")
	}
}

// The verdict never promises more than the check has found.
func TestReportVerdict(t *testing.T) {
	t.Parallel()
	o := newOffice(t, emulator.Config{})
	targets := o.identified(t, 2)
	job := o.job(o.plan(t, erasure.ActionDelete, targets, func(cfg *erasure.PlanConfig) { cfg.SingleOperator = true }), targets, "receipt")
	if _, err := erasure.Run(context.Background(), job); err != nil {
		t.Fatal(err)
	}
	checked := func(change func(*erasure.Checked)) *erasure.Checked {
		c, err := erasure.Check(job.Dir, erasure.CheckConfig{})
		if err != nil {
			t.Fatal(err)
		}
		change(c)
		return c
	}
	for _, tt := range []struct {
		name      string
		change    func(*erasure.Checked)
		want, not string
	}{
		{"accepted", func(*erasure.Checked) {}, "Nobody has been read back", "class=\"verdict good"},
		{"own keys", func(*erasure.Checked) {}, "The public keys were taken from the receipt itself", "keys that the author of this report trusts"},
		{"trusted keys", func(c *erasure.Checked) { c.OwnKeys = false }, "keys that the author of this report trusts", "taken from the receipt itself"},
		{"no older checkpoint", func(*erasure.Checked) {}, "could have replaced the whole record", "was not replaced"},
		{"older checkpoint", func(c *erasure.Checked) { c.Since = 1234 }, "continues the checkpoint of 1,234 entries", "could have replaced"},
		{"all gone", func(c *erasure.Checked) { c.Verified[erasure.VerdictGone] = 2 }, "read back as gone", "Nobody has been read back"},
		{"one gone", func(c *erasure.Checked) { c.Verified[erasure.VerdictGone] = 1 }, "1 of 2 read back as gone", "class=\"verdict good"},
		{"there again", func(c *erasure.Checked) {
			c.Verified[erasure.VerdictGone], c.Verified[erasure.VerdictContradicted] = 1, 1
		}, "Contradicted: 1 of 2 people read back as there", "class=\"verdict fair"},
		{"rejected", func(c *erasure.Checked) {
			c.Totals.Accepted, c.Totals.Rejected, c.Rejected["invalid-id"] = 1, 1, 1
		}, "nothing was done for 1 of 2 people", "class=\"verdict good"},
		{"by a rule", func(c *erasure.Checked) { c.Rejected["invalid-id"] = 1 }, "before it was sent, by this rule", "by Customer.io, with this answer"},
		{"unknown, and settled", func(c *erasure.Checked) {
			c.Totals.Accepted, c.Totals.Unknown, c.Settled, c.Verified[erasure.VerdictGone] = 1, 1, 1, 2
		}, "everybody was read back as gone", "Not finished"},
		{"not read back", func(*erasure.Checked) {}, "Nothing. No entry says", "not read back"},
		{"stopped", func(c *erasure.Checked) { c.Totals.Accepted, c.Totals.Unknown, c.Ended = 1, 1, false }, "1 of 2 people without a final outcome", "Finished"},
		{"unsigned", func(c *erasure.Checked) { c.Signed-- }, "the last entries are not signed", "Finished"},
		{"many checkpoints", func(c *erasure.Checked) {
			for len(c.Checkpoints) < 1000 {
				c.Checkpoints = append(c.Checkpoints, c.Checkpoints[0])
			}
		}, "994 more checkpoints, not listed", ""},
		{"no checkpoint", func(c *erasure.Checked) { c.Checkpoints, c.Signed = nil, 0 }, "0 of them signed", "The last checkpoint"},
	} {
		page := written(t, checked(tt.change), erasure.ReportConfig{})
		if !strings.Contains(page, tt.want) || tt.not != "" && strings.Contains(page, tt.not) {
			t.Errorf("%s: want %q, and not %q", tt.name, tt.want, tt.not)
		}
	}
}

func written(t testing.TB, c *erasure.Checked, cfg erasure.ReportConfig) string {
	t.Helper()
	var page bytes.Buffer
	if err := erasure.WriteReport(&page, c, cfg); err != nil {
		t.Fatal(err)
	}
	html := page.String()
	for _, no := range []string{"http://", "src=", "url(", "<script", "@import", "<link", "ZgotmplZ", "%!", "NaN"} {
		if strings.Contains(strings.ReplaceAll(html, c.Plan.Target, ""), no) {
			t.Errorf("the page contains %q", no)
		}
	}
	d := xml.NewDecoder(strings.NewReader(html[strings.Index(html, "<body>"):strings.LastIndex(html, "</html>")]))
	d.Strict, d.Entity = true, xml.HTMLEntity
	for {
		if _, err := d.Token(); err == io.EOF {
			return html
		} else if err != nil {
			t.Fatal(err)
		}
	}
}

// unescaped is the text of a page as a reader sees it.
func unescaped(page string) string {
	return strings.NewReplacer("&#43;", "+", "&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(page)
}

func golden(t testing.TB, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if string(want) != got {
		t.Errorf("%s is another one now; go test -run %s -update writes it", file, t.Name())
	}
}
