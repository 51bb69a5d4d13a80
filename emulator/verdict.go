package emulator

// Verdict says what happened to one message.
type Verdict string

const (
	// VerdictAccepted: the message was answered with 200 and took effect.
	VerdictAccepted Verdict = "accepted"
	// VerdictDropped: the call was answered with 200, and the message had no
	// effect. The real API does not tell this to its callers.
	VerdictDropped Verdict = "dropped"
	// VerdictRejected: the call was answered with an error, and nothing of it
	// had an effect.
	VerdictRejected Verdict = "rejected"
)

// Effect is what a rule does to the message that breaks it.
type Effect string

const (
	// EffectRefuses: dropped with a 200 in permissive mode, rejected in strict
	// mode.
	EffectRefuses Effect = "refuses"
	// EffectRejectsAlways: rejected with an error in both modes.
	EffectRejectsAlways Effect = "rejects"
	// EffectDropsAlways: dropped with a 200 in both modes, because the API only
	// notices after it has answered.
	EffectDropsAlways Effect = "drops"
	// EffectWarns: the message is accepted, and the warning is kept with it.
	EffectWarns Effect = "warns"
)

// Rule is one reason for which a message was dropped or rejected, or for which
// it has a warning.
type Rule struct {
	// ID is short, in kebab case, and stable.
	ID string `json:"rule"`
	// Effect is what happens to a message that breaks the rule.
	Effect Effect `json:"effect"`
	// Reason is one sentence.
	Reason string `json:"reason"`
	// Hint says what to do about it.
	Hint string `json:"hint"`
}

// Rules returns every rule that a [Record] can name, in a stable order. The
// caller may change the result. Rules of [Config].Refuse have names of their
// own.
func Rules() []Rule {
	return append([]Rule(nil), ruleTable[1:]...)
}

// ruleID indexes rules; 0 is no rule. A byte each, because the journal keeps
// one per message.
type ruleID uint8

const (
	noRule ruleID = iota

	ruleMalformedBody
	ruleMalformedGzip
	ruleUnknownEncoding
	ruleMissingKey
	ruleBareKey
	ruleBearerKey
	ruleRateLimited
	ruleUnknownPath
	ruleWrongMethod
	ruleForeignHost

	ruleUnknownKey
	rulePasswordWithKey
	ruleBodyTooLarge
	ruleCallTooLarge
	ruleBatchTooLarge
	ruleMessageTooLarge
	ruleOtherMessage
	ruleMissingBatch
	ruleNotAnObject
	ruleMissingType
	ruleUnknownType
	ruleFieldType
	ruleTimestamp
	ruleMissingIdentity
	ruleMissingUserID
	ruleMissingAnonymousID
	ruleMissingEvent
	ruleMissingGroupID
	ruleMissingPreviousID
	ruleMissingToken
	ruleMissingObjectID
	ruleConfigRefuse

	ruleAnonymousIdentify
	ruleSuppressed
	ruleUnknownCustomerIOID
	ruleUnknownPerson
	ruleDuplicate
	ruleSwitchedOff
	ruleUnknownObjectType

	ruleNearSemanticName
	ruleNumericID
	ruleIntegerTimestamp
	ruleFutureTimestamp
	ruleIDLength
	ruleAttributeName
	ruleAttributeValue
	ruleAttributeCount
	ruleAttributeBytes
	ruleEventName
	ruleReservedTrait
	ruleEmailTaken
	ruleEmailKept
	ruleOddObjectType
	ruleNotRelated
	ruleIDReplaced
	ruleAnonymousIDTaken
	ruleMissingURL
	ruleDeviceType
	ruleTopLevelObjectType
	ruleNobody
	ruleNothingToDelete
	ruleReportFields
)

