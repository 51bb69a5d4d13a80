package livetest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ciokit/cio/kit/internal/atomicfile"
	"github.com/ciokit/cio/kit/internal/filelock"
	_ "github.com/ciokit/cio/kit/internal/needs64"
	"github.com/ciokit/cio/kit/internal/places"
)

// Ledger lists on disk what a run creates, so that it can be deleted however the run ends. An entry is synced to disk before anything is sent for it.
// It is a file of JSON Lines with mode 0600: a LedgerHeader, then entries for items that were added or deleted. An incomplete last line does not
// count. It contains no key, and no data except the identifiers.
type Ledger struct {
	path   string
	header LedgerHeader
	left   []Item
	file   *os.File // nil if it was only read
	lock   *filelock.Lock
}

// LedgerHeader identifies the run and the workspace.
type LedgerHeader struct {
	Version int       `json:"version"`
	Run     string    `json:"run"`
	Started time.Time `json:"started"`
	// Target is the address of the API.
	Target string `json:"target"`
	// Workspace is a hash of the write key. It distinguishes workspaces and does not reveal the key.
	Workspace string `json:"workspace"`
}

const ledgerVersion = 1

// ItemKind is a kind of item with its own way of deletion.
type ItemKind string

// The kinds of items.
const (
	// ItemKindPerson is a person by id or email address, with their events, devices and relationships.
	ItemKindPerson ItemKind = "person"
	// ItemKindSuppressed is a person who may be suppressed.
	ItemKindSuppressed ItemKind = "suppressed"
	// ItemKindObject is an object.
	ItemKindObject ItemKind = "object"
	// ItemKindAnonymous is an anonymous id with its events and relationships.
	ItemKindAnonymous ItemKind = "anonymous"
)

// Item is one thing to clean.
type Item struct {
	Kind ItemKind `json:"kind"`
	ID   string   `json:"id"`
	// TypeID is the type of an object; empty: 1.
	TypeID string `json:"type,omitempty"`
}

// ledgerLine is a line after the header.
type ledgerLine struct {
	Add  []Item `json:"add,omitempty"`
	Done []Item `json:"done,omitempty"`
}

// createLedger begins the ledger of a run, and locks it.
func createLedger(dir string, h LedgerHeader) (*Ledger, error) {
	if err := places.MakeState(dir); err != nil {
		return nil, err
	}
	h.Version, h.Started = ledgerVersion, time.Now().UTC()
	l := &Ledger{path: filepath.Join(dir, h.Run+".jsonl"), header: h}
	if err := l.open(os.O_CREATE | os.O_EXCL); err != nil {
		return nil, err
	}
	if err := errors.Join(l.append(h), atomicfile.SyncDir(dir)); err != nil {
		return nil, errors.Join(err, l.letGo())
	}
	return l, nil
}

// ErrLedgerInUse says that the run of a ledger is under way.
var ErrLedgerInUse = errors.New("a run is using the ledger")

