package progress

import (
	"fmt"
	"io"

	"github.com/ciokit/cio/kit/load"
	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// bars are the bars of a load on a terminal: one for the input, above it one for the current file if there are several, and below them a line of
// counts.
type bars struct {
	p     *Display
	all   *mpb.Progress
	total *mpb.Bar // nil until there is something to show
	file  *mpb.Bar // of several files
	index int      // which one it is of
	line  *mpb.Bar
}

// barWidth is that of the bars themselves, in characters.
const barWidth = 28

func newBars(w io.Writer, p *Display) *bars {
	return &bars{p: p, all: mpb.New(mpb.WithOutput(w), mpb.WithAutoRefresh(), mpb.WithWidth(barWidth))}
}

// The places of the bars, from the top.
const (
	placeFile = iota
	placeTotal
	placeLine
)

func (b *bars) add(place int, size int64, name string, more func() string) *mpb.Bar {
	style := mpb.BarStyle().Lbound("[").Filler("=").Tip(">").Padding(" ").Rbound("]")
	return b.all.New(max(size, 1), style, mpb.BarPriority(place), mpb.BarRemoveOnComplete(),
		mpb.PrependDecorators(decor.Name(name, decor.WCSyncSpaceR)),
		mpb.AppendDecorators(decor.Percentage(decor.WC{W: 5}), decor.Any(func(decor.Statistics) string { return "  " + more() })))
}

func (b *bars) draw(now load.Progress) {
	p := b.p
	if b.total == nil {
		name := p.name
		if len(p.files) > 0 {
			name = "all files"
		}
		if now.Size > 0 {
			b.total = b.add(placeTotal, now.Size, name, p.speed)
		} else { // the size is not known
			b.total = b.all.New(1, mpb.NopStyle(), mpb.BarPriority(placeTotal), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return name + "  " + p.speed() })))
		}
		b.line = b.all.New(1, mpb.NopStyle(), mpb.BarPriority(placeLine), mpb.PrependDecorators(decor.Any(func(decor.Statistics) string { return "  " + p.counts() })))
	}
	if f, i := p.fileAt(now.Read); i > 0 {
		if i != b.index {
			if b.file != nil {
				b.file.Abort(true)
			}
			b.index = i
			b.file = b.add(placeFile, f.size, f.name, func() string { return fmt.Sprintf("file %d of %d", i, len(p.files)) })
		}
		b.file.SetCurrent(min(now.Read-f.from, max(f.size-1, 0)))
	}
	if now.Size > 0 {
		b.total.SetCurrent(min(now.Read, max(now.Size-1, 0)))
	}
}

func (b *bars) close() {
	for _, bar := range []*mpb.Bar{b.file, b.total, b.line} {
		if bar != nil {
			bar.Abort(true)
		}
	}
	b.all.Wait()
}
