package mapping

import (
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/events"
	"github.com/ciokit/cio/internal/wire"
	"github.com/ciokit/cio/kit/internal/spelling"
)

// kind is the type of an entry in a mapping's messages: one of the six calls, a message with a command, or a semantic event by its name.
type kind struct {
	name string
	typ  cio.Type
	// event is the event's name on the wire, if the kind is a track call under another name.
	event string
	// fields are its fields, apart from the properties of a semantic event. required are the fields that it must have.
	fields   []field
	required []field
	// message makes a message with a command; nil for all other kinds.
	message func(v *values) (cio.Message, *ValueError)
	// definition describes a semantic event; nil for all other kinds.
	definition *events.Definition
}

// field is one of the members of a message, apart from those in its traits or properties.
type field int

// The first fields are text, up to fieldTexts.
const (
	fieldUserID field = iota
	fieldAnonymousID
	fieldGroupID
	fieldPreviousID
	fieldEvent
	fieldName
	fieldCategory
	fieldToken
	fieldPlatform
	fieldAppID
	fieldObjectTypeID
	fieldObjectID
	fieldDeliveryID
	fieldMetric
	fieldRecipient
	fieldReason
	fieldHref
	fieldActionType
	fieldContentID
	fieldTemplateID
	fieldContentType
	fieldActionName
	fieldActionValue
	fieldTexts
	fieldTraits field = iota - 1
	fieldProperties
	fieldAttributes
	fieldTimestamp
	fieldMessageID
	fieldContext
	fieldIntegrations
	fieldCount
)

var fieldNames = [fieldCount]string{"userId", "anonymousId", "groupId", "previousId", "event", "name", "category", "token", "platform", "appId",
	"objectTypeId", "objectId", "deliveryId", "metric", "recipient", "reason", "href", "actionType", "contentId", "templateId", "contentType",
	"actionName", "actionValue", "traits", "properties", "attributes", "timestamp", "messageId", "context", "integrations"}

// enumOf are the possible values of fields that have a known set.
var enumOf = map[field][]string{
	fieldPlatform:   {string(cio.PlatformIOS), string(cio.PlatformAndroid)},
	fieldActionType: {string(cio.ContentActionViewed), string(cio.ContentActionClicked)},
	fieldMetric: {string(cio.MetricDelivered), string(cio.MetricOpened), string(cio.MetricClicked), string(cio.MetricConverted), string(cio.MetricBounced), string(cio.MetricDropped),
		string(cio.MetricSpammed), string(cio.MetricDeferred)},
}

// common are the fields that every message has.
var common = []field{fieldTimestamp, fieldMessageID, fieldContext, fieldIntegrations}

func withCommon(fields ...field) []field { return append(fields, common...) }

// values are the values of a row for the fields of a message.
type values struct {
	text [fieldTexts]string
	meta cio.Identify // MessageID, Timestamp, Context, Integrations and Tag
	body any
	own  wire.Checked // body points to it if all of the body was written here

	verbatim bool // the event's name is sent unchanged

	// The current message is one of these.
	identify cio.Identify
	track    cio.Track
	page     cio.Page
	screen   cio.Screen
	group    cio.Group
	alias    cio.Alias
}

var calls = []*kind{
	{name: "identify", typ: cio.TypeIdentify, fields: withCommon(fieldUserID, fieldAnonymousID, fieldTraits)},
	{name: "track", typ: cio.TypeTrack, fields: withCommon(fieldUserID, fieldAnonymousID, fieldEvent, fieldProperties)},
	{name: "page", typ: cio.TypePage, fields: withCommon(fieldUserID, fieldAnonymousID, fieldName, fieldCategory, fieldProperties)},
	{name: "screen", typ: cio.TypeScreen, fields: withCommon(fieldUserID, fieldAnonymousID, fieldName, fieldCategory, fieldProperties)},
	{name: "group", typ: cio.TypeGroup, fields: withCommon(fieldUserID, fieldAnonymousID, fieldGroupID, fieldTraits)},
	{name: "alias", typ: cio.TypeAlias, fields: withCommon(fieldUserID, fieldPreviousID)},
}

