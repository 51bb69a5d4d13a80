package erasure

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/ciokit/cio/erasure/internal/c2sp"
	"golang.org/x/mod/sumdb/tlog"
)

// receipt is a receipt that was read. It is consistent as far as it is signed.
type receipt struct {
	dir     string
	plan    *SignedPlan
	keys    Keyring
	ownKeys bool
	// copied are the keys in the receipt.
	copied Keyring
	visit  func(*Entry)
	tally  *tally
	tree   tree
	signed []Checkpoint
	since  int64
	torn   int64 // bytes of a last line without an end
	whole  int64 // bytes of the lines before
	// hashes is how many bytes at the beginning of the file of hashes are right.
	hashes int64
	// surplus reports that there are more hashes than the entries have.
	surplus bool
	// ends says what is wrong with the line ends of the entries, "" for nothing.
	ends string
	// unknown are signatures that no key can check.
	unknown []UnknownSignature
}

// lastSigned is how many entries the last checkpoint covers.
func (r *receipt) lastSigned() int64 {
	if n := len(r.signed); n > 0 {
		return r.signed[n-1].Size
	}
	return 0
}

// signers returns the keys of all who signed the plan or a checkpoint.
func (r *receipt) signers() Keyring {
	names := []string{r.plan.Operator, r.plan.Approver}
	for i := range r.signed {
		names = append(names, r.signed[i].Signer)
	}
	return r.keys.pick(names...)
}

// errLongLine says that a line is longer than any entry.
var errLongLine = errors.New("the line is too long for an entry")

// readReceipt reads a receipt and checks it against its plan and its checkpoints. After the last checkpoint it accepts all entries that keep the
// rules.
func readReceipt(dir string, cfg CheckConfig) (*receipt, error) {
	return visitReceipt(dir, cfg, func(*Entry) {})
}

// visitReceipt is readReceipt. It calls visit with each entry. The entries are valid only if visitReceipt returns no error.
func visitReceipt(dir string, cfg CheckConfig, visit func(*Entry)) (*receipt, error) {
	r := &receipt{dir: dir, keys: cfg.Keys, visit: visit}
	if err := r.ownRing(); err != nil {
		return nil, err
	}
	if err := r.readPlan(); err != nil {
		return nil, err
	}
	points, err := r.checkpoints()
	if err != nil {
		return nil, err
	}
	if err := r.asTheRunSawIt(); err != nil {
		return nil, err
	}
	if err := r.hasKeysOf(r.signers().Names()...); err != nil {
		return nil, err
	}
	if cfg.Since != nil {
		old, err := r.checkpoint(cfg.Since)
		if err != nil {
			if errors.Is(err, errOtherPlan) {
				return nil, fmt.Errorf("%w: the older checkpoint belongs to the receipt of another plan: give one of this receipt, or find out whether this receipt was replaced", ErrDamaged)
			}
			return nil, fmt.Errorf("the older checkpoint: %w", err)
		}
		old.since = true
		r.since = old.Size
		points = append(points, old)
	}
	slices.SortStableFunc(points, func(a, b point) int { return int(a.Size - b.Size) })
	return r, r.entries(points)
}

// readPlan reads the plan. The plan must be approved.
func (r *receipt) readPlan() error {
	signed, err := os.ReadFile(filepath.Join(r.dir, planFile))
	if err != nil {
		return notReceipt(r.dir, err)
	}
	if r.plan, err = OpenPlan(signed, r.keys); err == nil {
		err = r.plan.Ready(r.plan.Created)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", planFile, err)
	}
	for _, name := range r.plan.strangers {
		r.unknown = append(r.unknown, UnknownSignature{planFile, name})
	}
	return nil
}

// asTheRunSawIt reads the plan with only the keys in the receipt: the run may have known fewer keys than this ring has.
func (r *receipt) asTheRunSawIt() error {
	own, err := OpenPlan(r.plan.Note, r.copied)
	if err == nil {
		err = own.Ready(own.Created)
	}
	if err != nil {
		if err := r.hasKeysOf(r.plan.Operator, r.plan.Approver); err != nil {
			return err
		}
		return &DamageError{File: keysFile, Entry: -1, Problem: "with only its keys, the plan cannot be run: " + err.Error()}
	}
	r.plan = own
	return nil
}

