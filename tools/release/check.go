package main

import (
	"archive/tar"
	"archive/zip"
	"bytes"
	"compress/gzip"
	"debug/buildinfo"
	"debug/elf"
	"debug/macho"
	"debug/pe"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
)

// install installs the command from the proxy with go install and an empty module cache, and checks the version that it prints.
func (r *release) install() error {
	host := target{runtime.GOOS, runtime.GOARCH}
	if err := r.build(host); err != nil {
		return err
	}
	return r.checkVersion(r.binary(host))
}

func (r *release) checkVersion(program string) error {
	text, err := output(r.scratch, program, "version")
	if err != nil {
		return err
	}
	want := fmt.Sprintf("ciokit %s %s/%s %s commit %.12s", strings.TrimPrefix(r.version, "v"), runtime.GOOS, runtime.GOARCH, runtime.Version(), r.commit)
	if text != want {
		return fmt.Errorf("ciokit version prints %q, not %q", text, want)
	}
	fmt.Fprintln(r.out, text)
	return nil
}

// programs are programs of users outside the repository. Each is a module of its own and gets what it imports by version.
var programs = []struct{ module, source string }{
	{"", `client, err := cio.NewClient(cio.Config{APIKey: "key", BaseURL: "http://127.0.0.1:1"})
	fmt.Println(client != nil, err)`},
	{"/outbox", `_, err := outbox.Open(nil, outbox.Config{})
	fmt.Println(err != nil)`},
	{"/outbox/postgres", `_, err := postgres.NewQueue(nil, postgres.QueueConfig{})
	fmt.Println(err != nil)`},
	{"/erasure", `fmt.Println(erasure.RoleOperator)`},
	{"/otel", `_, err := otel.NewObserver(otel.Config{})
	fmt.Println(err)`},
	{"/prom", `fmt.Println(prom.NewObserver() != nil)`},
}

// programs builds each program with go get of a version, as users do, in one module cache that already contains the root module. The last
// module is built as by a user with private modules: then Go treats the versions of the root in its cache as all versions that exist, so
// such users say latest.
func (r *release) programs() error {
	for i, p := range programs {
		path, version, env := r.modules[0].path+p.module, r.version, r.goEnv
		if i == len(programs)-1 {
			version, env = "latest", append(slices.Clone(r.goEnv), "GOPRIVATE=example.org/private")
		}
		dir := filepath.Join(r.scratch, "program"+strings.ReplaceAll(p.module, "/", "-"))
		if err := os.Mkdir(dir, 0o755); err != nil {
			return err
		}
		source := fmt.Sprintf("package main\n\nimport (\n\t\"fmt\"\n\n\t%q\n)\n\nfunc main() {\n\t%s\n}\n", path, p.source)
		if err := os.WriteFile(filepath.Join(dir, "main.go"), []byte(source), 0o644); err != nil {
			return err
		}
		for _, args := range [][]string{{"mod", "init", "example.org/program"}, {"get", path + "@" + version}, {"build", "-trimpath", "-o", "program", "."}} {
			if _, err := outputEnv(dir, env, "go", args...); err != nil {
				return err
			}
		}
		if got, err := outputEnv(dir, env, "go", "list", "-m", "-f", "{{.Version}}", path); err != nil {
			return err
		} else if got != r.version {
			return fmt.Errorf("%s@%s is %s, not %s", path, version, got, r.version)
		}
		text, err := output(dir, "./program")
		if err != nil {
			return err
		}
		fmt.Fprintf(r.out, "%-36s go get @%s builds, and prints %s\n", path, version, text)
	}
	return nil
}