var actions = []*kind{
	{name: "delete_person", typ: cio.TypeTrack, event: "User Deleted", fields: withCommon(fieldUserID), required: []field{fieldUserID},
		message: func(v *values) (cio.Message, *ValueError) {
			return cio.DeletePerson{UserID: v.text[fieldUserID], MessageID: v.meta.MessageID, Timestamp: v.meta.Timestamp,
				Context: v.meta.Context, Integrations: v.meta.Integrations, Tag: v.meta.Tag}, nil
		}},
	{name: "suppress_person", typ: cio.TypeTrack, event: "User Suppressed", fields: withCommon(fieldUserID), required: []field{fieldUserID},
		message: func(v *values) (cio.Message, *ValueError) {
			return cio.SuppressPerson{UserID: v.text[fieldUserID], MessageID: v.meta.MessageID, Timestamp: v.meta.Timestamp,
				Context: v.meta.Context, Integrations: v.meta.Integrations, Tag: v.meta.Tag}, nil
		}},
	{name: "unsuppress_person", typ: cio.TypeTrack, event: "User Unsuppressed", fields: withCommon(fieldUserID), required: []field{fieldUserID},
		message: func(v *values) (cio.Message, *ValueError) {
			return cio.UnsuppressPerson{UserID: v.text[fieldUserID], MessageID: v.meta.MessageID, Timestamp: v.meta.Timestamp,
				Context: v.meta.Context, Integrations: v.meta.Integrations, Tag: v.meta.Tag}, nil
		}},
	{name: "set_device", typ: cio.TypeTrack, event: "Device Created or Updated", fields: withCommon(fieldUserID, fieldToken, fieldPlatform, fieldAppID, fieldAttributes),
		required: []field{fieldUserID, fieldToken, fieldPlatform},
		message: func(v *values) (cio.Message, *ValueError) {
			return cio.SetDevice{UserID: v.text[fieldUserID], Token: v.text[fieldToken], Platform: cio.Platform(v.text[fieldPlatform]), AppID: v.text[fieldAppID], Attributes: v.body,
				MessageID: v.meta.MessageID, Timestamp: v.meta.Timestamp, Context: v.meta.Context, Integrations: v.meta.Integrations, Tag: v.meta.Tag}, nil
		}},
	{name: "delete_device", typ: cio.TypeTrack, event: "Device Deleted", fields: withCommon(fieldUserID, fieldToken, fieldPlatform, fieldAppID),
		required: []field{fieldUserID, fieldToken},
		message: func(v *values) (cio.Message, *ValueError) {
			return cio.DeleteDevice{UserID: v.text[fieldUserID], Token: v.text[fieldToken], Platform: cio.Platform(v.text[fieldPlatform]), AppID: v.text[fieldAppID],
				MessageID: v.meta.MessageID, Timestamp: v.meta.Timestamp, Context: v.meta.Context, Integrations: v.meta.Integrations, Tag: v.meta.Tag}, nil
		}},
	{name: "set_object", typ: cio.TypeGroup, fields: withCommon(fieldObjectTypeID, fieldObjectID, fieldAttributes), required: []field{fieldObjectID},
		message: func(v *values) (cio.Message, *ValueError) {
			return cio.SetObject{TypeID: v.text[fieldObjectTypeID], ObjectID: v.text[fieldObjectID], Attributes: v.body,
				MessageID: v.meta.MessageID, Timestamp: v.meta.Timestamp, Context: v.meta.Context, Integrations: v.meta.Integrations, Tag: v.meta.Tag}, nil
		}},
	{name: "relate", typ: cio.TypeGroup, fields: withCommon(fieldUserID, fieldAnonymousID, fieldObjectTypeID, fieldObjectID, fieldAttributes), required: []field{fieldObjectID},
		message: func(v *values) (cio.Message, *ValueError) {
			return cio.Relate{UserID: v.text[fieldUserID], AnonymousID: v.text[fieldAnonymousID], TypeID: v.text[fieldObjectTypeID], ObjectID: v.text[fieldObjectID], Attributes: v.body,
				MessageID: v.meta.MessageID, Timestamp: v.meta.Timestamp, Context: v.meta.Context, Integrations: v.meta.Integrations, Tag: v.meta.Tag}, nil
		}},
	{name: "delete_object", typ: cio.TypeTrack, event: "Object Deleted", fields: withCommon(fieldObjectTypeID, fieldObjectID), required: []field{fieldObjectID},
		message: func(v *values) (cio.Message, *ValueError) {
			return cio.DeleteObject{TypeID: v.text[fieldObjectTypeID], ObjectID: v.text[fieldObjectID],
				MessageID: v.meta.MessageID, Timestamp: v.meta.Timestamp, Context: v.meta.Context, Integrations: v.meta.Integrations, Tag: v.meta.Tag}, nil
		}},
	{name: "delete_relationship", typ: cio.TypeTrack, event: "Relationship Deleted", fields: withCommon(fieldUserID, fieldObjectTypeID, fieldObjectID), required: []field{fieldUserID, fieldObjectID},
		message: func(v *values) (cio.Message, *ValueError) {
			return cio.DeleteRelationship{UserID: v.text[fieldUserID], TypeID: v.text[fieldObjectTypeID], ObjectID: v.text[fieldObjectID],
				MessageID: v.meta.MessageID, Timestamp: v.meta.Timestamp, Context: v.meta.Context, Integrations: v.meta.Integrations, Tag: v.meta.Tag}, nil
		}},
	{name: "report_delivery", typ: cio.TypeTrack, event: "Report Delivery Event",
		fields:   withCommon(fieldUserID, fieldAnonymousID, fieldDeliveryID, fieldMetric, fieldRecipient, fieldReason, fieldHref, fieldActionName, fieldActionValue),
		required: []field{fieldDeliveryID, fieldMetric},
		message: func(v *values) (cio.Message, *ValueError) {
			return cio.ReportDelivery{UserID: v.text[fieldUserID], AnonymousID: v.text[fieldAnonymousID], DeliveryID: v.text[fieldDeliveryID], Metric: cio.Metric(v.text[fieldMetric]),
				Recipient: v.text[fieldRecipient], Reason: v.text[fieldReason], Href: v.text[fieldHref], ActionName: v.text[fieldActionName], ActionValue: v.text[fieldActionValue],
				MessageID: v.meta.MessageID, Timestamp: v.meta.Timestamp, Context: v.meta.Context, Integrations: v.meta.Integrations, Tag: v.meta.Tag}, nil
		}},
	{name: "report_content", typ: cio.TypeTrack, event: "Report Content Event",
		fields:   withCommon(fieldUserID, fieldAnonymousID, fieldActionType, fieldContentID, fieldTemplateID, fieldContentType, fieldActionName, fieldActionValue),
		required: []field{fieldActionType},
		message: func(v *values) (cio.Message, *ValueError) {
			content, err := v.integer(fieldContentID)
			if err != nil {
				return nil, err
			}
			template, err := v.integer(fieldTemplateID)
			if err != nil {
				return nil, err
			}
			return cio.ReportContent{UserID: v.text[fieldUserID], AnonymousID: v.text[fieldAnonymousID], Action: cio.ContentAction(v.text[fieldActionType]),
				ContentID: content, TemplateID: template, ContentType: v.text[fieldContentType], ActionName: v.text[fieldActionName], ActionValue: v.text[fieldActionValue],
				MessageID: v.meta.MessageID, Timestamp: v.meta.Timestamp, Context: v.meta.Context, Integrations: v.meta.Integrations, Tag: v.meta.Tag}, nil
		}},
}

