package source

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// edgeBytes is how much of the beginning and of the end of a file its fingerprint covers.
const edgeBytes = 1 << 20

// origin is the part of a Source that knows its files. Without names it can be read only once.
type origin struct {
	names []string
	cfg   Config
}

func (o origin) info() Info { return Info{Name: strings.Join(o.names, ", "), Files: o.names} }

// Fingerprint is a hash of the files' names, sizes, times of change, and first and last MiB, and of how they are read.
func (o origin) Fingerprint() (string, error) {
	if len(o.names) == 0 {
		return "", nil
	}
	all := sha256.New()
	fmt.Fprintf(all, "%q %q %q %q %d %d\n", o.cfg.Format, o.cfg.Delimiter, o.cfg.Encoding, o.cfg.Columns, o.cfg.SkipLines, o.cfg.MaxRowBytes)
	if o.cfg.Quote != 0 || o.cfg.Escape != 0 || o.cfg.LineEnd != "" { // without these flags the hash is the same as before they existed
		fmt.Fprintf(all, "%q %q %q\n", o.cfg.Quote, o.cfg.Escape, o.cfg.LineEnd)
	}
	if o.cfg.AllRows {
		fmt.Fprintln(all, "all rows")
	}
	if o.cfg.JSONPath != "" {
		fmt.Fprintf(all, "%q\n", o.cfg.JSONPath)
	}
	for _, name := range o.names {
		regular, err := fingerprint(all, name)
		if !regular || err != nil {
			return "", err
		}
	}
	return hex.EncodeToString(all.Sum(nil)), nil
}

// fingerprint reports whether the file is a regular one, which can be read twice.
func fingerprint(w io.Writer, name string) (regular bool, err error) {
	name, err = filepath.Abs(name)
	if err != nil {
		return false, err
	}
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() { // a pipe is not opened: that would wait for data, or take data that is read elsewhere
		return false, err
	}
	f, err := os.Open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	if info, err = f.Stat(); err != nil {
		return false, err
	}
	fmt.Fprintf(w, "%q %d %d\n", name, info.Size(), info.ModTime().UnixNano())
	if _, err := io.CopyN(w, f, edgeBytes); err != nil && err != io.EOF {
		return false, err
	}
	if _, err := f.Seek(max(0, info.Size()-edgeBytes), io.SeekStart); err != nil {
		return false, err
	}
	_, err = io.Copy(w, f)
	return true, err
}
