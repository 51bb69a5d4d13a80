package cio

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/ciokit/cio/internal/wire"
)

// libraryContext names this library in every message, as Customer.io's own libraries do.
const libraryContext = `{"library":{"name":"` + libraryName + `","version":"` + Version + `"}}`

// Encode checks m against the API's rules and encodes it once, with its message id and timestamp. It uses the default limits, and no
// Config's Context or Guard; [Client.Encode] uses the Client's. The error is a [*MessageError]. Nothing in the result refers to m's maps,
// slices or structs.
func Encode(m Message) (Encoded, error) { return defaultRules.encode(m) }

func (r *rules) encode(m Message) (Encoded, error) {
	switch m := m.(type) {
	case Encoded:
		return m, r.admit(&m)
	case *Encoded:
		if m != nil {
			return *m, r.admit(m)
		}
	}
	s := newScratch()
	defer s.free()
	if err := r.wire(s, m); err != nil {
		return Encoded{}, err
	}
	return newEncoded(append([]byte(nil), s.data...), &s.head), nil
}

// scratch is memory into which a message is encoded. It is kept for the next one.
type scratch struct {
	data []byte // the wire form
	head header
	env  envelope
}

var scratchPool = sync.Pool{New: func() any { return &scratch{data: make([]byte, 0, 4<<10)} }}

func newScratch() *scratch { return scratchPool.Get().(*scratch) }

// free returns the scratch to the pool, without anything of the caller's in it.
func (s *scratch) free() {
	s.data = s.data[:0]
	s.head = header{}
	s.env = envelope{}
	scratchPool.Put(s)
}

// header is what the encoder learns and the sender needs later.
type header struct {
	idStart, idEnd int    // where the message id stands in the message, without quotes; 0 if that is not known
	messageID      string // empty for one that was made up
	typ            Type
	tag            uint64
	identity       Identity
	warnings       []Warning
}

// plainID returns where the message id is in the message; zeros if it is written with escapes.
func (h *header) plainID(data []byte) (start, length uint16) {
	if h.idEnd <= h.idStart || h.idEnd > 1<<16-1 || h.messageID != "" && string(data[h.idStart:h.idEnd]) != h.messageID {
		return 0, 0
	}
	return uint16(h.idStart), uint16(h.idEnd - h.idStart)
}

// wire writes the wire form of any message.
func (r *rules) wire(s *scratch, m Message) error {
	switch m := m.(type) {
	case nil:
		return reject("", RuleNil, "give a message, not nil")
	case *Encoded:
		if m == nil {
			return reject("", RuleNil, "give a message, not a nil pointer")
		}
		return r.wire(s, *m)
	case Encoded:
		s.data = append(s.data[:0], m.data...)
		s.head = header{typ: m.typ, identity: m.Identity(), idStart: int(m.idStart), idEnd: int(m.idStart + m.idLen), tag: m.tag, warnings: m.Warnings()}
		return r.admit(&m)
	}
	if v := reflect.ValueOf(m); v.Kind() == reflect.Pointer && v.IsNil() {
		return reject("", RuleNil, "give a message, not a nil pointer")
	}
	m.fill(&s.env)
	var err error
	s.data, err = r.append(s.data[:0], &s.env, &s.head)
	s.head.typ, s.head.messageID, s.head.tag = s.env.typ, s.env.messageID, s.env.tag
	return err
}

