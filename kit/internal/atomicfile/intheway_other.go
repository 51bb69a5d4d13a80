//go:build !windows

package atomicfile

// inTheWay is for systems on which an open file can be renamed.
func inTheWay(error) bool { return false }
