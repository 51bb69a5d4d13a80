//go:build !windows

package places

import (
	"errors"
	"syscall"
)

func readOnly(err error) bool {
	return errors.Is(err, syscall.EROFS) || errors.Is(err, syscall.ENOTDIR)
}
