package erasure

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"
)

// The files of a receipt.
const (
	planFile       = "plan.note"
	keysFile       = "keys"
	entriesFile    = "entries.jsonl"
	hashesFile     = "hashes"
	checkpointsDir = "checkpoints"
	guardFile      = "guard"
	lockFile       = "lock"
	ownerFile      = "owner" // only the first version has it
)

// maxEntry is the limit of a line, in bytes.
const maxEntry = 4 << 10

// DamageError says that the content of a receipt is not what was written. errors.Is reports it as ErrDamaged.
type DamageError struct {
	// File is the file of the receipt that is damaged.
	File string
	// Entry is the first entry that is wrong, -1 if none is. If it is only known that one of several entries is wrong, First and Last are the limits.
	Entry       int64
	First, Last int64
	Problem     string
}

func (e *DamageError) Error() string {
	switch {
	case e.Entry >= 0:
		return fmt.Sprintf("erasure: entry %d (line %d of %s) is not as it was written: %s", e.Entry, e.Entry+1, e.File, e.Problem)
	case e.Last > 0:
		return fmt.Sprintf("erasure: one of the entries %d to %d of %s is not as it was written: %s", e.First, e.Last, e.File, e.Problem)
	}
	return fmt.Sprintf("erasure: %s is not as it was written: %s", e.File, e.Problem)
}

// Is makes the error ErrDamaged.
func (e *DamageError) Is(target error) bool { return target == ErrDamaged }

// ErrUnsigned says that no checkpoint covers the last entries of a receipt: its process was killed, or a checkpoint was removed. The entries before
// the last checkpoint are valid.
var ErrUnsigned = errors.New("erasure: the last entries are not signed")

// CheckConfig says which keys and which checkpoint a check trusts.
type CheckConfig struct {
	// Keys are the public keys of the operators and approvers that are trusted. Without any, the check uses the keys in the receipt, and the result
	// says so. Then the check shows that the receipt is consistent, but not who made it.
	Keys Keyring
	// Since is an older checkpoint of the receipt, a signed note that was kept elsewhere. The receipt must continue it. Without it, the check
	// cannot show two changes: somebody with an operator's key can replace the whole receipt, and somebody without a key can remove the last entries,
	// back to an earlier checkpoint. Default none.
	Since []byte
}

// Checked is what a check found.
type Checked struct {
	// Plan is the plan and who signed it.
	Plan *SignedPlan
	// OwnKeys reports that no Keys were given, so that the check used those of the receipt.
	OwnKeys bool
	// Entries is how many entries the receipt has. Signed is how many of them the last checkpoint covers.
	Entries, Signed int64
	// Checkpoints are those of the receipt, by their sizes.
	Checkpoints []Checkpoint
	// Signers are the public keys of all who signed the plan or a checkpoint.
	Signers Keyring
	// Since is the size of the older checkpoint that the receipt continues, 0 for none.
	Since int64
	// Ended reports that all people of the plan have been acted on. Runs is how often a run began or resumed. Operators are the names of those who
	// ran it. Tool is the program that began it.
	Ended     bool
	Runs      int
	Operators []string
	Tool      string
	// Totals counts the people by outcome. Rejected counts the rejected people by the rule or the status. Verified counts those that were read back.
	Totals   Totals
	Rejected map[string]int64
	Verified map[Verdict]int64
	// Reasons counts by reason the people that were read back, if there was a reason.
	Reasons map[string]int64
	// Settled counts the people whose outcome was unknown, and who were found gone when they were read back.
	Settled int64
	// InUse reports that a run or a verification is writing the receipt. Because of entries that it has not signed yet, Check returns ErrUnsigned.
	InUse bool
	// SetBack is the largest step by which the clock went back between entries, and SetBackIn is the entry with the earlier time. Both are 0 if the
	// clock never went back by more than a minute.
	SetBack   time.Duration
	SetBackIn int64
	// Began and Last are when the first and the last entry were written.
	Began, Last time.Time
	// Unknown are signatures of the plan or a checkpoint that no key on the keyring can check. They do not count.
	Unknown []UnknownSignature
	// Foreign are files in the receipt's directory that are not part of the receipt. The check does not read them.
	Foreign []string
}

// UnknownSignature is a signature that no key on the keyring can check.
type UnknownSignature struct {
	// File is the file that has the signature. Name is the name of the key that the signature states.
	File, Name string
}

