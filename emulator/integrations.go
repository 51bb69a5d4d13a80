package emulator

import "strings"

// ownIntegration begins the names that can stand for Customer.io among the
// integrations of a message. Which of them does is not documented.
const ownIntegration = "customer.io"

// switchedOff reports whether the message's integrations, or else its batch's,
// switch Customer.io off: all are off, and none of its names is on, or one of
// them is off by itself.
func (m *message) switchedOff() bool {
	list := m.integrations
	if list == "" || list == "{}" {
		list = m.batchIntegrations
	}
	if !strings.Contains(list, "false") {
		return false
	}
	off := false
	for name, value := range members(list) {
		switch {
		case name == "All" && value == "false":
			off = true
		case strings.HasPrefix(strings.ToLower(name), ownIntegration):
			return value == "false"
		}
	}
	return off
}
