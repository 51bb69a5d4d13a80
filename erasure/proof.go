package erasure

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio/erasure/internal/c2sp"
	"golang.org/x/mod/sumdb/tlog"
)

// The ends of the names of a bundle's files: an entry, and its proof.
const (
	bundleEntry = ".json"
	bundleProof = ".tlog-proof"
)

// maxProof is the limit of a proof, in bytes.
const maxProof = 3 << 10

// ErrNobody says that a receipt has no entry of the person.
var ErrNobody = errors.New("erasure: the receipt has no entry of that person")

// WriteProof writes to a new directory what a receipt says about one person, for readers who must not see the whole receipt. The directory contains
// the plan, the public keys, and each entry of the person with a proof that the last checkpoint covers it (https://c2sp.org/tlog-proof). WriteProof
// returns how many entries there are.
//
// Name the person as the plan did: by the address if the plan had the address, by the id if it had the id. The error is ErrNobody if the receipt has
// no entry of the person, ErrOtherKey for another receipt key, and ErrUnsigned if no checkpoint covers one of the entries yet. If the receipt is not
// consistent, the error is that of Check.
func WriteProof(dir string, cfg CheckConfig, key ReceiptKey, id, out string) (n int, err error) {
	if _, err := os.Lstat(out); err == nil {
		return 0, fmt.Errorf("erasure: %s exists already: name a new directory", out)
	}
	r, entries, err := entriesOf(dir, cfg, key, id)
	switch {
	case err != nil:
		return 0, err
	case len(entries) == 0:
		return 0, fmt.Errorf("%w: name the person as the plan did, by the same id or address", ErrNobody)
	case entries[len(entries)-1].N >= r.lastSigned():
		return 0, fmt.Errorf("%w, and entry %d is about this person: run or verify the plan again, which signs them", ErrUnsigned, entries[len(entries)-1].N)
	}
	hashes, err := os.Open(filepath.Join(dir, hashesFile))
	if err != nil {
		return 0, fmt.Errorf("erasure: %w", err)
	}
	defer hashes.Close()
	room, err := os.MkdirTemp(filepath.Dir(filepath.Clean(out)), "."+filepath.Base(out)+"-*")
	if err != nil {
		return 0, fmt.Errorf("erasure: %w", err)
	}
	if err = r.writeBundle(room, entries, storedHashes{hashes}); err == nil {
		if err = os.Rename(room, out); err == nil {
			return len(entries), syncDir(filepath.Dir(filepath.Clean(out)))
		}
	}
	return 0, errors.Join(fmt.Errorf("erasure: the proof cannot be written: %w", err), os.RemoveAll(room))
}

// entriesOf checks a receipt and returns a person's entries.
func entriesOf(dir string, cfg CheckConfig, key ReceiptKey, id string) (*receipt, []Entry, error) {
	if key.IsZero() {
		return nil, nil, because(ErrOtherKey, "the receipt key is missing")
	}
	if err := checkID(id); err != nil {
		return nil, nil, fmt.Errorf("erasure: the identifier names nobody: %w", err)
	}
	subject := key.Subject(id)
	var entries []Entry
	r, err := visitReceipt(dir, cfg, func(e *Entry) {
		if e.Subject == subject {
			entries = append(entries, *e)
		}
	})
	if err != nil {
		return nil, nil, err
	}
	if key.id() != r.plan.ReceiptKeyID {
		return r, nil, because(ErrOtherKey, "the receipt was made with another receipt key: give that key")
	}
	return r, entries, nil
}

// storedHashes reads the file of hashes.
type storedHashes struct{ from io.ReaderAt }

func (s storedHashes) ReadHashes(at []int64) ([]tlog.Hash, error) {
	out := make([]tlog.Hash, len(at))
	for i, n := range at {
		if _, err := s.from.ReadAt(out[i][:], n*tlog.HashSize); err != nil {
			return nil, err
		}
	}
	return out, nil
}

func (r *receipt) writeBundle(dir string, entries []Entry, hashes tlog.HashReader) error {
	last := r.signed[len(r.signed)-1]
	if err := writeFile(filepath.Join(dir, planFile), r.plan.Note); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(dir, keysFile), []byte(r.keys.pick(r.plan.Operator, r.plan.Approver, last.Signer).String())); err != nil {
		return err
	}
	for i := range entries {
		e := &entries[i]
		record := e.append(nil)
		path, err := tlog.ProveRecord(last.Size, e.N, hashes)
		if err != nil {
			return err
		}
		if err := tlog.CheckRecord(path, last.Size, last.Root, e.N, tlog.RecordHash(record)); err != nil {
			return fmt.Errorf("entry %d: %w", e.N, err)
		}
		text, err := c2sp.Proof{Index: e.N, Path: path, Checkpoint: last.Note}.Marshal()
		if err != nil {
			return err
		}
		name := filepath.Join(dir, fmt.Sprintf("%06d", e.N))
		if err := writeFile(name+bundleEntry, record); err != nil {
			return err
		}
		if err := writeFile(name+bundleProof, text); err != nil {
			return err
		}
	}
	return nil
}