// append checks env and appends its wire form. If it returns an error, what it appended is void.
func (r *rules) append(dst []byte, env *envelope, h *header) ([]byte, error) {
	if env.rejection != nil {
		return dst, env.rejection
	}
	start := len(dst)
	var name string
	var like likeness
	if env.typ == TypeTrack {
		if env.event == nil {
			return dst, reject("event", RuleNoEvent, "set Event, for example to cio.Named")
		}
		if name = strings.TrimSpace(env.event.EventName()); name == "" {
			return dst, reject("event", RuleNoEvent, "the event's name is empty; the API drops a track call without one")
		}
	}
	if err := checkIDs(env); err != nil {
		return dst, err
	}
	generated := false
	if env.typ == TypeTrack {
		err := checkEvent(env.event, name)
		if generated = wire.Generated(env.event); err == nil && !generated {
			like, err = lint(env.event, name)
		}
		if err != nil {
			return dst, err
		}
	}

	dst = append(dst, `{"type":"`...)
	dst = append(dst, env.typ...)
	dst = append(dst, `","messageId":"`...)
	h.idStart = len(dst) - start
	if env.messageID == "" {
		dst = appendRandomID(dst)
	} else {
		dst = wire.AppendString(dst[:len(dst)-1], env.messageID)
		dst = dst[:len(dst)-1]
	}
	h.idEnd = len(dst) - start
	dst = append(dst, `","timestamp":`...)
	var err error
	if dst, err = appendTimestamp(dst, env.timestamp); err != nil {
		return dst, valueError("timestamp", err)
	}
	dst = appendText(dst, `,"userId":`, env.userID)
	dst = appendText(dst, `,"anonymousId":`, env.anonymousID)
	dst = appendText(dst, `,"groupId":`, env.groupID)
	dst = appendText(dst, `,"previousId":`, env.previousID)
	dst = appendText(dst, `,"event":`, name)
	dst = appendText(dst, `,"name":`, env.name)
	dst = appendText(dst, `,"category":`, env.category)

	var body, ctx []byte
	switch {
	case generated:
		dst = append(dst, `,"properties":`...)
		before := len(dst)
		if dst, err = env.event.(wire.Appender).AppendJSON(dst); err != nil {
			err = valueError("properties", err)
		}
		body = dst[before:]
	case env.typ == TypeTrack:
		dst, body, err = appendObject(dst, "properties", properties(env.event))
	default:
		dst, body, err = appendObject(dst, env.typ.bodyKey(), env.body)
	}
	if err != nil {
		return dst, err
	}
	if dst, _, err = appendObject(dst, "integrations", env.integrations); err != nil {
		return dst, err
	}
	if dst, ctx, err = r.appendContext(dst, env); err != nil {
		return dst, err
	}
	dst = append(dst, '}')

	if path, found := wire.InvalidText(dst[start:]); found {
		return dst, reject(path, RuleUTF8, "the text contains bytes that are not UTF-8; convert it to UTF-8 first")
	}
	h.identity = Identity{UserID: env.userID, AnonymousID: env.anonymousID, GroupID: env.groupID, PreviousID: env.previousID}
	if env.typ == TypeIdentify && (env.userID == "" || r.guard != nil) {
		h.identity.Email = emailTrait(body)
	}
	if err := r.checkMeaning(env.typ, name, &h.identity, body, ctx); err != nil {
		return dst, err
	}
	if n := len(dst) - start; n > r.maxMessageBytes {
		return dst, tooLarge(dst[start:], r.maxMessageBytes)
	}
	h.warnings = warningsOf(env, h.identity.Email, name, like, body, ctx)
	return dst, r.checkGuard(h.identity)
}

func appendText(dst []byte, key, s string) []byte {
	if s == "" {
		return dst
	}
	return wire.AppendString(append(dst, key...), s)
}

// appendTimestamp writes t, or now to the millisecond.
func appendTimestamp(dst []byte, t time.Time) ([]byte, error) {
	if t.IsZero() {
		return appendMillis(dst, time.Now()), nil
	}
	return wire.AppendTime(dst, t)
}

// appendMillis writes "2006-01-02T15:04:05.000Z", quoted. It is a part of every message, so the second is formatted once.
func appendMillis(dst []byte, t time.Time) []byte {
	now := thisSecond.Load()
	if now == nil || now.unix != t.Unix() {
		now = &second{t.Unix(), t.UTC().Format(`"2006-01-02T15:04:05.`)}
		thisSecond.Store(now)
	}
	millis := t.Nanosecond() / 1e6
	dst = append(dst, now.text...)
	return append(dst, byte('0'+millis/100), byte('0'+millis/10%10), byte('0'+millis%10), 'Z', '"')
}

// second is the beginning of a timestamp.
type second struct {
	unix int64
	text string
}

var thisSecond atomic.Pointer[second]

// appendObject appends the member of that name, and also returns the bytes of the value. It appends nothing if v is nil or encodes to null.
func appendObject(dst []byte, name string, v any) (all, value []byte, err error) {
	if v == nil {
		return dst, nil, nil
	}
	before := len(dst)
	dst = append(dst, `,"`...)
	dst = append(dst, name...)
	dst = append(dst, `":`...)
	start := len(dst)
	dst, err = wire.AppendValue(dst, v)
	if err != nil {
		return dst, nil, valueError(name, err)
	}
	value = dst[start:]
	switch {
	case string(value) == "null":
		return dst[:before], nil, nil
	case value[0] != '{':
		return dst, nil, reject(name, RuleNotObject, needObject)
	}
	return dst, value, nil
}

