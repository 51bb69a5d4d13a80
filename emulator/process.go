package emulator

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// maxErrors bounds the errors that one answer lists.
const maxErrors = 20

// process records the call and lets it act. It returns the request as it is
// remembered, with the status and the errors of the answer. It takes the lock.
func (ws *workspaceState) process(c *call, k kind, strict bool, now time.Time) Request {
	strict = strict || ws.config.Strict
	invalid := c.inspect(ws.config)
	asked := c.broken

	defer ws.persist.begin()()
	ws.mu.Lock()
	defer ws.mu.Unlock()
	defer ws.changed()
	ws.request++
	ws.calledAt = now
	ws.bytes += int64(c.bytes)
	before, broken, first := ws.counts, ws.broken, ws.journal.sequence+1
	status, errors := ws.decide(c, k, strict, invalid, now)
	if c.broken.rule == ruleRateLimited {
		asked = c.broken // a question of time, which has passed when the store is read
	}
	if ws.persist != nil {
		c.durable = ws.persist.append(callRecord(ws.key, c, asked, strict, now), c.text)
	}
	return ws.keepRequest(c, status, errors, strict, before, &broken, first, now)
}

// callRecord is what a store keeps of the call, in addition to its body. asked
// is what was wrong with the call when it came.
func callRecord(key string, c *call, asked finding, strict bool, now time.Time) storeRecord {
	r := storeRecord{Op: opCall, Key: key, At: now, Path: c.envelope.path, Strict: strict, Bytes: c.bytes,
		Encoding: c.envelope.encoding, Agent: c.envelope.userAgent, Refused: c.byConfig}
	if asked.rule != noRule {
		r.Refusal = &savedNote{ruleTable[asked.rule].ID, asked.field, asked.detail}
	}
	return r
}

// decide applies the messages of the call, or does not. It returns the HTTP
// status and the errors of the answer.
func (ws *workspaceState) decide(c *call, k kind, strict, invalid bool, now time.Time) (int, []string) {
	if limit := ws.config.RateLimit; limit > 0 && !c.replayed && c.broken.rule == noRule && !ws.pace.allow(now, limit) {
		c.broken = finding{rule: ruleRateLimited}
	}
	if c.broken.rule != noRule {
		return ws.applyNothing(c, k, strict, now)
	}
	if strict && ws.config.RejectSuppressed {
		invalid = ws.findSuppressed(c) || invalid
	}
	wholesale := false
	for i := range c.messages {
		wholesale = wholesale || takesRequestAlong(c.messages[i].broken.rule)
	}
	if wholesale || strict && invalid && !ws.config.RefuseItems {
		return ws.applyNoMessage(c, strict && !(wholesale && ws.config.DropOversize), now)
	}
	var errors errorList
	for i := range c.messages {
		m := &c.messages[i]
		why, verdict := m.broken, VerdictAccepted
		switch {
		case why.rule != noRule && strict:
			verdict = VerdictRejected
			errors.add(describe(why, c.place(i)))
		case why.rule != noRule:
			verdict = VerdictDropped
		default:
			m.sequence, m.received = ws.journal.sequence+1, now
			if why = ws.applyOnce(m, now); why.rule != noRule {
				verdict = VerdictDropped
			} else {
				ws.shapes.add(m)
			}
		}
		ws.record(m, i, verdict, why, now)
	}
	if errors.n > 0 {
		return http.StatusBadRequest, errors.texts()
	}
	return http.StatusOK, nil
}

// applyOnce lets the message act, unless one with its messageId did within
// Config.DedupWindow.
func (ws *workspaceState) applyOnce(m *decodedMessage, now time.Time) finding {
	window := ws.config.DedupWindow
	if window <= 0 || m.messageID == "" {
		return ws.apply(m, now)
	}
	if ws.recent.has(m.messageID, now, window) {
		return finding{rule: ruleDuplicate, field: "messageId"}
	}
	why := ws.apply(m, now)
	if why.rule == noRule {
		ws.recent.add(m.messageID, now)
	}
	return why
}

// findSuppressed finds the messages for people who were suppressed before the
// call. They break a rule. It reports whether there are any.
func (ws *workspaceState) findSuppressed(c *call) bool {
	found := false
	for i := range c.messages {
		m := &c.messages[i]
		if m.broken.rule == noRule {
			m.broken = ws.suppressedFinding(m)
			found = found || m.broken.rule != noRule
		}
	}
	return found
}

