package show

import (
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
)

// The MIME types of what a notebook shows.
const (
	mimeText = "text/plain"
	mimeHTML = "text/html"
	mimePNG  = "image/png"
)

// bundle is one output in all its forms; a notebook shows the richest it can. text is always there.
type bundle struct {
	text string
	html string
	png  []byte
	// width is that of the picture on the page, in CSS pixels; the PNG has more pixels, for screens that do.
	width int
	// id names an output that is shown again, in the place of what it was.
	id string
}

// These are replaced by tests. Nil stands for os.Stdout and os.Stderr as they are at the time.
var (
	stdout, stderr io.Writer
	exit           = os.Exit
)

// HeadlessEnv is an environment variable that, not empty, says that nobody looks on: the ports of servers on this machine, which differ from
// run to run, are then shown as PORT.
const HeadlessEnv = "CIOKIT_NOTEBOOK_HEADLESS"

var localPort = regexp.MustCompile(`\b(127\.0\.0\.1|localhost):\d+`)

func mask(s string) string {
	if os.Getenv(HeadlessEnv) == "" {
		return s
	}
	return localPort.ReplaceAllString(s, "$1:PORT")
}

// show puts out b: to the notebook if there is one, else its text to standard output.
func (b bundle) show() {
	if !strings.HasSuffix(b.text, "\n") {
		b.text += "\n"
	}
	b.text, b.html = mask(b.text), mask(b.html)
	if kernel := notebook(); kernel != nil {
		if err := kernel.display(b); err == nil {
			return
		}
	}
	var out io.Writer = os.Stdout
	if stdout != nil {
		out = stdout
	}
	io.WriteString(out, b.text)
}

func (b bundle) data() map[string]any {
	d := map[string]any{mimeText: b.text}
	if b.html != "" {
		d[mimeHTML] = b.html
	}
	if b.png != nil {
		d[mimePNG] = b.png
	}
	return d
}

// fatal ends the cell.
func fatal(format string, args ...any) {
	var out io.Writer = os.Stderr
	if stderr != nil {
		out = stderr
	}
	fmt.Fprintf(out, format+"\n", args...)
	exit(1)
}
