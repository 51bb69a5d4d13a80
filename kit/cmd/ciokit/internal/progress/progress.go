// Package progress shows the progress of a load.
package progress

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/internal/plural"
	"github.com/ciokit/cio/kit/internal/printed"
	"github.com/ciokit/cio/kit/load"
)

// Display shows the progress of a load: as bars on a terminal, elsewhere as a line every few seconds, or as events. Lines that are written to it
// appear above the bars. Several goroutines can write. One goroutine calls Update, and Close at the end.
type Display struct {
	w     io.Writer
	name  string
	files []file
	quiet bool
	json  bool      // one event a line
	said  time.Time // when the last line was written
	bars  *bars     // nil without a terminal
	words func(string) string

	mu   sync.Mutex // the bars are drawn on a separate goroutine
	last load.Progress
	pace pace
	wait waiting
}

// file is one of the files of an input.
type file struct {
	name string
	size int64
	from int64 // bytes of the files before it
}

// sayEvery is the time between two lines without a terminal.
const sayEvery = 5 * time.Second

// tellEvery is the time between two events of --progress json.
const tellEvery = time.Second

// Config is what a display shows, and how.
type Config struct {
	// Name is the name of the input, - for standard input.
	Name string
	// Files are the files of the input. Their sizes show which one is being read, if there are several.
	Files []string
	// Mode is the value of --progress: auto, none or json.
	Mode string
	// Quiet says that auto means none.
	Quiet bool
	// Words writes an error in the words of the command; nil is console.FlagWords.
	Words func(string) string
}

// New returns a display on w. The error has an exit code.
func New(w io.Writer, cfg Config) (*Display, error) {
	p := &Display{w: w, name: printed.Line(filepath.Base(cfg.Name)), said: time.Now(), quiet: cfg.Quiet, words: cfg.Words}
	if p.words == nil {
		p.words = console.FlagWords
	}
	p.wait.words = p.words
	switch cfg.Mode {
	case "json":
		p.quiet, p.json = false, true
	case "none":
		p.quiet = true
	case "auto":
	default:
		return nil, console.OneOf("progress", cfg.Mode, "auto", "none", "json")
	}
	if cfg.Name == "-" {
		p.name = "standard input"
	}
	if len(cfg.Files) > 1 {
		p.files = sizesOf(cfg.Files)
	}
	if !p.quiet && !p.json && console.Terminal(w) && os.Getenv("TERM") != "dumb" {
		p.bars = newBars(console.Raw(w).(io.Writer), p)
	}
	return p, nil
}

// Logger returns a logger that writes warnings above the bars, without those that the display already shows.
func (p *Display) Logger() *slog.Logger {
	log := console.Logger(p, p.words)
	if p.quiet {
		return log
	}
	return slog.New(withoutWaiting{log.Handler()})
}

// sizesOf returns the files with their sizes, or none if one size is not known: then it is not known which file is being read.
func sizesOf(names []string) (files []file) {
	from := int64(0)
	for _, name := range names {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() {
			return nil
		}
		files = append(files, file{printed.Line(filepath.Base(name)), info.Size(), from})
		from += info.Size()
	}
	return files
}

// fileAt returns the file at this offset of the input, and its number from 1. The number is 0 if there is only one file.
func (p *Display) fileAt(read int64) (file, int) {
	for i := len(p.files) - 1; i >= 0; i-- {
		if f := p.files[i]; read >= f.from && (read < f.from+f.size || i == len(p.files)-1 || f.size == 0) {
			return f, i + 1
		}
	}
	return file{}, 0
}

// event is a line of --progress json.
type event struct {
	Event string    `json:"event"` // progress, stopped or done
	At    time.Time `json:"at"`
	File  string    `json:"file"`
	Read  int64     `json:"read"` // bytes of the input
	Size  int64     `json:"size"` // 0 if it is not known
	load.Summary
	Queued      int64 `json:"queued"`
	RateLimited int64 `json:"rate_limited"`
	// RowsPerSecond is the speed in the last seconds. Left is the number of seconds left at that speed, absent if it is not known.
	RowsPerSecond int64    `json:"rows_per_second"`
	Left          *int64   `json:"seconds_left,omitempty"`
	Current       *current `json:"current,omitempty"` // of several files
	Waiting       string   `json:"waiting,omitempty"` // the error for which requests are retried
	Stopped       string   `json:"stopped,omitempty"` // why the load has stopped sending
}

