package emulator

import (
	"errors"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// notices are the texts that the page shows after an action, by the parameter
// done.
var notices = map[string]string{
	"fault":     "The fault is queued.",
	"clear":     "All faults are removed.",
	"clock":     "The clock is set.",
	"replay":    "The request was sent again; this is the new one.",
	"reset":     "The workspace is empty.",
	"reset-all": "All workspaces are empty, and all faults are removed.",
	"snapshot":  "The snapshot is taken.",
	"restore":   "The workspace is restored from the snapshot.",
	"delete":    "The snapshot is deleted.",
	"person":    "The person and the content of their messages are deleted.",
}

// act does what a form of the page asks for, and redirects to the result.
func (p *pageRequest) act() (view, error) {
	p.r.Body = http.MaxBytesReader(p.w, p.r.Body, maxInspectionBody)
	if err := p.r.ParseForm(); err != nil {
		return view{}, errors.New("the form cannot be read")
	}
	form := p.r.PostForm
	path := strings.TrimSuffix(p.r.URL.Path, "/")
	if n, ok := strings.CutSuffix(strings.TrimPrefix(path, "/requests/"), "/replay"); ok {
		return p.replay(n)
	}
	if id, ok := strings.CutSuffix(strings.TrimPrefix(strings.TrimSuffix(p.r.URL.EscapedPath(), "/"), "/people/"), "/delete"); ok {
		return p.deletePerson(id)
	}
	switch path {
	case "/faults":
		f, err := faultOf(form)
		if err == nil {
			err = p.s.AddFault(f)
		}
		return p.done("/faults", "fault", err)
	case "/faults/clear":
		p.s.ClearFaults()
		return p.done("/faults", "clear", nil)
	case "/clock":
		return p.done("/faults", "clock", p.setClock(form))
	case "/workspaces/reset":
		if form.Get("all") != "" {
			return p.done("/workspaces", "reset-all", p.s.Reset())
		}
		var err error
		if p.found {
			err = p.s.ResetWorkspace(p.key)
		}
		return p.done("/workspaces", "reset", err)
	}
	return p.actOnSnapshot(path, form)
}

// deletePerson deletes a person and the content of their messages.
func (p *pageRequest) deletePerson(escaped string) (view, error) {
	id, err := url.PathUnescape(escaped)
	if err != nil || !p.found {
		return view{}, p.noPerson(id)
	}
	_, err = p.s.DeletePerson(p.key, id)
	if errors.Is(err, ErrNotFound) {
		return view{}, p.noPerson(id)
	}
	return p.done("/people", "person", err)
}

// done redirects to path, so that a reload does not act again.
func (p *pageRequest) done(path, what string, err error) (view, error) {
	if err != nil {
		return view{}, err
	}
	handle := p.query.Get("w")
	p.w.Header().Set("Location", pageURL(handle, path, "done", what))
	p.w.WriteHeader(http.StatusSeeOther)
	return view{}, nil
}

// faultOf reads a fault from a form. An empty field is zero.
func faultOf(form url.Values) (Fault, error) {
	if name := form.Get("preset"); name != "" {
		return presetNamed(name)
	}
	var err error
	number := func(name string) int {
		text := strings.TrimSpace(form.Get(name))
		if text == "" {
			return 0
		}
		n, e := strconv.Atoi(text)
		if e != nil && err == nil {
			err = errors.New(name + " must be a whole number")
		}
		return n
	}
	f := Fault{
		Count:      number("count"),
		Every:      number("every"),
		ForMS:      number("for_ms"),
		Path:       strings.TrimSpace(form.Get("path")),
		Contains:   form.Get("contains"),
		Nodes:      number("nodes"),
		RetryAfter: number("retry_after"),
		DelayMS:    number("delay_ms"),
		Early:      form.Get("early") != "",
		After:      form.Get("after") != "",
	}
	switch outcome := form.Get("outcome"); outcome {
	case "status":
		f.Status, f.Body, f.BodyBytes = number("status"), form.Get("body"), number("body_bytes")
		if contentType := strings.TrimSpace(form.Get("content_type")); contentType != "" {
			f.Headers = map[string]string{"Content-Type": contentType}
		}
	case "reset":
		f.Reset = true
	case "drop":
		f.Drop = true
	case "truncate":
		f.Truncate = true
	case "slow":
		f.SlowMS = number("slow_ms")
	case "", "delay":
	default:
		return f, errors.New("outcome must be one of the form's choices")
	}
	if text := strings.TrimSpace(form.Get("share")); text != "" && err == nil {
		percent, e := strconv.ParseFloat(text, 64)
		if e != nil {
			return f, errors.New("share must be a percentage, such as 25")
		}
		f.Share, f.Seed = percent/100, uint64(number("seed"))
	}
	return f, err
}

func (p *pageRequest) setClock(form url.Values) error {
	if form.Get("real") != "" {
		p.s.ResetClock()
		return nil
	}
	stopped := form.Get("stopped") != ""
	if at := form.Get("at"); at != "" {
		t, ok := parseISO(at, 9)
		if !ok {
			return errors.New("the time must look like 2026-01-31T12:00:00Z")
		}
		p.s.SetClock(t, stopped)
	}
	if text := form.Get("advance"); text != "" {
		d, err := time.ParseDuration(text)
		if days, ok := strings.CutSuffix(text, "d"); ok {
			var n int
			n, err = strconv.Atoi(days)
			d = time.Duration(n) * 24 * time.Hour
		}
		if err != nil {
			return errors.New("the time to move by must look like 90s, 5m, 2h or 31d")
		}
		p.s.AdvanceClock(d)
	}
	if form.Get("stopped") != "" && form.Get("at") == "" {
		p.s.SetClock(p.s.Clock().Now, true)
	}
	return nil
}

// replay processes a request once more.
func (p *pageRequest) replay(number string) (view, error) {
	n, err := strconv.ParseUint(number, 10, 64)
	if err != nil || !p.found {
		return view{}, p.noRequest("The address of a request is its number, such as /requests/12.")
	}
	again, err := p.s.Replay(p.key, n)
	switch {
	case errors.Is(err, ErrNotFound):
		return view{}, pageNotFound("The request cannot be made again.", "The emulator no longer stores all of it, or it was not a call of the API.",
			pageLink{"The request", pageURL(p.query.Get("w"), "/requests/"+number)})
	case err != nil:
		return view{}, err
	}
	return p.done("/requests/"+strconv.FormatUint(again.Number, 10), "replay", nil)
}
