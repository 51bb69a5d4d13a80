package emulator

import (
	"sync"
	"time"
)

// workspaceState is the state behind one write key. Its methods need mu held,
// unless they say otherwise.
type workspaceState struct {
	config  *Config
	handle  string // in URLs of the page
	masked  string // its key, fit to be shown
	key     string
	persist *persistence // nil without a store

	mu      sync.Mutex
	watched chan struct{} // closed with the next change; nil if nobody watches

	contents
}

// contents is the state of a workspace that a snapshot saves.
type contents struct {
	byID             map[string]*personState
	byEmail          map[string]*personState
	byCustomerIOID   map[string]*personState // everybody
	people           order[personState]
	lastCustomerIOID uint64

	anonymous map[string]*anonymous
	swept     time.Time

	objects      map[objectKey]*objectState
	objectOrder  order[objectState]
	lastObject   uint64
	suppressed   map[identifier]*suppression
	suppressions int

	events, relationships, devices int

	segments    []segmentState
	lastSegment uint64
	addresses   []suppressedAddress // that the email provider sends nothing to
	exports     []*exportJob
	imports     []*appImport
	lastJob     int

	journal  journal
	requests []Request
	broken   [len(ruleTable)]uint64 // messages by the rule they broke, warnings included
	reports  []Report
	counts   MessageCounts
	request  uint64 // requests processed, the number of the last one
	bytes    int64
	calledAt time.Time

	shapes shapes
	recent recentIDs
	pace   pace
}

func newWorkspace(config *Config, key string) *workspaceState {
	ws := &workspaceState{config: config, handle: handleOf(key), masked: maskKey(key), key: key}
	ws.clear()
	return ws
}

// clear forgets everything, the counters included.
func (ws *workspaceState) clear() {
	ws.changed()
	ws.contents = contents{
		byID:           make(map[string]*personState),
		byEmail:        make(map[string]*personState),
		byCustomerIOID: make(map[string]*personState),
		anonymous:      make(map[string]*anonymous),
		objects:        make(map[objectKey]*objectState),
		suppressed:     make(map[identifier]*suppression),
		journal:        journal{maxMessages: ws.config.MaxMessages, maxBytes: ws.config.MaxJournalBytes},
	}
}

// Stats are the counters of one workspace.
type Stats struct {
	// People, Objects, Relationships and Devices exist now.
	People int `json:"people"`
	// Events are the track, page and screen calls stored for people who exist
	// now and for anonymous IDs, with those beyond MaxEventsPerPerson.
	Events        int `json:"events"`
	Objects       int `json:"objects"`
	Relationships int `json:"relationships"`
	Devices       int `json:"devices"`
	// Suppressed counts suppressed profiles.
	Suppressed int `json:"suppressed"`
	// Messages counts every message since the start or the last reset.
	Messages MessageCounts `json:"messages"`
	// Requests counts the calls that were processed, and Bytes the bytes of
	// their bodies, after decompression. They do not count a call that a fault
	// answered.
	Requests uint64 `json:"requests"`
	Bytes    int64  `json:"bytes"`
}

// MessageCounts counts messages by verdict. A request without a readable
// message counts as one.
type MessageCounts struct {
	Accepted uint64 `json:"accepted"`
	Dropped  uint64 `json:"dropped"`
	Rejected uint64 `json:"rejected"`
}

// stats takes the lock.
func (ws *workspaceState) stats() Stats {
	ws.mu.Lock()
	defer ws.mu.Unlock()
	return ws.count()
}

func (ws *workspaceState) count() Stats {
	return Stats{
		People:        len(ws.byCustomerIOID),
		Events:        ws.events,
		Objects:       len(ws.objects),
		Relationships: ws.relationships,
		Devices:       ws.devices,
		Suppressed:    ws.suppressions,
		Messages:      ws.counts,
		Requests:      ws.request,
		Bytes:         ws.bytes,
	}
}
