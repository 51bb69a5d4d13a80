package notebook

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"

	"github.com/gofrs/flock"
)

// KernelsEnv names the directory in which running kernels have a file. Whoever runs notebooks sets it, and sees there when all kernels have ended.
const KernelsEnv = "CIOKIT_NOTEBOOK_KERNELS"

// looked is the interval for checking whether a process has ended, if nothing reports it.
const looked = 100 * time.Millisecond

// SayKernelRuns marks this process as a running kernel, in the directory that KernelsEnv names, until the process ends or release is called. Without
// the variable it does nothing.
func SayKernelRuns() (release func(), err error) {
	dir := os.Getenv(KernelsEnv)
	if dir == "" {
		return func() {}, nil
	}
	lock := flock.New(filepath.Join(dir, strconv.Itoa(os.Getpid())))
	if _, err := lock.TryLock(); err != nil {
		return nil, err
	}
	return func() { lock.Unlock() }, nil
}

// WaitForKernels waits until each kernel with a file in dir has ended. If some still run when ctx ends, it returns an error.
func WaitForKernels(ctx context.Context, dir string) error {
	files, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	left := 0
	for _, f := range files {
		lock := flock.New(filepath.Join(dir, f.Name()))
		if free, _ := lock.TryLockContext(ctx, looked); !free {
			left++
			continue
		}
		lock.Unlock()
	}
	if left > 0 {
		return fmt.Errorf("kernels that still run: %d", left)
	}
	return nil
}

// WithParent returns a context that ends when the process that started this one has ended, however it ended. If Jupyter is killed, its kernels get no
// other sign.
func WithParent(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	go func() {
		tick := time.NewTicker(looked)
		defer tick.Stop()
		for os.Getppid() == parent {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
		cancel()
	}()
	return ctx, cancel
}
