// Command release makes a release of all modules from a clone without changes: a commit with the modules' requirements of each other, a tag
// for each module, archives of the command ciokit with checksums, and a Go module proxy made of files. It checks that all of them work
// before it tags anything.
//
//	GOWORK=off go -C tools run ./release            makes it, into dist/ of the clone
//	GOWORK=off go -C tools run ./release --dry-run  does all of it in a directory that it removes, and tags nothing
//
// It sends nothing. At its end it prints what to push.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"time"
)

func main() {
	dry := flag.Bool("dry-run", false, "check that a release would work, and keep nothing")
	host := flag.Bool("this-system", false, "with --dry-run, make only the archive of this system")
	dist := flag.String("dist", "", "directory for archives, checksums and the proxy; default dist in the clone; it must not exist")
	flag.Parse()
	if flag.NArg() > 0 {
		fmt.Fprintf(os.Stderr, "release: unexpected argument %q; the version is in client.go\n", flag.Arg(0))
		os.Exit(2)
	}
	made := systems
	if *host {
		made = []target{{runtime.GOOS, runtime.GOARCH}}
		if !*dry {
			fmt.Fprintln(os.Stderr, "release: --this-system is for a dry run; a release has the archives of all systems")
			os.Exit(2)
		}
	}
	if err := run(*dry, *dist, made, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// release is a release that is being made.
type release struct {
	out     io.Writer
	origin  string // the clone from which the release is made
	root    string // a clone of it, where the commit is made
	scratch string // for temporary files
	dist    string // for the results
	version string // with its v
	commit  string // of the origin
	date    time.Time
	targets []target
	modules []*mod
	goEnv   []string // for go commands that get all modules from the proxy
}

func run(dry bool, dist string, made []target, out io.Writer) (err error) {
	origin, err := output("", "git", "rev-parse", "--show-toplevel")
	if err != nil {
		return err
	}
	scratch, err := os.MkdirTemp("", "ciokit-release-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, removeAll(scratch)) }()
	r := &release{out: out, origin: origin, root: filepath.Join(scratch, "clone"), scratch: scratch, dist: dist, targets: made}
	switch {
	case dry && dist == "":
		r.dist = filepath.Join(scratch, "dist")
	case dist == "":
		r.dist = filepath.Join(origin, "dist")
	}
	if err := os.Mkdir(r.dist, 0o755); err != nil {
		return fmt.Errorf("%w; a release needs a new directory", err)
	}
	if err := r.prepare(dry); err != nil {
		return err
	}
	for _, part := range []struct {
		title string
		do    func() error
	}{
		{"modules, in the order of their requirements", r.link},
		{"the commit and its tags", r.tag},
		{"installed from the proxy with an empty module cache", r.install},
		{"programs outside the repository", r.programs},
		{"archives", r.archive},
		{"the archives, unpacked", r.checkArchives},
	} {
		started := time.Now()
		fmt.Fprintf(out, "\n== %s\n", part.title)
		if err := part.do(); err != nil {
			return fmt.Errorf("%s: %w", part.title, err)
		}
		fmt.Fprintf(out, "-- %.0f s\n", time.Since(started).Seconds())
	}
	if dry {
		fmt.Fprintf(out, "\n%s could be released. Nothing was tagged, and nothing is left.\n", r.version)
		return nil
	}
	return r.publish()
}

var (
	versionLine = regexp.MustCompile(`(?m)^const Version = "(\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?)"$`)
	unreleased  = regexp.MustCompile(`(?i)nothing is released yet|it is not released yet`)
)

// prepare reads the version, checks that the clone can be released, and clones it. Problems that matter only for a release that is kept are
// notes in a dry run.
func (r *release) prepare(dry bool) error {
	client, err := os.ReadFile(filepath.Join(r.origin, "client.go"))
	if err != nil {
		return err
	}
	m := versionLine.FindSubmatch(client)
	if m == nil {
		return errors.New("client.go: no line says const Version = \"1.2.3\"")
	}
	r.version = "v" + string(m[1])
	var problems []string
	changed, err := output(r.origin, "git", "status", "--porcelain")
	if err != nil {
		return err
	}
	if changed != "" {
		problems = append(problems, "the clone has changes that are not committed; only what is committed would be released:\n"+changed)
	}
	changelog, err := os.ReadFile(filepath.Join(r.origin, "CHANGELOG.md"))
	if err != nil {
		return err
	}
	if heading := r.heading(); !strings.Contains(string(changelog), "\n"+heading) {
		problems = append(problems, fmt.Sprintf("CHANGELOG.md has no heading %q followed by %q or the date", heading, undated))
	}
	minor := strings.TrimPrefix(r.version[:strings.LastIndex(strings.SplitN(r.version, "-", 2)[0], ".")], "v")
	if samples := "kit/upgradetest/testdata/" + minor; !isDir(filepath.Join(r.origin, filepath.FromSlash(samples))) {
		problems = append(problems, samples+" does not exist: go test ./kit/upgradetest -args -write testdata/"+minor+" keeps files of this version")
	}
	claims, err := r.claims()
	if err != nil {
		return err
	}
	if len(claims) > 0 {
		problems = append(problems, "these lines say that nothing has been released: "+strings.Join(claims, ", "))
	}
	if tag, err := output(r.origin, "git", "tag", "--list", r.version); err != nil {
		return err
	} else if tag != "" {
		problems = append(problems, fmt.Sprintf("%s is already tagged; change the version in client.go", r.version))
	}
	if len(problems) > 0 {
		text := strings.Join(problems, "\n- ")
		if !dry {
			return errors.New("this clone cannot be released as it is:\n- " + text)
		}
		fmt.Fprintf(r.out, "Before %s can be released:\n- %s\n", r.version, text)
	}
	if r.commit, err = output(r.origin, "git", "rev-parse", "HEAD"); err != nil {
		return err
	}
	when, err := output(r.origin, "git", "log", "-1", "--format=%cI")
	if err != nil {
		return err
	}
	if r.date, err = time.Parse(time.RFC3339, when); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "%s of commit %.12s, %s\n", r.version, r.commit, r.date.UTC().Format(time.DateOnly))
	_, err = output("", "git", "clone", "--quiet", "--no-hardlinks", r.origin, r.root)
	return err
}

// undated is the text in the changelog that the release replaces by the date of its commit.
const undated = "unreleased"

// heading returns the beginning of the release's heading in the changelog.
func (r *release) heading() string { return "## " + strings.TrimPrefix(r.version, "v") + " - " }

// dateChangelog writes the date of the commit into the changelog of the clone.
func (r *release) dateChangelog() error {
	name := filepath.Join(r.root, "CHANGELOG.md")
	text, err := os.ReadFile(name)
	if err != nil {
		return err
	}
	line := "\n" + r.heading()
	dated := strings.Replace(string(text), line+undated+"\n", line+r.date.UTC().Format(time.DateOnly)+"\n", 1)
	return os.WriteFile(name, []byte(dated), 0o644)
}

func isDir(name string) bool {
	info, err := os.Stat(name)
	return err == nil && info.IsDir()
}

// claims returns the lines of documents that say that nothing has been released.
func (r *release) claims() ([]string, error) {
	files, err := output(r.origin, "git", "ls-files", "*.md")
	if err != nil {
		return nil, err
	}
	var claims []string
	for _, name := range strings.Fields(files) {
		text, err := os.ReadFile(filepath.Join(r.origin, name))
		if err != nil {
			return nil, err
		}
		for i, line := range strings.Split(string(text), "\n") {
			if unreleased.MatchString(line) {
				claims = append(claims, fmt.Sprintf("%s:%d", name, i+1))
			}
		}
	}
	return claims, nil
}

// publish copies the tags to the origin, and prints what to push.
func (r *release) publish() error {
	push := append([]string{"push", "--quiet", r.origin}, r.tags()...)
	if _, err := output(r.root, "git", push...); err != nil {
		return err
	}
	fmt.Fprintf(r.out, "\n%s is tagged in this clone, and its files are in %s. To release it:\n  git push origin %s\nand publish what is in %s.\n",
		r.version, r.dist, strings.Join(r.tags(), " "), filepath.Join(r.dist, "archives"))
	return nil
}

// output runs a program in a directory and returns what it prints, without the line end. Its error contains the program's error output.
func output(dir, name string, args ...string) (string, error) {
	return outputEnv(dir, nil, name, args...)
}

func outputEnv(dir string, env []string, name string, args ...string) (string, error) {
	cmd := exec.Command(name, args...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), env...)
	var errs strings.Builder
	cmd.Stderr = &errs
	out, err := cmd.Output()
	if err != nil {
		text := strings.TrimSpace(errs.String())
		if text == "" {
			text = strings.TrimSpace(string(out))
		}
		return "", fmt.Errorf("%s %s: %w\n%s", name, strings.Join(args, " "), err, text)
	}
	return strings.TrimRight(string(out), "\n"), nil
}

// removeAll removes a directory with module caches, whose directories are read-only.
func removeAll(dir string) error {
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() {
			err = os.Chmod(path, 0o700)
		}
		return err
	})
	return errors.Join(err, os.RemoveAll(dir))
}
