package emulatortest

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/ciokit/cio/emulator"
)

// eventually runs actions until the JavaScript expression is true.
func eventually(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(browserTimeout))
}

// TestPageLive checks an empty server while messages arrive: counters and rows change without a reload, existing rows are updated, and text stays
// text.
func TestPageLive(t *testing.T) {
	ctx := bounded(t, newBrowser(t))
	cio := emulator.Start(t)
	said := complaints(t, ctx)
	height := chromedp.Evaluate[float64](`document.querySelector("[data-stream]").getBoundingClientRect().height`)
	do(t, ctx, chromedp.Navigate(cio.URL+"/"), chromedp.WaitVisible(chromedp.CSS(".live.on")),
		chromedp.WaitVisible(chromedp.CSS("[data-start]")))
	before := get(t, ctx, height)
	screenshot(t, ctx, "empty-light")

	post(t, cio, true, "/v1/track", `{"userId":"u1","event":"Signed Up"}`)
	post(t, cio, false, "/v1/track", `{"userId":"u1"}`)
	post(t, cio, true, "/v1/track", `{"userId":"u1","event":`+quoted(script)+`}`)
	do(t, ctx, eventually(`document.querySelector('[data-stat=accepted]').textContent === "2"`),
		eventually(`document.querySelector('[data-stat=dropped]').textContent === "1"`),
		eventually(`document.querySelectorAll("[data-stream] tr.new").length === 3`))
	if first := get(t, ctx, chromedp.Text(chromedp.CSS("[data-stream] tbody tr"))); !strings.Contains(first, "<script>") {
		t.Errorf("the newest row is %q", first)
	}
	if after := get(t, ctx, height); before != after {
		t.Errorf("the table was %v px high and is %v: the page jumps", before, after)
	}

	// A pause keeps the rows unchanged. Afterwards the page shows everything that arrived.
	do(t, ctx, chromedp.Click(chromedp.CSS("[data-pause]")))
	post(t, cio, true, "/v1/track", `{"userId":"u1","event":"While paused"}`)
	do(t, ctx, eventually(`document.querySelector('[data-stat=accepted]').textContent === "3"`),
		eventually(`!document.querySelector("[data-stream]").textContent.includes("While paused")`),
		chromedp.Click(chromedp.CSS("[data-pause]")),
		eventually(`document.querySelector("[data-stream]").textContent.includes("While paused")`))

	// A burst makes a few rows, and each of them links to the list of its messages.
	batch := strings.Repeat(`{"type":"track","userId":"u1","event":"Bought"},`, 60) + `{"type":"track","userId":"lost"}`
	post(t, cio, false, "/v1/batch", `{"batch":[`+batch+`]}`)
	do(t, ctx, eventually(`document.querySelector("[data-stream]").textContent.includes("60 track Bought")`),
		eventually(`document.querySelector("[data-stream] tbody tr").textContent.includes("missing-event")`))
	if now := get(t, ctx, height); before != now {
		t.Errorf("after a burst the table is %v px high, and was %v", now, before)
	}

	// After a reset, the counters change, and the next messages are shown.
	if err := cio.Server.ResetWorkspace(cio.Key); err != nil {
		t.Fatal(err)
	}
	do(t, ctx, eventually(`document.querySelector('[data-stat=accepted]').textContent === "0"`))
	post(t, cio, true, "/v1/track", `{"userId":"u1","event":"After the reset"}`)
	do(t, ctx, eventually(`document.querySelector("[data-stream]").textContent.includes("After the reset")`))
	if len(*said) > 0 {
		t.Errorf("the console says %q", *said)
	}
}