// Proven is what a bundle of WriteProof shows about a person: these entries are in the receipt. It does not show that there are no others.
type Proven struct {
	// Plan is the plan and who signed it.
	Plan *SignedPlan
	// OwnKeys reports that no Keys were given, so that the check used those of the bundle. Then it shows that the bundle is consistent, but not who
	// made it.
	OwnKeys bool
	// Subject is the person whom all entries are about.
	Subject Subject
	// Entries are the person's entries, in the order of the receipt.
	Entries []Entry
	// Checkpoint is the checkpoint that signs them.
	Checkpoint Checkpoint
}

// Names returns nil if the entries are about the person with that identifier, and ErrOtherPeople if they are about somebody else. It returns
// ErrOtherKey if the receipt was made with another key, so that the key cannot show it.
func (p *Proven) Names(key ReceiptKey, id string) error {
	switch {
	case key.IsZero() || key.id() != p.Plan.ReceiptKeyID:
		return because(ErrOtherKey, "the receipt was made with another receipt key: give that key")
	case key.Subject(id) != p.Subject:
		return because(ErrOtherPeople, "the entries are about another person, or about this person under another identifier")
	}
	return nil
}

// CheckProof checks a bundle that WriteProof wrote, without the receipt, the network and any secret key. With cfg.Since, the bundle's checkpoint must
// be that one. Only Check can show that one checkpoint continues another. The error is a *DamageError that names the file, or ErrUntrusted or
// ErrNotApproved for the plan.
func CheckProof(dir string, cfg CheckConfig) (*Proven, error) {
	r := &receipt{dir: dir, keys: cfg.Keys}
	if err := r.ownRing(); err != nil {
		return nil, err
	}
	if err := r.readPlan(); err != nil {
		return nil, err
	}
	p := &Proven{Plan: r.plan, OwnKeys: r.ownKeys}
	names, err := bundleNames(dir)
	if err != nil {
		return nil, err
	}
	for _, name := range names {
		if err := p.read(r, name); err != nil {
			return nil, err
		}
	}
	if err := r.asTheRunSawIt(); err != nil {
		return nil, err
	}
	p.Plan = r.plan
	if err := r.hasKeysOf(p.Checkpoint.Signer); err != nil {
		return nil, err
	}
	if err := p.checkStory(); err != nil {
		return nil, err
	}
	if cfg.Since != nil {
		old, err := r.checkpoint(cfg.Since)
		if err != nil {
			return nil, fmt.Errorf("the older checkpoint: %w", err)
		}
		if old.Size != p.Checkpoint.Size || old.Hash != p.Checkpoint.Root {
			return nil, errors.New("erasure: the proof has another checkpoint than the older one; only the whole receipt can show that one continues the other (ciokit erase check --since)")
		}
	}
	return p, nil
}

// bundleNames returns the names of the entries, without their ends, in their order.
func bundleNames(dir string) ([]string, error) {
	files, err := os.ReadDir(dir)
	if err != nil {
		return nil, notReceipt(dir, err)
	}
	parts := make(map[string]int)
	for _, f := range files {
		name := f.Name()
		base, isEntry := strings.CutSuffix(name, bundleEntry)
		base, isProof := strings.CutSuffix(base, bundleProof)
		switch {
		case name == planFile || name == keysFile || name[0] == '.':
		case isEntry != isProof:
			parts[base]++
		default:
			return nil, &DamageError{File: name, Entry: -1, Problem: "it is not part of a proof"}
		}
	}
	var names []string
	for name, n := range parts {
		if n != 2 {
			return nil, &DamageError{File: name, Entry: -1, Problem: "the entry or its proof is missing"}
		}
		names = append(names, name)
	}
	if len(names) == 0 {
		return nil, &DamageError{File: dir, Entry: -1, Problem: "it has no entry"}
	}
	slices.SortFunc(names, func(a, b string) int {
		if len(a) != len(b) {
			return len(a) - len(b)
		}
		return strings.Compare(a, b)
	})
	return names, nil
}

