package main

import (
	"archive/tar"
	"archive/zip"
	"compress/gzip"
	"crypto/sha256"
	"debug/buildinfo"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"

	"golang.org/x/mod/module"
	"golang.org/x/mod/sumdb/dirhash"
)

// systems are the systems with an archive.
var systems = []target{{"linux", "amd64"}, {"linux", "arm64"}, {"darwin", "amd64"}, {"darwin", "arm64"}, {"windows", "amd64"}, {"windows", "arm64"}}

type target struct{ os, arch string }

func (t target) String() string { return t.os + "-" + t.arch }

func (t target) program() string {
	if t.os == "windows" {
		return "ciokit.exe"
	}
	return "ciokit"
}

// binary returns where go install puts the command for a target.
func (r *release) binary(t target) string {
	dir := filepath.Join(r.scratch, "gopath", "bin")
	if t.os != runtime.GOOS || t.arch != runtime.GOARCH {
		dir = filepath.Join(dir, t.os+"_"+t.arch)
	}
	return filepath.Join(dir, t.program())
}

func (r *release) name(t target) string {
	return "ciokit-" + strings.TrimPrefix(r.version, "v") + "-" + t.String()
}

func (r *release) archives() string { return filepath.Join(r.dist, "archives") }

// sameModule compares two zips of a module by the hash that go.sum uses.
func sameModule(a, b string) error {
	one, err := dirhash.HashZip(a, dirhash.Hash1)
	if err != nil {
		return err
	}
	other, err := dirhash.HashZip(b, dirhash.Hash1)
	if err != nil {
		return err
	}
	if one != other {
		return fmt.Errorf("%s: the tag contains other files than were packed", b)
	}
	return nil
}

// archive builds the command for each target from the proxy, and packs it together with its files. The same commit gives the same bytes.
func (r *release) archive() error {
	if err := os.Mkdir(r.archives(), 0o755); err != nil {
		return err
	}
	shared, err := r.companions()
	if err != nil {
		return err
	}
	var sums strings.Builder
	for _, t := range r.targets {
		if err := r.build(t); err != nil {
			return err
		}
		notices, err := r.notices(r.binary(t))
		if err != nil {
			return err
		}
		program, err := os.ReadFile(r.binary(t))
		if err != nil {
			return err
		}
		files := maps.Clone(shared)
		files[t.program()], files["NOTICES.txt"] = program, notices
		name, write := r.name(t)+".tar.gz", writeTar
		if t.os == "windows" {
			name, write = r.name(t)+".zip", writeZip
		}
		out, err := os.Create(filepath.Join(r.archives(), name))
		if err != nil {
			return err
		}
		hash := sha256.New()
		if err := errors.Join(write(io.MultiWriter(out, hash), r.name(t), files, r.date), out.Close()); err != nil {
			return err
		}
		fmt.Fprintf(&sums, "%x  %s\n", hash.Sum(nil), name)
		fmt.Fprintf(r.out, "%-40s %d files, program %d bytes\n", name, len(files), len(program))
	}
	return os.WriteFile(filepath.Join(r.archives(), "SHA256SUMS"), []byte(sums.String()), 0o644)
}

const command = "/kit/cmd/ciokit"

// build installs the command for a target by its version, as users do.
func (r *release) build(t target) error {
	_, err := outputEnv(r.scratch, append(r.goEnv, "GOOS="+t.os, "GOARCH="+t.arch), "go", "install", "-trimpath", "-ldflags=-s -w -X main.commit="+r.commit[:12],
		r.modules[0].path+command+"@"+r.version)
	return err
}

