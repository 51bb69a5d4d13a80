package load

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"github.com/ciokit/cio/kit/load/internal/snapshot"
)

// link keeps links to the files that a load removes when it ends.
func (m *mirrorModel) link() {
	if m.linked {
		return
	}
	m.linked = true
	err := filepath.WalkDir(m.dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && (strings.HasSuffix(path, snapshot.PendingSuffix) || d.Name() == snapshot.SpoolFile) {
			err = os.Link(path, m.kept(path))
		}
		return err
	})
	if err != nil {
		m.t.Error(err)
	}
}

func (m *mirrorModel) kept(path string) string {
	return filepath.Join(filepath.Dir(m.dir), strings.ReplaceAll(strings.TrimPrefix(path, m.dir), string(filepath.Separator), "_"))
}

// dieLate kills the process after it has renamed the new snapshot and before it has recorded its end.
func (m *mirrorModel) dieLate(l *Load) {
	m.killed, m.late = m.killed+1, m.late+1
	word := filepath.Join(m.dir, "snapshot"+snapshot.PendingSuffix)
	err := os.Rename(m.kept(word), word)
	if l != nil && err == nil {
		dir := filepath.Join(m.dir, "journals", l.ID())
		journal := filepath.Join(dir, journalFile)
		var lines []byte
		if lines, err = os.ReadFile(journal); err == nil {
			lines = lines[:strings.LastIndexByte(strings.TrimSuffix(string(lines), "\n"), '\n')+1]
			err = errors.Join(os.WriteFile(journal, lines, 0o600), os.Rename(m.kept(filepath.Join(dir, snapshot.SpoolFile)), filepath.Join(dir, snapshot.SpoolFile)))
		}
	}
	if err != nil {
		m.t.Error(err)
	}
	m.trace = append(m.trace, "  killed behind the new snapshot")
}

// forgetLinks removes the links.
func (m *mirrorModel) forgetLinks() {
	m.linked = false
	names, _ := filepath.Glob(filepath.Join(filepath.Dir(m.dir), "_*"))
	for _, name := range names {
		if err := os.Remove(name); err != nil {
			m.t.Error(err)
		}
	}
}

// die ends the process: it leaves the files as they are now.
func (m *mirrorModel) die() {
	m.killed++
	m.killable.die(m.t)
	m.trace = append(m.trace, "  killed")
}
