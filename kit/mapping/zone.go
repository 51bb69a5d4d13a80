package mapping

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata"
)

// zone is the zone that times are in that do not say their own. Nil is UTC.
type zone struct {
	location *time.Location
	pick     pick
}

// pick says which one of two points in time is meant by what a clock showed twice.
type pick int

const (
	pickNone pick = iota // the earlier, with a warning
	pickEarlier
	pickLater
)

var picks = map[string]pick{"earlier": pickEarlier, "later": pickLater}

// Rules of times that are in a zone.
const (
	// RuleSkippedTime is a time of a row that no clock of its zone showed, because clocks were put forward over it.
	RuleSkippedTime = "time-was-skipped"
	// RuleTimeTwice is a warning: the clocks of the zone showed the time twice, because they were put back, and the earlier was sent.
	RuleTimeTwice = "time-came-twice"
	// RuleLateDay is a warning: a day without a time of day had no midnight in its zone, and the day's first moment was sent.
	RuleLateDay = "day-without-midnight"
	// RuleDayBefore is a warning: a day without a time of day began in its zone when it was the day before in UTC, in which the value is sent. A timestamp is
	// a point in time, and not warned of.
	RuleDayBefore = "day-before-in-utc"
)

var zoneWarnings = map[string]string{
	RuleTimeTwice: `clocks were put back and showed this time twice; the earlier was sent. Write "earlier" or "later" behind the zone, as in date(at, "Europe/Berlin", "later"), to say which is meant`,
	RuleLateDay:   "clocks were put forward at midnight; the first moment of the day was sent",
	RuleDayBefore: `a date without a time of day is sent as the day before, in UTC: 2024-07-01 in Europe/Berlin becomes 2024-06-30T22:00:00Z. If it is a calendar date, such as a birthday, name the zone "UTC" for its column, as in date(born, "UTC")`,
}

const zoneHint = "write a name of the IANA database of zones, such as Europe/Berlin or America/New_York, an offset such as +02:00, or UTC"

const pickHint = `name the zone too, as in date(at, "Europe/Berlin", "later"), or as time_zone beside messages`

// parseZone reads the name of a zone. problem is empty if it is one.
func parseZone(name string) (loc *time.Location, problem, hint string) {
	if name == "UTC" || name == "Etc/UTC" {
		return time.UTC, "", ""
	}
	if text, sign := strings.CutPrefix(name, "+"); sign || strings.HasPrefix(name, "-") {
		text = strings.TrimPrefix(text, "-")
		offset, ok := parseOffset([]byte(name))
		const most = 14 * time.Hour // that of Kiritimati
		if !ok || len(text) != len("00:00") || offset > most || offset < -most {
			return nil, strconv.Quote(name) + " is no offset from UTC", "write it with hours and minutes, such as +02:00; no zone is more than 14 hours ahead"
		}
		return time.FixedZone(name, int(offset/time.Second)), "", ""
	}
	area, _, full := strings.Cut(name, "/")
	loc, err := time.LoadLocation(name)
	known := err == nil && name != "" && name != "Local"
	switch {
	case known && area == "Etc":
		return nil, "the zones below Etc have their sign the other way round", "write UTC, or the offset itself, such as +05:00 for Etc/GMT-5"
	case known && !full:
		return nil, strconv.Quote(name) + " is not the full name of a zone, and may or may not have summer time", zoneHint
	case known && area != "posix" && area != "right":
		return loc, "", ""
	}
	if better := titled(name); better != name && full {
		if _, err := time.LoadLocation(better); err == nil {
			return nil, "there is no zone " + strconv.Quote(name), "write " + better
		}
	}
	return nil, "there is no zone " + strconv.Quote(name), zoneHint
}