// integer returns a field whose text is an integer, 0 if the row has none.
func (v *values) integer(f field) (int, *ValueError) {
	if v.text[f] == "" {
		return 0, nil
	}
	n, err := parseInt([]byte(v.text[f]))
	if err != nil {
		return 0, err.in(fieldNames[f])
	}
	if int64(int(n)) != n {
		return 0, refuse(RuleOutOfRange, "the integer does not fit in the %d bits that the field has on this machine", strconv.IntSize).in(fieldNames[f])
	}
	return int(n), nil
}

// destroys are the events that delete something permanently.
var destroys = map[string]bool{"User Deleted": true, "User Suppressed": true, "Device Deleted": true, "Object Deleted": true, "Relationship Deleted": true}

// kinds are all kinds by their name in a mapping. kindNames are these names, the calls first.
var kinds, kindNames = allKinds()

func allKinds() (map[string]*kind, []string) {
	all := slices.Concat(calls, actions)
	for _, d := range events.All() {
		k := &kind{name: snakeCase(d.Name), typ: cio.TypeTrack, event: d.Name, definition: &d, fields: withCommon(fieldProperties)}
		if d.By != "anonymousId" {
			k.fields = append(k.fields, fieldUserID)
		}
		if d.By != "userId" {
			k.fields = append(k.fields, fieldAnonymousID)
		}
		slices.Sort(k.fields)
		all = append(all, k)
	}
	byName, names := make(map[string]*kind, len(all)), make([]string, 0, len(all))
	for _, k := range all {
		byName[k.name] = k
		names = append(names, k.name)
	}
	return byName, names
}