// hasKeysOf returns nil if the receipt contains the keys with those names.
func (r *receipt) hasKeysOf(names ...string) error {
	for _, name := range names {
		if name != "" && len(r.copied.pick(name).keys) == 0 {
			return &DamageError{File: keysFile, Entry: -1, Problem: "the key of " + name + ", who has signed, is missing in it"}
		}
	}
	return nil
}

// ownRing reads the keys in the receipt. If the caller gave keys to trust, a key in the receipt that is not among them is an error.
func (r *receipt) ownRing() error {
	text, err := os.ReadFile(filepath.Join(r.dir, keysFile))
	if err != nil {
		return notReceipt(r.dir, err)
	}
	bad := func(problem string) error { return &DamageError{File: keysFile, Entry: -1, Problem: problem} }
	own, err := ParseKeyring(string(text))
	if err != nil {
		return bad(err.Error() + lineEnds(text))
	}
	if own.String() != string(text) {
		return bad("it contains something else than keys" + lineEnds(text))
	}
	r.copied = own
	if len(r.keys.keys) == 0 {
		r.keys, r.ownKeys = own, true
		return nil
	}
	for _, k := range own.keys {
		if !slices.ContainsFunc(r.keys.keys, func(o publicKey) bool { return o.text == k.text }) {
			return because(ErrUntrusted, "the receipt was made with the key %s, and the keyring has %s%s", k.Name(), listOr(r.keys.Names(), "no key"), r.keys.adding(k.Name()))
		}
	}
	return nil
}

func notReceipt(dir string, err error) error {
	info, bad := os.Stat(dir)
	if bad == nil && !info.IsDir() {
		return &notReceiptError{fmt.Sprintf("erasure: %s is a file, and a receipt is a directory: give the directory of the receipt", dir), nil}
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("erasure: %w", err)
	}
	why := "there is no such directory"
	var at *fs.PathError
	if bad == nil && errors.As(err, &at) {
		kind := "file"
		if filepath.Base(at.Path) == checkpointsDir {
			kind = "directory"
		}
		why = "it has no " + kind + " named " + filepath.Base(at.Path)
	}
	return &notReceiptError{fmt.Sprintf("erasure: %s is not a receipt: %s", dir, why), err}
}

// notReceiptError says that a directory is not a receipt. Its text names the directory.
type notReceiptError struct {
	text  string
	cause error
}

func (e *notReceiptError) Error() string { return e.text }

func (e *notReceiptError) Unwrap() error { return e.cause }

// inReceipt adds the directory to an error about one of several receipts, unless the error names it already.
func inReceipt(dir string, err error) error {
	if errors.As(err, new(*notReceiptError)) {
		return err
	}
	return fmt.Errorf("%s: %w", dir, err)
}

// point is a checkpoint of a receipt, or an older one that was kept elsewhere.
type point struct {
	c2sp.Checkpoint
	name   string
	signer string
	since  bool

	strangers []string
}

// errOtherPlan says that a checkpoint belongs to the receipt of another plan.
var errOtherPlan = fmt.Errorf("%w: the checkpoint belongs to the receipt of another plan", ErrAltered)

// checkpointName returns the name of a checkpoint's file.
func checkpointName(size int64) string { return fmt.Sprintf("%012d", size) }

// origin returns the first line of the checkpoints of a plan's receipt.
func origin(planHash [32]byte) string { return fmt.Sprintf("ciokit-erasure/%x", planHash) }

