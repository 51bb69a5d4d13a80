package cio

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// Sentinels for [errors.Is]. They classify every error that a [Client] returns for a message.
var (
	// ErrInvalid says that the API does not accept the message. This library rejected it, or the server did with a 400, 413 or 422, or a
	// firewall refuses only this message.
	ErrInvalid = errors.New("cio: invalid message")
	// ErrTooLarge says that a message or a request is over a size limit. Such an error is also ErrInvalid.
	ErrTooLarge = errors.New("cio: too large")
	// ErrUnauthorized says that the server refuses the key: it answered 401, or 403 without a page.
	ErrUnauthorized = errors.New("cio: write key refused")
	// ErrRateLimited says that the server answered 429.
	ErrRateLimited = errors.New("cio: rate limited")
	// ErrUnavailable says that the server is not available, in one of four ways: no answer came; the answer is a 408 or a 5xx; the answer
	// has a 2xx status, but not a form that the API uses; everything was refused, in a form that the API does not use, for as long as Send
	// tried.
	ErrUnavailable = errors.New("cio: Customer.io unavailable")
	// ErrNotAPI says that the answer is not the API's: it has a form that the API does not use. It is a 2xx, such as the page of a captive
	// portal, or a refusal, such as a firewall's.
	ErrNotAPI = errors.New("cio: not the API's answer")
	// ErrClosed says that something was used after Close.
	ErrClosed = errors.New("cio: the Batcher or the Outbox is closed")
)

// Retryable reports whether the same messages may be accepted later, unchanged. That is so after a 408, a 429, a 5xx other than 501 and
// 505, an answer that is not the API's, or no answer at all. It is not so if the context ended or the server's certificate was refused.
// Use Retryable, and not a rule of your own, to decide if a retry is worth it. The choice follows Customer.io's own Node client
// (docs/rules.md#rate-retries-gzip).
//
// For a [*SendError] it reports whether this is so for any message that was not rejected. For an [*UnacceptedError] it reports whether
// messages were handed back for such a reason, or because the context of Close ended.
func Retryable(err error) bool {
	var all *SendError
	if errors.As(err, &all) {
		for i := range all.Failures {
			if f := &all.Failures[i]; f.Outcome != OutcomeRejected && Retryable(f.Err) {
				return true
			}
		}
		return false
	}
	var left *UnacceptedError
	if errors.As(err, &left) {
		var api *APIError
		return len(left.Messages) > 0 && (!errors.As(left.Err, &api) || isContextEnd(api.Err) || Retryable(api))
	}
	var api *APIError
	if !errors.As(err, &api) || api.proven {
		return false
	}
	switch api.verdict() {
	case passing, foreign, odd:
		return true
	}
	return false
}

// Rule names the rule that a message breaks. Programs can compare and count it.
type Rule string

// The rules that are checked before anything is sent.
const (
	RuleNoIdentity        Rule = "missing-identity"         // docs/rules.md#fields-and-identity
	RuleAnonymousIdentify Rule = "anonymous-identify"       // docs/rules.md#fields-and-identity: Customer.io ignores such calls
	RuleNoEvent           Rule = "missing-event"            // docs/rules.md#fields-and-identity
	RuleNoGroup           Rule = "missing-group-id"         // docs/rules.md#fields-and-identity
	RuleNoPreviousID      Rule = "missing-previous-id"      // docs/rules.md#fields-and-identity
	RuleBlankID           Rule = "blank-id"                 // an assumption: an id without a visible character identifies nobody
	RuleSameID            Rule = "alias-to-itself"          // an assumption: such a call cannot be meant
	RuleNearSemantic      Rule = "near-semantic-name"       // docs/rules.md#events-with-two-names: a name that Customer.io would not understand
	RuleNameTaken         Rule = "name-taken"               // a further property with the name of a field
	RuleRequired          Rule = "missing-field"            // docs/rules.md#objects and #devices: a command that does not name its target, or an event without a required field
	RuleObjectType        Rule = "object-type-not-a-number" // docs/rules.md#objects
	RuleNotObject         Rule = "not-a-json-object"        // traits, properties, context, integrations
	RuleUTF8              Rule = "invalid-utf-8"            // JSON is UTF-8
	RuleNumber            Rule = "not-a-number"             // JSON has no NaN and no infinities
	RuleTime              Rule = "not-an-iso-8601-time"     // docs/rules.md#message-id-and-time: an integer would be read as milliseconds
	RuleTooDeep           Rule = "nested-too-deep"          // over 200 levels
	RuleNotEncodable      Rule = "not-encodable"            // a value that encoding/json refuses
	RuleTooLarge          Rule = "message-too-large"        // docs/rules.md#sizes
	RuleGuard             Rule = "refused-by-guard"         // Config.Guard
	RuleNotMessage        Rule = "not-a-message"            // bytes that are not a call of this API
	RuleNoMessageID       Rule = "missing-message-id"       // stored bytes without the id, so a repeat could not be recognised
	RuleNil               Rule = "message-is-nil"
)

