package outbox

import "runtime"

// LockCommits keeps the committing goroutine of each Disk that is opened from now on to one thread, so that its system calls can be counted.
func LockCommits() { onCommitThread = runtime.LockOSThread }
