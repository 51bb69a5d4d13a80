package cio

import (
	"strings"

	"github.com/ciokit/cio/internal/wire"
)

// checkIDs checks what can be checked before encoding: that ids can be seen, and those that a type of call cannot do without (api-facts 1.3).
func checkIDs(env *envelope) error {
	switch {
	case blank(env.userID):
		return refuseBlank("userId")
	case blank(env.anonymousID):
		return refuseBlank("anonymousId")
	case blank(env.groupID):
		return refuseBlank("groupId")
	case blank(env.previousID):
		return refuseBlank("previousId")
	case blank(env.messageID):
		return refuseBlank("messageId")
	}
	switch env.typ {
	case TypeTrack, TypePage, TypeScreen:
		if env.userID == "" && env.anonymousID == "" {
			return refuse("userId", RuleNoIdentity, "set UserID or AnonymousID; the API drops a "+string(env.typ)+" call without either")
		}
	case TypeGroup:
		if env.groupID == "" {
			return refuse("groupId", RuleNoGroup, "set GroupID to the object's id")
		}
	case TypeAlias:
		switch {
		case env.userID == "":
			return refuse("userId", RuleNoIdentity, "set UserID to the id that remains")
		case env.previousID == "":
			return refuse("previousId", RuleNoPreviousID, "set PreviousID to the id that goes")
		case env.userID == env.previousID:
			return refuse("previousId", RuleSameID, "PreviousID must differ from UserID")
		}
	}
	return nil
}

// The events that act on people, devices and objects instead of being stored (api-facts 1.9, 1.10 and 2).
const (
	eventUserDeleted         = "User Deleted"
	eventUserSuppressed      = "User Suppressed"
	eventUserUnsuppressed    = "User Unsuppressed"
	eventDeviceSet           = "Device Created or Updated"
	eventDeviceDeleted       = "Device Deleted"
	eventObjectDeleted       = "Object Deleted"
	eventRelationshipDeleted = "Relationship Deleted"
	eventReportDelivery      = "Report Delivery Event"
	eventReportContent       = "Report Content Event"
)

// checkMeaning checks the rules that depend on the encoded body and context.
func (r *rules) checkMeaning(typ Type, event string, id *Identity, body, context []byte) error {
	switch typ {
	case TypeIdentify:
		return r.checkIdentify(id)
	case TypeGroup:
		return checkGroup(body)
	case TypeTrack:
		return checkCommand(event, id, body, context)
	}
	return nil
}

func (r *rules) checkIdentify(id *Identity) error {
	switch {
	case id.UserID != "":
		return nil
	case blank(id.Email):
		return refuseBlank("traits.email")
	case id.Email != "":
		return nil
	case id.AnonymousID == "":
		return refuse("userId", RuleNoIdentity, "set UserID, or the trait email")
	case r.allowAnonymousIdentify:
		return nil
	}
	return refuseAnonymousIdentify()
}

// isAnonymousIdentify reports whether a valid call is an identify of nobody known, which Customer.io ignores.
func isAnonymousIdentify(typ Type, id *Identity) bool {
	return typ == TypeIdentify && id.UserID == "" && id.Email == ""
}

func refuseAnonymousIdentify() error {
	return refuse("userId", RuleAnonymousIdentify, "Customer.io ignores an identify call with an anonymousId alone; set UserID or the trait email, or allow it by Config.AllowAnonymousIdentify")
}

func checkGroup(traits []byte) error {
	for _, name := range []string{"objectTypeId", "object_type_id"} {
		if v, ok := wire.Lookup(traits, name); ok && !isTypeID(v) {
			return refuse("traits."+name, RuleObjectType, `give the object type's number as a string, such as "1"`)
		}
	}
	if v, ok := wire.Lookup(traits, "relationshipAttributes"); ok && v[0] != '{' && string(v) != "null" {
		return refuse("traits.relationshipAttributes", RuleNotObject, "give a JSON object")
	}
	return nil
}

// isTypeID accepts digits, as a number or as a string: the API's documents show both (api-facts 1.9).
func isTypeID(v []byte) bool {
	s, ok := wire.Text(v)
	if !ok {
		s = string(v)
	}
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// actsOn returns the identifier of what an event acts on, besides people: its place in the message and its value, nil where it is absent.
func actsOn(event string, body, context []byte) (field string, value []byte) {
	switch event {
	case eventDeviceSet, eventDeviceDeleted:
		device, _ := wire.Lookup(context, "device")
		return "context.device.token", member(device, "token")
	case eventObjectDeleted, eventRelationshipDeleted:
		return "properties.objectId", member(body, "objectId")
	case eventReportDelivery:
		return "properties.deliveryId", member(body, "deliveryId")
	}
	return "", nil
}

// checkCommand checks that an event that acts has what it acts on.
func checkCommand(event string, id *Identity, body, context []byte) error {
	need := func(ok bool, field, hint string) error {
		if ok {
			return nil
		}
		return refuse(field, RuleRequired, event+" "+hint)
	}
	needID := func(hint string) error {
		field, v := actsOn(event, body, context)
		if s, ok := wire.Text(v); ok && blank(s) {
			return refuseBlank(field)
		}
		return need(v != nil, field, hint)
	}
	switch event {
	case eventUserDeleted, eventUserSuppressed, eventUserUnsuppressed:
		return need(id.UserID != "", "userId", "acts on a known person: set UserID")
	case eventDeviceSet, eventDeviceDeleted:
		if err := need(id.UserID != "", "userId", "acts on a known person's device: set UserID"); err != nil {
			return err
		}
		if err := needID("needs the device's push token in the context"); err != nil {
			return err
		}
		device, _ := wire.Lookup(context, "device")
		return need(event == eventDeviceDeleted || member(device, "type") != nil, "context.device.type", "needs the platform, ios or android, in the context")
	case eventObjectDeleted:
		if err := need(id.AnonymousID != "", "anonymousId", "needs an anonymousId, any will do"); err != nil {
			return err
		}
		return needID("needs the id of the object")
	case eventRelationshipDeleted:
		if err := need(id.UserID != "", "userId", "needs the person whose relationship ends: set UserID"); err != nil {
			return err
		}
		return needID("needs the id of the object")
	case eventReportDelivery:
		if err := needID("needs the id of the delivery"); err != nil {
			return err
		}
		return need(member(body, "metric") != nil, "properties.metric", "needs the metric, such as opened")
	case eventReportContent:
		return need(member(body, "actionType") != nil, "properties.actionType", "needs viewed_content or clicked_content")
	}
	return nil
}

// member returns the object's member of that name, nil where it is absent, null or an empty string.
func member(object []byte, name string) []byte {
	if v, _ := wire.Lookup(object, name); string(v) != "null" && string(v) != `""` {
		return v
	}
	return nil
}
