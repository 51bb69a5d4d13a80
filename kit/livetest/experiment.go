package livetest

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/appapi"
	"github.com/ciokit/cio/emulator"
)

// Experiment asks a question that no document of Customer.io answers, or that two documents answer differently.
type Experiment struct {
	// ID is short and stable, Question one sentence.
	ID, Question string
	// Assumed is what the emulator does by default, in the words of an observation.
	Assumed string
	// Behaviour is the emulator's assumption, as in emulator.Assumptions; empty if that list does not mention it.
	Behaviour string
	// looks: the answer alone does not decide, so an App API key is needed.
	looks bool
	needs Case
	// run returns what was observed. It may add to switches the flags that make the emulator do the same.
	run func(ctx context.Context, s *scope, switches map[string]string) (string, error)
}

// Verdict compares an observation with the assumption.
type Verdict string

// The verdicts.
const (
	VerdictAsAssumed   Verdict = "as assumed"
	VerdictDiffers     Verdict = "differs"
	VerdictNotObserved Verdict = "not observed"
)

// Finding is the result of an Experiment.
type Finding struct {
	ID       string  `json:"id"`
	Question string  `json:"question"`
	Assumed  string  `json:"assumed"`
	Observed string  `json:"observed"`
	Verdict  Verdict `json:"verdict"`
	// Seen is the literal observation, if it says more than Observed.
	Seen []Observation `json:"seen,omitempty"`
	// Behaviour, Source and Confidence are the emulator's assumption.
	Behaviour  string `json:"behaviour,omitempty"`
	Source     string `json:"source,omitempty"`
	Confidence string `json:"confidence,omitempty"`
	// Switches are flags of ciokit emulate that make it do what was observed.
	Switches map[string]string `json:"switches,omitempty"`
}

// unseenError ends an experiment that could not observe anything; its text says why.
type unseenError struct{ why string }

func (e unseenError) Error() string { return e.why }

func notObservable(why string) error { return unseenError{why} }

// Experiments returns all experiments.
func Experiments() []Experiment {
	return slices.Concat(answerExperiments, answerDeviations, sizeExperiments, storeExperiments, storeDeviations)
}

// Probe runs one experiment. The error is one that every experiment would meet, or that of the context.
func (s *Suite) Probe(ctx context.Context, e Experiment) (Finding, error) {
	f := Finding{ID: e.ID, Question: e.Question, Assumed: e.Assumed, Behaviour: e.Behaviour, Verdict: VerdictNotObserved}
	for _, a := range emulator.Assumptions() {
		if a.Behaviour == e.Behaviour {
			f.Source, f.Confidence = a.Source, a.Confidence
		}
	}
	if e.looks && s.app == nil {
		f.Observed = "nothing, because there is no App API key"
		return f, nil
	}
	c := e.needs
	c.Area = "probe"
	scope, err := s.prepare(c)
	if err != nil {
		return f, err
	}
	switches := make(map[string]string)
	f.Observed, err = e.run(ctx, scope, switches)
	f.Seen = scope.seen
	var why unseenError
	switch {
	case errors.As(err, &why):
		f.Observed = why.Error()
		return f, nil
	case errors.Is(err, cio.ErrUnauthorized), errors.Is(err, appapi.ErrUnauthorized), ctx.Err() != nil:
		return f, err
	case err != nil:
		f.Observed = "an error: " + err.Error()
		return f, nil
	}
	f.Verdict = VerdictDiffers
	if f.Observed == e.Assumed {
		f.Verdict = VerdictAsAssumed
	} else if len(switches) > 0 {
		f.Switches = switches
	}
	return f, nil
}

// call is one request that no ordinary client would make.
type call struct {
	path       string // such as track
	body       string
	permissive bool
	gzip       bool
	key        *string // a key other than the configured one; empty: none
	// authorization is the whole header; it replaces the key.
	authorization string
}

// answer is the API's answer.
type answer struct {
	status      int
	contentType string
	body        []byte
}