// titled writes the words of a zone's name as the database does: America/New_York.
func titled(name string) string {
	b := []byte(strings.ToLower(strings.ReplaceAll(name, " ", "_")))
	for i := range b {
		if (i == 0 || b[i-1] == '/' || b[i-1] == '_') && 'a' <= b[i] && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// dateRule is how date reads a column: the layouts and the zone that it is given.
type dateRule struct {
	layouts []layout
	zone    *zone // nil: that of the whole mapping
	pick    pick  // for the zone of the whole mapping
}

// parseDateRule reads what stands in date behind its value.
func parseDateRule(args []string) (d dateRule, problem, hint string) {
	var location *time.Location
	for _, arg := range args {
		if p := picks[arg]; p != pickNone {
			if d.pick != pickNone {
				return d, "date is told twice which of two times is meant", "keep one of earlier and later"
			}
			d.pick = p
			continue
		}
		l, bad := parseLayout(arg)
		if bad == "" {
			d.layouts = append(d.layouts, l)
			continue
		}
		if !looksLikeZone(arg) {
			return d, bad, "the layouts are those of Go's package time; zones are names such as Europe/Berlin"
		}
		zone, problem, hint := parseZone(arg)
		switch {
		case problem != "":
			return d, problem, hint
		case location != nil:
			return d, "date has two zones", "keep one of them"
		}
		location = zone
	}
	if location != nil || d.pick != pickNone {
		if problem, hint := d.checkZone(); problem != "" {
			return d, problem, hint
		}
	}
	if location != nil {
		d.zone = &zone{location, d.pick}
		if _, fixed := offsetOf(location); fixed && d.pick != pickNone {
			return d, "no time comes twice in a zone that has no summer time", "remove earlier or later"
		}
	}
	problem, hint = contradict(d.layouts, d.layouts)
	return d, problem, hint
}

// within returns the zone of times in a mapping whose zone is whole.
func (d dateRule) within(whole *zone) *zone {
	switch {
	case d.zone != nil:
		return d.zone
	case whole != nil && d.pick != pickNone:
		return &zone{whole.location, d.pick}
	}
	return whole
}

// checkZone says what is wrong with a zone for the layouts.
func (d dateRule) checkZone() (problem, hint string) {
	all := len(d.layouts) > 0
	for _, l := range d.layouts {
		if l.unit != 0 {
			return "a count of seconds since 1970 is in no zone", "remove the zone, or the layout unix"
		}
		all = all && l.own
	}
	if all {
		return "times in this layout say their zone themselves", "remove the zone"
	}
	return "", ""
}

// offsetOf returns the offset of a location that has the same at all times.
func offsetOf(loc *time.Location) (seconds int, fixed bool) {
	if loc == time.UTC {
		return 0, true
	}
	name := loc.String()
	_, seconds = time.Unix(0, 0).In(loc).Zone()
	return seconds, name[0] == '+' || name[0] == '-'
}

var (
	zoneName      = regexp.MustCompile(`^([+-][0-9].*|[A-Z]{3,5}|[A-Za-z_ -]+(/[A-Za-z_ -]+)+)$`)
	patternOfDate = regexp.MustCompile(`^[dmyDMY/-]+$`)
)

// looksLikeZone tells what was meant as a zone from what was meant as a layout.
func looksLikeZone(s string) bool {
	_, err := time.LoadLocation(s)
	return s != "" && err == nil || zoneName.MatchString(s) && !patternOfDate.MatchString(s)
}

// contradict names two layouts, one of each list, that read the same text as different times.
func contradict(a, b []layout) (problem, hint string) {
	for _, l := range a {
		for _, m := range b {
			for _, text := range append(l.samples(), m.samples()...) {
				one, err := readDate([]byte(text), []layout{l})
				two, err2 := readDate([]byte(text), []layout{m})
				if err == nil && err2 == nil && (!one.Equal(two.Time) || one.own != two.own) {
					return "the layouts " + strconv.Quote(l.name) + " and " + strconv.Quote(m.name) + " contradict each other: " + text + " fits both, and is another time in each",
						"keep the one that the column has"
				}
			}
		}
	}
	return "", ""
}

// samples are times as the layout has them, of which each number may be a year, a month or a day.
func (l layout) samples() (texts []string) {
	if l.text == "" {
		return []string{"1049526489", "20030405", "37716"}
	}
	for _, t := range []time.Time{
		time.Date(2003, 4, 5, 7, 8, 9, 0, time.UTC), time.Date(2012, 10, 11, 3, 4, 5, 0, time.UTC), time.Date(2023, 11, 7, 17, 18, 19, 0, time.UTC),
	} {
		texts = append(texts, t.Format(l.text))
	}
	return texts
}

// timed is a time with what there is to say of it.
type timed struct {
	instant
	warning string // the rule of a warning, empty for none
}

// parse reads a time.
func (z *zone) parse(text []byte, layouts []layout) (timed, *ValueError) {
	r, err := readDate(text, layouts)
	if err != nil {
		return timed{}, err
	}
	if r.own || z == nil && r.zone == "" {
		t, err := inRange(r.Time, r.digits)
		return timed{instant: t}, err
	}
	if z == nil {
		return timed{}, refuse(RuleNotADate, "the zone's abbreviation is ambiguous; give the offset from UTC, such as +01:00, in the data, or name the zone in the mapping, as in date(column, \"RFC1123\", \"Europe/Berlin\")")
	}
	at, warning, err := z.resolve(r)
	if err != nil {
		return timed{}, err
	}
	t, err := inRange(at, r.digits)
	if r.day && warning == "" && t.Before(r.Time) { // what was read stands as if it were in UTC
		warning = RuleDayBefore
	}
	return timed{t, warning}, err
}

// resolve returns the point in time at which a clock of the zone showed what was read.
func (z *zone) resolve(r reading) (at time.Time, warning string, err *ValueError) {
	found := z.moments(r.Time)
	if r.zone != "" {
		n := 0
		for _, t := range found {
			if name, _ := t.Zone(); name == r.zone {
				found[n] = t
				n++
			}
		}
		if found = found[:n]; n == 0 {
			return at, "", refuse(RuleNotADate, "the zone's abbreviation is not what %s has at that time", z.location)
		}
	}
	switch {
	case len(found) == 0 && r.day:
		if first, ok := z.firstOf(r.Time); ok {
			return first, RuleLateDay, nil
		}
		return at, "", refuse(RuleSkippedTime, "there was no such day in %s, where the date changed over it", z.location)
	case len(found) == 0:
		return at, "", refuse(RuleSkippedTime, "no clock in %s showed this time: clocks were put forward over it. Are the times in another zone, such as UTC?", z.location)
	case len(found) == 1:
		return found[0], "", nil
	case z.pick == pickLater:
		return found[len(found)-1], "", nil
	case z.pick == pickNone && !r.day:
		return found[0], RuleTimeTwice, nil
	}
	return found[0], "", nil
}

// away is more than any zone ever was from UTC.
const away = 24 * time.Hour

// moments returns when clocks of the zone showed what a clock in UTC shows at wall, in order: once as a rule, never where clocks were put
// forward over it, twice where they were put back.
func (z *zone) moments(wall time.Time) []time.Time {
	var found []time.Time
	end := wall.Add(away)
	for t, more := wall.Add(-away).In(z.location), true; more && !t.After(end); t, more = nextStretch(t) {
		_, offset := t.Zone()
		at := time.Unix(wall.Unix()-int64(offset), int64(wall.Nanosecond())).In(z.location)
		if _, then := at.Zone(); then == offset && !slices.ContainsFunc(found, at.Equal) {
			found = append(found, at)
		}
	}
	slices.SortFunc(found, time.Time.Compare)
	return found
}

// firstOf returns the first moment of a day that has no midnight. ok is false if the zone had no such day.
func (z *zone) firstOf(day time.Time) (first time.Time, ok bool) {
	is := func(t time.Time) bool {
		year, month, date := t.Date()
		y, m, d := day.Date()
		return year == y && month == m && date == d
	}
	end := day.Add(away)
	for t, more := nextStretch(day.Add(-away).In(z.location)); more && !t.After(end); t, more = nextStretch(t) {
		if is(t) && !is(t.Add(-1)) {
			return t, true
		}
	}
	return first, false
}

// nextStretch returns a later moment, up to which a zone's clocks ran on as they do at t. There is none if they do so for ever.
func nextStretch(t time.Time) (next time.Time, ok bool) {
	_, next = t.ZoneBounds()
	switch {
	case next.IsZero():
		return next, false
	case !next.After(t): // Go ends a year of 366 days a day too early, where a rule and no list says when clocks change
		return t.Add(time.Hour), true
	}
	return next, true
}

// note is a warning about a value of the row at hand.
type note struct{ rule, field string }

// warn keeps a warning about a value of the row.
func (r *row) warn(rule, field string) {
	if rule != "" && (rule != RuleDayBefore || field != fieldNames[fieldTimestamp]) {
		r.notes = append(r.notes, note{rule, field})
	}
}

// zoned is a column of times that do not say their zone.
type zoned struct {
	column
	zone *zone
	path string
}

func (z zoned) instant(r *row) (instant, bool, *ValueError) {
	t, ok, err := z.column.read(r, z.zone)
	r.warn(t.warning, z.path)
	return t.instant, ok, err
}

// moment is a literal that is a time.
type moment struct {
	literal
	at instant
}

func (m moment) instant(*row) (instant, bool, *ValueError) { return m.at, true, nil }

// read returns the column as a time.
func (c column) read(r *row, z *zone) (timed, bool, *ValueError) {
	text, ok, err := c.plain(r)
	if !ok || err != nil {
		return timed{}, false, err
	}
	if allDigits(text) {
		return timed{}, false, refuse(RuleNotADate, "a bare number is no time: %s", timestampHint).from(c.name)
	}
	t, err := z.parse(text, nil)
	if err != nil {
		return timed{}, false, err.from(c.name)
	}
	return t, true, nil
}
