package emulator

import (
	"unicode"
	"unicode/utf8"
)

// The semantic events that act on the workspace's state instead of being stored
// as events (docs/rules.md#objects, #devices and #semantic-events).
const (
	eventDeviceUpdated       = "Device Created or Updated"
	eventDeviceDeleted       = "Device Deleted"
	eventUserDeleted         = "User Deleted"
	eventUserSuppressed      = "User Suppressed"
	eventUserUnsuppressed    = "User Unsuppressed"
	eventRelationshipDeleted = "Relationship Deleted"
	eventObjectDeleted       = "Object Deleted"
	eventReportDelivery      = "Report Delivery Event"
	eventReportContent       = "Report Content Event"
)

// maxFolded is room for the longest folded semantic name; a longer name
// cannot be a misspelling of one.
const maxFolded = 64

// semanticByFold has the names that Customer.io gives a meaning
// (docs/rules.md#semantic-events).
var semanticByFold = func() map[string]string {
	m := make(map[string]string, len(semanticEvents))
	var buf [maxFolded]byte
	for _, e := range semanticEvents {
		m[string(fold(buf[:0], e.name))] = e.name
	}
	return m
}()

// nearSemantic returns the semantic name that name is a misspelling of: equal
// to it but for case, spaces and punctuation. It returns "" for the exact
// name and for any other.
func nearSemantic(name string) string {
	var buf [maxFolded]byte
	near := semanticByFold[string(fold(buf[:0], name))]
	if near == name {
		return ""
	}
	return near
}

// fold appends the letters and digits of name to dst in lower case. It stops
// when dst is full, which no semantic name reaches.
func fold(dst []byte, name string) []byte {
	for _, r := range name {
		if !unicode.IsLetter(r) && !unicode.IsDigit(r) {
			continue
		}
		if len(dst)+utf8.UTFMax > cap(dst) {
			break
		}
		dst = utf8.AppendRune(dst, unicode.ToLower(r))
	}
	return dst
}
