package emulatortest

import (
	"context"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
	"github.com/ciokit/cio/emulator"
)

// eventually runs actions until the JavaScript expression is true.
func eventually(expression string) chromedp.Action {
	return chromedp.Poll(expression, nil, chromedp.WithPollingTimeout(browserTimeout))
}

func do(t *testing.T, ctx context.Context, actions ...chromedp.Action) {
	t.Helper()
	if err := chromedp.Run(ctx, actions...); err != nil {
		t.Fatal(err)
	}
}

// TestPageLive watches an empty server fill up: counters and rows follow
// without a reload, in rows that were there before, and text stays text.
func TestPageLive(t *testing.T) {
	ctx := bounded(t, newBrowser(t))
	cio := emulator.Start(t)
	said := complaints(ctx)
	var before, after, first string
	do(t, ctx, chromedp.Navigate(cio.URL+"/"), chromedp.WaitVisible(".live.on", chromedp.ByQuery),
		chromedp.WaitVisible("[data-start]", chromedp.ByQuery),
		chromedp.Evaluate(`String(document.querySelector("[data-stream]").getBoundingClientRect().height)`, &before))
	screenshot(t, ctx, "empty-light")

	post(t, cio, true, "/v1/track", `{"userId":"u1","event":"Signed Up"}`)
	post(t, cio, false, "/v1/track", `{"userId":"u1"}`)
	post(t, cio, true, "/v1/track", `{"userId":"u1","event":`+quoted(script)+`}`)
	do(t, ctx, eventually(`document.querySelector('[data-stat=accepted]').textContent === "2"`),
		eventually(`document.querySelector('[data-stat=dropped]').textContent === "1"`),
		eventually(`document.querySelectorAll("[data-stream] tr.new").length === 3`),
		chromedp.Text("[data-stream] tbody tr", &first, chromedp.ByQuery),
		chromedp.Evaluate(`String(document.querySelector("[data-stream]").getBoundingClientRect().height)`, &after))
	if !strings.Contains(first, "<script>") {
		t.Errorf("the newest row is %q", first)
	}
	if before != after {
		t.Errorf("the table was %s px high and is %s: the page jumps", before, after)
	}

	// A pause keeps the rows, and catches up afterwards.
	do(t, ctx, chromedp.Click("[data-pause]", chromedp.ByQuery))
	post(t, cio, true, "/v1/track", `{"userId":"u1","event":"While paused"}`)
	do(t, ctx, eventually(`document.querySelector('[data-stat=accepted]').textContent === "3"`),
		eventually(`!document.querySelector("[data-stream]").textContent.includes("While paused")`),
		chromedp.Click("[data-pause]", chromedp.ByQuery),
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

	var text string
	do(t, ctx, chromedp.Navigate(cio.URL+"/people"), chromedp.WaitReady("#q", chromedp.ByQuery),
		chromedp.KeyEvent("/"), eventually(`document.activeElement.id === "q"`),
		// The protocol types the slash although the page took the key for itself.
		chromedp.Evaluate(`document.activeElement.value = ""`, nil), chromedp.KeyEvent("BARBARA59"), chromedp.KeyEvent(kb.Enter),
		chromedp.WaitVisible("tbody tr:only-child", chromedp.ByQuery), chromedp.Text("tbody", &text, chromedp.ByQuery))
	if !strings.Contains(text, "barbara59@example.com") {
		t.Errorf("the search found %q", text)
	}
	do(t, ctx, chromedp.Click("tbody a", chromedp.ByQuery), chromedp.WaitVisible(".ids", chromedp.ByQuery), chromedp.Text("h1", &text, chromedp.ByQuery))
	if strings.TrimSpace(text) != "u59" {
		t.Errorf("the link led to %q", text)
	}

	do(t, ctx, chromedp.Navigate(cio.URL+"/faults"), chromedp.SetValue("[name=status]", "503", chromedp.ByQuery),
		chromedp.SetValue("[name=count]", "1", chromedp.ByQuery), chromedp.Click(".grid .buttons button", chromedp.ByQuery),
		chromedp.WaitVisible(".notice.good", chromedp.ByQuery))
	if status := post(t, cio, true, "/v1/identify", `{"userId":"u1"}`); status != 503 {
		t.Errorf("after the fault of the page: status %d", status)
	}
	do(t, ctx, chromedp.SetValue("[name=at]", "2030-01-02T03:04:05Z", chromedp.ByQuery),
		chromedp.Click("[name=stopped]", chromedp.ByQuery), chromedp.Submit("[name=at]", chromedp.ByQuery),
		chromedp.WaitVisible(".notice:not(.good)", chromedp.ByQuery), chromedp.Text(".notice:not(.good)", &text, chromedp.ByQuery))
	if !strings.Contains(text, "2030-01-02 03:04:05") {
		t.Errorf("the page says %q", text)
	}
	if clock := cio.Server.Clock(); !clock.Stopped || clock.Now.Year() != 2030 {
		t.Errorf("clock %+v", clock)
	}

	requests := cio.Stats().Requests
	do(t, ctx, chromedp.Navigate(cio.URL+"/requests/3"), chromedp.Text("#curl", &text, chromedp.ByQuery),
		chromedp.Click(".inline button", chromedp.ByQuery), chromedp.WaitVisible(".notice.good", chromedp.ByQuery))
	if cio.Stats().Requests != requests+1 || cio.Messages(emulator.VerdictAccepted)[0].MessageID != "seed-i0" {
		t.Errorf("after a replay: %d requests, the newest message %q", cio.Stats().Requests, cio.Messages("")[0].MessageID)
	}
	if strings.Contains(text, cio.Key) || !strings.Contains(text, "X-Strict-Mode: 1") || !strings.Contains(text, cio.URL+"/v1/identify") {
		t.Errorf("curl: %s", text)
	}
	do(t, ctx, chromedp.Navigate(cio.URL+"/workspaces"),
		chromedp.Evaluate(`window.confirm = () => true; document.querySelector("tbody button").click()`, nil),
		chromedp.WaitVisible(".notice.good", chromedp.ByQuery))
	if cio.Stats() != (emulator.Stats{}) {
		t.Errorf("after emptying it: %+v", cio.Stats())
	}
}
