package emulator

import (
	"encoding/json"
	"time"
)

// Report is one "Report Delivery Event" or "Report Content Event": what an
// SDK tells Customer.io about a message it sent. Reports act on nobody's
// profile and are no events.
type Report struct {
	// Event is the name of the semantic event.
	Event string
	// Timestamp is the message's.
	Timestamp time.Time
	// Properties are as sent, nil for none.
	Properties json.RawMessage
}

// keepReport keeps as many reports as the journal keeps messages.
func (ws *workspaceState) keepReport(m *decodedMessage) {
	if ws.config.MaxMessages > 0 {
		ws.reports = appendBounded(ws.reports, Report{m.event, m.at, rawMessage(m.properties)}, ws.config.MaxMessages)
	}
}
