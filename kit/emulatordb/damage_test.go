package emulatordb_test

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ciokit/cio/emulator"
	"github.com/ciokit/cio/kit/emulatordb"
	"go.etcd.io/bbolt"
)

// contents is everything in a file.
func contents(path string) (text string, err error) {
	db, err := emulatordb.Open(path)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var b strings.Builder
	err = db.Load(func(s []byte) error { _, err := fmt.Fprintf(&b, "snapshot %x\n", s); return err },
		func(r []byte) error { _, err := fmt.Fprintf(&b, "record %x\n", r); return err })
	return b.String(), err
}

// whole are files of different age and size: small buckets are inside their
// parent's page, many records need branch pages, large records need more than
// one page, and pages that a snapshot replaced are free.
func whole(t *testing.T) map[string][]byte {
	t.Helper()
	r := rand.New(rand.NewPCG(1, 2))
	random := func(n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(r.Uint32())
		}
		return b
	}
	files := make(map[string][]byte)
	for name, fill := range map[string]func(*emulatordb.DB) error{
		"nothing": func(*emulatordb.DB) error { return nil },
		"small":   func(db *emulatordb.DB) error { return db.Append([]byte(`{"a":1}`))() },
		"many": func(db *emulatordb.DB) error {
			var waits []func() error
			for range 3000 {
				waits = append(waits, db.Append(random(20+r.IntN(100))))
			}
			for _, wait := range waits {
				if err := wait(); err != nil {
					return err
				}
			}
			return db.Append(random(40_000))()
		},
		"compacted": func(db *emulatordb.DB) error {
			for range 30 {
				if err := db.Append(random(3000))(); err != nil {
					return err
				}
			}
			if err := db.Compact(random(1<<20 + 5)); err != nil {
				return err
			}
			return db.Append(random(100))()
		},
	} {
		path := filepath.Join(t.TempDir(), "whole.db")
		db, err := emulatordb.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(fill(db), db.Close()); err != nil {
			t.Fatal(err)
		}
		if files[name], err = os.ReadFile(path); err != nil {
			t.Fatal(err)
		}
	}
	return files
}

// damage changes a file in one of the ways of disks, editors and copies.
func damage(r *rand.Rand, file []byte) (string, []byte) {
	const page = 4096
	pages := len(file) / page
	out := bytes.Clone(file)
	at := func() int { return r.IntN(len(out)) }
	onPage := func() int { return page * r.IntN(pages) }
	fill := func(from, n int, value func() byte) {
		for i := from; i < min(from+n, len(out)); i++ {
			out[i] = value()
		}
	}
	zero := func() byte { return 0 }
	random := func() byte { return byte(r.Uint32()) }
	switch r.IntN(10) {
	case 0:
		i := at()
		out[i] ^= 1 << r.IntN(8)
		return fmt.Sprintf("a bit at %d", i), out
	case 1:
		i := onPage() + r.IntN(200) // where the structure is
		out[i] ^= 1 << r.IntN(8)
		return fmt.Sprintf("a bit at %d", i), out
	case 2:
		i := onPage() + r.IntN(64)
		fill(i, 1+r.IntN(8), random)
		return fmt.Sprintf("a few bytes at %d", i), out
	case 3:
		i := onPage()
		fill(i, page, zero)
		return fmt.Sprintf("zeros on the page at %d", i), out
	case 4:
		i := at()
		fill(i, r.IntN(20_000), zero)
		return fmt.Sprintf("zeros from %d", i), out
	case 5:
		i := onPage()
		fill(i, page, random)
		return fmt.Sprintf("noise on the page at %d", i), out
	case 6:
		n := at()
		return fmt.Sprintf("cut at %d", n), out[:n]
	case 7:
		n := onPage()
		return fmt.Sprintf("cut at the page at %d", n), out[:n]
	case 8:
		i, j := onPage(), onPage()
		copy(out[i:i+page], file[j:j+page])
		return fmt.Sprintf("the page at %d is that at %d", i, j), out
	default:
		i := at()
		out = append(out[:i], append([]byte{random()}, file[i:]...)...)
		return fmt.Sprintf("a byte more at %d", i), out
	}
}

