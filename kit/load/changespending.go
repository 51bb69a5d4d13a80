package load

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"

	"github.com/ciokit/cio/kit/load/internal/snapshot"
)

// ErrSuperseded says that a run cannot be resumed, because another load has renewed the snapshot that the run began with.
var ErrSuperseded = errors.New("load: the run cannot be resumed, because another load has since renewed the snapshot that it began with; begin a new load")

// lock locks the snapshot that the run begins with and the one that it will renew, so that no other run uses them.
func (c *changes) lock(file string) error {
	names := []string{file}
	if c.cfg.Snapshot != "" {
		names = append(names, c.cfg.Snapshot)
	}
	for _, name := range names {
		if slices.ContainsFunc(c.pending, func(p *snapshot.Pending) bool { return p.Locks(name) }) {
			continue
		}
		p, err := snapshot.OpenPending(name, c.info.By)
		if err != nil {
			return err
		}
		c.pending = append(c.pending, p)
	}
	return nil
}

// checkPending makes sure that no other run has sent rows that the snapshot does not record. After a killed run, only a run with Full can begin, or
// one without a snapshot to compare with. No other run can be resumed, because what it has sent may not be true any more. A run that resumes the
// killed run knows that this run may have sent more than its journal says.
func (c *changes) checkPending() error {
	for _, p := range c.pending {
		switch {
		case p.Fresh() || p.Over(c.old):
		case p.Run() != "" && p.Run() == c.info.By:
			c.killed = true
		case !c.resumes && (c.cfg.Full || c.old == nil):
			c.afresh = true
		default:
			return &snapshot.PendingError{File: p.Snapshot(), Run: p.Run()}
		}
	}
	c.afresh = c.afresh || c.killed || c.resumes && !c.own
	return nil
}

// announce records on disk that a run begins and will send what the snapshot does not record.
func (c *changes) announce() error {
	for _, p := range c.pending {
		if err := p.Announce(c.info.By, c.info.ID, p.Over(c.old)); err != nil {
			return err
		}
	}
	return nil
}

// takeOver adds the people whom other, killed runs made, and begins the log of this run.
func (c *changes) takeOver(file string) error {
	if !c.cfg.IDs {
		return nil
	}
	first := c.spool.Empty() // otherwise it has those of other runs
	if err := c.eachPending(file, func(p *snapshot.Pending) error { return c.takeOverFrom(p, first) }); err != nil {
		return err
	}
	for _, p := range c.pending {
		if filepath.Clean(p.Snapshot()) != filepath.Clean(c.cfg.Snapshot) && len(c.pending) > 1 {
			continue
		}
		var err error
		c.made, err = p.Log(snapshot.Maker{Run: c.info.By, Mapping: c.info.MappingHash, Query: c.info.Query, Columns: c.info.Columns,
			Target: c.info.Target, KeyHash: c.info.KeyHash, Salt: c.info.Salt})
		if err != nil {
			return err
		}
	}
	return nil
}

// eachPending calls f with what killed runs left.
func (c *changes) eachPending(file string, f func(*snapshot.Pending) error) error {
	for _, p := range c.pending {
		if err := f(p); err != nil {
			return err
		}
	}
	if !c.job.DryRun {
		return nil
	}
	for _, name := range slices.Compact([]string{file, c.cfg.Snapshot}) {
		p, err := snapshot.ReadPending(name)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err != nil {
			return err
		}
		if !p.Over(c.old) {
			err = f(p)
		}
		if err = errors.Join(err, p.Close()); err != nil {
			return err
		}
	}
	return nil
}

// saltOfKilled returns the salt of a run that was killed before there was a snapshot, so that its people can be compared; nil if there is none.
func (c *changes) saltOfKilled(file string) (salt []byte, err error) {
	err = c.eachPending(file, func(p *snapshot.Pending) (err error) {
		if salt == nil {
			salt, err = p.Salt()
		}
		return err
	})
	return salt, err
}

func (c *changes) takeOverFrom(p *snapshot.Pending, first bool) error {
	return p.Each(func(by snapshot.Maker, one snapshot.Mention) error {
		switch {
		case by.Run != "" && by.Run == c.info.By:
			if !by.SameTable(&c.info, !c.job.sends()) { // resumed with another key
				one.How = snapshot.NamedUnsure
			}
			return c.spool.Add(snapshot.RowSelf, snapshot.Entry{}, []snapshot.Mention{one})
		case !first:
			return nil
		case !bytes.Equal(by.Salt, c.info.Salt): // the addresses cannot be compared
			one.How, one.Address = snapshot.NamedUnsure, 0
		case !by.SameTable(&c.info, !c.job.sends()):
			one.How = snapshot.NamedUnsure
		}
		return c.spool.Add(snapshot.RowEarlier, snapshot.Entry{}, []snapshot.Mention{one})
	})
}

// withdraw removes what announce recorded, because the new snapshot records what was sent.
func (c *changes) withdraw() error {
	var errs []error
	c.made.Close()
	for _, p := range c.pending {
		errs = append(errs, p.Remove())
	}
	c.pending = nil
	return errors.Join(errs...)
}