// companions returns the files that are next to the program on every system: manual pages, completions, licence, changelog.
func (r *release) companions() (map[string][]byte, error) {
	files := make(map[string][]byte)
	host := r.binary(target{runtime.GOOS, runtime.GOARCH})
	for shell, name := range map[string]string{"bash": "ciokit.bash", "zsh": "_ciokit", "fish": "ciokit.fish", "powershell": "ciokit.ps1"} {
		text, err := output(r.scratch, host, "completion", shell)
		if err != nil {
			return nil, err
		}
		files["completions/"+name] = []byte(text + "\n")
	}
	dir := filepath.Join(r.scratch, "man1")
	if _, err := outputEnv(r.scratch, []string{fmt.Sprintf("SOURCE_DATE_EPOCH=%d", r.date.Unix())}, host, "man", dir); err != nil {
		return nil, err
	}
	pages, err := filepath.Glob(filepath.Join(dir, "*.1"))
	if err != nil {
		return nil, err
	}
	for _, page := range pages {
		if files["man/man1/"+filepath.Base(page)], err = os.ReadFile(page); err != nil {
			return nil, err
		}
	}
	for _, name := range []string{"LICENSE", "CHANGELOG.md"} {
		if files[name], err = os.ReadFile(filepath.Join(r.root, name)); err != nil {
			return nil, err
		}
	}
	return files, nil
}

// notices returns the licences of Go and of all modules in a program, which the program itself lists. A module without a licence is an
// error: without one it must not be released.
func (r *release) notices(program string) ([]byte, error) {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return nil, err
	}
	var text strings.Builder
	text.WriteString("ciokit is linked from these modules. Their licences follow.\n\n")
	goroot, err := output(r.scratch, "go", "env", "GOROOT")
	if err != nil {
		return nil, err
	}
	if err := notice(&text, "Go and its standard library, "+info.GoVersion, goroot); err != nil {
		return nil, err
	}
	for _, dep := range info.Deps {
		if dep.Replace != nil {
			return nil, fmt.Errorf("%s is replaced", dep.Path)
		}
		if dep.Path == r.modules[0].path || strings.HasPrefix(dep.Path, r.modules[0].path+"/") {
			continue // the file LICENSE is its licence
		}
		path, err := module.EscapePath(dep.Path)
		if err != nil {
			return nil, err
		}
		version, err := module.EscapeVersion(dep.Version)
		if err != nil {
			return nil, err
		}
		if err := notice(&text, dep.Path+" "+dep.Version, filepath.Join(r.scratch, "gopath", "pkg", "mod", path+"@"+version)); err != nil {
			return nil, err
		}
	}
	return []byte(text.String()), nil
}

// notice adds the licence files at the top of a module.
func notice(text *strings.Builder, name, dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	found := 0
	for _, entry := range entries {
		upper := strings.ToUpper(entry.Name())
		licence := strings.HasPrefix(upper, "LICEN") || strings.HasPrefix(upper, "UNLICEN") || strings.HasPrefix(upper, "COPYING") || strings.HasPrefix(upper, "NOTICE")
		if entry.IsDir() || !licence || strings.HasSuffix(upper, ".GO") {
			continue
		}
		body, err := os.ReadFile(filepath.Join(dir, entry.Name()))
		if err != nil {
			return err
		}
		fmt.Fprintf(text, "%s\n%s: %s\n\n%s\n\n", strings.Repeat("-", 80), name, entry.Name(), strings.TrimRight(string(body), "\n"))
		found++
	}
	if found == 0 {
		return fmt.Errorf("%s has no licence file: it must not be distributed", name)
	}
	return nil
}

func mode(name string) os.FileMode {
	if strings.HasPrefix(filepath.Base(name), "ciokit") && filepath.Dir(name) == "." {
		return 0o755
	}
	return 0o644
}

func writeTar(w io.Writer, top string, files map[string][]byte, date time.Time) error {
	packed := gzip.NewWriter(w)
	out := tar.NewWriter(packed)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &tar.Header{Name: top + "/" + name, Mode: int64(mode(name)), Size: int64(len(files[name])), ModTime: date, Format: tar.FormatPAX}
		if err := out.WriteHeader(header); err != nil {
			return err
		}
		if _, err := out.Write(files[name]); err != nil {
			return err
		}
	}
	return errors.Join(out.Close(), packed.Close())
}

func writeZip(w io.Writer, top string, files map[string][]byte, date time.Time) error {
	out := zip.NewWriter(w)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		header := &zip.FileHeader{Name: top + "/" + name, Method: zip.Deflate, Modified: date.UTC()}
		header.SetMode(mode(name))
		entry, err := out.CreateHeader(header)
		if err != nil {
			return err
		}
		if _, err := entry.Write(files[name]); err != nil {
			return err
		}
	}
	return out.Close()
}
