package outbox

import (
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"os"
	"path/filepath"
)

// mark is a file with the greatest sequence number that was committed up to the last second. If the database has a smaller number, it has lost
// something. The file is one line of constant length within one block of the disk, so it is written completely or not at all.
type mark struct {
	file    *os.File
	written int64
}

const markFormat = "ciokit outbox %020d %08x\n"

func markLine(last int64) string {
	text := fmt.Sprintf("%020d", last)
	return fmt.Sprintf(markFormat, last, crc32.Checksum([]byte(text), castagnoli))
}

// readMark returns the number in the mark, 0 if there is no mark. The error is damage if the mark is not what was written.
func readMark(dir string) (last int64, err error) {
	text, err := os.ReadFile(filepath.Join(dir, markName))
	if errors.Is(err, fs.ErrNotExist) || err == nil && len(text) == 0 {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return parseMark(text)
}

func parseMark(text []byte) (last int64, err error) {
	var sum uint32
	if _, err := fmt.Sscanf(string(text), markFormat, &last, &sum); err != nil || last < 0 || markLine(last) != string(text) {
		return 0, damagedf("the content of the file " + markName + " has changed since it was written")
	}
	return last, nil
}

func openMark(dir string) (*mark, error) {
	f, err := os.OpenFile(filepath.Join(dir, markName), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := giveToOwner(dir, f.Name()); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &mark{file: f, written: -1}, nil
}

// write writes that everything up to last is committed.
func (m *mark) write(last int64) error {
	if last == m.written {
		return nil
	}
	line := markLine(last)
	if _, err := m.file.WriteAt([]byte(line), 0); err != nil {
		return err
	}
	if m.written < 0 { // the file may have been longer
		if err := m.file.Truncate(int64(len(line))); err != nil {
			return err
		}
	}
	m.written = last
	return nil
}

func (m *mark) close() error { return errors.Join(m.file.Sync(), m.file.Close()) }
