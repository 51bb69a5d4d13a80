package emulator

import (
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// ownIntegration begins the names that can stand for Customer.io among the
// integrations of a message. Which of them does is not documented.
const ownIntegration = "customer.io"

// switchedOff reports whether the message's integrations, or else its batch's,
// name by name, switch Customer.io off. That is so if all are off and none of
// Customer.io's names is on, or if one of these names is off.
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