// TestDamage opens files that were damaged at random. If a file can be opened,
// it has all its contents and can be written to; all other files are refused
// and not changed.
func TestDamage(t *testing.T) {
	t.Parallel()
	seeds := 250
	if testing.Short() || raceDetector {
		seeds = 60
	}
	if os.Getenv("CIOKIT_DEEP") == "1" && !raceDetector {
		seeds = 5000
	}
	for name, file := range whole(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "shop.db")
			if err := os.WriteFile(path, file, 0o600); err != nil {
				t.Fatal(err)
			}
			before, err := contents(path)
			if err != nil {
				t.Fatal(err)
			}
			refused := 0
			for seed := range seeds {
				r := rand.New(rand.NewPCG(uint64(seed), 7))
				what, bad := damage(r, file)
				if err := os.WriteFile(path, bad, 0o600); err != nil {
					t.Fatal(err)
				}
				after, err := contents(path)
				if err != nil {
					refused++
					if !errors.Is(err, emulatordb.ErrDamaged) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "move it away") {
						t.Errorf("seed %d, %s: %v", seed, what, err)
					}
					if now, err := os.ReadFile(path); err != nil || !bytes.Equal(now, bad) {
						t.Errorf("seed %d, %s: the refused file was changed", seed, what)
					}
					continue
				}
				if after != before {
					t.Errorf("seed %d, %s: opened, but it contains something else", seed, what)
					continue
				}
				db, err := emulatordb.Open(path)
				if err != nil {
					t.Fatalf("seed %d, %s: %v", seed, what, err)
				}
				if err := errors.Join(db.Append([]byte("more"))(), db.Close()); err != nil {
					t.Errorf("seed %d, %s: append: %v", seed, what, err)
				}
				if again, err := contents(path); err != nil || again != before+fmt.Sprintf("record %x\n", "more") {
					t.Errorf("seed %d, %s: after a record more: %v", seed, what, err)
				}
			}
			if refused == 0 || refused == seeds {
				t.Errorf("%d of %d damaged files were refused", refused, seeds)
			}
			t.Logf("%d of %d were refused, the others had their damage in free pages", refused, seeds)
		})
	}
}

// TestNotAFileOfOurs is about other files at the path.
func TestNotAFileOfOurs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	write := func(name, text string, mode os.FileMode) {
		if err := os.WriteFile(at(name), []byte(text), mode); err != nil {
			t.Fatal(err)
		}
	}
	write("empty", "", 0o600)
	write("text", strings.Repeat("id,email\n", 5000), 0o600)
	write("sqlite", "SQLite format 3\x00"+strings.Repeat("\x00", 8176), 0o600)
	write("zeros", strings.Repeat("\x00", 1<<16), 0o600)
	write("short", "x", 0o600)
	write("locked away", "", 0o000)
	write("read only", string(whole(t)["small"]), 0o400)
	if err := os.Mkdir(at("directory"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(os.DevNull, at("device")); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"empty": "it is empty", "text": "not a file of an emulator", "sqlite": "not a file of an emulator",
		"zeros": "not a file of an emulator", "short": "not a file of an emulator", "directory": "is a directory",
		"device": "not a regular file", "locked away": "must be readable", "read only": "must be readable", "none/shop.db": "no such file",
	} {
		if os.Getuid() == 0 && strings.HasPrefix(want, "must be") {
			continue // root can read everything
		}
		if db, err := emulatordb.Open(at(name)); err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), at(name)) {
			t.Errorf("%s: %v, %v; want an error about %q", name, db, err, want)
		}
	}
	if info, err := os.Stat(at("empty")); err != nil || info.Size() != 0 {
		t.Error("the empty file was written to")
	}
}

