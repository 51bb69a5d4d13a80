package nameless

import (
	"crypto/rand"
	"os"
	"path/filepath"

	"golang.org/x/sys/windows"
)

// createFile makes the system remove the file when its last handle is closed. The file has a name until then.
func createFile(dir string) (*os.File, error) {
	if dir == "" {
		dir = os.TempDir()
	}
	return os.OpenFile(filepath.Join(dir, ".ciokit-"+rand.Text()), os.O_CREATE|os.O_EXCL|os.O_RDWR|windows.FILE_FLAG_DELETE_ON_CLOSE, 0o600)
}
