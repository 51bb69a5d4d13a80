package emulator

import (
	"strconv"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// futureTolerance is how far ahead of the server's clock a timestamp may be
// before it is worth a warning (docs/rules.md#message-id-and-time).
const futureTolerance = 5 * time.Minute

// readTimestamp sets m.at from timestamp, else originalTimestamp, else the time
// of receipt (docs/rules.md#message-id-and-time).
func (m *decodedMessage) readTimestamp(timestamp, original string, now time.Time) {
	field, raw := "timestamp", timestamp
	if rawjson.IsNull(raw) || raw == `""` {
		field, raw = "originalTimestamp", original
	}
	switch {
	case rawjson.IsNull(raw) || raw == `""`:
		return
	case rawjson.IsString(raw):
		at, ok := parseISO(rawjson.Unquote(raw), 9)
		if !ok {
			m.breaks(ruleTimestamp, field)
			return
		}
		m.at = at
	default:
		ms, err := strconv.ParseInt(raw, 10, 64)
		at := time.UnixMilli(ms).UTC()
		if err != nil || !printable(at) {
			m.breaks(ruleTimestamp, field)
			return
		}
		m.warn(ruleIntegerTimestamp, field)
		m.at = at
	}
	if m.at.Sub(now) > futureTolerance {
		m.warn(ruleFutureTimestamp, field)
	}
}

// printable reports whether at has an ISO 8601 form with a year of four digits.
func printable(at time.Time) bool { return at.Year() >= 0 && at.Year() <= 9999 }

// parseISO reads the forms of ISO 8601 that Segment's Customer.io destination
// recognises (docs/rules.md#message-id-and-time): a date, or a date, T and
// hours and minutes, optionally with seconds, a fraction of up to maxFraction
// digits, and Z or an offset with or without a colon. Without an offset the
// time is in UTC.
func parseISO(s string, maxFraction int) (time.Time, bool) {
	const date, minutes, seconds = len("2006-01-02"), len("2006-01-02T15:04"), len("2006-01-02T15:04:05")
	if len(s) < date || len(s) > seconds+1+maxFraction+len("+00:00") {
		return time.Time{}, false
	}
	layout := time.DateOnly
	if len(s) > date {
		if len(s) < minutes {
			return time.Time{}, false
		}
		layout = "2006-01-02T15:04"
		rest := s[minutes:]
		if strings.HasPrefix(rest, ":") && len(s) >= seconds {
			layout = "2006-01-02T15:04:05"
			rest = s[seconds:]
			if strings.HasPrefix(rest, ".") {
				digits := 0
				for digits+1 < len(rest) && rest[digits+1] >= '0' && rest[digits+1] <= '9' {
					digits++
				}
				if digits == 0 || digits > maxFraction {
					return time.Time{}, false
				}
				rest = rest[1+digits:] // time.Parse reads a fraction without being told
			}
		}
		switch {
		case rest == "":
		case layout == "2006-01-02T15:04:05" && (rest == "Z" || len(rest) == len("+00:00")):
			layout = time.RFC3339 // the form that time.Parse reads fastest
		case rest == "Z":
			layout += "Z"
		case len(rest) == len("+0000"):
			layout += "-0700"
		default:
			layout += "-07:00"
		}
	}
	at, err := time.Parse(layout, s)
	if err != nil {
		return time.Time{}, false
	}
	at = at.UTC()
	return at, printable(at)
}

// maxDateDepth bounds how deep nested objects are searched for dates.
const maxDateDepth = 32

// unixDates returns the JSON value raw with every ISO 8601 string in it, also
// in nested objects but not in arrays, replaced by unix seconds
// (docs/rules.md#message-id-and-time). It returns raw itself when nothing is to
// be replaced.
func unixDates(raw string, depth int) string {
	switch {
	case rawjson.IsString(raw):
		// Quotes included, a date has at least 12 bytes; most strings end here.
		if len(raw) < 12 || raw[5] != '-' || raw[8] != '-' {
			return raw
		}
		at, ok := parseISO(rawjson.Unquote(raw), 6)
		if !ok {
			return raw
		}
		return strconv.FormatInt(at.Unix(), 10)
	case rawjson.IsObject(raw) && depth < maxDateDepth:
		var b strings.Builder
		changed := false
		b.WriteByte('{')
		for name, value := range rawjson.Members(raw) {
			converted := unixDates(value, depth+1)
			changed = changed || converted != value
			if b.Len() > 1 {
				b.WriteByte(',')
			}
			b.WriteString(rawjson.Quote(name))
			b.WriteByte(':')
			b.WriteString(converted)
		}
		if !changed {
			return raw
		}
		b.WriteByte('}')
		return b.String()
	}
	return raw
}
