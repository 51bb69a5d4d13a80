package erasure

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/ciokit/cio"
	"github.com/ciokit/cio/internal/address"
	"golang.org/x/mod/sumdb/note"
)

// Action is what a plan does to each of its people.
type Action string

const (
	// ActionDelete deletes people with everything known of them (cio.DeletePerson). A later call for the same id creates a new person; the guard
	// prevents that.
	ActionDelete Action = "delete"
	// ActionSuppress deletes them, and Customer.io accepts no more data for them (cio.SuppressPerson).
	ActionSuppress Action = "suppress"
	// ActionUnsuppress ends a suppression (cio.UnsuppressPerson). What was deleted stays deleted.
	ActionUnsuppress Action = "unsuppress"
)

// DefaultExpiry is how long after its creation a plan may be run.
const DefaultExpiry = 72 * time.Hour

// maxReason is the limit of a reason and of a request id, in bytes.
const maxReason = 1000

// Plan says what to do, why, and until when. It has a hash of the people, and no identifier.
type Plan struct {
	Action Action
	// Subjects is how many people it is for, each counted once.
	Subjects int
	// SubjectsHash is SHA-256 over their sorted subjects.
	SubjectsHash [sha256.Size]byte
	// GuardHash is SHA-256 over the names that the guard has for all identifiers of these people, each with its owner.
	GuardHash [sha256.Size]byte
	// TargetsHash is SHA-256 of the file of targets, zero if there is none.
	TargetsHash [sha256.Size]byte
	// Target is the address that the messages are sent to.
	Target string
	// Workspace identifies the workspace that the messages are sent to. It is an HMAC of the write key. A plan is for one workspace.
	Workspace [sha256.Size]byte
	// ReceiptKeyID and GuardKeyID tell which keys were used.
	ReceiptKeyID, GuardKeyID [8]byte
	// Reason and Request are what the operator wrote. Request is the number of a request, empty for none.
	Reason, Request string
	// Created and Expires are in UTC, in whole seconds.
	Created, Expires time.Time
	// SingleOperator says that the plan can be run without an approval by somebody else.
	SingleOperator bool
}

// PlanConfig says what a plan is for. Client, ReceiptKey, GuardKey, Action and Reason are required.
type PlanConfig struct {
	Action Action
	// Client is for the workspace that the plan is for. Nothing is sent.
	Client *cio.Client
	// ReceiptKey and GuardKey are the keys of the workspace.
	ReceiptKey ReceiptKey
	GuardKey   GuardKey
	// Reason says who ordered the erasure, or which rule requires it, in one line of at most 1,000 bytes. It must not name any of the people, because
	// it stays in the receipt for ever.
	Reason string
	// Request is the id of a request or a ticket; default none. It must not name anybody either.
	Request string
	// Expiry is how long the plan can be run; default 72 h.
	Expiry time.Duration
	// SingleOperator makes a plan that can be run without an approval. Default: a key of an approver must sign it too.
	SingleOperator bool
	// TargetsHash is what WriteTargets returned, if the targets are in such a file. Default none.
	TargetsHash [sha256.Size]byte
	// Now is the time; default time.Now.
	Now func() time.Time
}

