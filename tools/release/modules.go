package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"golang.org/x/mod/modfile"
	"golang.org/x/mod/module"
	"golang.org/x/mod/zip"
)

// mod is a module of the repository.
type mod struct {
	path     string // of the module
	dir      string // below the root, "" for the root
	requires []*mod // modules of the repository
}

// tag is the module's tag. For a module in a directory, Go reads the version from a tag that begins with the directory.
func (m *mod) tag(version string) string {
	if m.dir == "" {
		return version
	}
	return m.dir + "/" + version
}

func (r *release) tags() []string {
	var tags []string
	for _, m := range r.modules {
		tags = append(tags, m.tag(r.version))
	}
	return tags
}

// link finds the modules of the workspace in the order of their requirements. Each requires the modules that it imports in the version of
// the release, and becomes a version in the proxy.
func (r *release) link() error {
	if err := errors.Join(r.dateChangelog(), r.find()); err != nil {
		return err
	}
	said, err := output(r.root, "go", "env", "GOMODCACHE", "GOPROXY", "GOSUMDB", "GOTOOLCHAIN")
	if err != nil {
		return err
	}
	values := strings.Split(said, "\n")
	if len(values) != 4 {
		return fmt.Errorf("go env says %q", said)
	}
	cache, direct, sums, toolchain := values[0], values[1], values[2], values[3]
	// The user's Go settings are ignored, except for where modules come from. GONOPROXY must be empty: with any word in it, Go asks its
	// cache before the first proxy; if the cache has the root in a version, Go finds no module below the root in that version
	// (go.dev/issue/58116).
	paths := r.modules[0].path + "," + r.modules[0].path + "/*"
	r.goEnv = []string{"GOENV=off", "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0", "GONOSUMDB=" + paths, "GONOPROXY=", "GOPRIVATE=", "GOBIN=",
		"GOSUMDB=" + sums, "GOTOOLCHAIN=" + toolchain,
		"GOPATH=" + filepath.Join(r.scratch, "gopath"), "GOMODCACHE=" + filepath.Join(r.scratch, "gopath", "pkg", "mod"),
		"GOPROXY=" + strings.Join([]string{fileURL(r.proxy()), fileURL(filepath.Join(cache, "cache", "download")), direct}, ",")}
	for _, m := range r.modules {
		if err := r.require(m); err != nil {
			return err
		}
		if err := r.pack(m); err != nil {
			return err
		}
		var names []string
		for _, other := range m.requires {
			names = append(names, other.path)
		}
		fmt.Fprintf(r.out, "%-36s requires %s\n", m.path, cmpOr(strings.Join(names, ", "), "none of the others"))
	}
	return nil
}