// MessageError says why a message was rejected before anything was sent. Its text names fields and contains no data of the message. Err may
// contain data; the text includes Err only if it comes from Config.Guard. The error is [ErrInvalid]. If the message is too large, it is
// also [ErrTooLarge].
type MessageError struct {
	// Index is the place of the message among those given; 0 for a single one.
	Index int
	// Field is the path of the wrong value, with the names on the wire, such as traits.address.zip.
	Field string
	// Rule is the rule that it breaks.
	Rule Rule
	// Hint says in a sentence what to do.
	Hint string
	// Err is the cause, if there is one, such as the error of Config.Guard.
	Err error

	several bool // the message is one of several, and the text says which
}

func (e *MessageError) Error() string {
	var b strings.Builder
	b.WriteString("cio")
	if e.several || e.Index > 0 {
		b.WriteString(": messages[" + strconv.Itoa(e.Index) + "]")
	}
	if e.Field != "" {
		b.WriteString(": " + e.Field)
	}
	b.WriteString(": " + cmp.Or(string(e.Rule), "invalid message"))
	if e.Hint != "" {
		b.WriteString(": " + e.Hint)
	}
	if e.Err != nil && e.Rule == RuleGuard { // any other cause may quote the message
		b.WriteString(" (" + e.Err.Error() + ")")
	}
	return b.String()
}

func (e *MessageError) Unwrap() error { return e.Err }

// Is makes a MessageError an [ErrInvalid] and, if the message is too large, also an [ErrTooLarge].
func (e *MessageError) Is(target error) bool {
	return target == ErrInvalid || target == ErrTooLarge && e.Rule == RuleTooLarge
}

// APIError says that a request failed: the answer did not accept it, or no answer came. It never contains the request's body or the write
// key.
type APIError struct {
	// Operation is the endpoint: identify, track, page, screen, group, alias or batch.
	Operation string
	// Status is the HTTP status. It is 0 if no answer came. It is also 0 for a 2xx that came before the whole request was sent, that ended
	// too early, or that is longer than any answer of the API.
	Status int
	// Message is what the server said, and what to do: one line of at most 500 bytes, without the key. If no answer came, it says what is
	// known of the cause. An answer that seems to quote the request is not shown.
	Message string
	// Attempts counts how often the request was made.
	Attempts int
	// Err is the cause if no answer came: a connection error, an expired timeout, the end of the context.
	Err error

	reached bool // some attempt may have been processed
	alien   bool // the answer is not the API's
	proven  bool // a refusal in an odd form that was seen to be about the message
	// everything: all messages met this refusal, in an odd form, for Config.MaxElapsed.
	everything bool
}

func (e *APIError) Error() string {
	var b strings.Builder
	b.WriteString("cio: " + e.Operation + ": ")
	message := e.Message
	if e.Status != 0 {
		b.WriteString(strconv.Itoa(e.Status) + " " + http.StatusText(e.Status))
	} else {
		const none = "no answer"
		b.WriteString(none)
		if strings.HasPrefix(message, none+" within ") { // the message says it too
			b.WriteString(strings.TrimPrefix(message, none))
			message = ""
		}
	}
	if e.Attempts > 1 {
		fmt.Fprintf(&b, " after %d attempts", e.Attempts)
	}
	if message != "" {
		b.WriteString(": " + message)
	}
	return b.String()
}

func (e *APIError) Unwrap() error { return e.Err }

// reason is the text of the error without what differs between requests that failed for the same reason.
func (e *APIError) reason() string {
	same := *e
	same.Attempts = 0
	return strings.TrimPrefix(same.Error(), "cio: "+e.Operation+": ")
}

// reasonOf returns why a message was not accepted. The words are the same for all messages with the same reason.
func reasonOf(err error) string {
	var api *APIError
	if errors.As(err, &api) {
		return api.reason()
	}
	return strings.TrimPrefix(err.Error(), "cio: ")
}

