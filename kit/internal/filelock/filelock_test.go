package filelock

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/gofrs/flock"
)

// TestMain makes the test's own program hold a lock, as another process does.
func TestMain(m *testing.M) {
	if path := os.Getenv("FILELOCK_HOLD"); path != "" {
		_, err := Take(path, "the-run")
		fmt.Println(err)
		io.Copy(io.Discard, os.Stdin)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// holder is another process that holds the lock of a file.
func holder(t *testing.T, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "FILELOCK_HOLD="+path)
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill(); cmd.Wait() })
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) != "<nil>" {
		t.Fatal(line, err)
	}
	return cmd
}

func mustTake(t *testing.T, path string) *Lock {
	t.Helper()
	l, err := Take(path, "")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func names(t *testing.T, dir string) (all []string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

// Nobody else gets a lock that another process holds, and everybody learns who holds it. When that process is killed, the lock is free, even if its
// files remain.
func TestOtherProcess(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "journal")
	cmd := holder(t, path)
	_, err := Take(path, "")
	for what, err := range map[string]error{"Take": err, "Held": Held(path)} {
		var used *InUseError
		if !errors.As(err, &used) || !errors.Is(err, ErrInUse) || used.Owner.PID != cmd.Process.Pid || used.Owner.Run != "the-run" || used.Owner.Started.IsZero() {
			t.Errorf("%s: %v", what, err)
		}
		if host, _ := os.Hostname(); !strings.Contains(By(err), host) || !strings.Contains(By(err), "the-run") {
			t.Errorf("%s is by%s", what, By(err))
		}
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if got := names(t, dir); len(got) != 2 {
		t.Errorf("a process that was killed left %q", got)
	}
	for end := time.Now().Add(10 * time.Second); Held(path) != nil && time.Now().Before(end); { // Windows needs some time
		runtime.Gosched()
	}
	if err := Held(path); err != nil {
		t.Fatal(err)
	}
	if err := mustTake(t, path).Release(); err != nil {
		t.Fatal(err)
	}
	if got := names(t, dir); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

// Within a process, too, a lock can be held only once, under every name.
func TestNames(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "real", "file")
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	paths := []string{path, filepath.Join(dir, "real", ".", "x", "..", "file")}
	link := func(to, name string) {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Log("without symbolic links: ", err)
			return
		}
		if info, err := os.Lstat(filepath.Join(dir, name)); err != nil || info.Mode()&os.ModeSymlink == 0 {
			t.Log("what should be a symbolic link is not one") // wine
			return
		}
		paths = append(paths, filepath.Join(dir, name))
	}
	link(path, "file")
	if link(filepath.Dir(path), "dir"); len(paths) == 4 {
		paths[3] = filepath.Join(paths[3], "file")
	}
	for _, first := range paths {
		l := mustTake(t, first)
		for _, second := range paths {
			if _, err := Take(second, ""); !errors.Is(err, ErrInUse) {
				t.Errorf("%s after %s: %v", second, first, err)
			}
			if err := Held(second); !errors.Is(err, ErrInUse) {
				t.Errorf("%s after %s is not held: %v", second, first, err)
			}
			if !l.Same(second) {
				t.Errorf("%s is not the same as %s", second, first)
			}
		}
		if l.Same(filepath.Join(dir, "other")) {
			t.Error("another file is the same")
		}
		for range 2 {
			if err := l.Release(); err != nil {
				t.Fatal(err)
			}
		}
		for _, second := range paths {
			if err := Held(second); err != nil {
				t.Errorf("%s is held after its release: %v", second, err)
			}
		}
	}
	if got := names(t, filepath.Dir(path)); len(got) != 0 {
		t.Errorf("left: %q", got)
	}
}

// If many processes take and release a lock, which removes its file, no two hold it at a time.
func TestOneAtATime(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file")
	var inside, taken atomic.Int64
	var wait sync.WaitGroup
	for range 4 {
		wait.Go(func() {
			for n := 0; n < 25; {
				l, err := Take(path, "")
				if errors.Is(err, ErrInUse) {
					continue
				}
				if err != nil {
					t.Error(err)
					return
				}
				if inside.Add(1) != 1 {
					t.Error("two hold it")
				}
				runtime.Gosched()
				inside.Add(-1)
				taken.Add(1)
				n++
				if err := l.Release(); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	stop := make(chan struct{})
	looked := make(chan struct{})
	go func() { // a check does not remove it from its owner
		defer close(looked)
		for {
			select {
			case <-stop:
				return
			default:
				if err := Held(path); err != nil && !errors.Is(err, ErrInUse) {
					t.Error(err)
				}
			}
		}
	}()
	wait.Wait()
	close(stop)
	<-looked
	if taken.Load() != 100 {
		t.Error(taken.Load())
	}
}

// Only a lock that somebody holds is in use. Any other error says what is wrong and what to do about it.
func TestErrors(t *testing.T) {
	dir := t.TempDir()
	defer func(was func(*flock.Flock) (bool, error)) { tryLock = was }(tryLock)
	for _, test := range []struct {
		err  error
		says string
	}{
		{syscall.ENOLCK, "no locks"},
		{syscall.ENOSYS, "no locks"},
		{syscall.EOPNOTSUPP, "no locks"},
		{syscall.EIO, syscall.EIO.Error()},
		{&fs.PathError{Op: "open", Path: "x", Err: syscall.EROFS}, syscall.EROFS.Error()},
	} {
		tryLock = func(*flock.Flock) (bool, error) { return false, test.err }
		_, err := Take(filepath.Join(dir, "file"), "")
		if err == nil || errors.Is(err, ErrInUse) || !errors.Is(err, test.err) || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%v: %v", test.err, err)
		}
		if _, open := test.err.(*fs.PathError); !open && !strings.Contains(err.Error(), "local disk") {
			t.Errorf("%v does not say what to do", err)
		}
	}
	if _, err := Take(filepath.Join(dir, "none", "file"), ""); !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	if err := Held(filepath.Join(dir, "none", "file")); err != nil {
		t.Error(err)
	}
}

// The files that killed processes left are removed; locks that are held stay.
func TestSweep(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{"a", "b"} {
		cmd := holder(t, filepath.Join(dir, name))
		cmd.Process.Kill()
		cmd.Wait()
	}
	held := mustTake(t, filepath.Join(dir, "c"))
	keep := []string{".c" + lockSuffix, ".c" + ownerSuffix, "a", "d" + lockSuffix}
	for _, name := range keep[2:] {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(10 * time.Second); len(names(t, dir)) > len(keep) && time.Now().Before(end); { // Windows needs some time
		if err := Sweep(dir); err != nil {
			t.Fatal(err)
		}
	}
	if got := names(t, dir); !slices.Equal(got, keep) {
		t.Errorf("%q", got)
	}
	if err := errors.Join(held.Release(), Sweep(filepath.Join(dir, "none"))); err != nil {
		t.Error(err)
	}
}

// A lock whose owner is not known is also valid.
func TestUnsigned(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "{", `{"pid":"x"}`, "\x00\xff"} {
		path := filepath.Join(t.TempDir(), "file")
		l := mustTake(t, path)
		if err := os.WriteFile(beside(path, ownerSuffix), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := Held(path); !errors.Is(err, ErrInUse) || By(err) != "" {
			t.Errorf("%q: %v", text, err)
		}
		if err := l.Release(); err != nil {
			t.Error(err)
		}
	}
}
