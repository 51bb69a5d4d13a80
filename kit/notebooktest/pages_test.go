package notebooktest

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp"
)

// pagesEnv names the directory with the converted notebooks. Their pictures are written to the same directory.
const pagesEnv = "CIOKIT_NOTEBOOK_PAGES"

// TestPages opens the pages that Jupyter made from the notebooks in a browser. The title and every chart are there, and no cell has written to
// standard error. The test takes a picture of each page.
func TestPages(t *testing.T) {
	dir := os.Getenv(pagesEnv)
	if dir == "" {
		t.Skip("set " + pagesEnv + " to a directory of pages, as .ci/notebooks does with those of Jupyter")
	}
	path, err := exec.LookPath("chromium")
	if err != nil {
		t.Fatalf("no browser: %v", err)
	}
	options := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.NoSandbox, chromedp.DisableGPU, chromedp.WindowSize(1000, 900),
		chromedp.Flag("host-resolver-rules", "MAP * ~NOTFOUND")) // other resources of a page of Jupyter are not needed
	allocator, end := chromedp.NewExecAllocator(t.Context(), options...)
	defer end()
	browser, end := chromedp.NewContext(allocator, chromedp.WithErrorf(func(string, ...any) {}))
	defer end()
	if err := chromedp.Do(browser); err != nil { // so that the browser is not closed with the context of the first page
		t.Fatal(err)
	}
	for _, d := range documents(t) {
		name := strings.TrimSuffix(d.Name, ".ipynb")
		page, err := filepath.Abs(filepath.Join(dir, name+".html"))
		if err != nil {
			t.Fatal(err)
		}
		charts := 0
		for _, c := range d.CodeCells() {
			for _, o := range c.Outputs {
				if strings.Contains(strings.Join(o.Forms, " "), "image/png") {
					charts++
				}
			}
		}
		ctx, end := context.WithTimeout(browser, time.Minute)
		seen, picture, err := look(ctx, "file://"+page)
		end()
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if seen.Title != d.Title() || seen.Charts != charts || charts == 0 || seen.Broken > 0 || seen.Stderr > 0 || seen.Cells != len(d.CodeCells()) || len(seen.TooWide) > 0 {
			t.Errorf("%s: the page has %+v; want the title %q, %d charts, %d cells, and nothing that is too wide", name, seen, d.Title(), charts, len(d.CodeCells()))
		}
		if err := os.WriteFile(filepath.Join(dir, name+".png"), picture, 0o644); err != nil {
			t.Error(err)
		}
	}
}

// onPage is what the browser finds on a page.
type onPage struct {
	Title   string   `json:"title"`
	Charts  int      `json:"charts"`
	Broken  int      `json:"broken"`
	Stderr  int      `json:"stderr"`
	Cells   int      `json:"cells"`
	TooWide []string `json:"tooWide"`
}

// look opens a page, counts its parts, and takes its picture.
func look(ctx context.Context, address string) (seen onPage, picture []byte, err error) {
	if err := chromedp.Do(ctx, chromedp.Navigate(address), chromedp.WaitVisible(chromedp.CSS("h1"))); err != nil {
		return seen, nil, err
	}
	seen, err = chromedp.Run(ctx, chromedp.Evaluate[onPage](`({
		title: document.querySelector("h1").firstChild.textContent,
		charts: document.querySelectorAll(".jp-OutputArea img").length,
		broken: [...document.images].filter(i => !i.complete || i.naturalWidth < 100).length,
		stderr: document.querySelectorAll('[data-mime-type="application/vnd.jupyter.stderr"]').length,
		cells: document.querySelectorAll(".jp-CodeCell").length,
		tooWide: [...document.querySelectorAll(".jp-OutputArea-output table, .jp-OutputArea-output img")].filter(e => e.getBoundingClientRect().right > innerWidth).map(e => e.textContent.slice(0, 60) || "a chart"),
	})`))
	if err != nil {
		return seen, nil, err
	}
	picture, err = chromedp.Run(ctx, chromedp.FullScreenshot(100))
	return seen, picture, err
}
