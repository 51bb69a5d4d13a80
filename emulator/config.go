package emulator

import (
	"net/http"
	"time"
)

// Defaults of [Config]. The two size limits are the documented "32KB" and
// "500KB" read as binary kilobytes (docs/rules.md#sizes); which kilobyte is
// meant is not documented.
const (
	DefaultMaxCallBytes    = 32_768
	DefaultMaxBatchBytes   = 512_000
	DefaultMaxBodyBytes    = 16 << 20
	DefaultMaxMessages     = 100_000
	DefaultMaxJournalBytes = 256 << 20
	DefaultMaxWorkspaces   = 1_000
)

// Config says how a [Server] behaves. The zero value is ready to use: every
// write key opens a workspace of its own, the documented limits apply, and
// every behaviour that Customer.io does not document has the value that
// [Assumptions] lists.
type Config struct {
	// Keys are the write keys the server knows. Empty: every key opens its
	// own workspace on first use. Otherwise any other key is unknown: such a
	// call is answered 200 and dropped, or 401 in strict mode, and is
	// recorded in the workspace named [UnknownKey].
	Keys []string

	// MaxCallBytes is the largest single call, and the largest message of a
	// batch, in bytes of uncompressed JSON. Zero: DefaultMaxCallBytes.
	// Negative: only MaxBodyBytes limits it.
	MaxCallBytes int
	// MaxBatchBytes is the largest body of a batch call, in bytes of
	// uncompressed JSON. Zero: DefaultMaxBatchBytes. Negative: only
	// MaxBodyBytes limits it.
	MaxBatchBytes int
	// MaxBodyBytes limits how much of one request body is read, in bytes, both
	// as received and after decompression. A longer body is refused before it
	// is read to its end. Zero or negative: DefaultMaxBodyBytes.
	MaxBodyBytes int

	// MaxMessages is how many messages the journal of one workspace keeps. It
	// forgets older ones, but not their counts. Zero: DefaultMaxMessages.
	// Negative: it keeps none.
	MaxMessages int
	// MaxJournalBytes limits the same journal by the bytes of its messages. A
	// message larger than that is kept without its body. Zero or negative:
	// DefaultMaxJournalBytes.
	MaxJournalBytes int
	// MaxEventsPerPerson is how many events are kept of one person, or of one
	// anonymous ID. Older ones are forgotten, but still counted in [Stats].
	// Zero or negative: unlimited.
	MaxEventsPerPerson int
	// MaxWorkspaces limits how many workspaces the keys can open. A key beyond
	// it counts as unknown. Zero or negative: DefaultMaxWorkspaces. It is
	// unused when Keys is not empty.
	MaxWorkspaces int

	// AllowHosts are names, without port, that a request may have in its Host
	// header besides localhost and IP addresses. This protects against DNS
	// rebinding. Example: the name of a container.
	AllowHosts []string

	// Strict answers every call as if it had X-Strict-Mode: 1. It is for SDKs
	// that cannot send the header.
	Strict bool
	// DropOversize answers a call, batch or message that is too large with
	// 200 in strict mode too, and drops its request. By default strict mode
	// answers 400.
	DropOversize bool
	// RefuseItems makes strict mode reject only the messages of a batch that
	// break a rule, and apply the others; the answer is still a 400. By default
	// the whole batch is rejected.
	RefuseItems bool
	// RejectSuppressed makes strict mode answer 400 to a message for a
	// suppressed person. By default it is dropped with a 200.
	RejectSuppressed bool
	// DedupWindow drops, with a 200, a message whose messageId was accepted
	// less than this long ago. Zero or negative: every message is processed.
	DedupWindow time.Duration
	// RateLimit is how many calls a workspace may make in any 3 seconds. Calls
	// beyond it are answered 429. Customer.io documents 3,000. Zero or
	// negative: any number. More than 1,000,000 counts as 1,000,000.
	RateLimit int

	// KeepDates leaves ISO 8601 strings in attributes unchanged. By default
	// they become unix seconds.
	KeepDates bool
	// DropUnknownPeople drops events, devices and relationships of a person who
	// was never identified. By default they create the person.
	DropUnknownPeople bool
	// MergeOnAlias lets alias merge the person previousId into the person
	// userId, and delete previousId. By default alias is recorded and changes
	// nobody.
	MergeOnAlias bool
	// KeepIDs stops traits.id from changing the id of a person who is
	// identified by their cio_id.
	KeepIDs bool
	// PlainCIOIDs makes User Deleted, User Suppressed and User Unsuppressed
	// treat a userId that begins with cio_ as an ordinary id. By default it is
	// a cio_id, as in every other message.
	PlainCIOIDs bool
	// ChangeEmails lets an identify by id change the person's email address, as
	// a workspace with that setting does. By default only an identify by their
	// cio_id changes it.
	ChangeEmails bool
	// OrderByTimestamp stops an identify or group from changing attributes that
	// a message with a newer timestamp has set. By default the last message to
	// arrive counts.
	OrderByTimestamp bool
	// KeepPageNames leaves a page without a name nameless. By default its URL
	// becomes its name.
	KeepPageNames bool

	// DropUnknownObjectTypes drops messages about an object whose type is not
	// 1, as a workspace with one type of objects does.
	DropUnknownObjectTypes bool
	// RefuseOddObjectTypes refuses messages whose object type is not a whole
	// number. By default they get a warning.
	RefuseOddObjectTypes bool
	// RequireGroupPerson refuses a group message of a batch that names no
	// person.
	RequireGroupPerson bool
	// RequireReportPerson refuses a delivery or content report that names no
	// person.
	RequireReportPerson bool
	// IgnoreIntegrations applies messages whose integrations switch Customer.io
	// off. By default they are dropped.
	IgnoreIntegrations bool

	// JoinSlashes treats several slashes, one after the other, in a call's path
	// as one.
	JoinSlashes bool
	// TakeBareKeys accepts a write key in Basic auth without the colon after
	// it. TakeBearer accepts a write key that comes as a bearer token.
	TakeBareKeys, TakeBearer bool

	// Refuse lets a test break messages by a rule of its own. It is called once
	// for each valid message, before anything of its request is applied. A
	// message that it refuses is dropped; in strict mode its request is
	// answered 400. rule is the reason in the verdict. Refuse must be safe for
	// concurrent use and must not call the server's methods that change state.
	// Nil: nothing is refused.
	Refuse func(Message) (rule string, refused bool)

	// Store keeps the state across restarts. Use [Open] with it; [New] panics.
	// Nil: the state is only in memory.
	Store Store

	// Forward sends each call that was processed to another server. The caller
	// gets that server's answer; the page shows this answer and the verdict.
	// Forward gets a request with the header and the body of the call,
	// unchanged. If a fault affects the call, it is not forwarded. An error of
	// Forward is answered with a 502. Nil: nothing is forwarded.
	Forward func(*http.Request) (*http.Response, error)

	// OnRequest is called after each call that was processed, before its answer
	// is sent. It must be safe for concurrent use. Nil: it is not called.
	OnRequest func(Request)

	// OnFault is called before a [Fault] makes a call fail, with the call's
	// path. If the call is processed after all, OnRequest follows. It must be
	// safe for concurrent use. Nil: it is not called.
	OnFault func(path string, f Fault)

	// Now is the clock that stamps what arrives and decides what is 30 days
	// old. [Server.SetClock] moves it. Nil: time.Now.
	Now func() time.Time
}