// NewPlan makes the plan for the targets. doubles counts targets that name a person again. The error is a *TargetError if a target cannot be an
// identifier, or if the reason or the request contains one of its identifiers. Without targets NewPlan returns an error.
func NewPlan(cfg PlanConfig, targets []Target) (plan Plan, doubles int, err error) {
	switch cfg.Action {
	case ActionDelete, ActionSuppress, ActionUnsuppress:
	default:
		return Plan{}, 0, fmt.Errorf("erasure: %q is not an action; use %s, %s or %s", string(cfg.Action), ActionDelete, ActionSuppress, ActionUnsuppress)
	}
	if cfg.Client == nil || cfg.ReceiptKey.IsZero() || cfg.GuardKey.IsZero() {
		return Plan{}, 0, errors.New("erasure: a plan needs a Client, a ReceiptKey and a GuardKey")
	}
	if len(targets) == 0 {
		return Plan{}, 0, errors.New("erasure: the plan names nobody; give at least one target")
	}
	if err := checkText("reason", cfg.Reason, targets); err != nil {
		return Plan{}, 0, err
	}
	if cfg.Request != "" {
		if err := checkText("request", cfg.Request, targets); err != nil {
			return Plan{}, 0, err
		}
	}
	p, err := peopleOf(targets, cfg.ReceiptKey, cfg.GuardKey)
	if err != nil {
		return Plan{}, 0, err
	}
	now := time.Now
	if cfg.Now != nil {
		now = cfg.Now
	}
	expiry := cfg.Expiry
	if expiry == 0 {
		expiry = DefaultExpiry
	}
	created := now().UTC().Truncate(time.Second)
	plan = Plan{
		Action: cfg.Action, Subjects: len(p.list), SubjectsHash: p.subjectsHash(), GuardHash: pairsHash(p.pairs), TargetsHash: cfg.TargetsHash,
		Target: cfg.Client.Target(), Workspace: workspaceOf(cfg.Client, cfg.ReceiptKey), ReceiptKeyID: cfg.ReceiptKey.id(), GuardKeyID: cfg.GuardKey.id(),
		Reason: cfg.Reason, Request: cfg.Request, Created: created, Expires: created.Add(expiry).Truncate(time.Second), SingleOperator: cfg.SingleOperator,
	}
	if !plan.Expires.After(created) {
		return Plan{}, 0, fmt.Errorf("erasure: a plan that expires after %v cannot be run; give a longer Expiry", expiry)
	}
	return plan, p.doubles, nil
}

// workspaceOf makes a name of a workspace from its write key. Nobody can compute the key from the name.
func workspaceOf(c *cio.Client, key ReceiptKey) [sha256.Size]byte {
	return sha256.Sum256(append([]byte("ciokit erasure workspace\x00"), c.KeyHash(key.key)...))
}

// checkText refuses a reason or a request id that contains an identifier of one of the people.
func checkText(what, text string, targets []Target) error {
	switch {
	case strings.TrimSpace(text) == "":
		return fmt.Errorf("erasure: the %s is empty; say who ordered the plan, or which rule requires it", what)
	case len(text) > maxReason:
		return fmt.Errorf("erasure: the %s has %d bytes, and the limit is %d", what, len(text), maxReason)
	case strings.ContainsFunc(text, unicode.IsControl) || strings.TrimSpace(text) != text:
		return fmt.Errorf("erasure: the %s must be one line without spaces around it", what)
	}
	words := make(map[string]bool)
	for word := range strings.FieldsSeq(text) {
		inner := strings.FieldsFunc(word, func(r rune) bool {
			return !unicode.IsLetter(r) && !unicode.IsDigit(r) && !strings.ContainsRune("@._-+", r)
		})
		digits := strings.FieldsFunc(word, func(r rune) bool { return !unicode.IsDigit(r) })
		parts := strings.FieldsFunc(word, func(r rune) bool { return unicode.IsPunct(r) && r != '@' })
		for _, w := range slices.Concat(inner, digits, parts, []string{word, strings.TrimFunc(word, unicode.IsPunct)}) {
			words[strings.ToLower(strings.Trim(w, "."))] = true
		}
	}
	lower := strings.ToLower(text)
	for i, t := range targets {
		for _, id := range append([]string{t.ID}, t.Also...) {
			if KindOf(id) == KindCIOID {
				id = id[len(cioPrefix):]
			}
			id = strings.ToLower(id)
			if len(id) >= 6 && strings.Contains(lower, id) || words[id] {
				return &TargetError{i, fmt.Errorf("the %s contains this identifier, and would keep it in clear for ever: write the %s without it", what, what)}
			}
			if at := strings.IndexByte(id, '@'); at > 2 && address.Is(id) && words[id[:at]] {
				return &TargetError{i, fmt.Errorf("the %s contains the part of this address before the @: write the %s without it", what, what)}
			}
		}
	}
	return nil
}

const (
	planTitle = "ciokit erasure plan 1"
	timeForm  = "2006-01-02T15:04:05Z"
	twoKeys   = "two-keys"
	oneKey    = "single-operator"
)

