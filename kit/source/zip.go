package source

import (
	"archive/zip"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"strings"
)

// zipEntry returns the only file in a ZIP archive. It ignores files that archive programs add.
func zipEntry(f io.ReaderAt, size int64) (*zip.File, error) {
	head := make([]byte, min(size, headBytes))
	if n, err := f.ReadAt(head, 0); err != nil && err != io.EOF {
		return nil, err
	} else if head = head[:n]; zipIsDocument(head) {
		return nil, zipRefused(head)
	}
	z, err := zip.NewReader(f, size)
	if err != nil {
		return nil, &FormatError{Problem: "the input begins like a ZIP archive but cannot be read as that: " + err.Error(), Hint: "is it complete? check it with unzip -t"}
	}
	var found []*zip.File
	for _, entry := range z.File {
		base := path.Base(entry.Name)
		if strings.HasSuffix(entry.Name, "/") || strings.HasPrefix(entry.Name, "__MACOSX/") || base == ".DS_Store" || base == "Thumbs.db" {
			continue
		}
		if entry.Name == "[Content_Types].xml" {
			return nil, zipRefused([]byte("PK\x03\x04" + strings.Repeat(" ", 26) + entry.Name))
		}
		found = append(found, entry)
	}
	const encrypted = 1
	switch {
	case len(found) == 0:
		return nil, &FormatError{Problem: "the input is a ZIP archive without a file in it", Hint: "export the data again"}
	case len(found) > 1:
		return nil, &FormatError{Problem: fmt.Sprintf("the input is a ZIP archive of %d files, and it is not clear which is meant", len(found)), Hint: "unpack it, and load the files that you want"}
	case found[0].Flags&encrypted != 0:
		return nil, &FormatError{Problem: "the input is a ZIP archive with a password", Hint: "unpack it, and load the file in it"}
	case found[0].Method != zip.Store && found[0].Method != zip.Deflate:
		return nil, &FormatError{Problem: "the file in the ZIP archive is compressed in a way that is not supported", Hint: "unpack it, and load the file in it"}
	}
	return found[0], nil
}

// zipIsDocument reports whether a ZIP archive is an Office document.
func zipIsDocument(head []byte) bool {
	err, ok := zipRefused(head).(*FormatError)
	return ok && strings.Contains(err.Problem, "a spreadsheet (")
}

// openZip opens the file in the ZIP archive f, and closes f with it. The name and the content of that file may show its format.
func openZip(name string, f *os.File, info os.FileInfo, cfg Config) (Source, error) {
	entry, err := zipEntry(f, info.Size())
	if err != nil {
		return nil, err
	}
	if cfg, err = cfg.withDefaults(entry.Name); err != nil {
		return nil, err
	}
	r, err := entry.Open()
	if err != nil {
		return nil, &FormatError{Problem: "the file in the ZIP archive cannot be read: " + err.Error(), Hint: "is it complete? check it with unzip -t"}
	}
	t := newText(unzipping{r}, cfg)
	t.closer, t.origin = closers{r, f}, origin{names: []string{name}, cfg: cfg}
	t.size = int64(entry.UncompressedSize64)
	t.in.zipped = true
	t.watched = &watch{name: name, was: info, again: textAgain(func() (io.ReadCloser, error) { return reopenZip(name) }, t.in.sum)}
	return t, nil
}

// reopenZip opens the file in a ZIP archive again.
func reopenZip(name string) (io.ReadCloser, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		var entry *zip.File
		if entry, err = zipEntry(f, info.Size()); err == nil {
			var r io.ReadCloser
			if r, err = entry.Open(); err == nil {
				return struct {
					io.Reader
					io.Closer
				}{r, closers{r, f}}, nil
			}
		}
	}
	return nil, errors.Join(err, f.Close())
}

// unzipping adds the reason to read errors.
type unzipping struct{ r io.Reader }

func (u unzipping) Read(p []byte) (int, error) {
	n, err := u.r.Read(p)
	if err != nil && err != io.EOF {
		err = fmt.Errorf("source: the file in the ZIP archive cannot be read further: %w; is it complete? check it with unzip -t", err)
	}
	return n, err
}

// closers are closed one after the other.
type closers []io.Closer

func (c closers) Close() error {
	var errs []error
	for _, one := range c {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}
