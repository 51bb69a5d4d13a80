package emulator

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ciokit/cio/emulator/internal/rawjson"
)

// deeds are the effects of an accepted message that its text does not show. The
// journal keeps a bit for each. The words are made when somebody reads them.
type deeds uint16

const (
	deedCreatedPerson deeds = 1 << iota
	deedTookAnonymous       // a person got what was kept under an anonymousId
	deedTookEmail           // a new id came with the email address of a person
	deedRenamed             // a person who was named by their cio_id got another id
	deedCreatedObject
	deedRelated  // a relationship that was not there before
	deedOutdated // some attributes stayed as a newer message had set them
	deedMerged   // an alias merged two people
	// deedForgotten: the content was deleted, and the entry stays so that
	// sequences have no gaps.
	deedForgotten
)

// maxDidNames limits how many attributes are named, maxDidText how much of each
// name is shown.
const (
	maxDidNames = 4
	maxDidText  = 40
)

// did says in a few words what the accepted message m did.
func (e *entry) did(m *decodedMessage) string {
	if e.verdict != VerdictAccepted || e.raw == "" {
		return ""
	}
	who := "the person"
	if m.userID != "" {
		who = `"` + shorten(m.userID) + `"`
	}
	var did []string
	say := func(format string, args ...any) { did = append(did, fmt.Sprintf(format, args...)) }
	if e.deeds&deedCreatedPerson != 0 {
		say("created %s", who)
	}
	switch e.deeds & (deedTookEmail | deedRenamed) {
	case deedTookEmail:
		say("gave the id %s to the person with that email address", who)
	case deedRenamed:
		say("changed the person's id")
	}
	if e.deeds&deedTookAnonymous != 0 {
		say("took over the data of the anonymousId")
	}
	switch m.kind {
	case kindIdentify:
		did = append(did, e.didSet(m, m.traits, "traits.", reservedWithObject(m))...)
	case kindGroup:
		if e.deeds&deedCreatedObject != 0 {
			say("created the object %q", shorten(m.groupID))
		}
		if e.deeds&deedRelated != 0 {
			say("related %s to it", who)
		}
		did = append(did, e.didSet(m, m.traits, "traits.", reservedObjectTrait)...)
	case kindAlias:
		if e.deeds&deedMerged != 0 {
			say("merged %q into %s", shorten(m.previousID), who)
		}
	default:
		did = append(did, e.didTrack(m, who)...)
	}
	if len(did) == 0 {
		return "changed nothing"
	}
	return strings.Join(did, "; ")
}

// didTrack is about track, page and screen calls.
func (e *entry) didTrack(m *decodedMessage, who string) []string {
	what := ""
	if m.kind == kindTrack {
		what = semanticDeeds[m.event]
	}
	switch {
	case what != "" && e.warns(ruleNothingToDelete):
		return nil
	case what != "":
		return append([]string{what}, e.didSet(m, deviceProperties(m), "properties.", nil)...)
	case m.userID != "":
		return []string{"kept the event for " + who}
	case m.anonymousID != "":
		return []string{"kept the event for the anonymousId"}
	}
	return []string{"kept, but for no person: it names none"}
}

// semanticDeeds say what the events do that are commands.
var semanticDeeds = map[string]string{
	eventDeviceUpdated:       "set the device",
	eventDeviceDeleted:       "deleted the device",
	eventUserDeleted:         "deleted the person",
	eventUserSuppressed:      "suppressed the person, whose data is deleted",
	eventUserUnsuppressed:    "allowed the identifiers again",
	eventRelationshipDeleted: "ended the relationship",
	eventObjectDeleted:       "deleted the object",
	eventReportDelivery:      "kept the report",
	eventReportContent:       "kept the report",
}

func deviceProperties(m *decodedMessage) string {
	if m.event == eventDeviceUpdated {
		return m.properties
	}
	return ""
}

// reservedWithObject reports whether the trait says something about the object
// of an identify, if it names one, or is not an attribute.
func reservedWithObject(m *decodedMessage) func(string) bool {
	hasObject := m.traits != "" && rawjson.Member(m.traits, "objectId") != ""
	return func(name string) bool {
		return hasObject && reservedObjectTrait(name) || name == "anonymous_id" || name == "cio_id"
	}
}

// didSet names the attributes that the object of m set, and those that it
// removed.
func (e *entry) didSet(m *decodedMessage, object, path string, skip func(string) bool) []string {
	if object == "" {
		return nil
	}
	var set, removed []string
	for name, value := range rawjson.Members(object) {
		switch {
		case skip != nil && skip(name), e.ignored(path + clip(name)):
		case rawjson.IsNull(value) || value == `""`:
			removed = append(removed, shorten(name))
		default:
			set = append(set, shorten(name))
		}
	}
	var did []string
	if len(set) > 0 {
		did = append(did, "set "+names(set))
	}
	if len(removed) > 0 {
		did = append(did, "removed "+names(removed))
	}
	if e.deeds&deedOutdated != 0 {
		did = append(did, "kept the values of a newer message")
	}
	return did
}

// ignored reports whether a warning says that the field was not written.
func (e *entry) ignored(field string) bool {
	return slices.ContainsFunc(e.warnings, func(w finding) bool {
		return w.field == field && (w.rule == ruleReservedTrait || w.rule == ruleEmailTaken || w.rule == ruleEmailKept)
	})
}

func (e *entry) warns(rule ruleID) bool {
	return slices.ContainsFunc(e.warnings, func(w finding) bool { return w.rule == rule })
}

func names(list []string) string {
	if more := len(list) - maxDidNames; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(list[:maxDidNames], ", "), more)
	}
	return strings.Join(list, ", ")
}

func shorten(s string) string {
	if len(s) <= maxDidText {
		return s
	}
	return strings.ToValidUTF8(s[:maxDidText], "") + "\u2026"
}
