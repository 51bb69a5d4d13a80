package emulator

// Assumption is one behaviour that Customer.io's documentation does not state,
// states in part, or states in contradictory ways. A few are documented; Source
// says so.
type Assumption struct {
	// Behaviour is what the server does.
	Behaviour string
	// Source is what supports it.
	Source string
	// Confidence is high, medium, or low.
	Confidence string
	// Switch is the field of [Config] that changes it; empty if there is none.
	Switch string
}

// Assumptions returns the behaviours of the server that no document states
// clearly, and a few documented ones. The caller may change the result.
func Assumptions() []Assumption {
	return append([]Assumption(nil), allAssumptions...)
}

const (
	high   = "high"
	medium = "medium"
	low    = "low"

	ownChoice = "own choice, nothing is documented"
	segment   = "Segment's Customer.io destination"
	trackAPI  = "Track API documentation, for the store behind both APIs"
)

var allAssumptions = []Assumption{
	{"A call, or a message of a batch, can have up to 32,768 bytes of uncompressed JSON.",
		"documented as 32KB, but the documents do not say whether a KB is 1,000 or 1,024 bytes, or how the size is measured", medium, "MaxCallBytes"},
	{"A batch request can have up to 512,000 bytes of uncompressed JSON.",
		"documented as 500KB, but the documents do not say whether a KB is 1,000 or 1,024 bytes, or how the size is measured", medium, "MaxBatchBytes"},
	{"If a call or a message is too large, its whole request is dropped in permissive mode and answered with 400 in strict mode.",
		"documentation: the request is not processed; strict mode is not mentioned", medium, "DropOversize"},
	{"If a message lacks a required field, permissive mode drops this one message, and applies the rest of its batch.",
		ownChoice, low, ""},
	{"In strict mode a whole batch is rejected if one of its messages is invalid.",
		ownChoice + "; the API documents no partial answer", low, "RefuseItems"},
	{"A body that is not a JSON object in UTF-8, or a corrupt gzip body, is answered with 400 in both modes.",
		"the browser SDK treats 400 as malformed", medium, ""},
	{"A Content-Encoding other than gzip is answered with 400 in both modes.", ownChoice, low, ""},
	{"A call without a key is answered with 401 in both modes.", ownChoice, low, ""},
	{"A call with an unknown key is answered with 200 and dropped in permissive mode, and answered with 401 in strict mode.",
		"specification of strict mode, and Segment's API, from which Customer.io's API was made", medium, "Keys"},
	{"A key in Basic auth without a colon after it is refused: the answer is a 401 in both modes, and says why.", ownChoice, low, "TakeBareKeys"},
	{"A key that is sent as a bearer token is refused: the answer is a 401 in both modes, and says why.",
		"specification: Basic auth", medium, "TakeBearer"},
	{"A path with several slashes one after the other is wrong.", ownChoice, low, "JoinSlashes"},
	{"Basic auth with a password is treated as an unknown key.",
		"a Pipelines key has none, the Track API's credentials have one", low, ""},
	{"An empty batch is answered with 200.", ownChoice, low, ""},
	{"A wrong path is answered with 404, a wrong method with 405, in both modes.", ownChoice, low, ""},
	{"The body of an error has its texts in meta.errors, and also has code and message.",
		"specification, for meta.errors; the Python SDK reads code and message", medium, ""},
	{"The Content-Type of a body makes no difference.", "the browser SDK sends text/plain", medium, ""},
	{"If a message and its batch both have a context, each member of the message's context replaces the member of the same name in the batch's context.",
		"what the SDKs depend on; the documentation says the opposite", medium, ""},
	{"A field of the wrong JSON type counts as an invalid field; numbers are accepted as identifiers with a warning.",
		"the Node SDK's types allow numeric user IDs", low, ""},
	{"A timestamp that is not ISO 8601 counts as an invalid field; an integer is read as milliseconds, with a warning.",
		"a comment in the iOS SDK, for integers", medium, ""},
	{"A userId is a cio_id if it starts with cio_, an email address if it looks like one, and otherwise an id. Without a userId, traits.email identifies the person.",
		segment, medium, ""},
	{"A message for a cio_id that nobody has is answered with 200 and dropped.", trackAPI, medium, ""},
	{"An identify with an anonymousId alone is answered with 200 and ignored, in strict mode too.",
		"documentation, except for strict mode", medium, ""},
	{"An event, device or relationship of an unknown person creates the person.",
		ownChoice, low, "DropUnknownPeople"},
	{"A new id with the email of a known person gives that person the new id, even if they had another id.",
		trackAPI + "; whether an id is replaced is not stated", medium, ""},
	{"If an email belongs to one person, another person who already exists does not get it; the other traits of the message are set.",
		"the Track API records an attribute update failure", low, ""},
	{"null and the empty string remove an attribute.", trackAPI + ", stated for relationships", medium, ""},
	{"ISO 8601 strings in attributes, also in nested objects, become unix seconds. In event properties they stay text.",
		segment + ", for attributes; but it converts properties too", medium, "KeepDates"},
	{"createdAt is stored as created_at.", segment, medium, ""},
	{"If a person has no id, or is identified by cio_id, the value of traits.id becomes the id of the person; cio_id in traits is ignored.", trackAPI, medium, "KeepIDs"},
	{"In User Deleted, User Suppressed and User Unsuppressed, a userId that starts with cio_ is a cio_id.",
		segment + "; the documentation names ids and addresses", medium, "PlainCIOIDs"},
	{"An identify by cio_id changes the email address of a person. An identify by id does not change the address and gets a warning, unless a setting of the workspace allows the change.",
		trackAPI, medium, "ChangeEmails"},
	{"The message that arrives last is used, even if its timestamp is older.",
		"own choice; the Track API has a special field for the order of updates", low, "OrderByTimestamp"},
	{"Events of an anonymousId are kept for 30 days after they arrived. When a person is identified with the anonymousId, the events are attached to the person.",
		trackAPI + "; it does not say when the 30 days begin", medium, ""},
	{"After a person was identified with an anonymousId, events that have only that anonymousId belong to the person. The anonymousId cannot be given to another person later.",
		trackAPI, medium, ""},
	{"Suppression covers the id, the email and the cio_id of the person; messages for them are answered with 200 and dropped, in strict mode too.",
		trackAPI + "; strict mode is not mentioned", medium, "RejectSuppressed"},
	{"Unsuppressing makes the identifiers usable again and restores nothing.", trackAPI, high, ""},
	{"The object type is traits.object_type_id, else traits.objectTypeId, else 1; a type outside of the traits is ignored.",
		segment, medium, ""},
	{"An object can have any type.",
		"documentation: types are created in a workspace first; what happens to other types is not stated", low, "DropUnknownObjectTypes"},
	{"An object type that is not a whole number is accepted unchanged, with a warning.",
		"specification: types are whole numbers, as strings", low, "RefuseOddObjectTypes"},
	{"A group message can name a person or not, in a batch too.",
		"documentation, and what the SDKs send; the schemas of a batch require a person", medium, "RequireGroupPerson"},
	{"A delivery or content report can name a person or not.",
		"the schema and the examples have none; the SDKs for phones say that one is needed", low, "RequireReportPerson"},
	{"If the integrations of a message switch off all destinations, or a destination whose name begins with Customer.io, the message is answered with 200 and dropped.",
		"specification, for destinations; it does not say under which name Customer.io itself is in integrations", low, "IgnoreIntegrations"},
	{"A page without a name gets its properties.url as its name; a page with a name keeps it.",
		segment + " names every page by its url", low, "KeepPageNames"},
	{"traits.objectId on identify relates the person to that object.", segment, medium, ""},
	{"The event \"Object Deleted\" needs an anonymousId and properties.objectId.",
		"specification; the text next to it says something else", medium, ""},
	{"A device without a type of ios or android is accepted with a warning.",
		"specification: optional; Track API: required", low, ""},
	{"alias is accepted and merges nobody. With the switch it merges previousId into userId, and the traits of userId win.",
		segment + " can merge; whether Customer.io does is unknown", low, "MergeOnAlias"},
	{"An event whose name is almost a semantic one is an ordinary event; names are compared exactly.",
		segment, medium, ""},
	{"If an attribute, an identifier or the name of an event is beyond its limit, the message gets a warning, and nothing is changed.",
		trackAPI + "; the Data Pipelines API answers before it checks the limits", medium, ""},
	{"An event with a groupId and no person is accepted, but belongs to no person.",
		"specification: not all destinations allow it", low, ""},
	{"A message whose messageId was seen before is processed again.",
		"the Track API drops duplicates; the window is not documented", low, "DedupWindow"},
	{"The rate of calls is not limited, unless a limit is set; then calls beyond it in any 3 seconds are answered with 429.",
		"documentation: 3,000 in 3 seconds, not strictly enforced", medium, "RateLimit"},
	{"Strict mode is on for a call whose header X-Strict-Mode is exactly 1. With the switch it is on for all calls.", "specification", high, "Strict"},
	{"The App API has only manual segments. The Track API's calls that add people to a segment skip people who do not exist.",
		"the emulator does not learn the conditions of other segments; " + trackAPI, medium, ""},
	{"A filter of the App API compares attributes as text. Upper and lower case differ, except in addresses.",
		"its document has text values; the rest is own choice", low, ""},
	{"An export of people is a CSV file with id, email and cio_id, and then all attributes that its people have, sorted by the name of the attribute.",
		ownChoice, low, ""},
	{"An export is pending for half a second; a link to its file expires after 15 minutes.",
		"documentation, for the link", medium, ""},
	{"The messages of the App API are those whose deliveries were reported. Their type is email, and they belong to no campaign.",
		"nothing is sent here", low, ""},
	{"The topics of a workspace are those in the subscription preferences of its people.",
		ownChoice, low, ""},
	{"The API answers the preflights of browsers, and allows calls from pages of any origin.",
		"the browser SDK calls it from any site", medium, ""},
}