// read reads an entry and its proof, and checks the entry with the proof.
func (p *Proven) read(r *receipt, name string) error {
	record, err := readLimited(filepath.Join(r.dir, name+bundleEntry), maxEntry)
	if err != nil {
		return err
	}
	e, err := ParseEntry(record)
	if err != nil {
		return &DamageError{File: name + bundleEntry, Entry: -1, Problem: err.Error()}
	}
	bad := func(problem string) error {
		return &DamageError{File: name + bundleProof, Entry: -1, Problem: problem}
	}
	text, err := readLimited(filepath.Join(r.dir, name+bundleProof), maxProof)
	if err != nil {
		return err
	}
	proof, err := c2sp.ParseProof(text)
	if err != nil {
		return bad(err.Error())
	}
	point, err := r.checkpoint(proof.Checkpoint)
	switch {
	case err != nil:
		return bad(err.Error())
	case proof.Index != e.N || name != fmt.Sprintf("%06d", e.N):
		return bad("it is the proof of entry " + strconv.FormatInt(proof.Index, 10))
	case len(p.Entries) > 0 && !bytes.Equal(p.Checkpoint.Note, proof.Checkpoint):
		return bad("its checkpoint is not that of the entry before")
	case tlog.CheckRecord(proof.Path, point.Size, point.Hash, e.N, tlog.RecordHash(record)) != nil:
		return bad("it does not prove that the entry is in the receipt: one of the two is not as it was written")
	}
	p.Checkpoint = Checkpoint{Size: point.Size, Root: point.Hash, Signer: point.signer, Note: proof.Checkpoint}
	p.Entries = append(p.Entries, e)
	return nil
}

// readLimited reads a file that has at most limit bytes.
func readLimited(file string, limit int64) ([]byte, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("erasure: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, fmt.Errorf("erasure: %w", err)
	}
	if int64(len(text)) > limit {
		return nil, &DamageError{File: filepath.Base(file), Entry: -1, Problem: fmt.Sprintf("it has more than %d bytes", limit)}
	}
	return text, nil
}

// checkStory checks the order of a person's entries: the first must be an intent of the plan, and an outcome must follow an intent.
func (p *Proven) checkStory() error {
	p.Subject = p.Entries[0].Subject
	open := false
	for i := range p.Entries {
		e := &p.Entries[i]
		problem := ""
		switch {
		case e.Type != EntryTypeIntent && e.Type != EntryTypeOutcome && e.Type != EntryTypeVerified:
			problem = "it is not an entry about a person"
		case e.Subject != p.Subject:
			problem = "it is about another person than the first entry"
		case i == 0 && e.Type != EntryTypeIntent:
			problem = "the intent before it is missing"
		case e.Type == EntryTypeIntent && (e.Action != p.Plan.Action || e.MessageID != messageID(p.Plan.Hash(), p.Subject)):
			problem = "it does not belong to this plan"
		case e.Type == EntryTypeOutcome && !open:
			problem = "the intent before it is missing"
		}
		if problem != "" {
			return &DamageError{File: fmt.Sprintf("%06d%s", e.N, bundleEntry), Entry: -1, Problem: problem}
		}
		open = e.Type == EntryTypeIntent || open && e.Type == EntryTypeVerified
	}
	return nil
}

// Found is what a receipt says about a person.
type Found struct {
	// Dir is the receipt's directory.
	Dir string
	// Plan is its plan and who signed it.
	Plan *SignedPlan
	// OtherKey reports that the receipt was made with another receipt key, so that this key can find nobody in it.
	OtherKey bool
	// Entries are the person's entries, in the order of the receipt. It is empty if the receipt has none.
	Entries []Entry
	// Unsigned is how many of the last of them no checkpoint covers.
	Unsigned int
}

// GuardHas reports whether the guard of one receipt knows an identifier. Then the person is in the receipt, perhaps under another identifier, which
// Find would need. If the receipt ends suppressions, its guard knows only people whose message was accepted. The error is ErrOtherKey for another
// guard key, or an error of Check.
func GuardHas(dir string, cfg CheckConfig, key GuardKey, id string) (bool, error) {
	r, err := readReceipt(dir, cfg)
	if err == nil {
		err = r.checkGuard()
	}
	switch {
	case err != nil:
		return false, err
	case key.IsZero() || r.plan.GuardKeyID != key.id():
		return false, because(ErrOtherKey, "the receipt was made with another guard key: give that key")
	case !r.tally.hasGuard:
		return false, nil
	}
	set, err := readGuardFile(filepath.Join(dir, guardFile))
	if err != nil {
		return false, err
	}
	return set.guard(key).Has(id), nil
}

// Find returns what receipts say about a person: one Found for each receipt, in the order of dirs. Find needs the identifier by which the plan named
// the person, and finds people only in receipts that were made with that key. The error is that of Check, for the first receipt that is not
// consistent.
func Find(dirs []string, cfg CheckConfig, key ReceiptKey, id string) ([]Found, error) {
	all := make([]Found, len(dirs))
	for i, dir := range dirs {
		r, entries, err := entriesOf(dir, cfg, key, id)
		other := r != nil && errors.Is(err, ErrOtherKey)
		if err != nil && !other {
			return nil, inReceipt(dir, err)
		}
		f := Found{Dir: dir, Plan: r.plan, OtherKey: other, Entries: entries}
		for j := range entries {
			if entries[j].N >= r.lastSigned() {
				f.Unsigned++
			}
		}
		all[i] = f
	}
	return all, nil
}