// post makes the request and returns the status and the shape of an error: the names that lead to its text. It retries temporary failures.
func (w *workspace) post(ctx context.Context, c call) (status int, shape string, _ error) {
	a, err := w.answer(ctx, c)
	return a.status, shapeOf(a.body), err
}

// answer makes the request. It retries temporary failures.
func (w *workspace) answer(ctx context.Context, c call) (answer, error) {
	body := []byte(c.body)
	if c.gzip {
		var b bytes.Buffer
		z := gzip.NewWriter(&b)
		if _, err := z.Write(body); err != nil {
			return answer{}, err
		}
		if err := z.Close(); err != nil {
			return answer{}, err
		}
		body = b.Bytes()
	}
	const tries = 4
	for try := 1; ; try++ {
		a, err := w.answerOnce(ctx, c, body)
		passing := err != nil || a.status == http.StatusTooManyRequests || a.status >= 500
		if !passing || try == tries || ctx.Err() != nil {
			if err == nil && passing {
				err = fmt.Errorf("answered with %d, %d times", a.status, try)
			}
			return a, err
		}
		timer := time.NewTimer(time.Second << (try - 1))
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
		}
	}
}

func (w *workspace) answerOnce(ctx context.Context, c call, body []byte) (answer, error) {
	ctx, cancel := context.WithTimeout(ctx, 15*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.client.Target()+"/v1/"+c.path, bytes.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	key := w.cfg.APIKey
	if c.key != nil {
		key = *c.key
	}
	switch {
	case c.authorization != "":
		req.Header.Set("Authorization", c.authorization)
	case key != "":
		req.SetBasicAuth(key, "")
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "ciokit/"+cio.Version)
	if !c.permissive {
		req.Header.Set("X-Strict-Mode", "1")
	}
	if c.gzip {
		req.Header.Set("Content-Encoding", "gzip")
	}
	client := *w.http
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	return answer{resp.StatusCode, resp.Header.Get("Content-Type"), text}, err
}

// shapeOf returns where the text of the error is in an answer.
func shapeOf(answer []byte) string {
	var object map[string]any
	if json.Unmarshal(answer, &object) != nil {
		return "text that is not JSON"
	}
	var names []string
	for name, v := range object {
		if inner, ok := v.(map[string]any); ok {
			for innerName := range inner {
				names = append(names, name+"."+innerName)
			}
		} else {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if len(names) == 0 {
		return "an empty object"
	}
	return strings.Join(names, ", ")
}

// answered makes the observation from calls whose statuses are enough.
func answered(calls func(s *scope) []call) func(context.Context, *scope, map[string]string) (string, error) {
	return func(ctx context.Context, s *scope, _ map[string]string) (string, error) {
		var seen []string
		for _, c := range calls(s) {
			status, _, err := s.post(ctx, c)
			if err != nil {
				return "", err
			}
			mode := "strict"
			if c.permissive {
				mode = "permissive"
			}
			seen = append(seen, fmt.Sprintf("%s %d", mode, status))
		}
		return strings.Join(seen, ", "), nil
	}
}

// both returns a call in each mode.
func both(c call) []call {
	strict, permissive := c, c
	permissive.permissive = true
	return []call{strict, permissive}
}

// eventually waits until look returns true, or the time for the data to appear is over.
func (w *workspace) eventually(ctx context.Context, look func() (bool, error)) (bool, error) {
	seen := false
	err := w.await(ctx, func() error {
		var err error
		if seen, err = look(); err == nil && !seen {
			err = errNotYet
		}
		return err
	})
	if errors.Is(err, errNotYet) {
		err = nil
	}
	return seen, err
}

var errNotYet = errors.New("not yet")

// there waits for the person, and reports whether the person appeared.
func (w *workspace) there(ctx context.Context, id string) (bool, error) {
	return w.eventually(ctx, func() (bool, error) {
		_, err := w.app.Customers().Attributes(ctx, appapi.ByID(id))
		if errors.Is(err, appapi.ErrNotFound) {
			return false, nil
		}
		return err == nil, err
	})
}

// quoted returns a text as JSON.
func quoted(s string) string {
	b, _ := json.Marshal(s) // a string always encodes
	return string(b)
}
