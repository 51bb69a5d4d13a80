package emulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"
)

// maxErrors bounds the errors that one answer lists.
const maxErrors = 20

// process records the call and lets it act. It returns the HTTP status and
// the errors of the answer. It takes the lock.
func (ws *workspace) process(c *call, k kind, strict bool, now time.Time) (int, []string) {
	refused := c.inspect(ws.config)

	ws.mu.Lock()
	defer ws.mu.Unlock()
	ws.request++
	ws.bytes += int64(c.bytes)

	if c.refusal.rule != noRule {
		return ws.refuseCall(c, k, strict, now)
	}
	wholesale := false
	for i := range c.messages {
		wholesale = wholesale || takesRequestAlong(c.messages[i].refusal.rule)
	}
	if strict && refused || wholesale {
		return ws.refuseMessages(c, strict, now)
	}
	for i := range c.messages {
		m := &c.messages[i]
		why := m.refusal
		if why.rule == noRule {
			why = ws.apply(m, now)
		}
		verdict := Accepted
		if why.rule != noRule {
			verdict = Dropped
		}
		ws.record(m, i, verdict, why, now)
	}
	return http.StatusOK, nil
}

// inspect validates the messages, lets Config.Refuse see the valid ones, and
// reports whether any is refused.
func (c *call) inspect(config *Config) bool {
	refused := false
	for i := range c.messages {
		m := &c.messages[i]
		m.validate()
		if m.refusal.rule == noRule && config.Refuse != nil {
			if rule, yes := config.Refuse(m.export()); yes {
				m.refuseDetail(ruleConfigRefuse, "", rule)
			}
		}
		refused = refused || m.refusal.rule != noRule
	}
	return refused
}

// takesRequestAlong reports whether the rule refuses the whole request in
// permissive mode too: sizes do (api-facts 6).
func takesRequestAlong(rule ruleID) bool {
	return rule == ruleMessageTooLarge || rule == ruleCallTooLarge
}

// refuseCall records all that the call carries with the call's own refusal.
func (ws *workspace) refuseCall(c *call, k kind, strict bool, now time.Time) (int, []string) {
	verdict, status := Dropped, http.StatusOK
	if strict || rules[c.refusal.rule].Effect == RejectsAlways {
		verdict, status = Rejected, c.refusal.rule.status()
	}
	n := 0
	for i := range c.messages {
		ws.record(&c.messages[i], i, verdict, c.refusal, now)
		n++
	}
	if c.oversize != "" {
		for raw := range elements(c.oversize) {
			m := message{raw: strings.Clone(raw)}
			ws.record(&m, n, verdict, c.refusal, now)
			n++
		}
	}
	if n == 0 {
		ws.record(&message{kind: k}, 0, verdict, c.refusal, now)
	}
	return status, []string{describe(c.refusal, -1)}
}

// refuseMessages records that the request was refused whole because of some
// of its messages.
func (ws *workspace) refuseMessages(c *call, strict bool, now time.Time) (int, []string) {
	verdict, status := Dropped, http.StatusOK
	if strict {
		verdict, status = Rejected, http.StatusBadRequest
	}
	var errors []string
	more := 0
	for i := range c.messages {
		m := &c.messages[i]
		why := m.refusal
		switch {
		case why.rule == noRule:
			why.rule = ruleRequestRefused
		case len(errors) < maxErrors:
			index := i
			if m.typ == "" && len(c.messages) == 1 && m.kind != kindUnknown {
				index = -1 // a single call, whose path says the type
			}
			errors = append(errors, describe(why, index))
		default:
			more++
		}
		ws.record(m, i, verdict, why, now)
	}
	if more > 0 {
		errors = append(errors, fmt.Sprintf("and %d more messages", more))
	}
	return status, errors
}

// describe is the text of an error in an answer. index is the message's place
// in the batch, or negative for the request.
func describe(why note, index int) string {
	n := why.export()
	place := n.Field
	if index >= 0 {
		place = fmt.Sprintf("batch[%d]", index)
		if n.Field != "" {
			place += "." + n.Field
		}
	}
	if place != "" {
		place += ": "
	}
	return place + n.Reason + " (" + n.Rule + ")"
}

// record counts the message and adds it to the journal.
func (ws *workspace) record(m *message, index int, verdict Verdict, why note, now time.Time) {
	switch verdict {
	case Accepted:
		ws.counts.Accepted++
	case Dropped:
		ws.counts.Dropped++
	case Rejected:
		ws.counts.Rejected++
	}
	ws.journal.add(entry{
		request:  ws.request,
		index:    index,
		kind:     m.kind,
		verdict:  verdict,
		at:       now,
		raw:      m.raw,
		why:      why,
		warnings: m.warnings,
	})
}
