package emulatortest

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/ciokit/cio/emulator"
)

// views are the pages that every visitor can open, each with a text that shows that the page is there.
var views = []struct{ name, path, text string }{
	{"overview", "/", "Arriving now"},
	{"people", "/people", "barbara59@example.com"},
	{"person", "/people/u1", "enterprise"},
	{"suppressed", "/people/gone", "suppressed"},
	{"events", "/events", "number"},
	{"event", "/events/track/Order%20Completed", "total"},
	{"objects", "/objects", "Acme"},
	{"object", "/objects/1/acme", "Related people"},
	{"messages", "/messages?verdict=not+accepted", "missing-event"},
	{"warned", "/messages?verdict=with+warnings", "near-semantic-name"},
	{"search", "/messages?q=order&type=track&person=u1&from=2026-01-01", "Export what the filter shows"},
	{"message", "/messages/4", "seed-i0"},
	{"dropped", "/messages/138", "missing-event"},
	{"request", "/requests/4", "seed-i0"},
	{"faults", "/faults", "Queue the fault"},
	{"workspaces", "/workspaces", emulator.TestKey},
	{"snapshots", "/snapshots?from=before&to=", "added"},
	{"behaviours", "/behaviours", "DedupWindow"},
	{"not-found", "/people/nobody-like-that", "no such person"},
	{"no-number", "/requests", "The newest request"},
	{"no-page", "/nowhere", "There is nothing at /nowhere"},
}

