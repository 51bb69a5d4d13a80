package mapping

import (
	"slices"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/kit/internal/spelling"
)

// checkField checks everything about a field's value that does not depend on the input.
func (p *mappingReader) checkField(f field, s *spec) {
	name := fieldNames[f]
	switch {
	case f < fieldTexts:
		p.checkText(name, s)
		p.checkEnum(name, s, enumOf[f])
	case f == fieldMessageID:
		if s.kind != specList {
			p.checkText(name, s)
			break
		}
		if len(s.items) == 0 {
			p.problem(s.at, "name the columns that identify the message, such as messageId: [$order_id]", "messageId is an empty list")
		}
		for _, item := range s.items {
			p.checkText(name, item)
		}
	case f == fieldTimestamp:
		p.checkTimestamp(s)
	default:
		if s.kind == specList || s.kind == specLiteral {
			p.problem(s.at, "write names and values below it, such as plan: $plan", "%s is %s, not an object", name, s.describe())
		}
	}
}

func (p *mappingReader) checkText(name string, s *spec) {
	switch {
	case s.kind == specObject || s.kind == specList:
		p.problem(s.at, "give a column, such as $id", "%s must be text, not an object or a list", name)
	case s.kind == specLiteral && s.typed != "text" && s.typed != "a number":
		p.problem(s.at, "give a column, such as $id, or text in quotes", "%s must be text, not %s", name, s.typed)
	case s.kind == specLiteral && s.text == "":
		p.problem(s.at, "give a column, such as $id, or leave the field out", "%s is empty", name)
	case s.kind == specExpression && s.expr.converter == converterFloat:
		p.problem(s.at, "give the column itself: identifiers keep their text", "%s must be text, not a floating point number", name)
	case s.kind == specExpression && s.expr.converter == converterBool:
		p.problem(s.at, "give the column itself: identifiers keep their text", "%s must be text, not true or false", name)
	}
}

const timestampHint = "use =date(column), or date(column, \"unix\") for seconds since 1970; the API would read a plain number as milliseconds"

func (p *mappingReader) checkTimestamp(s *spec) {
	switch {
	case s.kind == specObject || s.kind == specList || s.kind == specLiteral && s.typed != "text":
		p.problem(s.at, timestampHint, "timestamp must be a time")
	case s.kind == specExpression && s.expr.converter == converterBool:
		p.problem(s.at, "use =date(column)", "timestamp must be a time, not true or false")
	case s.kind == specExpression && s.expr.converter > converterNone && s.expr.converter != converterDate:
		p.problem(s.at, timestampHint, "timestamp must be a time, not a number")
	}
}

// checkEnum checks a literal of a field that has a known set of values.
func (p *mappingReader) checkEnum(name string, s *spec, known []string) {
	if known != nil && s.kind == specLiteral && !slices.Contains(known, s.text) {
		p.problem(s.at, spelling.Suggest(s.text, known), "%s cannot be %q", name, s.text)
	}
}

// checkRequired checks that the message has the fields that its type requires (docs/rules.md#fields-and-identity, #objects, #devices and
// #semantic-events).
func (p *mappingReader) checkRequired(m *messageSpec, where position) {
	has := func(f field) bool { return m.fields[f] != nil }
	missing := func(what, hint string) { p.problem(where, hint, "%s needs %s", m.kind.name, what) }
	const addUser = "add userId: $COLUMN, with the name of the column that has the person's id"
	person := has(fieldUserID) || has(fieldAnonymousID)
	for _, f := range m.kind.required {
		if has(f) {
			continue
		}
		hint := "add " + fieldNames[f] + ": and its value, such as $COLUMN for the value of a column"
		if f == fieldUserID {
			hint = addUser
		}
		missing(fieldNames[f], hint)
	}
	switch {
	case m.kind.definition != nil:
		p.checkDefinition(m, where)
	case m.kind.name == "relate" && !person:
		missing("userId or anonymousId", addUser)
	case m.kind.name == "report_content" && !person:
		missing("userId or anonymousId", addUser)
	case m.kind.message != nil:
	case m.kind.typ == cio.TypeIdentify:
		if traits := m.fields[fieldTraits]; !person && (traits == nil || traits.kind == specObject && traits.all() == nil && !slices.Contains(traits.keys, "email")) {
			missing("userId, or the trait email", addUser)
		}
	case m.kind.typ == cio.TypeGroup:
		if !has(fieldGroupID) {
			missing("groupId", "add groupId: $COLUMN, with the name of the column that has the object's id")
		}
	case m.kind.typ == cio.TypeAlias:
		if !has(fieldUserID) || !has(fieldPreviousID) {
			missing("userId and previousId", "give userId the id that remains and previousId the id that is merged into it")
		}
	default:
		if !person {
			missing("userId or anonymousId", addUser)
		}
		if m.kind.typ == cio.TypeTrack && !has(fieldEvent) {
			missing("event", "add event: and the event's name")
		}
	}
}

// checkIDs reports two messages with the same message id: Customer.io would ignore the second.
func (p *mappingReader) checkIDs(messages []*messageSpec) {
	seen := make(map[string]bool)
	for _, m := range messages {
		s := m.fields[fieldMessageID]
		if s == nil || s.kind == specList {
			continue
		}
		key := s.text
		if s.kind == specExpression {
			key = "=" + s.expr.source
		} else if s.kind == specColumn {
			key = "$" + s.text
		}
		if seen[key] {
			p.problem(s.at, "write it as a list, such as messageId: [$id]; then each message gets its own id", "two messages have the same messageId")
		}
		seen[key] = true
		if s.kind == specLiteral {
			p.problem(s.at, "give a column, such as $id", "messageId would be the same for every row")
		}
	}
}

// checkDates finds columns that two places read as different times. A column may be one kind of date in some rows and another kind in others, so it
// compares only messages with the same condition, and only values that are a single date of a column.
func (p *mappingReader) checkDates(messages []*messageSpec) {
	type place struct{ when, column string }
	read := make(map[place][]*spec)
	for _, m := range messages {
		when := ""
		if m.when != nil && m.when.expr != nil {
			when = m.when.expr.source
		} else if m.when != nil {
			when = m.when.text
		}
		for _, field := range m.specs() {
			field.walk(func(s *spec) {
				if s.kind != specExpression || !s.expr.simple || s.expr.converter != converterDate {
					return
				}
				at := place{when, s.expr.columns[0]}
				for _, before := range read[at] {
					if problem, hint := contradict(before.expr.date.layouts, s.expr.date.layouts); problem != "" {
						p.problem(s.at, hint, "%s; line %d reads the column with the other", problem, before.at.line)
						return
					}
				}
				read[at] = append(read[at], s)
			})
		}
	}
}
