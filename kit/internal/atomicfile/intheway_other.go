//go:build !windows

package atomicfile

// inTheWay is for systems where who has a file open keeps it from being renamed.
func inTheWay(error) bool { return false }