// complaints collects the messages of the browser's console: errors of scripts, and requests that the content security policy has blocked.
func complaints(t *testing.T, ctx context.Context) *[]string {
	t.Helper()
	list := new([]string)
	err := chromedp.Listen(ctx, func(event any) {
		switch e := event.(type) {
		case *runtime.EventExceptionThrown:
			*list = append(*list, (&chromedp.ExceptionError{ExceptionDetails: e.ExceptionDetails}).Error())
		case *log.EventEntryAdded:
			if e.Entry.Level == log.EntryLevelError && !strings.Contains(e.Entry.Text, "404") {
				*list = append(*list, e.Entry.Text)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// TestPageViews checks every view in every look, or some of them unless CIOKIT_DEEP=1 is set or pictures are requested. Each view has its text, does
// not run anything that was sent to it, fits the window, and has no serious problem that axe-core finds.
func TestPageViews(t *testing.T) {
	browser := newBrowser(t)
	now := func() time.Time { return time.Date(2026, 1, 31, 12, 0, 0, 0, time.UTC) } // a fixed time, because the pictures are compared
	cio := emulator.Config{Now: now}.Start(t)
	snapshot(t, bounded(t, browser), cio, "before")
	seed(t, cio)
	cio.Fault(emulator.Fault{Count: 1, Path: "/v1/screen", Status: 503, RetryAfter: 2})
	axe, err := os.ReadFile(filepath.Join("..", "..", ".ci", "sdk", "node_modules", "axe-core", "axe.min.js"))
	if err != nil {
		t.Log("axe-core is missing, so accessibility is not checked; npm ci in .ci/sdk installs it")
	}
	said := complaints(t, browser)
	seen := make(map[string]brightness)
	all := os.Getenv("CIOKIT_DEEP") == "1" || os.Getenv("CIOKIT_SCREENSHOTS") != ""
	for i, l := range looks {
		for j, v := range views {
			if !all && j%(2*len(looks)) != i {
				continue
			}
			t.Run(l.name+"/"+v.name, func(t *testing.T) {
				ctx := bounded(t, browser)
				do(t, ctx, l.set(), chromedp.Navigate(cio.URL+v.path), chromedp.WaitReady(chromedp.CSS("main")))
				text, title := get(t, ctx, chromedp.Text(chromedp.CSS("main"))), get(t, ctx, chromedp.Title())
				overflow := get(t, ctx, chromedp.Evaluate[int](`document.documentElement.scrollWidth - document.documentElement.clientWidth`))
				seen[v.name+"-"+l.name] = brightnessOf(t, screenshot(t, ctx, v.name+"-"+l.name))
				if broken := get(t, ctx, chromedp.Evaluate[[]string](brokenWords)); len(broken) > 0 {
					t.Errorf("words are broken: %q", broken)
				}
				if hidden := get(t, ctx, chromedp.Evaluate[bool](tabHidden)); hidden {
					t.Error("the active tab is out of sight")
				}
				if bare := get(t, ctx, chromedp.Evaluate[[]string](fieldsWithoutHelp)); len(bare) > 0 {
					t.Errorf("fields without help: %q", bare)
				}
				if !strings.Contains(text, v.text) {
					t.Errorf("%q is not on the page: %.500s", v.text, text)
				}
				if title == "owned" || !strings.HasSuffix(title, "- ciokit emulator") {
					t.Errorf("title %q", title)
				}
				if overflow > 0 {
					t.Errorf("the page is %d px wider than the window", overflow)
				}
				if len(*said) > 0 {
					t.Errorf("the console says %q", *said)
					*said = nil
				}
				if axe != nil {
					checkAccess(t, ctx, string(axe))
				}
			})
		}
	}
	compareLooks(t, seen)
}

// brokenWords are the words of up to 24 letters that are split over two lines, except in code.
const brokenWords = `(() => {
	const broken = [], walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
	for (let node; node = walk.nextNode();) {
		const box = node.parentElement;
		if (box.closest("pre, option, script, style, .sr, .skip") || !box.checkVisibility()) continue;
		for (const word of node.data.matchAll(/[\p{L}\p{N}_]{2,24}/gu)) {
			const range = document.createRange();
			range.setStart(node, word.index);
			range.setEnd(node, word.index + word[0].length);
			const tops = new Set([...range.getClientRects()].filter((r) => r.width > 0).map((r) => Math.round(r.top)));
			if (tops.size > 1) broken.push(word[0]);
		}
	}
	return broken.slice(0, 5);
})()`

// tabHidden says whether a part of the view's tab is outside the window.
const tabHidden = `(() => {
	const tab = document.querySelector(".body > nav [aria-current]");
	if (!tab) return false;
	const box = tab.getBoundingClientRect();
	return box.left < 0 || box.right > document.documentElement.clientWidth || box.width === 0;
})()`

// fieldsWithoutHelp are the fields of forms that have no description, except the field for the workspace.
const fieldsWithoutHelp = `[...document.querySelectorAll("main input:not([type=hidden]), main select")].filter((field) => {
	const help = document.getElementById(field.getAttribute("aria-describedby"));
	return !help || !help.textContent.trim() || !field.labels.length;
}).map((field) => field.name)`

// checkAccess fails the test for each serious violation that axe-core finds.
func checkAccess(t *testing.T, ctx context.Context, axe string) {
	t.Helper()
	do(t, ctx, chromedp.Evaluate[chromedp.Void](axe+`;0`))
	found := get(t, ctx, chromedp.Evaluate[[]string](`axe.run(document).then(r => r.violations
		.filter(v => v.impact === "serious" || v.impact === "critical")
		.map(v => v.id + ": " + v.help + " at " + v.nodes.slice(0, 3).map(n => n.html.slice(0, 160)).join(" and ")))`, chromedp.EvalAwaitPromise))
	for _, violation := range found {
		t.Error(violation)
	}
}

// snapshot makes a snapshot with the page's own form, which needs a workspace.
func snapshot(t *testing.T, ctx context.Context, cio *emulator.Instance, name string) {
	t.Helper()
	post(t, cio, true, "/v1/identify", `{"userId":"first"}`)
	do(t, ctx, chromedp.Navigate(cio.URL+"/snapshots"), chromedp.SendKeys(chromedp.CSS("#name"), name),
		chromedp.Submit(chromedp.CSS("#name")), chromedp.WaitVisible(chromedp.CSS(".notice.good")))
}
