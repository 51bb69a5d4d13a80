package nameless

import (
	"crypto/rand"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// createFile has the system remove the file, which has a name until then, when its last handle is closed.
func createFile(dir string) (*os.File, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	return os.OpenFile(filepath.Join(dir, ".ciokit-"+rand.Text()), os.O_CREATE|os.O_EXCL|os.O_RDWR|windows.FILE_FLAG_DELETE_ON_CLOSE, 0o600)
}
