package emulatortest

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

var (
	pdfPage = regexp.MustCompile(`/Type\s*/Page\b`)
	pdfBox  = regexp.MustCompile(`/MediaBox\s*\[\s*0\s+0\s+(\S+)\s+(\S+?)\s*\]`)
)

// The report of a receipt prints on one sheet of A4, and loads nothing.
func TestErasureReportPrints(t *testing.T) {
	if os.Getenv("CIOKIT_DEEP") != "1" {
		t.Skip("a browser is slow to start; set CIOKIT_DEEP=1")
	}
	t.Parallel()
	file, err := filepath.Abs(filepath.Join("..", "..", "erasure", "testdata", "report.html"))
	if err != nil {
		t.Fatal(err)
	}
	ctx := bounded(t, newBrowser(t))
	do(t, ctx, chromedp.Navigate("file://"+filepath.ToSlash(file)))
	loaded := get(t, ctx, chromedp.Evaluate[int](`performance.getEntriesByType("resource").length`))
	var pdf []byte
	do(t, ctx, chromedp.Func(func(ctx context.Context, tab *chromedp.Target) error {
		printed, err := cdp.Call(ctx, tab, page.PrintToPDF, page.PrintToPDFParams{PreferCSSPageSize: new(true)})
		pdf = printed.Data
		return err
	}))
	if loaded != 0 {
		t.Errorf("the page loads %d files", loaded)
	}
	if n := len(pdfPage.FindAll(pdf, -1)); n != 1 {
		t.Errorf("it prints on %d pages", n)
	}
	// A4 is 595 by 842 points.
	if box := pdfBox.FindSubmatch(pdf); box == nil || !bytes.HasPrefix(box[1], []byte("59")) || !bytes.HasPrefix(box[2], []byte("84")) {
		t.Errorf("the paper is %s", box)
	}
}
