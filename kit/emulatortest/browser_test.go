package emulatortest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
)

// browserTimeout limits one test in the browser, or one subtest of many. If a page never appears, only that test fails, however many ran before it.
const browserTimeout = 5 * time.Minute

// newBrowser starts a headless Chromium, or skips the test if none is installed. Its context ends with the test; bounded returns one for each part of
// the test.
func newBrowser(t *testing.T, more ...chromedp.ExecAllocatorOption) context.Context {
	t.Helper()
	if testing.Short() {
		t.Skip("a browser is slow to start")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "chrome"} {
		if found, err := exec.LookPath(name); err == nil {
			path = found
			break
		}
	}
	if path == "" {
		t.Skip("no Chromium is installed; on Debian: apt-get install chromium")
	}
	// Not t.TempDir: processes of the browser can still write for a moment after they were ended, and that must not fail the test.
	profile, err := os.MkdirTemp("", "ciokit-browser-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(profile) })
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU,
		chromedp.UserDataDir(profile), chromedp.WindowSize(1280, 900))
	options = append(options, more...)
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	t.Cleanup(end)
	// A Chromium that is newer than the description of the protocol sends unknown values. None of them matters here.
	browser, end := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	t.Cleanup(func() {
		_ = chromedp.Cancel(browser) // waits for the process, because its directory is removed next
		end()
	})
	// The first run starts the process. The context of that run limits the process.
	if err := chromedp.Do(browser); err != nil {
		t.Fatal(err)
	}
	return browser
}

// bounded returns a context that ends after the time for one test in the browser.
func bounded(t *testing.T, ctx context.Context) context.Context {
	t.Helper()
	ctx, end := context.WithTimeout(ctx, browserTimeout)
	t.Cleanup(end)
	return ctx
}

// look is a size and a colour scheme for showing a page.
type look struct {
	name          string
	width, height int64
	dark          bool
}

var looks = []look{{"light", 1280, 900, false}, {"dark", 1280, 900, true}, {"narrow", 400, 860, false}}

func (l look) set() chromedp.Action[chromedp.Void] {
	scheme := "light"
	if l.dark {
		scheme = "dark"
	}
	return chromedp.Steps(chromedp.EmulateViewport(l.width, l.height), send(emulation.SetEmulatedMedia,
		emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}))
}

// send is the action that sends a command of the browser's protocol.
func send[P, R any](command cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		_, err := cdp.Call(ctx, tab, command, params)
		return err
	})
}

func do(t *testing.T, ctx context.Context, steps ...chromedp.Action[chromedp.Void]) {
	t.Helper()
	if err := chromedp.Do(ctx, steps...); err != nil {
		t.Fatal(err)
	}
}

func get[T any](t *testing.T, ctx context.Context, action chromedp.Action[T]) T {
	t.Helper()
	value, err := chromedp.Run(ctx, action)
	if err != nil {
		t.Fatal(err)
	}
	return value
}

// screenshot takes a picture of the page. It writes the picture into the directory in CIOKIT_SCREENSHOTS, or otherwise to the artefacts of the test.
func screenshot(t *testing.T, ctx context.Context, name string) []byte {
	t.Helper()
	dir := os.Getenv("CIOKIT_SCREENSHOTS")
	if dir == "" {
		dir = t.ArtifactDir() // without -artifacts the directory is removed afterwards
	}
	picture := get(t, ctx, chromedp.CaptureScreenshot())
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
		t.Fatal(err)
	}
	return picture
}
