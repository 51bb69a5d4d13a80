// Package realpath finds the path of a file, or of a file to be made, without symbolic links.
package realpath

import (
	"fmt"
	"os"
	"path/filepath"
)

// Of returns the absolute path of a file without symbolic links. The file need not exist. If the name is a link to a file that does not exist, the
// result is the path of that file, which would be made. Its directory must exist.
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