// Text returns the text of the plan that is signed: readable, one line for each fact.
func (p *Plan) Text() string {
	b64 := base64.StdEncoding.EncodeToString
	var b strings.Builder
	line := func(name, value string) { b.WriteString(name + " " + value + "\n") }
	b.WriteString(planTitle + "\n")
	line("action", string(p.Action))
	line("subjects", strconv.Itoa(p.Subjects))
	line("subjects-hash", b64(p.SubjectsHash[:]))
	line("guard-hash", b64(p.GuardHash[:]))
	if p.TargetsHash != [sha256.Size]byte{} {
		line("targets-hash", b64(p.TargetsHash[:]))
	}
	line("target", p.Target)
	line("workspace", b64(p.Workspace[:]))
	line("receipt-key", b64(p.ReceiptKeyID[:]))
	line("guard-key", b64(p.GuardKeyID[:]))
	line("reason", p.Reason)
	if p.Request != "" {
		line("request", p.Request)
	}
	line("created", p.Created.UTC().Format(timeForm))
	line("expires", p.Expires.UTC().Format(timeForm))
	approval := twoKeys
	if p.SingleOperator {
		approval = oneKey
	}
	line("approval", approval)
	return b.String()
}

// Hash is SHA-256 of the plan's text. Receipts identify their plan by this hash.
func (p *Plan) Hash() [sha256.Size]byte { return sha256.Sum256([]byte(p.Text())) }

// parsePlan reads the text of a plan. It accepts only what Text returns.
func parsePlan(text string) (Plan, error) {
	var p Plan
	bad := func(what string) (Plan, error) { return Plan{}, fmt.Errorf("erasure: this is not a plan: %s", what) }
	rest, ok := strings.CutPrefix(text, planTitle+"\n")
	if !ok {
		return bad("it does not begin with " + strconv.Quote(planTitle))
	}
	facts := make(map[string]string)
	for line := range strings.Lines(rest) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		facts[name] = value
	}
	bytesOf := func(to []byte, name string) {
		if raw, err := base64.StdEncoding.DecodeString(facts[name]); err == nil && len(raw) == len(to) {
			copy(to, raw)
		}
	}
	p.Action, p.Target, p.Reason, p.Request = Action(facts["action"]), facts["target"], facts["reason"], facts["request"]
	p.Subjects, _ = strconv.Atoi(facts["subjects"])
	bytesOf(p.SubjectsHash[:], "subjects-hash")
	bytesOf(p.GuardHash[:], "guard-hash")
	bytesOf(p.TargetsHash[:], "targets-hash")
	bytesOf(p.Workspace[:], "workspace")
	bytesOf(p.ReceiptKeyID[:], "receipt-key")
	bytesOf(p.GuardKeyID[:], "guard-key")
	p.Created, _ = time.Parse(timeForm, facts["created"])
	p.Expires, _ = time.Parse(timeForm, facts["expires"])
	p.SingleOperator = facts["approval"] == oneKey
	switch p.Action {
	case ActionDelete, ActionSuppress, ActionUnsuppress:
	default:
		return bad("this version does not know its action")
	}
	if p.Text() != text || p.Subjects < 1 {
		return bad("a line is missing or in the wrong place, or this version does not know it")
	}
	return p, nil
}

// SignPlan signs a plan with the key of an operator.
func SignPlan(p Plan, operator Signer) ([]byte, error) {
	if operator.Signer == nil || operator.Role() != RoleOperator {
		return nil, fmt.Errorf("erasure: an operator must sign a plan, and the key is %v", operator)
	}
	return note.Sign(&note.Note{Text: p.Text()}, operator)
}

// SignedPlan is a plan that somebody on a keyring has signed.
type SignedPlan struct {
	Plan
	// Note is the signed note, as it was read.
	Note []byte
	// Operator is the name of the key that ordered it. Approver is the name of the key that approved it, empty if nobody did.
	Operator, Approver string

	keys Keyring
	// pairs are all who ordered and approved it. Operator and Approver are the first pair. Several may have signed, and a ring may not have the keys
	// of all.
	pairs     []signers
	strangers []string // names of signatures that no key on the ring can check
}

// signers are two people who signed a plan, each with a different key.
type signers struct{ operator, approver string }

// approvedBy makes name the approver of the plan, if that key has approved it. It reports whether it is the approver then.
func (s *SignedPlan) approvedBy(name string) bool {
	if name == "" && s.SingleOperator {
		s.Approver = ""
	}
	for _, p := range s.pairs {
		if name == p.approver {
			s.Operator, s.Approver = p.operator, p.approver
			break
		}
	}
	return s.Approver == name
}

