package emulator

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// messageFilterForm is the filter in the address of a list of messages, as the
// user wrote it: /messages?verdict=dropped&q=ann.
type messageFilterForm struct {
	Q, Verdict, Type, Event, Person, Rule, From, To string
}

// parameters are the names in the address, and where their values go.
func (f *messageFilterForm) parameters() []struct {
	name  string
	value *string
} {
	return []struct {
		name  string
		value *string
	}{{"q", &f.Q}, {"verdict", &f.Verdict}, {"type", &f.Type}, {"event", &f.Event}, {"person", &f.Person}, {"rule", &f.Rule}, {"from", &f.From}, {"to", &f.To}}
}

// Verdicts of the page that are not verdicts of a message.
const (
	notAccepted  = "not accepted" // dropped or rejected
	withWarnings = "with warnings"
)

// pageVerdicts are the verdicts that a filter of the page can have, in the
// order of their tabs.
var pageVerdicts = []string{notAccepted, string(VerdictDropped), string(VerdictRejected), string(VerdictAccepted), withWarnings}

// maxFilterText bounds each value of a filter.
const maxFilterText = 1_000

// parseMessageFilter reads the filter in an address, and returns the query for
// it too. A time such as 15m counts back from now. The form is also right if
// there is an error. The error says which field is wrong.
func parseMessageFilter(query url.Values, now time.Time) (messageFilterForm, MessagesQuery, error) {
	var f messageFilterForm
	for _, p := range f.parameters() {
		text := query.Get(p.name)
		if p.value == &f.Verdict && text == "" {
			text = query.Get("show") // the name that it had in earlier versions
		}
		*p.value = strings.ToValidUTF8(strings.TrimSpace(text), "\uFFFD")
		if len(*p.value) > maxFilterText {
			*p.value = ""
			return f, MessagesQuery{}, fmt.Errorf("the field %q has more than %d bytes", p.name, maxFilterText)
		}
	}
	q := MessagesQuery{Search: f.Q, Type: f.Type, Event: f.Event, Person: f.Person, Rule: f.Rule}
	switch f.Verdict {
	case notAccepted:
		q.NotAccepted = true
	case withWarnings:
		q.Warned = true
	case "", string(VerdictAccepted), string(VerdictDropped), string(VerdictRejected):
		q.Verdict = Verdict(f.Verdict)
	default:
		last := len(pageVerdicts) - 1
		return f, MessagesQuery{}, fmt.Errorf("verdict must be %s or %s", strings.Join(pageVerdicts[:last], ", "), pageVerdicts[last])
	}
	from, _, err := readFilterTime("from", f.From, now)
	if err != nil {
		return f, MessagesQuery{}, err
	}
	to, unit, err := readFilterTime("to", f.To, now)
	if err != nil {
		return f, MessagesQuery{}, err
	}
	if q.From = from; !to.IsZero() {
		q.To = to.Add(unit)
	}
	if err := q.check(); err != nil {
		return f, MessagesQuery{}, errors.New(strings.TrimPrefix(err.Error(), "emulator: "))
	}
	return f, q, nil
}

// filterTimes are the forms of a time, and the length of the time that each of
// them names: a list to 12:05 has all of that minute.
var filterTimes = []struct {
	layout string
	unit   time.Duration
}{
	{time.DateOnly, 24 * time.Hour}, {"2006-01-02 15:04", time.Minute}, {"2006-01-02T15:04", time.Minute},
	{time.DateTime, time.Second}, {"2006-01-02T15:04:05", time.Second}, {"2006-01-02T15:04:05Z07:00", time.Second},
}

// readFilterTime reads a time in UTC, or how long ago it was.
func readFilterTime(name, text string, now time.Time) (at time.Time, unit time.Duration, err error) {
	if text == "" {
		return at, 0, nil
	}
	for _, form := range filterTimes {
		// A layout that ends with seconds accepts a fraction too.
		if at, err := time.Parse(form.layout, text); err == nil && at.Year() > 0 {
			if at.Nanosecond() > 0 {
				form.unit = time.Nanosecond
			}
			return at.UTC(), form.unit, nil
		}
	}
	if ago, err := time.ParseDuration(text); err == nil && ago >= 0 {
		return now.Add(-ago).UTC(), 0, nil
	}
	return time.Time{}, 0, fmt.Errorf("the field %q must be a time in UTC such as 2026-01-31 12:00, a date, or how long ago, such as 15m", name)
}

// values is the filter as parameters of an address.
func (f messageFilterForm) values() url.Values {
	query := url.Values{}
	for _, p := range f.parameters() {
		if *p.value != "" {
			query.Set(p.name, *p.value)
		}
	}
	return query
}

// Query is the filter in an address.
func (f messageFilterForm) Query() string { return f.values().Encode() }

// Narrow reports whether the filter has more than the verdict and the text.
func (f messageFilterForm) Narrow() bool {
	f.Q, f.Verdict = "", ""
	return f != messageFilterForm{}
}

// Active names the filters that are set, except for the text.
func (f messageFilterForm) Active() string {
	var list []string
	for _, p := range f.parameters() {
		if p.value != &f.Q && *p.value != "" {
			list = append(list, p.name+" "+shorten(*p.value))
		}
	}
	return strings.Join(list, ", ")
}

// Any reports whether a filter is set.
func (f messageFilterForm) Any() bool { return f != messageFilterForm{} }

// link is the path with the filter, the workspace w, and added parameters, as
// for pageURL.
func (f messageFilterForm) link(w, path string, more ...any) string {
	for _, p := range f.parameters() {
		more = append(more, p.name, *p.value)
	}
	return pageURL(w, path, more...)
}

// filterLink is a list, or a message of it, with the same filter.
type filterLink struct {
	W    string
	Form messageFilterForm
}

// To is the path with the filter, and added parameters.
func (l filterLink) To(path string, more ...any) string { return l.Form.link(l.W, path, more...) }

// Show is the list with another verdict.
func (l filterLink) Show(verdict string) string {
	l.Form.Verdict = verdict
	return l.To("/messages")
}