// appendContext appends the context, if there is one: the context of the message, over that of its event, over that of the rules.
func (r *rules) appendContext(dst []byte, env *envelope) (all, value []byte, err error) {
	value = r.context
	layers := [2]any{nil, env.context}
	if e, ok := env.event.(eventContext); ok {
		layers[0] = e.EventContext()
	}
	for _, layer := range layers {
		if layer == nil {
			continue
		}
		over, err := wire.AppendValue(nil, layer)
		if err != nil {
			return dst, nil, valueError("context", err)
		}
		switch {
		case string(over) == "null":
			continue
		case over[0] != '{':
			return dst, nil, reject("context", RuleNotObject, needObject)
		}
		value = wire.AppendMerged(nil, value, over)
	}
	if len(value) <= len("{}") {
		return dst, nil, nil
	}
	dst = append(dst, `,"context":`...)
	start := len(dst)
	dst = append(dst, value...)
	return dst, dst[start:], nil
}

// appendRandomID appends 128 random bits as 32 hexadecimal digits. The global source of math/rand/v2 is a ChaCha8 that the operating system
// seeds. Collisions are as unlikely as with crypto/rand, at a fraction of the cost. Message ids must be distinct, not secret.
func appendRandomID(dst []byte) []byte {
	var id [32]byte
	for i := 0; i < len(id); i += 16 {
		n := rand.Uint64()
		for j := i; j < i+16; j += 2 {
			id[j], id[j+1] = hexPairs[2*(n&0xff)], hexPairs[2*(n&0xff)+1]
			n >>= 8
		}
	}
	return append(dst, id[:]...)
}

// hexPairs has the two hexadecimal digits of each byte.
var hexPairs = func() (pairs [512]byte) {
	const digits = "0123456789abcdef"
	for i := range 256 {
		pairs[2*i], pairs[2*i+1] = digits[i>>4], digits[i&0xf]
	}
	return pairs
}()

const needObject = "give a map, a struct or a json.RawMessage that holds a JSON object"

func reject(field string, rule Rule, hint string) *MessageError {
	return &MessageError{Field: field, Rule: rule, Hint: hint}
}

// valueError makes an error that the caller can act on of what the encoder says of a value.
func valueError(field string, err error) *MessageError {
	e := &MessageError{Field: field, Rule: RuleNotEncodable, Hint: "give a value that encoding/json can encode"}
	if unsupported := (*json.UnsupportedTypeError)(nil); errors.As(err, &unsupported) {
		e.Hint += "; it cannot encode " + unsupported.Type.String()
	}
	var w *wire.Error
	if !errors.As(err, &w) {
		e.Err = err
		return e
	}
	if w.Path != "" {
		if w.Path[0] != '[' {
			e.Field += "."
		}
		e.Field += w.Path
	}
	e.Err = w.Err
	switch w.Rule {
	case wire.NotANumber:
		e.Rule, e.Hint = RuleNumber, "JSON has no NaN and no infinity; leave the value out or send null"
	case wire.YearOutOfRange:
		e.Rule, e.Hint = RuleTime, "give a time of the years 0 to 9999"
	case wire.TooDeep:
		e.Rule, e.Hint = RuleTooDeep, fmt.Sprintf("nest values at most %d levels deep; does a map contain itself?", wire.MaxDepth)
	case wire.NotUTF8:
		e.Rule, e.Hint = RuleUTF8, "the text contains bytes that are not UTF-8; convert it to UTF-8 first"
	case wire.NameTaken:
		e.Rule, e.Hint, e.Err = RuleNameTaken, "the event's type has a field for it; set that instead", nil
	case wire.NotObject:
		e.Rule, e.Hint = RuleNotObject, needObject
	case wire.NotJSON:
		e.Rule, e.Hint = RuleNotObject, "the bytes are not valid JSON"
	}
	return e
}

// tooLarge names the member that takes the most room, so that the caller knows what to shorten.
func tooLarge(data []byte, limit int) *MessageError {
	field, size := largest(data)
	for _, name := range []string{"traits", "properties", "context"} {
		if field == name {
			v, _ := wire.Lookup(data, name)
			if inner, n := largest(v); n > 0 {
				field, size = field+"."+inner, n
			}
		}
	}
	return &MessageError{Field: field, Rule: RuleTooLarge, Hint: "the message has " + strconv.Itoa(len(data)) + " bytes, and at most " + strconv.Itoa(limit) +
		" are allowed; this field alone has " + strconv.Itoa(size) + "; Customer.io does not process a larger call"}
}

func largest(object []byte) (name string, size int) {
	for k, v := range wire.Members(object) {
		if len(v) > size {
			name, size = string(k), len(v)
		}
	}
	return name, size
}