func (r *receipt) checkpoint(signed []byte) (point, error) {
	n, err := r.keys.open(signed)
	if err != nil {
		return point{}, err
	}
	signers := r.keys.signedBy(n, RoleOperator)
	if len(signers) == 0 {
		return point{}, because(ErrUntrusted, "no operator on the keyring has signed it")
	}
	for _, name := range signers { // prefer a signer whose key is in the receipt: others may have signed too
		if len(r.copied.pick(name).keys) > 0 {
			signers[0] = name
			break
		}
	}
	c, err := c2sp.ParseCheckpoint(n.Text)
	if err != nil {
		return point{}, fmt.Errorf("%w: it is not a checkpoint: %w", ErrAltered, err)
	}
	if c.Origin != origin(r.plan.Hash()) || c.Size < 1 || len(c.Extensions) > 0 {
		return point{}, errOtherPlan
	}
	return point{Checkpoint: c, signer: signers[0], strangers: strangers(n)}, nil
}

// checkpoints reads the receipt's own checkpoints.
func (r *receipt) checkpoints() ([]point, error) {
	entries, err := os.ReadDir(filepath.Join(r.dir, checkpointsDir))
	if err != nil {
		return nil, notReceipt(r.dir, err)
	}
	var points []point
	for _, e := range entries {
		if e.Name()[0] == '.' { // its process was killed while writing it, or it is not part of the receipt
			continue
		}
		name := checkpointsDir + "/" + e.Name()
		bad := func(problem string) error { return &DamageError{File: name, Entry: -1, Problem: problem} }
		signed, err := os.ReadFile(filepath.Join(r.dir, checkpointsDir, e.Name()))
		if errors.Is(err, fs.ErrNotExist) { // the run that is writing has replaced it by a later one
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("erasure: %w", err)
		}
		p, err := r.checkpoint(signed)
		if err != nil {
			return nil, bad(err.Error())
		}
		if e.Name() != checkpointName(p.Size) {
			return nil, bad("it is the checkpoint of " + strconv.FormatInt(p.Size, 10) + " entries")
		}
		p.name = name
		for _, stranger := range p.strangers {
			r.unknown = append(r.unknown, UnknownSignature{name, stranger})
		}
		points = append(points, p)
		r.signed = append(r.signed, Checkpoint{Size: p.Size, Root: p.Hash, Signer: p.signer, Note: signed})
	}
	return points, nil
}

// entries reads the entries, and compares the tree with the points. The points must be sorted by size.
func (r *receipt) entries(points []point) error {
	err := r.readEntries(points)
	var damage *DamageError
	if errors.As(err, &damage) && damage.File == entriesFile && r.ends != "" {
		named := *damage
		named.Problem += r.ends
		return &named
	}
	return err
}