// OpenPlan reads a signed plan. An operator on the keyring must have signed it. Ready says whether it is approved and has not expired.
func OpenPlan(signed []byte, keys Keyring) (*SignedPlan, error) {
	n, err := keys.open(signed)
	if err != nil {
		return nil, err
	}
	p, err := parsePlan(n.Text)
	if err != nil {
		return nil, err
	}
	s := &SignedPlan{Plan: p, Note: bytes.Clone(signed), keys: keys, strangers: strangers(n)}
	operators := keys.signedBy(n, RoleOperator)
	if len(operators) == 0 {
		return nil, because(ErrUntrusted, "no operator on the keyring has signed the plan%s", s.signedBy(RoleOperator))
	}
	for _, operator := range operators { // more keys on the ring must never remove an approval
		for _, approver := range keys.signedBy(n, RoleApprover) {
			if keys.distinct(operator, approver) && !samePerson(operator, approver) {
				s.pairs = append(s.pairs, signers{operator, approver})
			}
		}
	}
	s.Operator = operators[0]
	if len(s.pairs) > 0 {
		s.Operator, s.Approver = s.pairs[0].operator, s.pairs[0].approver
	}
	return s, nil
}

// Ready returns nil if the plan can be run at the time now, otherwise ErrNotApproved or ErrExpired. It returns another error if the plan was made
// more than 5 minutes after now, because a clock is then wrong.
func (s *SignedPlan) Ready(now time.Time) error {
	if s.Approver == "" && !s.SingleOperator {
		if signed := s.signedBy(RoleApprover); signed != "" {
			return because(ErrNotApproved, "the plan has no approval by a key on the keyring%s", signed)
		}
		return fmt.Errorf("%w: an approver must sign it too, with a key of their own (ciokit erase approve)", ErrNotApproved)
	}
	if !now.Before(s.Expires) {
		return fmt.Errorf("%w (it was valid until %s)", ErrExpired, s.Expires.Format(timeForm))
	}
	if now.Before(s.Created.Add(-5 * time.Minute)) {
		return fmt.Errorf("erasure: the plan was made at %s, which is in the future: check the clock", s.Created.Format(timeForm))
	}
	return nil
}

// signedBy names the keys of a role that have signed the plan and are not on the keyring, and says what to do; empty if there are none.
func (s *SignedPlan) signedBy(role Role) string {
	var names []string
	for _, name := range s.strangers {
		if roleOf(name) == role && (role == RoleOperator || !samePerson(s.Operator, name)) {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return ""
	}
	return ": it is signed by " + strings.Join(names, ", ") + ", and the keyring has " + listOr(s.keys.Names(), "no key") + s.keys.adding(names...)
}

// samePerson reports whether the names of two keys have the same part after the role.
func samePerson(a, b string) bool {
	_, one, _ := strings.Cut(a, "/")
	_, two, _ := strings.Cut(b, "/")
	return strings.EqualFold(one, two)
}

// ApprovePlan adds the signature of an approver to a plan that an operator on the keyring has signed. The approver's key must not be the operator's.
func ApprovePlan(signed []byte, keys Keyring, approver Signer) ([]byte, error) {
	if approver.Signer == nil || approver.Role() != RoleApprover {
		return nil, fmt.Errorf("erasure: an approver must approve a plan, and the key is %v", approver)
	}
	p, err := OpenPlan(signed, keys)
	if err != nil {
		return nil, err
	}
	switch {
	case samePerson(p.Operator, approver.Name()):
		return nil, fmt.Errorf("erasure: %s ordered the plan, so %s must not approve it: another person must do that", p.Operator, approver.Name())
	case slices.Contains(keys.Names(), approver.Name()) && !keys.knows(approver):
		return nil, because(ErrUntrusted, "the keyring has a different key with the name %s: sign with the key whose public key is on the keyring, or replace the public key", approver.Name())
	case slices.Contains(keys.Names(), approver.Name()) && !keys.distinct(p.Operator, approver.Name()):
		return nil, fmt.Errorf("erasure: %s has the same key as %s, who ordered the plan: another person must approve it", approver.Name(), p.Operator)
	}
	n, err := keys.open(signed)
	if err != nil {
		return nil, err
	}
	return note.Sign(n, approver)
}
