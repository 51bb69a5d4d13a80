// Package progress shows how far a load has come.
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

// Display shows how far a load has come: as bars on a terminal, elsewhere as a line every few seconds, or as events. It is a writer of lines that
// stand above the bars. Several goroutines may write; one calls Update, and Close at the end.
type Display struct {
	w     io.Writer
	name  string
	files []file
	quiet bool
	json  bool      // one event a line
	said  time.Time // when the last line was written
	bars  *bars     // nil without a terminal
	words func(string) string

	mu   sync.Mutex // the bars are drawn on a goroutine of their own
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

// sayEvery is the time between two lines where there is no terminal.
const sayEvery = 5 * time.Second

// tellEvery is the time between two events of --progress json.
const tellEvery = time.Second

// Config is what a display shows, and how.
type Config struct {
	// Name is what the input is called, - for standard input.
	Name string
	// Files are what it consists of. Their sizes tell which one is at hand, if there are several.
	Files []string
	// Mode is what --progress says: auto, none or json.
	Mode string
	// Quiet says that auto is none.
	Quiet bool
	// Words puts an error into the words of the command; nil is console.FlagWords.
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

// Logger returns a logger of warnings that stand above the bars, without what the display shows anyhow.
func (p *Display) Logger() *slog.Logger {
	log := console.Logger(p, p.words)
	if p.quiet {
		return log
	}
	return slog.New(withoutWaiting{log.Handler()})
}

// sizesOf returns the files with their sizes, none if that of any is not known: then nobody can tell which one is being read.
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

// fileAt returns the file that so many bytes of the input lead into, and which it is, from 1. It is 0 if there is only one.
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
	Size  int64     `json:"size"` // 0 where it is not known
	load.Summary
	Queued      int64 `json:"queued"`
	RateLimited int64 `json:"rate_limited"`
	// RowsPerSecond is of the last seconds; Left is how many seconds are left, by that, absent where nobody knows.
	RowsPerSecond int64    `json:"rows_per_second"`
	Left          *int64   `json:"seconds_left,omitempty"`
	Current       *current `json:"current,omitempty"` // of several files
	Waiting       string   `json:"waiting,omitempty"` // what requests fail with and are tried again for
	Stopped       string   `json:"stopped,omitempty"` // why nothing more is sent
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

// Update shows how far the load is now.
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
	case now.Failing != nil && !p.wait.due(): // a line of what stands still is no news
	case now.Failing != nil:
		p.said = time.Now()
		fmt.Fprintf(p.w, "%s: %s\n", p.line(now), p.counts())
	case time.Since(p.said) >= sayEvery:
		p.said = time.Now()
		fmt.Fprintf(p.w, "%s: %s, %s\n", p.line(now), p.speed(), p.counts())
	}
}

// line names what is being read and how far it is, for where there are no bars.
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

// speed says how fast it is and how much longer it takes.
func (p *Display) speed() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := plural.Count(int64(p.pace.rows()), "row/s", "rows/s")
	if left, ok := p.pace.left(p.last.Read, p.last.Size); ok {
		s += ", " + remaining(left) + " left"
	}
	return s
}

// counts says what became of what was read, and what is in the way.
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

// Write puts a line above the bars.
func (p *Display) Write(b []byte) (int, error) {
	if p.bars != nil {
		return p.bars.all.Write(b)
	}
	return p.w.Write(b)
}

// Close takes the bars away, so that the summary stands alone.
func (p *Display) Close() {
	if p.bars != nil {
		p.bars.close()
		p.bars = nil
	}
}