// TestChangedWhileInUse truncates the file while the database is open, and
// checks what the emulator reports and whether it still answers.
func TestChangedWhileInUse(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "shop.db")
	if err := os.WriteFile(path, whole(t)["compacted"], 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := emulatordb.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, 0); err != nil {
		if runtime.GOOS == "windows" {
			t.Skip("Windows does not truncate mapped files: ", err, db.Close())
		}
		t.Fatal(err)
	}
	nothing := func([]byte) error { return nil }
	for what, do := range map[string]func() error{
		"load":    func() error { return db.Load(nothing, nothing) },
		"append":  func() error { return db.Append([]byte("x"))() },
		"compact": func() error { return db.Compact([]byte("x")) },
	} {
		if err := do(); !errors.Is(err, emulatordb.ErrDamaged) || !strings.Contains(err.Error(), path) {
			t.Errorf("%s: %v", what, err)
		}
	}
	if err := db.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	if _, err := emulatordb.Open(path); !errors.Is(err, emulatordb.ErrDamaged) {
		t.Errorf("it cannot be opened again to report the damage: %v", err)
	}
}

// TestPanicOfACallbackIsItsOwn distinguishes faults of the caller from those of
// the file.
func TestPanicOfACallbackIsItsOwn(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "shop.db")
	if err := os.WriteFile(path, whole(t)["small"], 0o600); err != nil {
		t.Fatal(err)
	}
	db, err := emulatordb.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	defer func() {
		if recover() != "mine" {
			t.Error("the panic did not come through")
		}
	}()
	_ = db.Load(func([]byte) error { return nil }, func([]byte) error { panic("mine") })
}

// TestUnfinishedFile opens a file whose process ended before it wrote anything
// to it.
func TestUnfinishedFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "shop.db")
	makeUnfinished(t, path)
	if text, err := contents(path); text != "" || err != nil {
		t.Errorf("%q, %v", text, err)
	}
	srv, _ := open(t, path, emulator.Config{})
	if len(srv.Keys()) != 0 {
		t.Error("it is not empty")
	}
}

// FuzzOpen puts bytes into undamaged files.
func FuzzOpen(f *testing.F) {
	f.Add(uint8(0), uint32(16), []byte{1})
	f.Add(uint8(1), uint32(4096*3+8), []byte{2, 0})
	f.Add(uint8(2), uint32(4096*4+12), []byte{255, 255, 255, 255})
	f.Add(uint8(3), uint32(0), []byte("not a database"))
	var files [][]byte
	var before []string
	f.Fuzz(func(t *testing.T, which uint8, at uint32, patch []byte) {
		path := filepath.Join(t.TempDir(), "shop.db")
		if files == nil {
			all := whole(t)
			for _, name := range []string{"nothing", "small", "many", "compacted"} {
				if err := os.WriteFile(path, all[name], 0o600); err != nil {
					t.Fatal(err)
				}
				text, err := contents(path)
				if err != nil {
					t.Fatal(err)
				}
				files, before = append(files, all[name]), append(before, text)
			}
		}
		n := int(which) % len(files)
		bad := bytes.Clone(files[n])
		copy(bad[int(at)%len(bad):], patch)
		if err := os.WriteFile(path, bad, 0o600); err != nil {
			t.Fatal(err)
		}
		after, err := contents(path)
		if err == nil && after != before[n] || err != nil && !errors.Is(err, emulatordb.ErrDamaged) {
			t.Errorf("file %d with %x at %d: %v", n, patch, at, err)
		}
	})
}

// makeUnfinished makes a file in its state before the first transaction.
func makeUnfinished(t *testing.T, path string) {
	t.Helper()
	bolt, err := bbolt.Open(path, 0o600, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := bolt.Close(); err != nil {
		t.Fatal(err)
	}
}