// snakeCase returns the name of a semantic event as a mapping writes it: Order Completed is order_completed.
func snakeCase(name string) string { return strings.ReplaceAll(strings.ToLower(name), " ", "_") }

// property returns the catalogue's entry for a property of a semantic event, or for a part of its context, by name.
func (k *kind) property(name string) (events.Field, bool) {
	if k.definition == nil {
		return events.Field{}, false
	}
	i := slices.IndexFunc(k.definition.Fields, func(f events.Field) bool { return f.Name == name })
	if i < 0 {
		return events.Field{}, false
	}
	return k.definition.Fields[i], true
}

// names returns the names that can be below the kind.
func (k *kind) names() (names []string) {
	for _, f := range k.fields {
		names = append(names, fieldNames[f])
	}
	if k.definition != nil {
		for _, f := range k.definition.Fields {
			names = append(names, f.Name)
		}
	}
	return names
}

// body is the field with the message's own data.
func (k *kind) body() field {
	switch {
	case slices.Contains(k.fields, fieldAttributes):
		return fieldAttributes
	case k.typ == cio.TypeIdentify || k.typ == cio.TypeGroup:
		return fieldTraits
	}
	return fieldProperties
}

// suggestKind is spelling.Suggest for the name of a kind. Because there are many names, it lists only the calls.
func suggestKind(name string) string {
	var longer []string // a name such as delete must not become another one that is spelt like it
	for _, other := range kindNames {
		if strings.HasPrefix(other, name+"_") {
			longer = append(longer, other)
		}
	}
	switch {
	case name != "" && len(longer) == 1:
		return "write " + longer[0]
	case name != "" && len(longer) > 1:
		return "write one of " + strings.Join(longer, ", ")
	}
	if best := spelling.Nearest(name, append([]string{"null", "when", "default"}, kindNames...)); best != "" {
		return "write " + best
	}
	var list []string
	for _, k := range slices.Concat(calls, actions) {
		list = append(list, k.name)
	}
	return "use one of " + strings.Join(list, ", ") + ", or a semantic event by its name, such as order_completed (ciokit events list has them)"
}
