package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"sync"
	"time"

	"github.com/ciokit/cio/kit/load"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// progress shows how far a load has come: as a bar on a terminal, elsewhere as a line every few seconds.
type progress struct {
	w     io.Writer
	name  string
	quiet bool
	json  bool // one event a line
	begun time.Time
	said  time.Time     // when the last line was written
	bars  *mpb.Progress // nil without a terminal
	bar   *mpb.Bar

	mu   sync.Mutex
	last load.Progress // the bar is drawn on a goroutine of its own
}

// sayEvery is the time between two lines where there is no terminal.
const sayEvery = 5 * time.Second

// tellEvery is the time between two events of --progress json.
const tellEvery = time.Second

func newProgress(w io.Writer, file, mode string, quiet bool) (*progress, error) {
	p := &progress{w: w, name: filepath.Base(file), begun: time.Now(), said: time.Now(), quiet: quiet}
	switch mode {
	case "json":
		p.quiet, p.json = false, true
	case "none":
		p.quiet = true
	case "auto":
	default:
		return nil, fail(exitUsage, "--progress is auto, none or json")
	}
	if file == "-" {
		p.name = "standard input"
	}
	if !p.quiet && !p.json && terminal(w) && os.Getenv("TERM") != "dumb" {
		p.bars = mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh())
	}
	return p, nil
}

// progressEvent is a line of --progress json.
type progressEvent struct {
	Event string    `json:"event"` // progress, stopped or done
	At    time.Time `json:"at"`
	File  string    `json:"file"`
	Read  int64     `json:"read"` // bytes of the input
	Size  int64     `json:"size"` // 0 where it is not known
	load.Summary
	Stopped string `json:"stopped,omitempty"` // why nothing more is sent
}

func (p *progress) tell(now load.Progress) {
	e := progressEvent{Event: "progress", At: time.Now().UTC(), File: p.name, Read: now.Read, Size: now.Size, Summary: now.Summary}
	if now.Stopped != nil {
		e.Event, e.Stopped = "stopped", now.Stopped.Error()
	}
	if now.Done {
		e.Event = "done"
	}
	if line, err := json.Marshal(e); err == nil {
		p.w.Write(append(line, '\n'))
	}
}

func (p *progress) update(now load.Progress) {
	p.mu.Lock()
	p.last = now
	p.mu.Unlock()
	switch {
	case p.json:
		if now.Done || time.Since(p.said) >= tellEvery {
			p.said = time.Now()
			p.tell(now)
		}
	case p.bars != nil:
		p.draw(now)
	case !p.quiet && !now.Done && time.Since(p.said) >= sayEvery:
		p.said = time.Now()
		fmt.Fprintf(p.w, "%s: %s\n", p.name, p.state())
	}
}

func (p *progress) draw(now load.Progress) {
	if p.bar == nil {
		style := mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]")
		options := []mpb.BarOption{
			mpb.PrependDecorators(decor.Name(p.name + " ")),
			mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return " " + p.state() })),
		}
		p.bar = p.bars.New(max(now.Size, 1), style, append(options, mpb.BarRemoveOnComplete())...)
	}
	p.bar.SetCurrent(min(now.Read, max(now.Size-1, 0)))
}

// state says what a person waiting wants to know: how much, how fast, how much longer, and what went wrong.
func (p *progress) state() string {
	p.mu.Lock()
	now := p.last
	p.mu.Unlock()
	took := time.Since(p.begun)
	s := fmt.Sprintf("%s rows, %s accepted, %.0f rows/s", grouped(now.Rows), grouped(now.Accepted), float64(now.Rows)/max(took.Seconds(), 0.001))
	if now.Size > 0 && now.Read > 0 {
		left := time.Duration(float64(took) * float64(now.Size-now.Read) / float64(now.Read))
		s += fmt.Sprintf(", %d %%, %s left", now.Read*100/now.Size, left.Round(time.Second))
	}
	if n := now.Rejected + now.RejectedByAPI; n > 0 {
		s += ", " + grouped(n) + " rejected"
	}
	if now.Stopped != nil {
		s += ", sending has stopped, counting the rest"
	}
	return s
}

// Write puts a line above the bar.
func (p *progress) Write(b []byte) (int, error) {
	if p.bars != nil {
		return p.bars.Write(b)
	}
	return p.w.Write(b)
}

// close takes the bar away, so that the summary stands alone.
func (p *progress) close() {
	if p.bars == nil {
		return
	}
	if p.bar != nil {
		p.bar.Abort(true)
	}
	p.bars.Wait()
	p.bars = nil
}