// withDefaults returns c with every zero value replaced, and with negative
// values of "no limit" turned into the largest useful number.
func (c Config) withDefaults() Config {
	positive := func(value, fallback int) int {
		if value <= 0 {
			return fallback
		}
		return value
	}
	c.MaxBodyBytes = positive(c.MaxBodyBytes, DefaultMaxBodyBytes)
	limit := func(value, fallback int) int {
		switch {
		case value < 0:
			return c.MaxBodyBytes
		case value == 0:
			return fallback
		}
		return value
	}
	c.MaxCallBytes = limit(c.MaxCallBytes, DefaultMaxCallBytes)
	c.MaxBatchBytes = limit(c.MaxBatchBytes, DefaultMaxBatchBytes)
	switch {
	case c.MaxMessages < 0:
		c.MaxMessages = 0
	case c.MaxMessages == 0:
		c.MaxMessages = DefaultMaxMessages
	}
	c.MaxJournalBytes = positive(c.MaxJournalBytes, DefaultMaxJournalBytes)
	c.MaxEventsPerPerson = max(c.MaxEventsPerPerson, 0)
	c.MaxWorkspaces = positive(c.MaxWorkspaces, DefaultMaxWorkspaces)
	c.RateLimit = min(max(c.RateLimit, 0), maxRateLimit)
	if c.Now == nil {
		c.Now = time.Now
	}
	return c
}
