package snapshot

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"math"
	"os"
	"sync"

	"github.com/ciokit/cio/kit/internal/extsort"
)

// MadeLog is a list of the people whom a run identifies, so that a mirror knows them even if the run is killed. It is a list of records, each after
// its length. Everybody gets a mention as NamedUnsure before anything about them is sent, and one as NamedIdentified after it was accepted. The
// mentions of a run follow a record of madeBy. A nil log keeps nothing.
type MadeLog struct {
	mu   sync.Mutex
	file *os.File
	buf  *bufio.Writer
}

// madeBy begins a record that says in JSON which run wrote the following records.
const madeBy byte = 'R'

// Maker says which run wrote the following records of a log, and which table it loaded into which workspace.
type Maker struct {
	Run     string `json:"run"`
	Mapping string `json:"mapping"`
	Query   string `json:"query,omitempty"`
	Columns string `json:"columns,omitempty"`
	Target  string `json:"target"`
	KeyHash []byte `json:"key_hash"`
	Salt    []byte `json:"salt"`
}

// SameTable reports whether that run loaded the same table into the same workspace as the run of info, so that people who are not in the input of
// this run have left. A dry run has no workspace.
func (m *Maker) SameTable(info *Info, dry bool) bool {
	return m.Mapping == info.MappingHash && m.Query == info.Query && m.Columns == info.Columns && (dry || m.Target == info.Target && bytes.Equal(m.KeyHash, info.KeyHash))
}

// Log begins the log of a run after the logs of earlier runs.
func (p *Pending) Log(by Maker) (*MadeLog, error) {
	text, err := json.Marshal(by)
	if err != nil {
		return nil, err
	}
	l := &MadeLog{file: p.file, buf: bufio.NewWriterSize(io.NewOffsetWriter(p.file, p.whole), 64<<10)}
	_, err = extsort.WriteRecord(l.buf, append([]byte{madeBy}, text...))
	return l, err
}

// Salt returns the salt of the first run that wrote a log, nil if there is none. With it, the people of that log can be compared.
func (p *Pending) Salt() (salt []byte, err error) {
	_, err = eachMade(p.file, func(record []byte) error {
		var by Maker
		if salt == nil && record[0] == madeBy && json.Unmarshal(record[1:], &by) == nil && len(by.Salt) == 16 {
			salt = by.Salt
		}
		return nil
	})
	return salt, err
}

// Each calls f for everybody in the logs, with the run that made them.
func (p *Pending) Each(f func(Maker, Mention) error) error {
	var by Maker
	_, err := eachMade(p.file, func(record []byte) error {
		if record[0] == madeBy {
			by = Maker{}
			return json.Unmarshal(record[1:], &by)
		}
		one, ok := parseMention(record)
		if !ok {
			return extsort.ErrRecord
		}
		return f(by, one)
	})
	return err
}

// eachMade calls f for each record of the log in a pending file, and returns the length of the file up to the last complete record.
func eachMade(log io.ReaderAt, f func(record []byte) error) (whole int64, err error) {
	r := bufio.NewReaderSize(io.NewSectionReader(log, pendingBytes, math.MaxInt64-pendingBytes), 64<<10)
	var record []byte
	for whole = pendingBytes; ; {
		if record, err = extsort.ReadRecord(r, record); err == io.EOF || errors.Is(err, extsort.ErrRecord) || err == nil && len(record) == 0 {
			return whole, nil // the rest is incomplete
		}
		if err != nil {
			return whole, err
		}
		if err := f(record); err != nil {
			return whole, err
		}
		whole += int64(len(binary.AppendUvarint(nil, uint64(len(record)))) + len(record))
	}
}

// Begin notes people about whom something is about to be sent.
func (l *MadeLog) Begin(people []Mention) {
	if l != nil {
		l.write(people, NamedUnsure)
	}
}

// End notes people whose messages were accepted.
func (l *MadeLog) End(people []Mention) {
	if l != nil {
		l.write(people, NamedIdentified)
	}
}

func (l *MadeLog) write(people []Mention, how byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, one := range people {
		if one.How == NamedIdentified {
			one.How = how
			extsort.WriteRecord(l.buf, one.append(nil)) // Flush returns the error
		}
	}
}

// Flush hands all notes to the operating system, which keeps them if the process is killed.
func (l *MadeLog) Flush() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	return l.buf.Flush()
}

// Sync writes the notes to disk.
func (l *MadeLog) Sync() error {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.file == nil {
		return nil
	}
	return errors.Join(l.buf.Flush(), l.file.Sync())
}

// Close ends the log. It returns no error, because the log is not needed any more.
func (l *MadeLog) Close() {
	if l == nil {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file = nil
}
