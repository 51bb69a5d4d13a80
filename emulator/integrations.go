package emulator

import (
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// ownIntegration begins the names that can stand for Customer.io among the
// integrations of a message. Which of them does is not documented.
const ownIntegration = "customer.io"

// switchedOff reports whether the message's integrations, or else its batch's,
// name by name, switch Customer.io off: all are off, and none of its names is
// on, or one of them is off by itself.
func (m *decodedMessage) switchedOff() bool {
	if !strings.Contains(m.integrations, "false") && !strings.Contains(m.batchIntegrations, "false") {
		return false
	}
	merged := make(map[string]string)
	for _, list := range []string{m.batchIntegrations, m.integrations} {
		if list == "" {
			continue
		}
		for name, value := range rawjson.Members(list) {
			merged[name] = value
		}
	}
	on, off := false, false
	for name, value := range merged {
		if strings.HasPrefix(strings.ToLower(name), ownIntegration) && !rawjson.IsNull(value) {
			on = on || value != "false"
			off = off || value == "false"
		}
	}
	if merged["All"] == "false" {
		return !on
	}
	return off
}
