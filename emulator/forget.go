package emulator

import (
	"errors"
	"fmt"
	"strings"
)

// opDeletePerson is the operation of a record of DeletePerson.
const opDeletePerson = "delete-person"

// DeletePerson deletes the person with the id. id is as for Person. It also
// deletes the content of the messages about them in the journal: messages whose
// userId is theirs, and messages without a userId whose email address or
// anonymousId is theirs. These messages stay in the journal with their
// verdicts, but without their content. Messages about other people do not
// change. The counters stay too. Snapshots and exports that were made before
// keep the person. A store keeps what it was given until its next snapshot. The
// identifiers can be used again. It returns how many messages lost their
// content. It fails with ErrNotFound if there is no such person, and with the
// store's error if the store fails.
func (s *Server) DeletePerson(key, id string) (messages int, err error) {
	ws, err := s.workspace(key)
	if err != nil {
		return 0, err
	}
	if ws == nil {
		return 0, fmt.Errorf("emulator: person %w", ErrNotFound)
	}
	defer ws.persist.begin()()
	ws.mu.Lock()
	p := ws.meant(id)
	if p == nil {
		ws.mu.Unlock()
		return 0, fmt.Errorf("emulator: person %w", ErrNotFound)
	}
	// The cio_id is the one name that nobody else can have when the store is
	// read.
	name := customerIOIDPrefix + p.customerIOID
	messages = ws.forget(p)
	wait := func() error { return nil }
	if ws.persist != nil {
		wait = ws.persist.append(storeRecord{Op: opDeletePerson, Key: ws.key, Person: name}, "")
	}
	ws.changed()
	ws.mu.Unlock()
	return messages, wait()
}

// forget deletes p, and the content of the messages that name them.
func (ws *workspaceState) forget(p *personState) (messages int) {
	f := &messageFilter{}
	f.namePerson(p)
	forgotten := make(map[uint64]bool)
	for n := ws.journal.oldest(); ; n++ {
		e := ws.journal.ref(n)
		if e == nil {
			break
		}
		if e.raw == "" || strings.IndexByte(e.raw, '\\') < 0 && !f.mayName(e.raw) {
			continue
		}
		if m := decodeMessage(e.raw, e.kind, e.at, e.keepName); !f.isAbout(&m) {
			continue
		}
		ws.journal.bytes -= len(e.raw)
		e.raw, e.why.detail, e.warnings = "", "", nil
		e.deeds |= deedForgotten
		forgotten[n] = true
		messages++
	}
	kept := ws.reports[:0:0]
	for _, r := range ws.reports {
		if !forgotten[r.Sequence] {
			kept = append(kept, r)
		}
	}
	ws.reports = kept
	ws.deletePerson(p)
	return messages
}

// replayDelete is a record of DeletePerson.
func (ws *workspaceState) replayDelete(name string) error {
	p := ws.meant(name)
	if p == nil {
		return errors.Join(errSaved, errors.New("a person was deleted who is not there"))
	}
	ws.forget(p)
	return nil
}