// checkArchives unpacks each archive as a user does. It checks that all files are there and that the program is for its system. If that is
// this system, it runs the demo.
func (r *release) checkArchives() error {
	for _, t := range r.targets {
		dir := filepath.Join(r.scratch, "unpacked")
		read, name := readTar, r.name(t)+".tar.gz"
		if t.os == "windows" {
			read, name = readZip, r.name(t)+".zip"
		}
		if err := read(filepath.Join(r.archives(), name), dir); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		top := filepath.Join(dir, r.name(t))
		for _, file := range []string{t.program(), "LICENSE", "NOTICES.txt", "CHANGELOG.md", "completions/ciokit.bash", "completions/_ciokit", "completions/ciokit.fish", "completions/ciokit.ps1", "man/man1/ciokit.1", "man/man1/ciokit-load.1"} {
			if info, err := os.Stat(filepath.Join(top, file)); err != nil {
				return err
			} else if info.Size() == 0 {
				return fmt.Errorf("%s: %s is empty", name, file)
			}
		}
		if changelog, err := os.ReadFile(filepath.Join(top, "CHANGELOG.md")); err != nil {
			return err
		} else if strings.Contains(string(changelog), r.heading()+undated) {
			return fmt.Errorf("%s: the changelog has no date", name)
		}
		program := filepath.Join(top, t.program())
		if err := r.checkProgram(t, program); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		ran := "not run here"
		if t.os == runtime.GOOS && t.arch == runtime.GOARCH {
			if err := r.checkVersion(program); err != nil {
				return err
			}
			if _, err := output(r.scratch, program, "demo"); err != nil {
				return err
			}
			ran = "ran the demo"
		}
		fmt.Fprintf(r.out, "%-40s is for %s/%s, %s\n", name, t.os, t.arch, ran)
	}
	return nil
}

// checkProgram checks what a program prints about itself, and its format.
func (r *release) checkProgram(t target, program string) error {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err
	}
	said := make(map[string]string)
	for _, s := range info.Settings {
		said[s.Key] = s.Value
	}
	machine, err := machineOf(t, program)
	if err != nil {
		return err
	}
	got := fmt.Sprintf("%s %s %s %s cgo=%s %s", info.Path, info.Main.Version, said["GOOS"], said["GOARCH"], said["CGO_ENABLED"], machine)
	want := fmt.Sprintf("%s %s %s %s cgo=0 %s", r.modules[0].path+command, r.version, t.os, t.arch, machines[t])
	if got != want {
		return fmt.Errorf("the program is %q, not %q", got, want)
	}
	return nil
}

var machines = map[target]string{
	{"linux", "amd64"}: "ELF EM_X86_64", {"linux", "arm64"}: "ELF EM_AARCH64",
	{"darwin", "amd64"}: "Mach-O CpuAmd64", {"darwin", "arm64"}: "Mach-O CpuArm64",
	{"windows", "amd64"}: "PE 0x8664", {"windows", "arm64"}: "PE 0xaa64",
}

func machineOf(t target, program string) (string, error) {
	switch t.os {
	case "darwin":
		f, err := macho.Open(program)
		if err != nil {
			return "", err
		}
		defer f.Close()
		return "Mach-O " + f.Cpu.String(), nil
	case "windows":
		f, err := pe.Open(program)
		if err != nil {
			return "", err
		}
		defer f.Close()
		return fmt.Sprintf("PE %#x", f.Machine), nil
	}
	f, err := elf.Open(program)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return "ELF " + f.Machine.String(), nil
}

func readTar(name, dir string) error {
	in, err := os.Open(name)
	if err != nil {
		return err
	}
	defer in.Close()
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		return err
	}
	for files := tar.NewReader(unpacked); ; {
		header, err := files.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := put(dir, header.Name, header.FileInfo().Mode(), files); err != nil {
			return err
		}
	}
}

func readZip(name, dir string) error {
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	in, err := zip.NewReader(bytes.NewReader(text), int64(len(text)))
	if err != nil {
		return err
	}
	for _, file := range in.File {
		body, err := file.Open()
		if err != nil {
			return err
		}
		if err := errors.Join(put(dir, file.Name, file.Mode(), body), body.Close()); err != nil {
			return err
		}
	}
	return nil
}

func put(dir, name string, mode os.FileMode, body io.Reader) error {
	if !filepath.IsLocal(name) {
		return fmt.Errorf("%s leads out of the archive", name)
	}
	path := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	out, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, body)
	return errors.Join(err, out.Close())
}