// inspect validates the messages, lets Config.Refuse see the valid ones, and
// reports whether any breaks a rule.
func (c *call) inspect(config *Config) bool {
	invalid := false
	for i := range c.messages {
		m := &c.messages[i]
		m.validate()
		m.validateBySwitch(config)
		if m.broken.rule == noRule {
			if rule, yes := c.askConfig(i, config); yes {
				m.breaksDetail(ruleConfigRefuse, "", rule)
			}
		}
		invalid = invalid || m.broken.rule != noRule
	}
	return invalid
}

// askConfig calls Config.Refuse for a message, and remembers the answer for the
// store. A call that comes out of a store has its earlier answer.
func (c *call) askConfig(i int, config *Config) (rule string, refused bool) {
	switch {
	case c.replayed:
		rule, refused = c.byConfig[i]
	case config.Refuse != nil:
		if rule, refused = config.Refuse(c.messages[i].export()); refused {
			if c.byConfig == nil {
				c.byConfig = make(map[int]string)
			}
			c.byConfig[i] = rule
		}
	}
	return rule, refused
}

// takesRequestAlong reports whether the rule is about the whole request in
// permissive mode too: sizes do (docs/rules.md#sizes).
func takesRequestAlong(rule ruleID) bool {
	return rule == ruleMessageTooLarge || rule == ruleCallTooLarge
}

// isOversize reports whether the rule is about a request, or one of its
// messages, being too large.
func isOversize(rule ruleID) bool {
	return takesRequestAlong(rule) || rule == ruleBatchTooLarge || rule == ruleBodyTooLarge
}

// applyNothing records all that the call carries with the rule that the call
// itself breaks.
func (ws *workspaceState) applyNothing(c *call, k kind, strict bool, now time.Time) (int, []string) {
	verdict, status := VerdictDropped, http.StatusOK
	strict = strict && !(ws.config.DropOversize && isOversize(c.broken.rule))
	if strict || ruleTable[c.broken.rule].Effect == EffectRejectsAlways {
		verdict, status = VerdictRejected, c.broken.rule.status()
	}
	n := 0
	for i := range c.messages {
		ws.record(&c.messages[i], i, verdict, c.broken, now)
		n++
	}
	if c.oversize != "" {
		for raw := range rawjson.Elements(c.oversize) {
			m := decodedMessage{raw: strings.Clone(raw)}
			ws.record(&m, n, verdict, c.broken, now)
			n++
		}
	}
	if n == 0 {
		ws.record(&decodedMessage{kind: k}, 0, verdict, c.broken, now)
	}
	return status, []string{describe(c.broken, -1)}
}

// applyNoMessage records that nothing of the request was applied, because of
// some of its messages.
func (ws *workspaceState) applyNoMessage(c *call, strict bool, now time.Time) (int, []string) {
	verdict, status := VerdictDropped, http.StatusOK
	if strict {
		verdict, status = VerdictRejected, http.StatusBadRequest
	}
	var errors errorList
	for i := range c.messages {
		m := &c.messages[i]
		why := m.broken
		if why.rule == noRule {
			why.rule = ruleOtherMessage
		} else {
			errors.add(describe(why, c.place(i)))
		}
		ws.record(m, i, verdict, why, now)
	}
	return status, errors.texts()
}

// place is the index of message i in its batch, or negative in a single call,
// whose path says the type.
func (c *call) place(i int) int {
	if m := &c.messages[i]; m.typ == "" && len(c.messages) == 1 && m.kind != kindUnknown {
		return -1
	}
	return i
}

// errorList collects the errors of an answer, and only counts those beyond
// maxErrors.
type errorList struct {
	list []string
	n    int
}

func (e *errorList) add(text string) {
	if e.n++; e.n <= maxErrors {
		e.list = append(e.list, text)
	}
}

func (e *errorList) texts() []string {
	if more := e.n - len(e.list); more > 0 {
		return append(e.list, "and "+things(more, "more message"))
	}
	return e.list
}

// describe is the text of an error in an answer. index is the message's place
// in the batch, or negative for the request.
func describe(why finding, index int) string {
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
func (ws *workspaceState) record(m *decodedMessage, index int, verdict Verdict, why finding, now time.Time) {
	switch verdict {
	case VerdictAccepted:
		ws.counts.Accepted++
	case VerdictDropped:
		ws.counts.Dropped++
	case VerdictRejected:
		ws.counts.Rejected++
	}
	if why.rule != noRule {
		ws.broken[why.rule]++
	}
	for _, w := range m.warnings {
		ws.broken[w.rule]++
	}
	ws.journal.add(entry{
		request:  ws.request,
		index:    index,
		kind:     m.kind,
		keepName: ws.config.KeepPageNames,
		deeds:    m.deeds,
		verdict:  verdict,
		at:       now,
		raw:      m.raw,
		why:      why,
		warnings: m.warnings,
	})
}