// current is the file that is being read.
type current struct {
	File  string `json:"file"`
	Index int    `json:"index"` // from 1
	Of    int    `json:"of"`
	Read  int64  `json:"read"`
	Size  int64  `json:"size"`
}

func (p *Display) tell(now load.Progress) {
	e := event{Event: "progress", At: time.Now().UTC(), File: p.name, Read: now.Read, Size: now.Size, Summary: now.Summary, Queued: now.Queued, RateLimited: now.RateLimited,
		RowsPerSecond: int64(p.pace.rows())}
	if left, ok := p.pace.left(now.Read, now.Size); ok {
		n := int64(math.Round(left.Seconds()))
		e.Left = &n
	}
	if f, i := p.fileAt(now.Read); i > 0 {
		e.Current = &current{f.name, i, len(p.files), now.Read - f.from, f.size}
	}
	if now.Failing != nil && !now.Done {
		e.Waiting = inShort(now.Failing, p.words)
	}
	if now.Stopped != nil {
		e.Event, e.Stopped = "stopped", p.words(now.Stopped.Error())
	}
	if now.Done {
		e.Event = "done"
	}
	if line, err := json.Marshal(e); err == nil {
		p.w.Write(append(line, '\n'))
	}
}

// Update shows the progress.
func (p *Display) Update(now load.Progress) {
	p.mu.Lock()
	p.last = now
	p.pace.add(time.Now(), now.Rows, now.Read)
	p.wait.see(now.Failing)
	p.mu.Unlock()
	switch {
	case p.json:
		if now.Done || time.Since(p.said) >= tellEvery {
			p.said = time.Now()
			p.tell(now)
		}
	case p.bars != nil:
		p.bars.draw(now)
	case p.quiet || now.Done:
	case now.Failing != nil && !p.wait.due(): // without progress, a new line would say nothing new
	case now.Failing != nil:
		p.said = time.Now()
		fmt.Fprintf(p.w, "%s: %s\n", p.line(now), p.counts())
	case time.Since(p.said) >= sayEvery:
		p.said = time.Now()
		fmt.Fprintf(p.w, "%s: %s, %s\n", p.line(now), p.speed(), p.counts())
	}
}

// line names the file that is being read and its progress, if there are no bars.
func (p *Display) line(now load.Progress) string {
	s := p.name
	if f, i := p.fileAt(now.Read); i > 0 {
		s = fmt.Sprintf("%s (%d of %d)", f.name, i, len(p.files))
	}
	if now.Size > 0 {
		s += fmt.Sprintf(": %d %%", percent(now.Read, now.Size))
	}
	return s
}

func percent(read, size int64) int64 {
	if size == 0 {
		return 0
	}
	return min(read*100/size, 100)
}

// speed says how fast the load is and how much longer it takes.
func (p *Display) speed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := plural.Count(int64(p.pace.rows()), "row/s", "rows/s")
	if left, ok := p.pace.left(p.last.Read, p.last.Size); ok {
		s += ", " + remaining(left) + " left"
	}
	return s
}

// counts says how many messages were accepted, rejected and so on, and what slows the load down.
func (p *Display) counts() string {
	p.mu.Lock()
	now, waits := p.last, p.wait.String()
	p.mu.Unlock()
	parts := []string{plural.Count(now.Rows, "row", "rows")}
	add := func(n int64, one, several string) {
		if n > 0 {
			parts = append(parts, plural.Count(n, one, several))
		}
	}
	add(now.Unchanged, "unchanged", "unchanged")
	parts = append(parts, plural.Grouped(now.Accepted)+" accepted")
	add(now.Rejected+now.RejectedByAPI, "rejected", "rejected")
	add(now.Warnings, "warning", "warnings")
	add(now.Queued, "queued", "queued")
	add(now.RateLimited, "answer 429", "answers 429")
	add(now.Retried, "retry", "retries")
	s := strings.Join(parts, ", ")
	if waits != "" {
		s += "; " + waits
	}
	if now.Stopped != nil {
		s += "; sending has stopped, counting the rest"
	}
	return s
}

// Write writes a line above the bars.
func (p *Display) Write(b []byte) (int, error) {
	if p.bars != nil {
		return p.bars.all.Write(b)
	}
	return p.w.Write(b)
}

// Close removes the bars before the summary.
func (p *Display) Close() {
	if p.bars != nil {
		p.bars.close()
		p.bars = nil
	}
}