// TestListIsLive opens a list while messages arrive: the list does not change. It counts the new messages that belong to it, and links to them.
func TestListIsLive(t *testing.T) {
	ctx := bounded(t, newBrowser(t))
	cio := emulator.Start(t)
	said := complaints(t, ctx)
	post(t, cio, true, "/v1/track", `{"userId":"u1","event":"Bought"}`)
	do(t, ctx, chromedp.Navigate(cio.URL+"/messages?q=bought"), chromedp.WaitVisible(chromedp.CSS(".live.on")))
	top := chromedp.Evaluate[float64](`document.querySelector(".messages li").getBoundingClientRect().top`)
	before := get(t, ctx, top)
	post(t, cio, true, "/v1/identify", `{"userId":"u1"}`)
	post(t, cio, true, "/v1/track", `{"userId":"u1","event":"Bought"}`)
	do(t, ctx, eventually(`document.querySelector("[data-new]").textContent === "1 new message"`), chromedp.WaitVisible(chromedp.CSS("[data-new]")))
	post(t, cio, true, "/v1/track", `{"userId":"u2","event":"Bought"}`)
	do(t, ctx, eventually(`document.querySelector("[data-new]").textContent === "2 new messages"`))
	screenshot(t, ctx, "new-light")
	if after := get(t, ctx, top); before != after {
		t.Errorf("the list was at %v and is at %v: the page jumps", before, after)
	}
	if n := get(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll(".messages li").length`)); n != 1 {
		t.Errorf("the list has %d messages", n)
	}
	if status := get(t, ctx, chromedp.Evaluate[string](`document.querySelector("[data-new-said]").textContent`)); status != "There are new messages." {
		t.Errorf("the status is %q", status)
	}
	do(t, ctx, chromedp.Click(chromedp.CSS("[data-new]")))
	arrived(t, ctx, `location.search.includes("q=bought") && document.querySelectorAll(".messages li").length === 3 && document.querySelector("[data-new]").hidden`)
	if len(*said) > 0 {
		t.Errorf("the console says %q", *said)
	}
}

// TestNarrowViews opens lists in a window of 400 px. With every filter, the first message is in the upper half, and no horizontal scrolling is
// needed.
func TestNarrowViews(t *testing.T) {
	ctx := bounded(t, newBrowser(t))
	cio := emulator.Start(t)
	seed(t, cio)
	do(t, ctx, looks[len(looks)-1].set())
	for _, path := range []string{"/messages", "/messages?q=order&type=track&person=u1&verdict=accepted"} {
		do(t, ctx, chromedp.Navigate(cio.URL+path), chromedp.WaitVisible(chromedp.CSS(".live.on")))
		if top := get(t, ctx, chromedp.Evaluate[float64](`document.querySelector(".messages li").getBoundingClientRect().top`)); top > 400 {
			t.Errorf("%s: the first message begins at %v px", path, top)
		}
	}
	if summary := get(t, ctx, chromedp.Text(chromedp.CSS("summary"))); !strings.Contains(summary, "verdict accepted, type track, person u1") {
		t.Errorf("the folded filters are %q", summary)
	}
	do(t, ctx, chromedp.Click(chromedp.CSS("summary")), chromedp.WaitVisible(chromedp.CSS("#field-person")))
	for _, v := range views {
		do(t, ctx, chromedp.Navigate(cio.URL+v.path), chromedp.WaitReady(chromedp.CSS("main")))
		wide := get(t, ctx, chromedp.Evaluate[[]string](`[...document.querySelectorAll(".scroll")].filter((box) => box.scrollWidth > box.clientWidth).map((box) => box.getAttribute("aria-label"))`))
		// The rows of the overview keep their height while messages arrive.
		wide = slices.DeleteFunc(wide, func(name string) bool { return name == "The newest messages" })
		if len(wide) > 0 {
			t.Errorf("%s: wider than the window: %q", v.path, wide)
		}
	}
}

// TestPageActions uses the forms as a person does, with the keyboard if that is faster.
func TestPageActions(t *testing.T) {
	ctx := bounded(t, newBrowser(t))
	cio := emulator.Start(t)
	seed(t, cio)

	text := func(css chromedp.CSS) string { return get(t, ctx, chromedp.Text(css)) }
	do(t, ctx, chromedp.Navigate(cio.URL+"/people"), chromedp.WaitReady(chromedp.CSS("#q")),
		chromedp.KeyEvent("/"), eventually(`document.activeElement.id === "q"`),
		// The protocol types the slash, although the page has used the key as its shortcut.
		chromedp.Evaluate[chromedp.Void](`document.activeElement.value = ""`), chromedp.KeyEvent("BARBARA59"), chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible(chromedp.CSS("tbody tr:only-child")))
	if found := text("tbody"); !strings.Contains(found, "barbara59@example.com") {
		t.Errorf("the search found %q", found)
	}
	do(t, ctx, chromedp.Click(chromedp.CSS("tbody a")), chromedp.WaitVisible(chromedp.CSS(".ids")))
	if title := text("h1"); strings.TrimSpace(title) != "u59" {
		t.Errorf("the link led to %q", title)
	}

	do(t, ctx, chromedp.Navigate(cio.URL+"/faults"), chromedp.SetValue(chromedp.CSS("[name=status]"), "503"),
		chromedp.SetValue(chromedp.CSS("[name=count]"), "1"), chromedp.Click(chromedp.CSS(".grid .buttons button")),
		chromedp.WaitVisible(chromedp.CSS(".notice.good")))
	if status := post(t, cio, true, "/v1/identify", `{"userId":"u1"}`); status != 503 {
		t.Errorf("after the fault of the page: status %d", status)
	}
	do(t, ctx, chromedp.SetValue(chromedp.CSS("[name=at]"), "2030-01-02T03:04:05Z"),
		chromedp.Click(chromedp.CSS("[name=stopped]")), chromedp.Submit(chromedp.CSS("[name=at]")),
		chromedp.WaitVisible(chromedp.CSS(".notice:not(.good)")))
	if notice := text(".notice:not(.good)"); !strings.Contains(notice, "2030-01-02 03:04:05") {
		t.Errorf("the page says %q", notice)
	}
	if clock := cio.Server.Clock(); !clock.Stopped || clock.Now.Year() != 2030 {
		t.Errorf("clock %+v", clock)
	}

	messageFlow(t, ctx, cio)

	requests := cio.Stats().Requests
	do(t, ctx, chromedp.Navigate(cio.URL+"/requests/3"))
	curl := text("#curl")
	do(t, ctx, chromedp.Click(chromedp.CSS(".inline button")), chromedp.WaitVisible(chromedp.CSS(".notice.good")))
	if cio.Stats().Requests != requests+1 || cio.Messages(emulator.MessagesQuery{Verdict: emulator.VerdictAccepted}).Messages[0].MessageID != "seed-i0" {
		t.Errorf("after a replay: %d requests, the newest message %q", cio.Stats().Requests, cio.Messages(emulator.MessagesQuery{}).Messages[0].MessageID)
	}
	if strings.Contains(curl, cio.Key) || !strings.Contains(curl, "X-Strict-Mode: 1") || !strings.Contains(curl, cio.URL+"/v1/identify") {
		t.Errorf("curl: %s", curl)
	}
	do(t, ctx, chromedp.Navigate(cio.URL+"/workspaces"),
		chromedp.Evaluate[chromedp.Void](`window.confirm = () => true; document.querySelector("tbody button").click()`),
		chromedp.WaitVisible(chromedp.CSS(".notice.good")))
	if cio.Stats() != (emulator.Stats{}) {
		t.Errorf("after emptying it: %+v", cio.Stats())
	}
}

// arrived waits until the expression is true on the page that a click has opened. The page before it can disappear in the meantime, and with it the
// evaluation of the expression.
func arrived(t *testing.T, ctx context.Context, expression string) {
	t.Helper()
	for {
		there, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && (`+expression+`)`))
		if err == nil && there {
			return
		}
		select {
		case <-ctx.Done():
			t.Fatalf("%s: %v, %v", expression, context.Cause(ctx), err)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// messageFlow goes from the overview to a message, and to its neighbours and its person. It searches, pages through a list, and opens things that do
// not exist.
func messageFlow(t *testing.T, ctx context.Context, cio *emulator.Instance) {
	t.Helper()
	text := func(css chromedp.CSS) string { return get(t, ctx, chromedp.Text(css)) }
	reads := func(what string, css chromedp.CSS, want ...string) {
		t.Helper()
		shown := text(css)
		for _, w := range want {
			if !strings.Contains(shown, w) {
				t.Errorf("%s: %q is not in %.400q", what, w, shown)
			}
		}
	}
	click := func(css chromedp.CSS, then string) {
		t.Helper()
		do(t, ctx, chromedp.Click(css))
		arrived(t, ctx, then)
	}
	at := func(path string) string { return `location.pathname === "` + path + `"` }

	do(t, ctx, chromedp.Navigate(cio.URL+"/"), chromedp.WaitReady(chromedp.CSS("[data-stream] tbody a")))
	click("[data-stream] tbody a", `location.pathname.startsWith("/messages/")`)
	reads("the newest message", "main", "suppressed", "gone", "Send it again with curl", "$CUSTOMERIO_API_KEY", "Order Completed")
	do(t, ctx, chromedp.Navigate(cio.URL+"/messages/3"))
	reads("the third", "main", `created "u0"`, "seed-i0", "first_name")
	click("a[rel=next]", at("/messages/2"))
	click("a[rel=prev]", at("/messages/3"))
	click("dl.ids dd a", at("/people/u0"))
	reads("its person", "main", "ada0@example.com")

	// The form's address can be shared: it leads to the same list.
	do(t, ctx, chromedp.Navigate(cio.URL+"/messages"), chromedp.SetValue(chromedp.CSS("#q"), "SEED-"), chromedp.Click(chromedp.CSS("details summary")),
		chromedp.WaitVisible(chromedp.CSS("#field-event")), chromedp.SetValue(chromedp.CSS("#field-event"), "Signed Up"), chromedp.SetValue(chromedp.CSS("#field-type"), "track"),
		chromedp.Submit(chromedp.CSS("#q")))
	arrived(t, ctx, `location.search.includes("event=Signed+Up")`)
	if n := get(t, ctx, chromedp.Evaluate[int](`document.querySelectorAll(".messages li").length`)); n != 20 {
		t.Errorf("the filter shows %d messages, want 20", n)
	}
	click(".tabs a:nth-child(2)", `location.search.includes("verdict=not+accepted")`)
	reads("no match", "main", "No stored message matches")
	do(t, ctx, chromedp.Navigate(cio.URL+"/messages?q=seed-"))
	first := text(".messages li")
	click("a[rel=next]", `location.search.includes("before=")`)
	if second := text(".messages li"); second == first {
		t.Errorf("the second page begins as the first: %q", second)
	}
	click(".pages a", `!location.search.includes("before=")`)
	do(t, ctx, chromedp.Navigate(cio.URL+"/messages?from=soon"))
	reads("a wrong filter", "main", "how long ago")

	do(t, ctx, chromedp.Navigate(cio.URL+"/nowhere"))
	reads("nothing", "main", "There is no such page", "Back to the overview")
	do(t, ctx, chromedp.Navigate(cio.URL+"/messages/9999"))
	reads("no message", "main", "The newest message of this workspace")

	// Deleting a person also deletes the contents of their messages.
	do(t, ctx, chromedp.Navigate(cio.URL+"/people/u58"), chromedp.Evaluate[chromedp.Void](`window.confirm = () => true`),
		chromedp.Click(chromedp.CSS(".actions button")), chromedp.WaitVisible(chromedp.CSS(".notice.good")))
	if _, there := cio.Find("u58"); there {
		t.Error("the person is still there")
	}
}
