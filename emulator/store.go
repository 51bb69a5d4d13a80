package emulator

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"sync"
	"sync/atomic"
	"time"
)

// Store keeps what a [Server] needs to be the same after a restart: a log of
// what was done, and from time to time a snapshot that replaces the log so far.
// The server reads from memory; only [Open] reads a store.
//
// The format of snapshots and records is private to this package. They contain
// write keys and everything that was sent. Keep them secret.
type Store interface {
	// Load calls the func snapshot with the last snapshot, if there is one.
	// Then it calls the func record with each record that was appended later,
	// in order. If one of the two returns an error, Load stops and returns the
	// error. Their argument is valid until they return.
	Load(snapshot, record func([]byte) error) error
	// Append adds a record after all earlier ones. It returns at once. The
	// function that it returns waits until the record would survive the end of
	// the process, and returns an error if it would not. Append is called from
	// several goroutines. It keeps no reference to record after that function
	// has returned.
	Append(record []byte) func() error
	// Compact replaces the snapshot, and all records appended before, in one
	// step: after a crash, either the old state or the new one is there.
	// Nothing is appended during it.
	Compact(snapshot []byte) error
}

// Open returns a server with the given configuration, in the state that
// Config.Store has. A message that was accepted under another configuration
// keeps its effect. The caller closes the store after the last call. Without a
// store, Open is New.
func Open(config Config) (*Server, error) {
	store := config.Store
	config.Store = nil
	s := New(config)
	if store == nil {
		return s, nil
	}
	now := s.config
	err := store.Load(s.loadAll, s.replayRecord)
	s.config = now // records bring the switches of their time
	if err != nil {
		return nil, fmt.Errorf("emulator: read the store: %w", err)
	}
	s.persist = &persistence{store: store}
	for _, ws := range s.workspaces {
		ws.persist = s.persist
	}
	s.unknown.persist = s.persist
	if err := s.persist.append(storeRecord{Op: opConfig, Config: s.config.switches()}, "")(); err != nil {
		return nil, fmt.Errorf("emulator: write the store: %w", err)
	}
	return s, nil
}

// compactAfter is how many bytes of records are worth a snapshot, unless the
// last one was half as large or more.
const compactAfter = 64 << 20

// persistence is the way to a server's store.
type persistence struct {
	store Store
	// gate is held for reading while something is done and appended, and for
	// writing while a snapshot takes the place of it all.
	gate     sync.RWMutex
	appended atomic.Int64 // bytes since the last snapshot
	snapshot atomic.Int64 // bytes of the last one
}

// begin holds off snapshots until the function that it returns is called. It
// may be called on nil.
func (p *persistence) begin() func() {
	if p == nil {
		return func() {}
	}
	p.gate.RLock()
	return p.gate.RUnlock
}

func (p *persistence) append(r storeRecord, text string) func() error {
	head, err := json.Marshal(r)
	if err != nil {
		return func() error { return err }
	}
	line := make([]byte, 0, len(head)+1+len(text))
	line = append(append(append(line, head...), '\n'), text...)
	p.appended.Add(int64(len(line)))
	return p.store.Append(line)
}

// compact takes a snapshot of the server if it is time for one.
func (p *persistence) compact(s *Server) error {
	if p == nil || p.appended.Load() < max(compactAfter, 2*p.snapshot.Load()) {
		return nil
	}
	p.gate.Lock()
	defer p.gate.Unlock()
	if p.appended.Load() < max(compactAfter, 2*p.snapshot.Load()) {
		return nil // somebody else did
	}
	text, err := s.saveAll()
	if err == nil {
		err = p.store.Compact(text)
	}
	if err != nil {
		return fmt.Errorf("emulator: write a snapshot to the store: %w", err)
	}
	p.appended.Store(0)
	p.snapshot.Store(int64(len(text)))
	return nil
}

// The operations of records.
const (
	opConfig   = "config"
	opCall     = "call"
	opReset    = "reset"
	opResetAll = "reset-all"
	opRestore  = "restore"
)

// storeRecord is the head of one record; the body of a call follows it.
type storeRecord struct {
	Op       string         `json:"op"`
	Key      string         `json:"key,omitempty"`
	At       time.Time      `json:"at,omitzero"`
	Path     string         `json:"path,omitempty"`
	Strict   bool           `json:"strict,omitempty"`
	Bytes    int            `json:"bytes,omitempty"`
	Encoding string         `json:"encoding,omitempty"`
	Agent    string         `json:"agent,omitempty"`
	Refusal  *savedNote     `json:"refusal,omitempty"`
	Refused  map[int]string `json:"refused,omitempty"` // by Config.Refuse
	Config   *switches      `json:"config,omitempty"`
	State    *savedState    `json:"state,omitempty"`
	Person   string         `json:"person,omitempty"` // a cio_id
	// Args and Query are the parameters of a call of the App API. The path is
	// that of the documented operation.
	Args  []string   `json:"args,omitempty"`
	Query url.Values `json:"query,omitempty"`
}

// switches is what of a Config decides about messages.
type switches struct {
	Keys                                                 []string
	MaxCallBytes, MaxBatchBytes, MaxEventsPerPerson      int
	Strict, DropOversize, RefuseItems, RejectSuppressed  bool
	DedupWindow                                          time.Duration
	RateLimit                                            int
	KeepDates, DropUnknownPeople, MergeOnAlias           bool
	KeepIDs, PlainCIOIDs, ChangeEmails, OrderByTimestamp bool
	KeepPageNames                                        bool
	DropUnknownObjectTypes, RefuseOddObjectTypes         bool
	RequireGroupPerson, RequireReportPerson              bool
	IgnoreIntegrations                                   bool
}

