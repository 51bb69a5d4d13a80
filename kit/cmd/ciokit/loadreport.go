package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/console"
	"github.com/ciokit/cio/kit/cmd/ciokit/internal/exit"
	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/load"
	"github.com/ciokit/cio/kit/load/reportpage"
)

// reports are the files of --report.
type reports struct {
	files    []string
	recorder *load.Recorder
	plan     *load.Plan
	started  time.Time
}

// newReports checks the files' names. It returns nil if there are none.
func newReports(files []string) (*reports, error) {
	for _, name := range files {
		switch strings.ToLower(filepath.Ext(name)) {
		case ".html", ".htm", ".json":
		default:
			return nil, exit.Fail(exit.Usage, "--report %s: the name must end in .html (a page) or in .json", name)
		}
	}
	if len(files) == 0 {
		return nil, nil
	}
	return &reports{files: files, recorder: load.NewRecorder(), started: time.Now()}, nil
}

// write writes the reports of a load that has ended.
func (r *reports) write(con console.Console, l *loading, s load.Summary, runErr error) error {
	f := l.f
	about := load.ReportAbout{Source: f.name(), Files: len(f.Files), Mapping: filepath.Base(f.Mapping), MappingHash: l.job.Mapping.Hash(), DryRun: f.dryRun,
		Started: r.started, Ended: time.Now(), Stopped: whyStopped(runErr), Tool: "ciokit " + cio.Version}
	if !f.dryRun {
		about.Target = l.client.Target()
	}
	if l.load != nil && l.load.CanResume() {
		about.Resume = resumeCommand(l.load.ID(), runErr)
	}
	if f.Rejects != "" {
		about.Rejects = console.ShortPath(f.Rejects)
	}
	report := r.recorder.Report(s, about, r.plan)
	for _, name := range r.files {
		write := func(w io.Writer) error { return reportpage.Write(w, report) }
		if strings.EqualFold(filepath.Ext(name), ".json") {
			write = func(w io.Writer) error {
				enc := json.NewEncoder(w)
				enc.SetIndent("", "  ")
				return enc.Encode(report)
			}
		}
		if err := atomicfile.Replace(name, write); err != nil {
			return exit.Fail(exit.Local, "--report: %w", err)
		}
		if !f.json {
			fmt.Fprintf(con.Err, "Report: %s\n", console.ShortPath(name))
		}
	}
	return nil
}

// whyStopped says in short why some messages were not sent. It leaves out the text of a server, because that may contain data.
func whyStopped(err error) string {
	var stop *load.StopError
	if !errors.As(err, &stop) {
		return ""
	}
	why := console.FlagWords(stop.Reason.Error())
	var api *cio.APIError
	if errors.As(stop.Cause, &api) && api.Status != 0 {
		why += fmt.Sprintf(", the last answer was %d", api.Status)
	}
	return why
}