var ruleTable = [...]Rule{
	ruleMalformedBody: {"malformed-body", EffectRejectsAlways,
		"The body is not one JSON object in UTF-8.",
		"Send one JSON object, encoded as UTF-8, with nothing after it."},
	ruleMalformedGzip: {"malformed-gzip", EffectRejectsAlways,
		"Content-Encoding says gzip, but the body is not a valid gzip stream.",
		"Compress the whole body once, or leave Content-Encoding out."},
	ruleUnknownEncoding: {"unknown-encoding", EffectRejectsAlways,
		"The body has a Content-Encoding other than gzip.",
		"Send the body plain or with gzip."},
	ruleMissingKey: {"missing-key", EffectRejectsAlways,
		"The call has no write key.",
		"Send the write key as the user name of Basic auth with a blank password, or as writeKey in the body. This API does not accept bearer tokens."},
	ruleBareKey: {"key-without-colon", EffectRejectsAlways,
		"The credentials of Basic auth have no colon, so they have no user name.",
		"Put a colon after the write key, and encode both: base64 of \"KEY:\"."},
	ruleBearerKey: {"bearer-key", EffectRejectsAlways,
		"The key came as a bearer token. The App API accepts those; this API does not.",
		"Send the write key as the user name of Basic auth with a blank password."},
	ruleRateLimited: {"rate-limited", EffectRejectsAlways,
		"The workspace made more calls in 3 seconds than this server's rate limit.",
		"Send fewer and larger batches, and wait before you retry; see --rate-limit of this server (Config.RateLimit)."},
	ruleUnknownPath: {"unknown-path", EffectRejectsAlways,
		"The API has no such path.",
		"Check the base URL: some clients need it with /v1 at its end, others without, and none with a slash at its end."},
	ruleWrongMethod: {"wrong-method", EffectRejectsAlways,
		"The API accepts only POST there.",
		"Send the call with POST."},
	ruleForeignHost: {"foreign-host", EffectRejectsAlways,
		"The Host header is neither localhost nor an IP address nor one of --allow-host (Config.AllowHosts).",
		"Name the host that the client uses with --allow-host, such as that of the container."},

	ruleUnknownKey: {"unknown-key", EffectRefuses,
		"This server does not know the write key.",
		"Check the key and the region; strict mode turns this into a 401."},
	rulePasswordWithKey: {"password-with-key", EffectRefuses,
		"Basic auth has a password, which a Pipelines write key does not have.",
		"Use the Pipelines write key with a blank password, not the Track API's site ID and key."},
	ruleBodyTooLarge: {"body-too-large", EffectRefuses,
		"The body is larger than this server reads.",
		"Split the batch, and stay below the documented 500KB a request."},
	ruleCallTooLarge: {"call-too-large", EffectRefuses,
		"The call is larger than one call may be.",
		"Stay below 32KB a call; 32,000 bytes is safe under every reading of it."},
	ruleBatchTooLarge: {"batch-too-large", EffectRefuses,
		"The batch request is too large, so nothing of it is processed.",
		"Split the batch, and stay below 500KB a request; 475,000 bytes is what the SDKs use."},
	ruleMessageTooLarge: {"message-too-large", EffectRefuses,
		"The message is larger than one call may be, so nothing of its batch is processed.",
		"Stay below 32KB a message; 32,000 bytes is safe under every reading of it."},
	ruleOtherMessage: {"other-message-invalid", EffectRefuses,
		"The message is valid, but another message of the same request is not.",
		"Send the batch again without the invalid message."},
	ruleMissingBatch: {"missing-batch", EffectRefuses,
		"The body of a batch call has no array named batch.",
		"Put the messages into an array named batch."},
	ruleNotAnObject: {"not-an-object", EffectRefuses,
		"An item of the batch is not a JSON object.",
		"Send one object for each message."},
	ruleMissingType: {"missing-type", EffectRefuses,
		"A message of a batch does not say its type.",
		"Add type: identify, track, page, screen, group or alias."},
	ruleUnknownType: {"unknown-type", EffectRefuses,
		"The message has a type that the API does not know.",
		"Use identify, track, page, screen, group or alias."},
	ruleFieldType: {"field-type", EffectRefuses,
		"A field has a JSON type that the API does not define for it.",
		"Send identifiers and names as strings, and traits, properties, context and integrations as objects."},
	ruleTimestamp: {"timestamp-format", EffectRefuses,
		"The timestamp is not an ISO 8601 date and time.",
		"Send it like 2026-01-31T12:00:00Z."},
	ruleMissingIdentity: {"missing-identity", EffectRefuses,
		"The message names nobody: userId and anonymousId are both absent or empty.",
		"Set userId; identify may have an email in its traits instead."},
	ruleMissingUserID: {"missing-user-id", EffectRefuses,
		"The message needs a userId.",
		"Set userId to the person's ID or email address."},
	ruleMissingAnonymousID: {"missing-anonymous-id", EffectRefuses,
		"The event \"Object Deleted\" needs an anonymousId, of any value.",
		"Set anonymousId to any value."},
	ruleMissingEvent: {"missing-event", EffectRefuses,
		"The track call has no event name.",
		"Set event to a name that is not blank."},
	ruleMissingGroupID: {"missing-group-id", EffectRefuses,
		"The group call has no groupId.",
		"Set groupId to the object's ID."},
	ruleMissingPreviousID: {"missing-previous-id", EffectRefuses,
		"The alias call has no previousId.",
		"Set previousId to the ID that the person had before."},
	ruleMissingToken: {"missing-device-token", EffectRefuses,
		"The device event has no context.device.token.",
		"Put the device's token into context.device.token."},
	ruleMissingObjectID: {"missing-object-id", EffectRefuses,
		"The event has no properties.objectId.",
		"Put the object's ID into properties.objectId."},
	ruleConfigRefuse: {"config-refuse", EffectRefuses,
		"The server was set up to drop or reject this message.",
		"See Config.Refuse, which the program that runs the server has set."},

	ruleAnonymousIdentify: {"anonymous-identify", EffectDropsAlways,
		"Customer.io ignores identify calls whose only identifier is an anonymousId.",
		"Identify with a userId, or with an email in the traits."},
	ruleSuppressed: {"suppressed", EffectDropsAlways,
		"The person is suppressed, so everything sent for them is ignored.",
		"Send User Unsuppressed first, if the person may be processed again."},
	ruleUnknownCustomerIOID: {"unknown-cio-id", EffectDropsAlways,
		"Nobody has this cio_id, and a cio_id cannot be chosen.",
		"Identify new people by id or email; only Customer.io makes cio_ids."},
	ruleUnknownPerson: {"unknown-person", EffectDropsAlways,
		"The person was never identified, and this server creates people only from identify calls.",
		"Identify the person first, or leave --drop-unknown-people out (Config.DropUnknownPeople)."},
	ruleDuplicate: {"duplicate", EffectDropsAlways,
		"A message with the same messageId was accepted before, within this server's deduplication window.",
		"If it is a retry, do nothing; otherwise give every message an ID of its own. See --dedup-window of this server (Config.DedupWindow)."},
	ruleSwitchedOff: {"integrations-off", EffectDropsAlways,
		"The integrations of the message switch off every destination, also Customer.io.",
		"Leave integrations out, or switch Customer.io on by its name; see --ignore-integrations of this server (Config.IgnoreIntegrations)."},
	ruleUnknownObjectType: {"unknown-object-type", EffectDropsAlways,
		"The workspace has no object type of that number.",
		"Create the type in Customer.io first; see --drop-unknown-object-types of this server (Config.DropUnknownObjectTypes)."},

	ruleNearSemanticName: {"near-semantic-name", EffectWarns,
		"The event name is almost the name of a semantic event, so the event is an ordinary one.",
		"Write the name exactly."},
	ruleNumericID: {"numeric-id", EffectWarns,
		"An identifier was sent as a number.",
		"Send identifiers as strings; numbers lose leading zeros and, in many languages, digits."},
	ruleIntegerTimestamp: {"integer-timestamp", EffectWarns,
		"The timestamp is a number, which is read as milliseconds since 1970.",
		"Send an ISO 8601 string."},
	ruleFutureTimestamp: {"future-timestamp", EffectWarns,
		"The timestamp is more than five minutes in the future.",
		"Check the clock and the time zone of the sender."},
	ruleIDLength: {"id-length", EffectWarns,
		"An identifier is longer than 150 bytes.",
		"Shorten it; the store behind the API refuses longer ones after the API has answered."},
	ruleAttributeName: {"attribute-name-length", EffectWarns,
		"An attribute's name is longer than 150 bytes.",
		"Shorten the name; the store behind the API refuses longer ones after the API has answered."},
	ruleAttributeValue: {"attribute-value-length", EffectWarns,
		"An attribute's value is longer than 1,000 bytes.",
		"Shorten the value; the store behind the API refuses longer ones after the API has answered."},
	ruleAttributeCount: {"attribute-count", EffectWarns,
		"There are more than 300 attributes.",
		"Send fewer attributes, or remove some by sending null."},
	ruleAttributeBytes: {"attribute-bytes", EffectWarns,
		"The attributes of an object or relationship exceed 100,000 bytes in total.",
		"Send fewer or shorter attributes."},
	ruleEventName: {"event-name-length", EffectWarns,
		"The event's name is longer than 100 bytes.",
		"Shorten the name; the Track API refuses longer ones, Pipelines states no limit."},
	ruleReservedTrait: {"reserved-trait", EffectWarns,
		"A trait has a name that the API reserves, and was ignored.",
		"Rename the trait."},
	ruleEmailTaken: {"email-taken", EffectWarns,
		"The email address belongs to another person, and was not changed.",
		"Find out which of the two people is meant."},
	ruleEmailKept: {"email-kept", EffectWarns,
		"The person already has another email address, which was not changed.",
		"Identify the person by their cio_id, or let the workspace update addresses by id; see --change-emails of this server (Config.ChangeEmails)."},
	ruleOddObjectType: {"odd-object-type", EffectWarns,
		"The object type is not a whole number.",
		"Send the number of the type as a string, such as \"1\"."},
	ruleNotRelated: {"not-related", EffectWarns,
		"The person was not related to the object, because the workspace has no object type of that number.",
		"Create the type in Customer.io first; see --drop-unknown-object-types of this server (Config.DropUnknownObjectTypes)."},
	ruleIDReplaced: {"id-replaced", EffectWarns,
		"The email address belongs to a person with another id. That person was updated and got the new id.",
		"Do not identify different ids with the same email address."},
	ruleAnonymousIDTaken: {"anonymous-id-taken", EffectWarns,
		"The anonymousId already belongs to another person, who keeps its events.",
		"Use a new anonymousId after a person signs out."},
	ruleMissingURL: {"missing-url", EffectWarns,
		"The page view has no properties.url, which Customer.io uses as its name.",
		"Send properties.url."},
	ruleDeviceType: {"device-type", EffectWarns,
		"The device has no type of ios or android in context.device.type.",
		"Set context.device.type to ios or android."},
	ruleTopLevelObjectType: {"top-level-object-type", EffectWarns,
		"objectTypeId was sent outside traits, where it is ignored.",
		"Move it to traits.objectTypeId."},
	ruleNobody: {"nobody", EffectWarns,
		"The event names a group and no person, so it belongs to no person.",
		"Set userId, if the event belongs to a person."},
	ruleNothingToDelete: {"nothing-to-delete", EffectWarns,
		"The thing to delete does not exist.",
		"Check the identifiers, and the objectTypeId, which is 1 if absent."},
	ruleReportFields: {"report-fields", EffectWarns,
		"The report lacks fields that Customer.io needs to match it with a message.",
		"Send deliveryId and metric, or actionType for content."},
}

// finding is one rule applied to one field of a message.
type finding struct {
	rule   ruleID
	field  string // as on the wire, dotted; "" for the whole message
	detail string // what was measured or expected; never a value that was sent
}

// Note is why a message was not accepted, or a warning about it.
type Note struct {
	// Rule is the [Rule]'s ID, or the name that [Config].Refuse returned.
	Rule string `json:"rule"`
	// Field is the field as on the wire, dotted, or empty for the message as
	// a whole.
	Field string `json:"field,omitempty"`
	// Reason is one sentence.
	Reason string `json:"reason"`
	// Hint says what to do about it.
	Hint string `json:"hint"`
}

func (n finding) export() Note {
	if n.rule == noRule {
		return Note{}
	}
	r := ruleTable[n.rule]
	if n.rule == ruleConfigRefuse {
		if n.detail != "" {
			r.ID = n.detail
		}
		n.detail = ""
	}
	reason := r.Reason
	if n.detail != "" {
		reason = reason[:len(reason)-1] + " (" + n.detail + ")."
	}
	return Note{Rule: r.ID, Field: n.field, Reason: reason, Hint: r.Hint}
}
