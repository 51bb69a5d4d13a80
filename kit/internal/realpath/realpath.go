// Package realpath finds out where a file is, or would be, whatever symbolic links lead there.
package realpath

import (
	"fmt"
	"os"
	"path/filepath"
)

// Of returns the absolute path of a file without symbolic links. The file need not be there; if the name is a link that leads to nothing
// it is what the link leads to, which is what would be made. Its directory must be there.
func Of(path string) (string, error) {
	const maxLinks = 40
	path, err := filepath.Abs(path)
	for links := 0; err == nil; links++ {
		var dir string
		if dir, err = filepath.EvalSymlinks(filepath.Dir(path)); err != nil {
			return "", err
		}
		path = filepath.Join(dir, filepath.Base(path))
		to, notLink := os.Readlink(path)
		if notLink != nil {
			return path, nil
		}
		if links == maxLinks {
			return "", fmt.Errorf("%s: too many symbolic links", path)
		}
		if path = to; !filepath.IsAbs(to) {
			path = filepath.Join(dir, to)
		}
	}
	return "", err
}