func (r *receipt) readEntries(points []point) error {
	f, err := os.Open(filepath.Join(r.dir, entriesFile))
	if err != nil {
		return notReceipt(r.dir, err)
	}
	defer f.Close()
	stored := &hashFile{bad: -1, badLeaf: -1}
	switch hf, err := os.Open(filepath.Join(r.dir, hashesFile)); {
	case err == nil:
		defer hf.Close()
		stored.r = bufio.NewReaderSize(hf, 256<<10)
	case errors.Is(err, fs.ErrNotExist):
		stored.r = bufio.NewReader(bytes.NewReader(nil))
	default:
		return fmt.Errorf("erasure: %w", err)
	}
	info, err := f.Stat()
	if err != nil {
		return fmt.Errorf("erasure: %w", err)
	}
	r.tally = newTally(r.plan, info.Size()/500) // an intent and an outcome together are longer than that
	in := bufio.NewReaderSize(f, 256<<10)
	var good int64 // how many entries the last right point covers
	var hashes []tlog.Hash
	next := 0        // index of the receipt's next own checkpoint
	var broken error // the first entry that breaks a rule: the next point shows whether it was signed like that
	for {
		line, err := in.ReadSlice('\n')
		if err == io.EOF {
			r.torn = int64(len(line))
			break
		}
		if err != nil && !errors.Is(err, bufio.ErrBufferFull) {
			return fmt.Errorf("erasure: %w", err)
		}
		n := r.tree.size
		var e Entry
		if broken == nil {
			problem := errLongLine
			if err == nil && len(line) <= maxEntry {
				if e, problem = ParseEntry(line[:len(line)-1]); problem == nil {
					problem = r.tally.apply(&e)
				}
			}
			if problem != nil {
				broken = &DamageError{File: entriesFile, Entry: n, Problem: problem.Error()}
			} else {
				r.visit(&e)
			}
		}
		if r.ends == "" && len(line) > 1 && line[len(line)-2] == '\r' {
			r.ends = lineEnds(line)
		}
		r.whole += int64(len(line))
		hashes = r.tree.add(hashes[:0], tlog.RecordHash(line[:len(line)-1]))
		stored.compare(n, hashes)
		if next < len(r.signed) && r.signed[next].Size == r.tree.size {
			r.signed[next].At = e.At
			next++
		}
		for len(points) > 0 && points[0].Size == r.tree.size {
			if p := points[0]; p.Hash != r.tree.root() {
				return r.differs(p, stored, good)
			}
			if broken != nil {
				return broken
			}
			good, points = r.tree.size, points[1:]
		}
	}
	r.hashes = stored.right
	if more, _ := stored.r.Peek(1); !stored.ended && len(more) > 0 && r.tree.size > 0 {
		r.surplus = true
	}
	if len(points) > 0 {
		return r.missing(points, stored, good)
	}
	if broken != nil {
		return broken
	}
	if stored.bad >= 0 && stored.bad < good {
		return &DamageError{File: hashesFile, Entry: -1, Problem: fmt.Sprintf("from entry %d on, its hashes are missing or wrong; the entries are right. Take this file from a copy of the receipt", stored.bad)}
	}
	return nil
}

// eachLine calls do with each complete line, without its line end.
func eachLine(in io.Reader, do func(line []byte)) error {
	lines := bufio.NewReaderSize(in, 256<<10)
	for {
		line, err := lines.ReadSlice('\n')
		switch {
		case err == io.EOF:
			return nil
		case err != nil:
			return fmt.Errorf("erasure: %w", err)
		}
		do(line[:len(line)-1])
	}
}

// missing is the error if the entries end before a point. An entry is missing then. It is certain that the missing entry is the next one only if the
// entries before it are those that were signed.
func (r *receipt) missing(points []point, stored *hashFile, good int64) error {
	n := r.tree.size
	last := points[len(points)-1]
	what := last.name
	if last.since {
		what = "the older checkpoint"
	}
	problem := fmt.Sprintf("it is missing: there are %d entries, and %s has signed %d", n, what, last.Size)
	stored.finish(n, points[0].Size)
	switch {
	case stored.tree.size == points[0].Size && stored.tree.root() == points[0].Hash:
		if stored.badLeaf >= 0 {
			return &DamageError{File: entriesFile, Entry: stored.badLeaf, Problem: "its hash is not the one that was signed"}
		}
		return &DamageError{File: entriesFile, Entry: n, Problem: problem}
	case good == n:
		return &DamageError{File: entriesFile, Entry: n, Problem: problem}
	}
	return &DamageError{File: entriesFile, Entry: -1, First: good, Last: n, Problem: "one " + strings.TrimPrefix(problem, "it ")}
}

// differs is the error if the root of a point is not that of the entries. If the stored leaves are those that were signed, it names the first entry
// whose leaf differs.
func (r *receipt) differs(p point, stored *hashFile, good int64) error {
	if !stored.ended && stored.tree.size == p.Size && stored.tree.root() == p.Hash && stored.badLeaf >= 0 {
		return &DamageError{File: entriesFile, Entry: stored.badLeaf, Problem: "its hash is not the one that was signed"}
	}
	if p.since {
		return fmt.Errorf("%w: the receipt does not continue the older checkpoint of %d entries: the receipt was replaced, or that checkpoint belongs to another copy", ErrDamaged, p.Size)
	}
	return &DamageError{File: entriesFile, Entry: -1, First: good, Last: p.Size - 1, Problem: p.name + " signed another root"}
}