func (c *Config) switches() *switches {
	return &switches{c.Keys, c.MaxCallBytes, c.MaxBatchBytes, c.MaxEventsPerPerson, c.Strict, c.DropOversize, c.RefuseItems,
		c.RejectSuppressed, c.DedupWindow, c.RateLimit, c.KeepDates, c.DropUnknownPeople, c.MergeOnAlias,
		c.KeepIDs, c.PlainCIOIDs, c.ChangeEmails, c.OrderByTimestamp, c.KeepPageNames, c.DropUnknownObjectTypes, c.RefuseOddObjectTypes,
		c.RequireGroupPerson, c.RequireReportPerson, c.IgnoreIntegrations}
}

func (c *Config) set(s *switches) {
	c.MaxCallBytes, c.MaxBatchBytes, c.MaxEventsPerPerson = s.MaxCallBytes, s.MaxBatchBytes, s.MaxEventsPerPerson
	c.Strict, c.DropOversize, c.RefuseItems, c.RejectSuppressed = s.Strict, s.DropOversize, s.RefuseItems, s.RejectSuppressed
	c.DedupWindow, c.RateLimit = s.DedupWindow, s.RateLimit
	c.KeepDates, c.DropUnknownPeople, c.MergeOnAlias = s.KeepDates, s.DropUnknownPeople, s.MergeOnAlias
	c.KeepIDs, c.PlainCIOIDs, c.ChangeEmails = s.KeepIDs, s.PlainCIOIDs, s.ChangeEmails
	c.OrderByTimestamp, c.KeepPageNames = s.OrderByTimestamp, s.KeepPageNames
	c.DropUnknownObjectTypes, c.RefuseOddObjectTypes = s.DropUnknownObjectTypes, s.RefuseOddObjectTypes
	c.RequireGroupPerson, c.RequireReportPerson, c.IgnoreIntegrations = s.RequireGroupPerson, s.RequireReportPerson, s.IgnoreIntegrations
}

// savedServer is all of a server.
type savedServer struct {
	Config     *switches              `json:"config"`
	Workspaces map[string]*savedState `json:"workspaces"`
	Unknown    *savedState            `json:"unknown"`
}

func (s *Server) saveAll() ([]byte, error) {
	now := s.now()
	out := savedServer{Config: s.config.switches(), Workspaces: make(map[string]*savedState), Unknown: s.unknown.save(now)}
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, ws := range s.workspaces {
		out.Workspaces[key] = ws.save(now)
	}
	return json.Marshal(out)
}

// loadAll and replayRecord are called before anybody else knows the server.
func (s *Server) loadAll(text []byte) error {
	var in savedServer
	if err := json.Unmarshal(text, &in); err != nil {
		return err
	}
	if in.Config == nil || in.Unknown == nil {
		return errSaved
	}
	s.config.set(in.Config)
	for key, state := range in.Workspaces {
		if err := s.mustOpen(key).restore(state); err != nil {
			return err
		}
	}
	return s.unknown.restore(in.Unknown)
}

// mustOpen returns the workspace of key, whatever Config.Keys has.
func (s *Server) mustOpen(key string) *workspaceState {
	if key == UnknownKey {
		return s.unknown
	}
	if s.workspaces[key] == nil {
		s.workspaces[key] = newWorkspace(&s.config, key)
	}
	return s.workspaces[key]
}

func (s *Server) replayRecord(line []byte) error {
	head, text, ok := bytes.Cut(line, []byte("\n"))
	var r storeRecord
	if err := json.Unmarshal(head, &r); err != nil || !ok {
		return errors.Join(errSaved, err)
	}
	switch r.Op {
	case opConfig:
		if r.Config == nil {
			return errSaved
		}
		s.config.set(r.Config)
	case opCall:
		s.replayCall(r, text)
	case opReset:
		s.mustOpen(r.Key).clear()
	case opResetAll:
		s.Reset()
	case opRestore:
		return s.mustOpen(r.Key).restore(r.State)
	case opApp:
		return s.mustOpen(r.Key).replayApp(r, text)
	case opDeletePerson:
		return s.mustOpen(r.Key).replayDelete(r.Person)
	default:
		return fmt.Errorf("%w: operation %q", errSaved, r.Op)
	}
	return nil
}

func (s *Server) replayCall(r storeRecord, text []byte) {
	k, _ := meantEndpoint(r.Path)
	var c call
	if len(text) > 0 {
		c = s.decodeCall(body{text: text}, k, r.At)
	}
	if c.broken = (finding{}); r.Refusal != nil {
		c.broken = finding{ruleByID(r.Refusal.Rule), r.Refusal.Field, r.Refusal.Detail}
	}
	c.bytes = r.Bytes
	c.envelope.path, c.envelope.encoding, c.envelope.userAgent = r.Path, r.Encoding, r.Agent
	c.replayed, c.byConfig = true, r.Refused
	s.mustOpen(r.Key).process(&c, k, r.Strict, r.At)
}

// formerRules are the names that rules had in files of earlier versions.
var formerRules = map[string]ruleID{"request-refused": ruleOtherMessage, "refused-by-config": ruleConfigRefuse}

func ruleByID(id string) ruleID {
	if former, ok := formerRules[id]; ok {
		return former
	}
	for i, r := range ruleTable {
		if r.ID == id {
			return ruleID(i)
		}
	}
	return ruleConfigRefuse
}
