//go:build unix

package outbox

import (
	"fmt"
	"os"
	"syscall"
)

// giveToOwner gives a file that root has created to the owner of the directory: a command that root runs must not make an outbox unusable for its
// service.
func giveToOwner(dir, path string) error {
	if os.Geteuid() != 0 {
		return nil
	}
	above, err := os.Stat(dir)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	info, err := os.Lstat(path)
	if err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	to, is := above.Sys().(*syscall.Stat_t), info.Sys().(*syscall.Stat_t)
	if is.Uid != 0 || to.Uid == 0 || info.Mode().IsRegular() && is.Nlink != 1 || !info.Mode().IsRegular() && !info.IsDir() {
		return nil // the file already has its owner, or this process did not create it
	}
	if err := os.Lchown(path, int(to.Uid), int(to.Gid)); err != nil {
		return fmt.Errorf("outbox: %w", err)
	}
	return nil
}