// Is makes the error match the sentinels that fit it.
func (e *APIError) Is(target error) bool {
	v := e.verdict()
	switch target {
	case ErrUnauthorized:
		return v == keyRefused
	case ErrRateLimited:
		return e.Status == http.StatusTooManyRequests
	case ErrTooLarge:
		return e.Status == http.StatusRequestEntityTooLarge && e.Is(ErrInvalid)
	case ErrInvalid:
		return v == rejection || v == odd && e.proven
	case ErrNotAPI:
		return e.alien
	case ErrUnavailable:
		return v == foreign || v == odd && e.everything || e.Status == 0 && !isContextEnd(e.Err) || e.Status == http.StatusRequestTimeout || e.Status >= 500
	}
	return false
}

func (e *APIError) verdict() verdict {
	switch {
	case e.alien && (e.Status == 0 || e.Status/100 == 2):
		return foreign
	case e.Status == http.StatusUnauthorized, e.Status == http.StatusForbidden && !e.alien:
		return keyRefused
	case e.Status == http.StatusBadRequest, e.Status == http.StatusRequestEntityTooLarge, e.Status == http.StatusUnprocessableEntity, e.Status == http.StatusForbidden:
		if e.alien {
			return odd
		}
		return rejection
	case e.passing():
		return passing
	}
	return final
}

// Temporary reports whether the request may succeed if it is made again: after a 408, a 429, a 5xx other than 501 and 505, or no answer at
// all. A Client has already made it again, for as long as its Config says. Package appapi uses the same method. For messages that were
// sent, use [Retryable]: it also reports true for an answer that is not the API's.
func (e *APIError) Temporary() bool { return e.verdict() == passing }

// passing reports whether the cause may go away by itself.
func (e *APIError) passing() bool {
	switch e.Status {
	case 0:
		var certificate *tls.CertificateVerificationError
		return e.Err != nil && !isContextEnd(e.Err) && !errors.As(e.Err, &certificate) && !errors.Is(e.Err, http.ErrSchemeMismatch)
	case http.StatusRequestTimeout, http.StatusTooManyRequests:
		return true
	case http.StatusNotImplemented, http.StatusHTTPVersionNotSupported:
		return false
	}
	return e.Status >= 500
}

// Outcome says what is known of a message that is not known to be accepted.
type Outcome int

const (
	// OutcomeRejected: the message itself is at fault. Sending it again will fail again.
	OutcomeRejected Outcome = iota + 1
	// OutcomeUnsent: the server did not process it. It can be sent again.
	OutcomeUnsent
	// OutcomeUnknown: it was sent, and no answer says whether it was processed. If you send it again with the same message id, it may
	// arrive twice.
	OutcomeUnknown
)

func (o Outcome) String() string {
	switch o {
	case OutcomeRejected:
		return "rejected"
	case OutcomeUnsent:
		return "unsent"
	case OutcomeUnknown:
		return "unknown"
	}
	return "outcome " + strconv.Itoa(int(o))
}

// Failure is one message of a Send that is not known to be accepted.
type Failure struct {
	// Index is the place of the message among those given to Send.
	Index int
	// MessageID is the id that it was sent with; empty if it was rejected before it had one.
	MessageID string
	// Tag is the Tag of the message.
	Tag uint64
	// Outcome says what is known of it.
	Outcome Outcome
	// Err is the reason: a [*MessageError] or an [*APIError]. For an unsent message it is what stopped the Send.
	Err error
}

// SendError lists every message of a Send that is not known to be accepted. All other messages were accepted.
type SendError struct {
	// Total is how many messages were given. Accepted is how many of them the server accepted.
	Total, Accepted int
	// Failures lists the others, in the order of their Index.
	Failures []Failure
}

func (e *SendError) count(o Outcome) (n int) {
	for i := range e.Failures {
		if e.Failures[i].Outcome == o {
			n++
		}
	}
	return n
}

// maxListed is how many distinct reasons an error's text names.
const maxListed = 5

