package mapping

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata"
)

// zone is the time zone of times without their own. Nil is UTC.
type zone struct {
	location *time.Location
	pick     pick
}

// pick says which of two points in time is meant by a time that clocks showed twice.
type pick int

const (
	pickNone pick = iota // the earlier, with a warning
	pickEarlier
	pickLater
)

var picks = map[string]pick{"earlier": pickEarlier, "later": pickLater}

// The rules for times that are in a time zone.
const (
	// RuleSkippedTime is for a time of a row that no clock of its zone showed, because clocks were put forward over it.
	RuleSkippedTime = "time-was-skipped"
	// RuleTimeTwice is a warning: the clocks of the zone showed the time twice, because they were put back. The earlier one was sent.
	RuleTimeTwice = "time-came-twice"
	// RuleLateDay is a warning: a day without a time of day had no midnight in its zone. The day's first moment was sent.
	RuleLateDay = "day-without-midnight"
	// RuleDayBefore is a warning: a day without a time of day began in its zone when it was still the day before in UTC, in which the value is sent.
	// There is no warning for a timestamp, which is a point in time.
	RuleDayBefore = "day-before-in-utc"
)

var zoneWarnings = map[string]string{
	RuleTimeTwice: `clocks were put back and showed this time twice; the earlier was sent. To choose, write "earlier" or "later" after the zone, as in date(at, "Europe/Berlin", "later")`,
	RuleLateDay:   "clocks were put forward at midnight; the first moment of the day was sent",
	RuleDayBefore: `a date without a time of day is sent as the day before, in UTC: 2024-07-01 in Europe/Berlin becomes 2024-06-30T22:00:00Z. If it is a calendar date, such as a birthday, name the zone "UTC" for its column, as in date(born, "UTC")`,
}

const zoneHint = "write a name of the IANA time zone database, such as Europe/Berlin or America/New_York, an offset such as +02:00, or UTC"

const pickHint = `name the zone too, as in date(at, "Europe/Berlin", "later"), or as time_zone next to messages`

// parseZone parses the name of a time zone. problem is empty if it is valid.
func parseZone(name string) (loc *time.Location, problem, hint string) {
	if name == "UTC" || name == "Etc/UTC" {
		return time.UTC, "", ""
	}
	if text, sign := strings.CutPrefix(name, "+"); sign || strings.HasPrefix(name, "-") {
		text = strings.TrimPrefix(text, "-")
		offset, ok := parseOffset([]byte(name))
		const most = 14 * time.Hour // the offset of Kiritimati
		if !ok || len(text) != len("00:00") || offset > most || offset < -most {
			return nil, strconv.Quote(name) + " is not an offset from UTC", "write it with hours and minutes, such as +02:00; no zone is more than 14 hours ahead"
		}
		return time.FixedZone(name, int(offset/time.Second)), "", ""
	}
	area, _, full := strings.Cut(name, "/")
	loc, err := time.LoadLocation(name)
	known := err == nil && name != "" && name != "Local"
	switch {
	case known && area == "Etc":
		return nil, "the zones below Etc have the opposite sign", "write UTC, or the offset itself, such as +05:00 for Etc/GMT-5"
	case known && !full:
		return nil, strconv.Quote(name) + " is not the full name of a zone, so it is not clear whether it has summer time", zoneHint
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

// titled writes the words of a zone's name as in the database: America/New_York.
func titled(name string) string {
	b := []byte(strings.ToLower(strings.ReplaceAll(name, " ", "_")))
	for i := range b {
		if (i == 0 || b[i-1] == '/' || b[i-1] == '_') && 'a' <= b[i] && b[i] <= 'z' {
			b[i] -= 'a' - 'A'
		}
	}
	return string(b)
}

// dateRule says how date reads a column: with which layouts and which zone.
type dateRule struct {
	layouts []layout
	zone    *zone // nil for the zone of the whole mapping
	pick    pick  // for the zone of the whole mapping
}

// parseDateRule parses the arguments of date after its value.
func parseDateRule(args []string) (d dateRule, problem, hint string) {
	var location *time.Location
	for _, arg := range args {
		if p := picks[arg]; p != pickNone {
			if d.pick != pickNone {
				return d, "date has both earlier and later, or one of them twice", "keep one of earlier and later"
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
			return d, "no time occurs twice in a zone without summer time", "remove earlier or later"
		}
	}
	problem, hint = contradict(d.layouts, d.layouts)
	return d, problem, hint
}

// within returns the time zone to use, in a mapping with the zone whole.
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
			return "a count of seconds since 1970 has no zone", "remove the zone, or the layout unix"
		}
		all = all && l.own
	}
	if all {
		return "times in this layout contain their zone", "remove the zone"
	}
	return "", ""
}

// offsetOf returns the offset of a location whose offset never changes.
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

// looksLikeZone reports whether an argument was meant as a zone and not as a layout.
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
					return "the layouts " + strconv.Quote(l.name) + " and " + strconv.Quote(m.name) + " contradict each other: " + text + " fits both, but is a different time in each",
						"keep the one that the column has"
				}
			}
		}
	}
	return "", ""
}

// samples are times in the layout. Each number in them could be a year, a month or a day.
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

// timed is a time with its warning.
type timed struct {
	instant
	warning string // the rule of a warning, empty if there is none
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
		return timed{}, refuse(RuleNotADate, "the abbreviation of the time zone is ambiguous; give the offset from UTC, such as +01:00, in the data, or name the zone in the mapping, as in date(column, \"RFC1123\", \"Europe/Berlin\")")
	}
	at, warning, err := z.resolve(r)
	if err != nil {
		return timed{}, err
	}
	t, err := inRange(at, r.digits)
	if r.day && warning == "" && t.Before(r.Time) { // r.Time is stored as if it were UTC
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
			return at, "", refuse(RuleNotADate, "the abbreviation of the time zone does not belong to %s at that time", z.location)
		}
	}
	switch {
	case len(found) == 0 && r.day:
		if first, ok := z.firstOf(r.Time); ok {
			return first, RuleLateDay, nil
		}
		return at, "", refuse(RuleSkippedTime, "this day did not exist in %s: the date line was moved", z.location)
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

// away is more than the largest offset that any zone ever had from UTC.
const away = 24 * time.Hour

// moments returns the points in time at which clocks of the zone showed the same as a clock in UTC at wall, in order: usually one, none if clocks
// were put forward over it, two if they were put back.
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

// firstOf returns the first moment of a day without midnight. ok is false if the zone did not have that day.
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

// nextStretch returns a later moment until which the zone keeps its offset at t. ok is false if it keeps it forever.
func nextStretch(t time.Time) (next time.Time, ok bool) {
	_, next = t.ZoneBounds()
	switch {
	case next.IsZero():
		return next, false
	case !next.After(t): // Go ends a year of 366 days one day too early if a rule, and not a list, says when clocks change
		return t.Add(time.Hour), true
	}
	return next, true
}

// note is a warning about a value of the current row.
type note struct{ rule, field string }

// warn keeps a warning about a value of the row.
func (r *row) warn(rule, field string) {
	if rule != "" && (rule != RuleDayBefore || field != fieldNames[fieldTimestamp]) {
		r.notes = append(r.notes, note{rule, field})
	}
}

// zoned is a column of times without their own time zone.
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
		return timed{}, false, refuse(RuleNotADate, "a plain number is not a time: %s", timestampHint).from(c.name)
	}
	t, err := z.parse(text, nil)
	if err != nil {
		return timed{}, false, err.from(c.name)
	}
	return t, true, nil
}