// Ledgers returns the ledgers that are left below dir, ordered by the time of their runs. If a file is not a ledger, the error names it.
func Ledgers(dir string) ([]*Ledger, error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.jsonl"))
	if err != nil {
		return nil, err
	}
	var all []*Ledger
	for _, path := range paths {
		l, err := readLedger(path)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	return all, nil
}

func readLedger(path string) (*Ledger, error) {
	text, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	l, err := parseLedger(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	l.path = path
	return l, nil
}

// parseLedger reads the contents of a ledger's file. A file that ends before the header is empty: nothing was sent for it.
func parseLedger(text []byte) (*Ledger, error) {
	l := new(Ledger)
	first := true
	for n := 1; ; n++ {
		line, rest, whole := bytes.Cut(text, []byte("\n"))
		if !whole {
			return l, nil
		}
		text = rest
		if first {
			first = false
			if err := json.Unmarshal(line, &l.header); err != nil || l.header.Version != ledgerVersion || l.header.Run == "" {
				return nil, fmt.Errorf("line %d is not the header of a ledger of version %d", n, ledgerVersion)
			}
			continue
		}
		var entry ledgerLine
		if err := json.Unmarshal(line, &entry); err != nil {
			return nil, fmt.Errorf("line %d is not an entry of a ledger", n)
		}
		for _, item := range entry.Add {
			if !strings.HasPrefix(item.ID, idPrefix) {
				return nil, fmt.Errorf("line %d: an identifier does not begin with %s; nothing else is ever deleted", n, idPrefix)
			}
			l.left = append(l.left, item)
		}
		l.drop(entry.Done)
	}
}

func (l *Ledger) drop(items []Item) {
	done := make(map[Item]bool, len(items))
	for _, item := range items {
		done[item] = true
	}
	var left []Item
	for _, item := range l.left {
		if !done[item] {
			left = append(left, item)
		}
	}
	l.left = left
}

// Header describes the run of the ledger.
func (l *Ledger) Header() LedgerHeader { return l.header }

// Path is the path of the ledger's file.
func (l *Ledger) Path() string { return l.path }

// Left returns what is not known to be deleted, in the order of its creation.
func (l *Ledger) Left() []Item { return append([]Item(nil), l.left...) }

// reopen opens a ledger that was read, to delete its items, and locks it. It fails with ErrLedgerInUse.
func (l *Ledger) reopen() error {
	if err := l.open(0); err != nil {
		return err
	}
	// What was read before the lock may be old. An incomplete last line would be joined with the next one.
	text, err := os.ReadFile(l.path)
	if err == nil {
		err = l.file.Truncate(int64(bytes.LastIndexByte(text, '\n') + 1))
	}
	now, parseErr := parseLedger(text)
	if err := errors.Join(err, parseErr); err != nil {
		return errors.Join(fmt.Errorf("%s: %w", l.path, err), l.letGo())
	}
	l.header, l.left = now.header, now.left
	return nil
}

// open locks the ledger for this process and opens its file.
func (l *Ledger) open(flag int) (err error) {
	if l.lock, err = filelock.Take(l.path, l.header.Run); err == nil {
		l.file, err = os.OpenFile(l.path, flag|os.O_WRONLY|os.O_APPEND, 0o600)
	}
	if err == nil {
		err = l.lock.Former(l.path)
	}
	if err == nil {
		return nil
	}
	if errors.Is(err, filelock.ErrInUse) {
		err = fmt.Errorf("%s: %w%s", l.path, ErrLedgerInUse, filelock.By(err))
	}
	return errors.Join(err, l.letGo())
}

// letGo closes the file and unlocks the ledger.
func (l *Ledger) letGo() error {
	var err error
	if l.file != nil {
		err = l.file.Close()
	}
	err = errors.Join(err, l.lock.Release())
	l.file, l.lock = nil, nil
	return err
}

func (l *Ledger) append(value any) error {
	line, err := json.Marshal(value)
	if err != nil {
		return err
	}
	if _, err := l.file.Write(append(line, '\n')); err != nil {
		return err
	}
	return l.file.Sync()
}

// add returns after the items are on disk.
func (l *Ledger) add(items []Item) error {
	if len(items) == 0 {
		return nil
	}
	if err := l.append(ledgerLine{Add: items}); err != nil {
		return fmt.Errorf("write the ledger: %w", err)
	}
	l.left = append(l.left, items...)
	return nil
}

func (l *Ledger) done(items []Item) error {
	if len(items) == 0 {
		return nil
	}
	l.drop(items)
	return l.append(ledgerLine{Done: items})
}

// close closes the ledger. An empty ledger is removed.
func (l *Ledger) close() error {
	if l.file == nil {
		return nil
	}
	err := l.file.Close() // Windows does not remove an open file
	l.file = nil
	if len(l.left) == 0 {
		err = errors.Join(err, atomicfile.Remove(l.path)) // while it is locked
	}
	return errors.Join(err, l.letGo())
}