// Checkpoint is a signed statement of an operator: a receipt has this many entries, with this content. With a copy of its Note you can check later
// that the entries are still the same.
type Checkpoint struct {
	Size int64
	Root tlog.Hash
	// At is when the last of its entries was written.
	At time.Time
	// Signer is the name of the key.
	Signer string
	// Note is the signed note, byte by byte.
	Note []byte
}

// Check checks a receipt without the network and without any secret key. The error is a *DamageError that names the first bad entry, or the file. If
// the last entries are not signed, it is ErrUnsigned, and there is a result. For the plan it is ErrUntrusted or ErrNotApproved.
func Check(dir string, cfg CheckConfig) (*Checked, error) {
	before := inUse(dir)
	c, err := check(dir, cfg, before)
	switch now := inUse(dir); {
	case err == nil || before && now:
	case before: // the run has ended meanwhile
		return check(dir, cfg, false)
	case now: // a run has begun meanwhile
		return check(dir, cfg, true)
	}
	return c, err
}

// check is Check. inUse says whether a process is writing the receipt.
func check(dir string, cfg CheckConfig, inUse bool) (*Checked, error) {
	r, err := readReceipt(dir, cfg)
	if err != nil {
		return nil, err
	}
	c := &Checked{
		Plan: r.plan, OwnKeys: r.ownKeys, Entries: r.tree.size, Checkpoints: r.signed, Signers: r.signers(), Since: r.since,
		Ended: r.tally.ended, Runs: r.tally.runs, Operators: r.tally.operators, Tool: r.tally.tool,
		Totals: r.tally.totals(), Rejected: r.tally.rejections(), Verified: r.tally.verdicts(), Reasons: r.tally.readReasons(), Settled: r.tally.settled(), Began: r.tally.began, Last: r.tally.last,
		Unknown: r.unknown, InUse: inUse, SetBack: r.tally.back, SetBackIn: r.tally.backIn,
	}
	c.Signed = r.lastSigned()
	if c.Foreign, err = foreignFiles(dir); err != nil {
		return nil, err
	}
	if err := r.checkGuard(); err != nil {
		return nil, err
	}
	if inUse && (r.torn > 0 || c.Signed < c.Entries) {
		return c, fmt.Errorf("%w: %d of %d. A run or a verification is writing the receipt now, and will sign them: check again when it has ended", ErrUnsigned, c.Entries-c.Signed, c.Entries)
	}
	if r.torn > 0 {
		return c, fmt.Errorf("%w: the last line is torn (%s); the next run to this receipt cuts it", ErrUnsigned, counted(int64(r.torn), "byte", "bytes"))
	}
	if c.Signed < c.Entries {
		return c, fmt.Errorf("%w: %d of %d. The command that wrote them was killed, or a checkpoint was removed: run the plan again with the same receipt; the run resumes and signs", ErrUnsigned, c.Entries-c.Signed, c.Entries)
	}
	if r.surplus && !inUse { // a run that is writing adds hashes while this reads
		return nil, &DamageError{File: hashesFile, Entry: -1, Problem: "it has hashes of entries that are not there"}
	}
	return c, nil
}

// isLeft reports whether writeFile made a file and left it there, because its process was killed.
func isLeft(name string) bool {
	base, _, ok := strings.Cut(name, "-")
	return ok && (base == "."+planFile || base == "."+keysFile || base == "."+guardFile || len(base) == 13 && base[0] == '.')
}

// foreignFiles returns the files in a receipt's directory that are not part of the receipt. In checkpoints it looks only at names that begin with a
// dot: any other file there that is not a checkpoint is an error already.
func foreignFiles(dir string) (foreign []string, err error) {
	parts := []string{planFile, keysFile, entriesFile, hashesFile, checkpointsDir, guardFile, lockFile, ownerFile}
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("erasure: %w", err)
	}
	for _, n := range names {
		if !slices.Contains(parts, n.Name()) && !isLeft(n.Name()) {
			foreign = append(foreign, n.Name())
		}
	}
	names, err = os.ReadDir(filepath.Join(dir, checkpointsDir))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("erasure: %w", err)
	}
	for _, n := range names {
		if n.Name()[0] == '.' && !isLeft(n.Name()) {
			foreign = append(foreign, checkpointsDir+"/"+n.Name())
		}
	}
	return foreign, nil
}