func (e *SendError) Error() string {
	var b strings.Builder
	if e.Total == 1 && len(e.Failures) == 1 {
		f := e.Failures[0]
		return fmt.Sprintf("cio: not accepted (%s): %s", f.Outcome, strings.TrimPrefix(f.Err.Error(), "cio: "))
	}
	fmt.Fprintf(&b, "cio: %d of %s accepted", e.Accepted, plural(int64(e.Total), "message", "messages"))
	for _, o := range []Outcome{OutcomeRejected, OutcomeUnsent, OutcomeUnknown} {
		if n := e.count(o); n > 0 {
			fmt.Fprintf(&b, ", %d %s", n, o)
		}
	}
	reasons := make(counts)
	for i := range e.Failures {
		if err := e.Failures[i].Err; err != nil {
			reasons.add(reasonOf(err), 1)
		}
	}
	writeReasons(&b, reasons.sorted())
	return b.String()
}

// Unwrap returns the distinct reasons, in the order of the messages that have them.
func (e *SendError) Unwrap() []error {
	var errs []error
	seen := make(map[error]bool)
	for i := range e.Failures {
		if err := e.Failures[i].Err; err != nil && !seen[err] {
			seen[err] = true
			errs = append(errs, err)
		}
	}
	return errs
}

// UnacceptedError says which messages were not accepted when Close of a [Batcher] returned.
type UnacceptedError struct {
	// Messages has every message that, as far as is known, was neither accepted nor rejected, and every message that could not be reported
	// because an OnReport did not return. Those of one identity are in their order. You can store them with [Encoded.MarshalJSON] and enqueue
	// them again in another process; they keep their ids. Some of them may have arrived, for example if no answer came.
	Messages []Encoded
	// Rejected counts the rejected messages if there is no OnReport; otherwise it is 0. RejectedIDs has the ids of the first hundred.
	Rejected    int64
	RejectedIDs []string
	// Reasons says why the messages in Messages and the rejected messages were not accepted, the most frequent reason first.
	Reasons []Reason
	// Err is why Close stopped: the end of the context, or the reason why sending had stopped. It is nil if nothing was left to send.
	Err error
}

// Reason is why messages were not accepted.
type Reason struct {
	Text     string
	Messages int64
}

func (e *UnacceptedError) Error() string {
	var parts []string
	if n := len(e.Messages); n > 0 {
		parts = append(parts, plural(int64(n), "message was", "messages were")+" not accepted before Close ended (UnacceptedError.Messages has them)")
	}
	if e.Rejected > 0 {
		parts = append(parts, plural(e.Rejected, "message was", "messages were")+" rejected; set BatcherConfig.OnReport to learn of each")
	}
	var b strings.Builder
	b.WriteString("cio: " + strings.Join(parts, "; "))
	writeReasons(&b, e.Reasons)
	return b.String()
}

// writeReasons writes the most frequent reasons, each with the number of its messages.
func writeReasons(b *strings.Builder, reasons []Reason) {
	for i, r := range reasons {
		if i == maxListed {
			b.WriteString("; and " + plural(int64(len(reasons)-maxListed), "more reason", "more reasons"))
			break
		}
		if r.Messages > 1 {
			fmt.Fprintf(b, "; %d times: %s", r.Messages, r.Text)
		} else {
			b.WriteString("; " + r.Text)
		}
	}
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprint(n) + " " + many
}

func (e *UnacceptedError) Unwrap() error { return e.Err }

// counts counts messages by reason.
type counts map[string]int64

const (
	maxReasons = 100
	otherwise  = "other reasons"
)

func (c counts) add(text string, n int64) {
	if _, ok := c[text]; !ok && len(c) >= maxReasons {
		text = otherwise
	}
	c[text] += n
}

func (c counts) sorted() []Reason {
	var all []Reason
	for _, text := range slices.Sorted(maps.Keys(c)) {
		all = append(all, Reason{text, c[text]})
	}
	slices.SortStableFunc(all, func(a, b Reason) int { return cmp.Compare(b.Messages, a.Messages) })
	return all
}

// rejections remembers rejected messages if there is no OnReport.
type rejections struct {
	mu      sync.Mutex
	n       int64
	ids     []string
	reasons counts
}

const maxRejections = 100

func (r *rejections) add(id string, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.n++; len(r.ids) < maxRejections {
		r.ids = append(r.ids, id)
	}
	if r.reasons == nil {
		r.reasons = make(counts)
	}
	r.reasons.add(reasonOf(err), 1)
}

// into adds what is remembered to e and to the reasons.
func (r *rejections) into(e *UnacceptedError, reasons counts) {
	r.mu.Lock()
	defer r.mu.Unlock()
	e.Rejected, e.RejectedIDs = r.n, r.ids
	for text, n := range r.reasons {
		reasons.add(text, n)
	}
}

func isContextEnd(err error) bool {
	return errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded)
}
