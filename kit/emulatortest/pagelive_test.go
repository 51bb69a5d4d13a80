package emulatortest

import (
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/ciokit/cio/emulator"
)

// eventually runs actions until the JavaScript expression is true.
func eventually(expression string) chromedp.Action[chromedp.Void] {
	return chromedp.Poll[chromedp.Void](expression, chromedp.WithPollingTimeout(browserTimeout))
}

// TestPageLive watches an empty server fill up: counters and rows follow
// without a reload, in rows that were there before, and text stays text.
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

	// A pause keeps the rows, and catches up afterwards.
	do(t, ctx, chromedp.Click(chromedp.CSS("[data-pause]")))
	post(t, cio, true, "/v1/track", `{"userId":"u1","event":"While paused"}`)
	do(t, ctx, eventually(`document.querySelector('[data-stat=accepted]').textContent === "3"`),
		eventually(`!document.querySelector("[data-stream]").textContent.includes("While paused")`),
		chromedp.Click(chromedp.CSS("[data-pause]")),
		eventually(`document.querySelector("[data-stream]").textContent.includes("While paused")`))

	// After a reset the counters follow, and so do the next messages.
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

// TestPageActions uses the forms as a person does, with the keyboard where that
// is quicker.
func TestPageActions(t *testing.T) {
	ctx := bounded(t, newBrowser(t))
	cio := emulator.Start(t)
	seed(t, cio)

	text := func(css chromedp.CSS) string { return get(t, ctx, chromedp.Text(css)) }
	do(t, ctx, chromedp.Navigate(cio.URL+"/people"), chromedp.WaitReady(chromedp.CSS("#q")),
		chromedp.KeyEvent("/"), eventually(`document.activeElement.id === "q"`),
		// The protocol types the slash although the page took the key for itself.
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