func cmpOr(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

func fileURL(path string) string { return "file://" + filepath.ToSlash(path) }

func (r *release) proxy() string { return filepath.Join(r.dist, "proxy") }

func (r *release) find() error {
	text, err := os.ReadFile(filepath.Join(r.root, "go.work"))
	if err != nil {
		return err
	}
	work, err := modfile.ParseWork("go.work", text, nil)
	if err != nil {
		return err
	}
	found := make(map[string]*mod)
	for _, use := range work.Use {
		dir := filepath.ToSlash(filepath.Clean(use.Path))
		if dir == "." {
			dir = ""
		}
		text, err := os.ReadFile(filepath.Join(r.root, dir, "go.mod"))
		if err != nil {
			return err
		}
		m := &mod{path: modfile.ModulePath(text), dir: dir}
		found[m.path] = m
	}
	for _, path := range slices.Sorted(maps.Keys(found)) {
		m := found[path]
		imports, err := outputEnv(filepath.Join(r.root, m.dir), []string{"GOWORK=" + filepath.Join(r.root, "go.work")}, "go", "list", "-f", `{{join .Imports "\n"}}`+"\n"+`{{join .TestImports "\n"}}`+"\n"+`{{join .XTestImports "\n"}}`, "./...")
		if err != nil {
			return err
		}
		for _, name := range strings.Fields(imports) {
			if other := owner(found, name); other != nil && other != m && !slices.Contains(m.requires, other) {
				m.requires = append(m.requires, other)
			}
		}
	}
	r.modules, err = ordered(found)
	return err
}

// owner returns the module of a package: the one with the longest path.
func owner(found map[string]*mod, name string) *mod {
	var best *mod
	for path, m := range found {
		if (name == path || strings.HasPrefix(name, path+"/")) && (best == nil || len(path) > len(best.path)) {
			best = m
		}
	}
	return best
}

// ordered returns the modules so that each comes after the modules that it requires.
func ordered(found map[string]*mod) ([]*mod, error) {
	var list []*mod
	for len(list) < len(found) {
		before := len(list)
		for _, path := range slices.Sorted(maps.Keys(found)) {
			m := found[path]
			if !slices.Contains(list, m) && !slices.ContainsFunc(m.requires, func(other *mod) bool { return !slices.Contains(list, other) }) {
				list = append(list, m)
			}
		}
		if len(list) == before {
			return nil, errors.New("modules require each other in a circle")
		}
	}
	return list, nil
}

// require writes a module's requirements of the other modules into its go.mod and go.sum.
func (r *release) require(m *mod) error {
	dir := filepath.Join(r.root, m.dir)
	for _, other := range m.requires {
		if _, err := outputEnv(dir, r.goEnv, "go", "mod", "edit", "-require="+other.path+"@"+r.version); err != nil {
			return err
		}
	}
	_, err := outputEnv(dir, r.goEnv, "go", "mod", "tidy")
	return err
}

// pack makes the files of a module for the proxy.
func (r *release) pack(m *mod) error {
	v := module.Version{Path: m.path, Version: r.version}
	escaped, err := module.EscapePath(m.path)
	if err != nil {
		return err
	}
	at := filepath.Join(r.proxy(), escaped, "@v")
	if err := os.MkdirAll(at, 0o755); err != nil {
		return err
	}
	info, err := json.Marshal(map[string]any{"Version": r.version, "Time": r.date.UTC()})
	if err != nil {
		return err
	}
	gomod, err := os.ReadFile(filepath.Join(r.root, m.dir, "go.mod"))
	if err != nil {
		return err
	}
	out, err := os.Create(filepath.Join(at, r.version+".zip"))
	if err != nil {
		return err
	}
	if _, err := output(r.root, "git", "add", "--update"); err != nil {
		return err
	}
	tree, err := output(r.root, "git", "write-tree") // a module without a licence gets that of the repository
	if err != nil {
		return err
	}
	return errors.Join(zip.CreateFromVCS(out, v, r.root, tree, m.dir), out.Close(),
		os.WriteFile(filepath.Join(at, r.version+".mod"), gomod, 0o644),
		os.WriteFile(filepath.Join(at, r.version+".info"), info, 0o644),
		os.WriteFile(filepath.Join(at, "list"), []byte(r.version+"\n"), 0o644))
}

// tag commits the modules' requirements, and tags the commit for each module. A module is tagged after the modules that it requires. The
// tag must contain exactly what was packed.
func (r *release) tag() error {
	who := []string{"-c", "user.name=" + r.configured("user.name", "ciokit release"), "-c", "user.email=" + r.configured("user.email", "release@localhost")}
	if _, err := output(r.root, "git", append(who, "commit", "--quiet", "--message", "Require the modules of "+r.version+" of each other, so that each can be had by version")...); err != nil {
		return err
	}
	for i, tag := range r.tags() {
		if _, err := output(r.root, "git", append(who, "tag", "--annotate", "--message", tag, tag)...); err != nil {
			return err
		}
		if err := r.compare(r.modules[i], tag); err != nil {
			return err
		}
		fmt.Fprintln(r.out, tag)
	}
	return nil
}

func (r *release) configured(key, other string) string {
	value, _ := output(r.origin, "git", "config", key) // not set: the other
	return cmpOr(value, other)
}

// compare returns an error if the version in the proxy differs from the content of its tag: public module proxies make their own version
// from the tag.
func (r *release) compare(m *mod, tag string) error {
	tagged, err := os.Create(filepath.Join(r.scratch, "tagged.zip"))
	if err != nil {
		return err
	}
	v := module.Version{Path: m.path, Version: r.version}
	if err := errors.Join(zip.CreateFromVCS(tagged, v, r.root, tag, m.dir), tagged.Close()); err != nil {
		return err
	}
	packed := filepath.Join(r.proxy(), m.path, "@v", r.version+".zip")
	return sameModule(tagged.Name(), packed)
}
