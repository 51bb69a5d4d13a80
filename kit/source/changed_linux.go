package source

import (
	"os"
	"syscall"
)

// stateTime is when anything of the file changed last. Nobody can set this time back.
func stateTime(info os.FileInfo) [2]int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return [2]int64{int64(s.Ctim.Sec), int64(s.Ctim.Nsec)}
	}
	return [2]int64{}
}
